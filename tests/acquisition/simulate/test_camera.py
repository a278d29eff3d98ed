"""The simulated camera as the real libgphoto2 sees it."""

import json
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from acquisition.errors import CameraError
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.script import CameraShot
from acquisition.simulate.settings import FeedSettings

SMALL = FeedSettings(phone_px=(96, 128), studio_px=(96, 144))
FOLDER = "/store_00010001/DCIM/100DEEPF"
BOTH = pytest.mark.parametrize("studio", ["nikon", "standard"], indirect=True)
NIKON = pytest.mark.parametrize("studio", ["nikon"], indirect=True)
STANDARD = pytest.mark.parametrize("studio", ["standard"], indirect=True)


class Studio:
    """A simulated camera and the real library in a process of its own."""

    def __init__(self, camera, configuration):
        self.camera = camera
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).parent / "gphoto_client.py", camera.address],
            env=os.environ | {"XDG_CONFIG_HOME": str(configuration)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.began = self.ended = 0

    def do(self, *step):
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(step) + "\n")
        self.process.stdin.flush()
        self.began, self.ended, result = json.loads(self.process.stdout.readline())
        return result

    def card(self):
        return {entry.path: [entry.bytes, entry.sha256] for entry in self.camera.card()}

    def close(self):
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)
        self.camera.stop()


@contextmanager
def running(configuration, **settings):
    studio = Studio(SimulatedCamera.start(SMALL, **settings), configuration)
    try:
        yield studio
    finally:
        studio.close()


@pytest.fixture(scope="module")
def studios(tmp_path_factory):
    home = tmp_path_factory.mktemp("configuration")
    with running(home, nikon=True) as nikon, running(home, nikon=False) as standard:
        yield {"nikon": nikon, "standard": standard}


@pytest.fixture
def studio(studios, request):
    chosen = studios[request.param]
    assert chosen.do("connect") is None
    yield chosen
    for name, value in (("iso", 100), ("imagequality", 7), ("f-number", 800)):
        chosen.camera.set_property(name, value)


@BOTH
def test_a_shot_brings_a_raw_file_and_a_jpeg_and_its_exposure_lies_inside_the_call(studio):
    studio.camera.scene(7)
    assert studio.do("trigger") is None
    began, ended = studio.began, studio.ended
    raw, jpeg = studio.do("events", 5, 2)
    assert (Path(raw).suffix, Path(jpeg).suffix) == (".DNG", ".JPG")
    card = studio.card()
    assert [studio.do("get", raw), studio.do("get", jpeg)] == [card[raw], card[jpeg]]
    assert studio.do("size", raw) == card[raw][0]
    exposure = studio.camera.exposures()[-1]
    assert began < exposure.opened_ns < exposure.closed_ns < ended
    assert exposure.closed_ns - exposure.opened_ns >= 8_000_000  # 1/125 s
    assert exposure.scene == 7
    assert exposure.files == [Path(raw).name, Path(jpeg).name]
    assert studio.camera.deleted() == []


@NIKON
def test_the_settings_are_those_that_a_photographer_expects(studio):
    expected = {
        "iso": ("100", "400"),
        "f-number": ("f/8", "f/5.6"),
        "shutterspeed2": ("1/125", "1/250"),
        "whitebalance": ("Daylight", "Flash"),
        "imagequality": ("NEF+Fine", "JPEG Fine"),
        "expprogram": ("M", "A"),
    }
    for name, (value, other) in expected.items():
        now, choices = studio.do("setting", name)
        assert (now, other in choices) == (value, True)
        assert studio.do("set", name, other) is None
        assert studio.do("setting", name)[0] == other
    dials = studio.camera.properties()
    assert (dials["iso"], dials["imagequality"], dials["shutterspeed"]) == (400, 2, 40)
    for name, (value, _) in expected.items():
        studio.do("set", name, value)


@STANDARD
def test_a_standard_camera_has_its_settings_too(studio):
    assert studio.do("setting", "iso")[0] == "100"
    assert studio.do("setting", "f-number")[0] == "f/8"
    assert studio.do("setting", "shutterspeed")[0] == "0.0080s"
    studio.do("set", "iso", "200")
    assert studio.camera.properties()["iso"] == 200


