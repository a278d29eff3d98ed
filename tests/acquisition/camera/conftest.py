"""A simulated camera for each kind of driver, and clients that hold one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import Profile
from acquisition.camera.process import Deadlines
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.settings import FeedSettings

FEED = FeedSettings(phone_px=(120, 160), studio_px=(240, 320))
STUDIO = Profile(name="test", settings={"iso": "100", "f-number": "f/8", "shutterspeed": "1/125"})
SHORT = Deadlines(collect_s=1.5, trigger_s=2.0)


@pytest.fixture(scope="session")
def body() -> Iterator[SimulatedCamera]:
    """A simulated Nikon."""
    with SimulatedCamera.start(FEED, raw_suffix="NEF", clock_offset_s=3600.0) as camera:
        yield camera


@pytest.fixture(scope="session")
def shared_client(body: SimulatedCamera) -> Iterator[GPhotoCamera]:
    """A client that all tests share; after a fault it starts anew by itself."""
    camera = GPhotoCamera(parse_address(body.address), profile=STUDIO, deadlines=SHORT)
    camera.connect()
    yield camera
    camera.close()


@pytest.fixture
def client(shared_client: GPhotoCamera) -> GPhotoCamera:
    """The shared client, set as the profile says."""
    shared_client.apply(STUDIO)
    return shared_client


@pytest.fixture
def stub_library(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The camera's process imports tests' stub in place of libgphoto2."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent / "stub"))
    return monkeypatch
