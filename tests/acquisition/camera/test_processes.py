"""The camera's process: whatever happens to it or to the session, nothing is left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.detect import detect_cameras
from acquisition.camera.process import CameraProcess, Deadlines, SettingsHome, environment_for
from acquisition.errors import CameraError, CameraTimeout

NETWORK = parse_address("ptpip:127.0.0.1:9")
PARENT = """
import sys, threading, time
from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
camera = GPhotoCamera(parse_address(sys.argv[1]))
threading.Thread(target=camera.connect, daemon=True).start()
while camera.pid is None:
    time.sleep(0.01)
# Long enough for the child to be where it shall be: in the library, or connected.
time.sleep(1.0)
print(camera.pid, flush=True)
time.sleep(600)
"""


def running(pid: int) -> bool:
    """Whether a process runs; one that waits for its parent to look does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


def ends_within(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not running(pid)


def kill_parent_of_child(address: str, scratch: Path) -> bool:
    """Kills a session with a connected or connecting child; returns whether the child ended."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, address],
        stdout=subprocess.PIPE,
        env=os.environ | {"TMPDIR": str(scratch)},
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert running(child)
        parent.kill()
        parent.wait()
        ended = ends_within(child, 5.0)
        if not ended:
            os.kill(child, signal.SIGKILL)
        return ended


def test_killed_session_leaves_no_child_that_hangs_with_the_lock(stub_library, tmp_path):
    stub_library.setenv("STUB_CAMERA", "hang")
    assert kill_parent_of_child("ptpip:127.0.0.1:9", tmp_path)


@pytest.mark.slow
def test_killed_session_leaves_no_idle_child(body, tmp_path):
    assert kill_parent_of_child(body.address, tmp_path)


def test_hanging_library_ends_with_the_deadline(stub_library):
    stub_library.setenv("STUB_CAMERA", "hang")
    camera = GPhotoCamera(NETWORK, deadlines=Deadlines(connect_s=1.0))
    pids = []
    watcher = threading.Timer(0.5, lambda: pids.append(camera.pid))
    watcher.start()
    with pytest.raises(CameraTimeout, match=r"connect at ptpip.*within 1\.0 s"):
        camera.connect()
    watcher.join()
    assert ends_within(pids[0], 5.0)
    assert camera.pid is None
    camera.close()


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("crash", "asked the camera to connect at .*; its process died of SIGSEGV"),
        ("exception", r"ended with code 1 \(RuntimeError: something that nobody expected\)"),
    ],
)
def test_crash_is_an_error_with_its_cause(stub_library, what, words):
    stub_library.setenv("STUB_CAMERA", what)
    camera = GPhotoCamera(NETWORK)
    with pytest.raises(CameraError, match=words):
        camera.connect()
    assert camera.identity is None
    camera.close()


@pytest.mark.slow
def test_child_outlives_the_thread_that_asked_for_it(body):
    camera = GPhotoCamera(parse_address(body.address))
    thread = threading.Thread(target=camera.connect)
    thread.start()
    thread.join()
    pid = camera.pid
    time.sleep(0.2)
    camera.heartbeat()
    assert camera.pid == pid
    camera.close()
    assert pid is not None
    assert not running(pid)


@pytest.mark.slow
def test_close_lets_go_and_tidies_up_and_may_be_called_twice(body, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    camera = GPhotoCamera(parse_address(body.address))
    camera.connect()
    (home,) = tmp_path.iterdir()
    assert (home / "gphoto" / "settings").is_file()
    camera.close()
    camera.close()
    assert not home.exists()
    assert camera.identity is None


@pytest.mark.slow
def test_settings_home_is_kept(body, tmp_path):
    camera = GPhotoCamera(parse_address(body.address), settings_home=tmp_path)
    camera.connect()
    camera.close()
    assert (tmp_path / "gphoto").is_dir()


@pytest.mark.slow
def test_interrupt_of_the_terminal_does_not_reach_the_child(body):
    with contextlib.closing(GPhotoCamera(parse_address(body.address))) as camera:
        camera.connect()
        assert camera.pid is not None
        assert os.getsid(camera.pid) != os.getsid(0)


def test_environment_of_the_child(monkeypatch, tmp_path):
    monkeypatch.setenv("LANGUAGE", "de")
    monkeypatch.setenv("VCAMERADIR", "/pictures")
    network = environment_for(NETWORK, tmp_path)
    assert network["LC_ALL"] == "C.UTF-8"
    assert network["XDG_CONFIG_HOME"] == str(tmp_path)
    assert "LANGUAGE" not in network
    assert "VCAMERADIR" not in network
    assert "VCAMERADIR" in environment_for(parse_address("usb"), tmp_path)


def test_settings_of_the_library_are_kept_but_for_the_cache(tmp_path):
    path = tmp_path / "gphoto" / "settings"
    path.parent.mkdir()
    path.write_text("ptp2_ip=guid=00:11\nptp2=cachetime=5\n")
    for _ in range(2):
        assert SettingsHome(tmp_path).prepare() == tmp_path
        assert path.read_text() == "ptp2_ip=guid=00:11\nptp2=cachetime=0\n"


def test_child_that_cannot_start_is_an_error(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(CameraError, match="cannot start the camera's process"):
        CameraProcess({})


@pytest.mark.usefixtures("no_usb_camera")
def test_no_camera_is_no_error_of_the_search():
    assert detect_cameras() == []


@pytest.mark.slow
@pytest.mark.usefixtures("no_usb_camera")
@pytest.mark.parametrize("address", ["usb", "serial:1234", "usb:250,250"])
def test_no_camera_is_one_line_with_what_to_do(address):
    with contextlib.closing(GPhotoCamera(parse_address(address))) as camera:
        with pytest.raises(CameraError, match="switch it on") as caught:
            camera.connect()
        assert "\n" not in str(caught.value)


@pytest.fixture
def no_usb_camera(monkeypatch):
    """Skips where a camera is plugged in."""
    monkeypatch.delenv("VCAMERADIR", raising=False)
    if detect_cameras():
        pytest.skip("a camera is plugged in")