@NIKON
def test_the_image_quality_says_which_files_a_shot_brings(studio):
    studio.do("set", "imagequality", "NEF (Raw)")
    assert [Path(name).suffix for name in studio.do("shoot", 1)] == [".DNG"]
    studio.do("set", "imagequality", "JPEG Basic")
    assert [Path(name).suffix for name in studio.do("shoot", 1)] == [".JPG"]


@BOTH
def test_refused_releases_expose_nothing(studio):
    exposures, log = len(studio.camera.exposures()), len(studio.camera.log())
    studio.camera.script(CameraShot(autofocus_fails=True), CameraShot(card_full=True))
    assert studio.do("trigger") == {"error": -1}
    assert studio.do("trigger") == {"error": -1}
    assert len(studio.camera.exposures()) == exposures
    assert len(studio.do("shoot")) == 2
    entries = studio.camera.log()[log:]
    releases = [e.response for e in entries if e.operation in (0x100E, 0x9207)]
    assert releases == [0xA002, 0x200C, 0x2001]


@STANDARD
def test_busy_is_told_as_often_as_asked(studio):
    exposures = len(studio.camera.exposures())
    studio.camera.script(CameraShot(busy=2))
    assert [studio.do("trigger"), studio.do("trigger")] == [{"error": -110}] * 2
    assert len(studio.camera.exposures()) == exposures
    assert len(studio.do("shoot")) == 2


@BOTH
def test_files_come_late_never_or_without_a_word(studio):
    studio.camera.script(
        CameraShot(withhold="raw", withhold_s=0.3),
        CameraShot(withhold="jpeg"),
        CameraShot(silent=True),
    )
    late = studio.do("shoot", 1)
    assert [Path(name).suffix for name in late] == [".JPG"]
    assert studio.camera.exposures()[-1].files[0] not in str(studio.card())
    studio.do("sleep", 0.4)
    assert Path(studio.do("events", 0.1)[-1]).name == studio.camera.exposures()[-1].files[0]
    (never,) = studio.do("shoot", 1)
    assert Path(never).suffix == ".DNG"
    assert never.replace(".DNG", ".JPG") not in studio.card()
    studio.do("trigger")
    assert studio.do("events", 0.5) == []
    assert studio.camera.exposures()[-1].files[1] in str(studio.card())


@NIKON
def test_spoilt_files_are_what_the_camera_hands_out(studio):
    studio.camera.script(
        CameraShot(half=True),
        CameraShot(wrong_content=True, fault_on="raw"),
        CameraShot(size_lie=1000),
    )
    half, wrong, lie = (studio.do("shoot") for _ in range(3))
    card = studio.card()
    assert studio.do("get", half[1])[0] < card[lie[1]][0] * 0.7
    assert card[wrong[0]][0] < card[half[0]][0] / 2
    assert card[wrong[1]][0] == pytest.approx(card[lie[1]][0], rel=0.3)
    assert studio.do("size", lie[1]) == card[lie[1]][0] + 1000
    assert studio.do("size", wrong[1]) == card[wrong[1]][0]


@NIKON
def test_a_cut_transfer_is_whole_the_second_time(studio):
    exposures = len(studio.camera.exposures())
    studio.camera.script(CameraShot(fault_on="raw", cut_after=9_000, deny=1))
    raw, _ = studio.do("shoot")
    cut, dead, denied = studio.do("get", raw), studio.do("trigger"), studio.do("connect")
    assert all(answer["error"] < 0 for answer in (cut, dead, denied))
    assert studio.do("connect") is None
    assert Path(raw).name in studio.do("files", FOLDER)
    assert studio.do("get", raw) == studio.card()[raw]
    assert len(studio.camera.exposures()) == exposures + 1


@pytest.mark.slow
@NIKON
def test_a_stall_is_longer_than_the_library_waits(studio):
    studio.camera.script(CameraShot(stall_s=4.0))
    _, jpeg = studio.do("shoot")
    assert studio.do("get", jpeg)["error"] < 0
    assert studio.do("connect") is None
    assert studio.do("get", jpeg) == studio.card()[jpeg]


@BOTH
def test_a_connection_lost_at_the_exposure_leaves_the_files_on_the_card(studio):
    studio.camera.script(CameraShot(drops=True))
    studio.do("trigger")
    studio.do("sleep", 0.4)
    assert studio.do("setting", "iso")["error"] < 0
    assert studio.do("connect") is None
    assert set(studio.camera.exposures()[-1].files) <= set(studio.do("files", FOLDER))


