"""The client with the real library and a simulated camera, when nothing breaks."""

import hashlib
import time

import pytest

from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import CameraFile, Profile
from acquisition.errors import CameraError, StoreError
from acquisition.simulate.script import CameraShot
from tests.acquisition.camera.conftest import STUDIO


def test_identity_and_profile_after_connecting(client):
    assert client.identity.model == "Simulated studio camera"
    assert client.identity.serial == "SIM-0001"
    assert client.identity.library.startswith("libgphoto2 2.")
    assert client.settings() == {"iso": "100", "f-number": "f/8", "shutterspeed": "0.0080s"}


def test_profile_is_set_on_the_body_and_read_back(client, body):
    values = client.apply(Profile(settings={"iso": "400", "f-number": "f/5.6", "autofocus": "off"}))
    assert values == {"iso": "400", "f-number": "f/5.6", "autofocus": "Off"}
    assert body.properties()["iso"] == 400
    assert body.properties()["f-number"] == 560


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("iso", "64", "is not offered, but 640"),
        ("shutterspeed", "1/90", "is not offered"),
        ("f-number", "8", "is not offered"),
        ("filmspeed", "100", "no setting filmspeed"),
        ("batterylevel", "100%", "only be set on the camera"),
        ("datetime", "0", "which a profile cannot set"),
        ("fastfs", "perhaps", "no value of a toggle"),
    ],
)
def test_what_the_body_does_not_offer_is_refused(client, body, name, value, words):
    before = body.properties()
    with pytest.raises(CameraError, match=words):
        client.apply(Profile(name="mine", settings={name: value}))
    assert body.properties() == before
    assert client.settings()["iso"] == "100", "a refused profile is not kept"


def test_what_may_be_left_is_noted(client):
    wanted = {"filmspeed": "100", "whitebalance": "Candle", "iso": "100"}
    values = client.apply(Profile(settings=wanted, leave=["filmspeed", "whitebalance"]))
    assert values == {"iso": "100"}
    assert len(client.notes) == 2
    assert "no setting filmspeed" in client.notes[0]
    assert "Candle" in client.notes[1]


def test_setting_that_a_later_one_moves_is_found_out(client):
    both = Profile(settings={"shutterspeed": "1/125", "shutterspeed2": "1/60"})
    with pytest.raises(CameraError, match=r"set shutterspeed to '0.0080s', read back '0.0166s'"):
        client.apply(both)


def test_value_outside_of_the_choices_harms_nothing(client, body):
    pid = client.pid
    body.set_property("f-number", 777)
    assert client.settings()["f-number"] != "f/8"
    assert "f-number" in {setting.name for setting in client.describe()}
    assert client.apply(STUDIO)["f-number"] == "f/8"
    assert client.pid == pid
    assert body.properties()["f-number"] == 800


def test_shot_brings_raw_and_jpeg_byte_for_byte(client, body, tmp_path):
    exposure = client.trigger().exposure
    collected = client.collect()
    opened = body.exposures()[-1]
    assert exposure.start_ns <= opened.opened_ns <= opened.closed_ns <= exposure.end_ns
    assert sorted(file.name[-4:] for file in collected.files) == [".JPG", ".NEF"]
    assert collected.missing == []
    assert sum("file added" in text for _, text in collected.events) == 2
    assert "asked to release the shutter" in collected.log
    on_card = {entry.path: entry for entry in body.card()}
    for file in collected.files:
        found = client.download(file, tmp_path / file.name)
        data = (tmp_path / file.name).read_bytes()
        assert found.sha256 == hashlib.sha256(data).hexdigest() == on_card[file.path].sha256
        assert found.bytes == len(data) == file.bytes
        assert found.is_raw == (found.mime == "image/x-nikon-nef") == file.name.endswith("NEF")


@pytest.mark.slow
def test_second_shot_brings_its_own_files_only(client):
    shots = []
    for _ in range(2):
        client.trigger()
        shots.append({file.path for file in client.collect().files})
    assert len(shots[0]) == len(shots[1]) == 2
    assert not shots[0] & shots[1]


def test_heartbeat_between_trigger_and_collect_takes_no_file(client):
    client.trigger()
    for _ in range(4):
        client.heartbeat()
        time.sleep(0.1)
    assert len(client.collect().files) == 2


def test_listing_is_that_of_the_card(client, body):
    listed = {file.path: file.bytes for file in client.list_files()}
    assert listed == {entry.path: entry.bytes for entry in body.card()}


def test_heartbeat_tells_space_battery_and_clock(client):
    status = client.heartbeat()
    assert status.battery == "90%"
    assert status.free_bytes is not None
    assert 1e9 < status.free_bytes < 16.1e9
    # The simulated camera's clock is an hour ahead; it shows whole seconds.
    assert status.clock_offset_s == pytest.approx(3600.0, abs=1.5)
    assert 0 <= time.monotonic_ns() - status.alive_ns < 5e9


@pytest.mark.slow
def test_files_that_nobody_announced_are_found_on_the_card(client, body):
    body.script(CameraShot(silent=True))
    client.trigger()
    collected = client.collect()
    assert len(collected.files) == 2
    assert collected.missing == []


@pytest.mark.slow
def test_missing_file_is_named_and_a_late_one_is_of_no_other_shot(client, body):
    body.script(CameraShot(withhold="raw", withhold_s=6.0))
    client.trigger()
    collected = client.collect()
    assert collected.missing == ["raw"]
    assert [file.name[-4:] for file in collected.files] == [".JPG"]
    jpeg = collected.files[0].path
    while (late := jpeg.replace(".JPG", ".NEF")) not in {entry.path for entry in body.card()}:
        time.sleep(0.2)
    client.trigger()
    following = client.collect()
    assert late not in {file.path for file in following.files}
    assert len(following.files) == 2


@pytest.mark.slow
def test_interval_of_the_profile_is_kept(client):
    client.apply(Profile(settings=STUDIO.settings, minimum_interval_s=1.5))
    starts = []
    for _ in range(2):
        starts.append(client.trigger().exposure.start_ns)
        client.collect()
    assert starts[1] - starts[0] >= 1.5e9


def test_part_must_be_new(client, tmp_path):
    part = tmp_path / "part"
    part.write_bytes(b"mine")
    with pytest.raises(StoreError, match="exists"):
        client.download(CameraFile(folder="/", name="A.JPG"), part)
    with pytest.raises(StoreError, match="No such file"):
        client.download(client.list_files()[0], tmp_path / "nowhere" / "part")
    assert part.read_bytes() == b"mine"


def test_collect_without_a_shot_is_refused(client):
    with pytest.raises(CameraError, match="none was taken"):
        client.collect()


@pytest.mark.slow
def test_generic_driver_brings_both_files_too(tmp_path):
    from acquisition.simulate.camera import SimulatedCamera
    from tests.acquisition.camera.conftest import FEED, SHORT

    with SimulatedCamera.start(FEED, nikon=False) as body:
        camera = GPhotoCamera(parse_address(body.address), profile=STUDIO, deadlines=SHORT)
        try:
            camera.connect()
            body.script(CameraShot(card_full=True), CameraShot(busy=3))
            with pytest.raises(CameraError, match="card is full"):
                camera.trigger()
            camera.trigger()
            for file in camera.collect().files:
                assert camera.download(file, tmp_path / file.name).bytes == file.bytes
            assert len(list(tmp_path.iterdir())) == 2
        finally:
            camera.close()
