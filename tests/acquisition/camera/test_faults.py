"""The client with the real library and a simulated camera that misbehaves."""

import contextlib
import hashlib
import os
import resource
import signal
import threading
import time

import pytest

from acquisition.camera import cli
from acquisition.camera.address import parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.errors import CameraError, DownloadError, StoreError
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.script import CameraShot
from tests.acquisition.camera.conftest import FEED


def shoot(client):
    client.trigger()
    return client.collect()


def downloaded(client, body, file, part):
    """Downloads and compares with the card."""
    found = client.download(file, part)
    entry = next(entry for entry in body.card() if entry.path == file.path)
    assert hashlib.sha256(part.read_bytes()).hexdigest() == entry.sha256 == found.sha256
    return found


def test_busy_camera_is_asked_again(client, body):
    before = len(body.exposures())
    body.script(CameraShot(busy=4))
    exposure = client.trigger().exposure
    assert len(client.collect().files) == 2
    assert len(body.exposures()) == before + 1
    assert exposure.start_ns <= body.exposures()[-1].opened_ns <= exposure.end_ns


@pytest.mark.parametrize(
    ("shot", "words"),
    [
        (CameraShot(autofocus_fails=True), "lens to MF"),
        (CameraShot(card_full=True), "card"),
    ],
)
def test_refused_release_is_no_shot_and_says_why(client, body, shot, words):
    pid, before = client.pid, len(body.exposures())
    body.script(shot)
    with pytest.raises(CameraError, match=words):
        client.trigger()
    assert len(body.exposures()) == before
    assert client.pid == pid, "the connection is fine"
    with pytest.raises(CameraError, match="none was taken"):
        client.collect()
    assert len(shoot(client).files) == 2


@pytest.mark.slow
@pytest.mark.parametrize("which", ["raw", "jpeg"])
def test_transfer_cut_in_the_middle_can_be_repeated(client, body, tmp_path, which):
    body.script(CameraShot(fault_on=which, cut_after=10_000))
    files = shoot(client).files
    suffix = {"raw": "NEF", "jpeg": "JPG"}[which]
    file = next(file for file in files if file.name.endswith(suffix))
    part = tmp_path / "part"
    with pytest.raises(DownloadError, match="connection"):
        client.download(file, part)
    assert not part.exists()
    downloaded(client, body, file, part)


@pytest.mark.slow
def test_stalled_transfer_can_be_repeated(client, body, tmp_path):
    body.script(CameraShot(fault_on="jpeg", stall_s=3.2))
    file = next(file for file in shoot(client).files if file.name.endswith("JPG"))
    with pytest.raises(DownloadError, match="look at cable"):
        client.download(file, tmp_path / "part")
    downloaded(client, body, file, tmp_path / "part")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("shot", "suffix", "words"),
    [
        (CameraShot(fault_on="jpeg", size_lie=1000), "JPG", "announced were"),
        (CameraShot(fault_on="jpeg", size_lie=-500), "JPG", "announced were|no end"),
        (CameraShot(fault_on="raw", size_lie=1000), "NEF", "announced were"),
        (CameraShot(fault_on="raw", size_lie=-500), "NEF", "announced were|raw file"),
        (CameraShot(fault_on="jpeg", half=True), "JPG", "no end|decoded"),
        (CameraShot(fault_on="raw", half=True), "NEF", "raw file"),
        (CameraShot(fault_on="jpeg", wrong_content=True), "JPG", "does not begin like a JPEG"),
        (CameraShot(fault_on="raw", wrong_content=True), "NEF", "raw file"),
    ],
)
def test_damaged_file_is_refused_and_leaves_nothing(client, body, tmp_path, shot, suffix, words):
    body.script(shot)
    files = shoot(client).files
    assert len(files) == 2
    for file in files:
        part = tmp_path / file.name
        if file.name.endswith(suffix):
            with pytest.raises(DownloadError, match=words):
                client.download(file, part)
            assert not part.exists()
        else:
            downloaded(client, body, file, part)