@NIKON
def test_a_dial_that_somebody_turned_is_told_and_may_lie_outside_of_the_choices(studio):
    studio.camera.script(CameraShot(turns={"iso": 800}))
    studio.do("trigger")
    assert "500f" in str(studio.do("events", 0.5)).lower()
    assert studio.do("setting", "iso")[0] == "800"
    assert studio.do("has_value", "f-number") is True
    studio.camera.set_property("f-number", 450_00)
    studio.do("connect")
    assert studio.do("has_value", "f-number") is False
    with pytest.raises(CameraError, match="no setting 'colour'"):
        studio.camera.set_property("colour", 1)


@NIKON
def test_the_same_scene_never_gives_the_same_bytes_and_scenes_follow_one_another(studio):
    before = studio.do("free_kb")
    studio.camera.scene(3)
    names = [studio.do("shoot") for _ in range(2)]
    studio.camera.scene(3)
    names.append(studio.do("shoot"))
    exposures = studio.camera.exposures()[-3:]
    assert [exposure.scene for exposure in exposures] == [3, 4, 3]
    assert all(a.closed_ns < b.opened_ns for a, b in pairwise(exposures))
    card = studio.card()
    assert len({card[name][1] for shot in names for name in shot}) == 6
    assert studio.camera.truth(3) != studio.camera.truth(4)
    studio.do("connect")
    assert studio.do("free_kb") < before


@NIKON
def test_new_hosts_are_answered_while_an_old_socket_hangs(studio):
    with socket.create_connection(("127.0.0.1", studio.camera.port)) as old:
        old.sendall(b"\x10\x00\x00\x00\x01\x00")
        assert studio.do("connect") is None
        assert studio.do("setting", "iso")[0] == "100"


@NIKON
def test_a_dropped_camera_is_gone_until_it_is_not_denied(studio):
    studio.camera.drop(deny=1)
    assert studio.do("setting", "iso")["error"] < 0
    assert studio.do("connect")["error"] < 0
    assert studio.do("connect") is None


@NIKON
def test_a_file_deleted_by_a_host_is_noted(studio):
    raw, _ = studio.do("shoot")
    assert studio.do("delete", raw) is None
    assert studio.camera.deleted()[-1:] == [raw]
    assert raw not in studio.card()


def test_a_camera_that_died_comes_back_with_its_card_its_port_and_its_truth(tmp_path):
    with running(tmp_path, capacity_bytes=16_045_000) as studio:
        camera, port = studio.camera, studio.camera.port
        studio.do("connect")
        camera.script(CameraShot(), CameraShot(dies="after_exposure"))
        first = studio.do("shoot")
        assert studio.do("trigger")["error"] < 0
        with pytest.raises(CameraError, match="ended with code 70"):
            camera.card()
        assert not camera.alive
        camera.restart()
        assert (camera.port, len(camera.exposures())) == (port, 2)
        assert studio.do("connect") is None
        assert studio.do("files", FOLDER) == [Path(name).name for name in first]
        second = studio.do("shoot")
        assert [exposure.number for exposure in camera.exposures()] == [1, 2, 3]
        assert not set(first) & set(second)
        assert studio.do("trigger") == {"error": -1}
        assert 0x200C in [entry.response for entry in camera.log()]


def test_the_process_ends_with_its_handle_and_says_why_it_did_not_start(tmp_path):
    camera = SimulatedCamera.start(SMALL)
    process = camera._process
    camera.stop()
    camera.stop()
    assert process.returncode == 0
    with pytest.raises(CameraError, match="no pairs in"):
        SimulatedCamera.start(FeedSettings(folder=str(tmp_path)))


@pytest.mark.parametrize("held", [True, False], ids=["stdin held open", "stdin closed"])
def test_the_process_ends_when_its_parent_is_killed(held):
    program = (
        "import subprocess, sys\n"
        "module = 'acquisition.simulate.ptpip_process'\n"
        "child = subprocess.Popen([sys.executable, '-m', module], stdout=subprocess.PIPE)\n"
        "child.stdout.readline()\n"
        "print(child.pid, flush=True)\n"
        "child.wait()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    with parent.stdin as stdin, parent.stdout as stdout:
        child = Path("/proc") / stdout.readline().decode().strip()
        parent.kill()
        parent.wait()
        if not held:
            stdin.close()
        deadline = time.monotonic() + 15
        while child.exists() and " Z " not in (child / "stat").read_text():
            assert time.monotonic() < deadline
            time.sleep(0.05)