@pytest.mark.slow
def test_connection_lost_after_the_exposure_loses_no_file(client, body):
    body.script(CameraShot(drops=True, deny=1))
    with pytest.raises(CameraError, match="look at cable"):
        shoot(client)
    collected = client.collect()
    assert len(collected.files) == 2
    assert collected.missing == []


def test_killed_process_is_named_and_the_shot_is_found_again(client, body, tmp_path):
    body.script(CameraShot(store_s=0.8))
    client.trigger()
    pid = client.pid
    killer = threading.Timer(0.2, os.kill, (pid, signal.SIGSEGV))
    killer.start()
    with pytest.raises(CameraError, match="died of SIGSEGV; the next call starts it anew"):
        client.collect()
    assert client.pid is None
    collected = client.collect()
    assert client.pid not in (None, pid)
    assert len(collected.files) == 2
    for file in collected.files:
        downloaded(client, body, file, tmp_path / file.name)
    assert client.settings()["shutterspeed"] == "0.0080s"


@pytest.mark.slow
def test_frozen_process_ends_with_the_deadline(client, body):
    body.script(CameraShot(store_s=0.1))
    client.trigger()
    pid = client.pid
    os.kill(pid, signal.SIGSTOP)
    with pytest.raises(CameraError, match=r"no answer within .* process was ended"):
        client.collect()
    assert client.pid is None
    assert len(client.collect().files) == 2
    assert client.pid != pid


@pytest.mark.slow
def test_shot_that_was_given_up_is_not_of_the_next(client):
    client.trigger()
    os.kill(client.pid, signal.SIGKILL)
    time.sleep(0.5)
    collected = shoot(client)
    assert len(collected.files) == 2
    names = sorted(file.name[:-4] for file in collected.files)
    assert names[0] == names[1]


@pytest.mark.slow
def test_profile_is_applied_again_after_a_restart(client, body):
    body.set_property("iso", 800)
    identity = client.restart()
    assert identity.serial == "SIM-0001"
    assert body.properties()["iso"] == 100


@pytest.mark.slow
def test_full_disk_is_told_and_leaves_nothing(client, body, tmp_path):
    file = next(file for file in shoot(client).files if file.name.endswith("JPG"))
    _, hard = resource.prlimit(client.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(client.pid, resource.RLIMIT_FSIZE, (4096, hard))
    with pytest.raises(StoreError, match="still on the card"):
        client.download(file, tmp_path / "part")
    assert not (tmp_path / "part").exists()
    resource.prlimit(client.pid, resource.RLIMIT_FSIZE, (hard, hard))
    downloaded(client, body, file, tmp_path / "part")


@pytest.mark.slow
def test_camera_that_is_gone_is_one_line_and_comes_back(client, body):
    body.drop(deny=3)
    with pytest.raises(CameraError, match="look at cable") as caught:
        client.heartbeat()
    assert "\n" not in str(caught.value)
    with pytest.raises(CameraError, match="no camera answers there"):
        client.heartbeat()
    assert client.heartbeat().free_bytes is not None


@pytest.mark.slow
def test_camera_whose_process_dies_in_transfer(client, body, tmp_path):
    body.script(CameraShot(dies="in_transfer", fault_on="jpeg"))
    file = next(file for file in shoot(client).files if file.name.endswith("JPG"))
    with pytest.raises(DownloadError, match="look at cable"):
        client.download(file, tmp_path / "part")
    body.restart()
    assert client.heartbeat().free_bytes is not None


@pytest.mark.slow
def test_card_without_room_is_told_by_its_free_space():
    with SimulatedCamera.start(FEED, capacity_bytes=1_000_000) as body:
        with contextlib.closing(GPhotoCamera(parse_address(body.address))) as camera:
            with pytest.raises(CameraError, match="card is full"):
                camera.trigger()


@pytest.mark.slow
def test_test_shot_of_the_command_line_names_the_missing_file(body, monkeypatch, tmp_path):
    profile = tmp_path / "mine.yaml"
    profile.write_text("settings: {f-number: f/8}\n")
    monkeypatch.setattr(cli, "COLLECT_S", 1.0)
    body.script(CameraShot(withhold="raw"))
    with pytest.raises(CameraError, match="brought no raw file"):
        cli.main(["--address", body.address, "--check", str(profile), "--test-shot"])
