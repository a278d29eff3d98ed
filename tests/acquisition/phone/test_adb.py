import asyncio
import hashlib
import itertools
import shutil
import socket
import subprocess
import time
from pathlib import Path

import adbutils
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.clock import ClockOffset, Interval
from acquisition.errors import PhoneError, PhoneSilent, UsageError
from acquisition.phone import adb_exif
from acquisition.phone.adb import AdbOptions, AdbPhone, open_on_phone
from acquisition.phone.adb_browser import leave_phone
from acquisition.phone.adb_shell import connect
from acquisition.phone.contract import ShotName
from acquisition.record import StoredFile
from acquisition.simulate.adb_phone import CAMERA_FOLDER, FakeAndroid
from acquisition.simulate.adb_server import AdbServer

PICTURE = next(Path("deepflash/starter/flash").glob("*.jpg")).read_bytes()
SHOT = ShotName(pair="20261122T141530Z-7f3a", kind="phone_flash")
LATER = ShotName(pair="20261122T141630Z-11aa", kind="phone_flash")
SECOND_NS = 1_000_000_000


class Intake:
    """Keeps what came, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[ShotName, tuple[StoredFile, bytes]] = {}
        self._numbers = itertools.count()

    def part(self, _: ShotName) -> Path:
        return self.folder / f".part-{next(self._numbers)}"

    def stored(self, shot: ShotName) -> StoredFile | None:
        return self.files[shot][0] if shot in self.files else None

    def accept(self, shot: ShotName, part: Path, sha256: str, origin: str) -> StoredFile:
        data = part.read_bytes()
        part.unlink()
        assert hashlib.sha256(data).hexdigest() == sha256
        file = StoredFile(
            name="phone_flash.jpg",
            kind=shot.kind,
            bytes=len(data),
            sha256=sha256,
            mime="image/jpeg",
            origin=origin,
        )
        self.files[shot] = (file, data)
        return file


@pytest.fixture
def android():
    return FakeAndroid(itertools.repeat(PICTURE))


@pytest.fixture
def server(android):
    with AdbServer([android]) as server:
        yield server


@pytest.fixture
def intake(tmp_path):
    return Intake(tmp_path)


@pytest.fixture
def phone(server, intake):
    return AdbPhone(intake, None, options(server))


def options(server, **changes):
    values = {
        "deadline_s": 2.0,
        "fetch_deadline_s": 3.0,
        "poll_ms": 20,
        "stable_ms": 60,
        "retry_ms": 10,
    }
    return AdbOptions(host=server.host, port=server.port, **(values | changes))


def run(*steps):
    """Runs coroutines one after another, returns the last answer."""

    async def all_of_them():
        answer = None
        for step in steps:
            answer = await step
        return answer

    return asyncio.run(all_of_them())


def test_check_names_the_phone_opens_its_camera_and_says_there_is_no_reference(phone, android):
    status = run(phone.check())
    assert status.connected
    assert status.device == "DeepFlash Simulated (Android 14)"
    assert status.flash_kind == "flash"
    assert status.capabilities["reference"] is False
    assert status.problem == ""
    assert "am start -a android.media.action.STILL_IMAGE_CAMERA" in android.commands
    with pytest.raises(PhoneError, match="go on without reference pictures"):
        run(phone.reference(SHOT))


def test_the_clock_offset_holds_the_truth_within_its_bound(phone, android):
    android.clock_ahead_s = -4321.25
    before = time.time_ns() - time.monotonic_ns()
    clock = run(phone.check()).clock
    assert clock.samples == 12
    assert abs(clock.offset_ns - (before - 4_321_250_000_000)) <= clock.bound_ns + 2_000_000
    assert clock.bound_ns < SECOND_NS


def test_a_picture_comes_over_whole_and_its_exposure_lies_in_the_bracket(server, android, intake):
    phone = AdbPhone(intake, None, options(server, stable_ms=700, deadline_s=10.0))
    android.files[f"{CAMERA_FOLDER}/OLD.jpg"] = b"an older picture"
    android.grows_s = 0.4
    exposed = run(phone.check(), phone.fire(SHOT))
    assert exposed.flash_kind == "flash"
    assert exposed.exposure.start_ns <= android.exposures[0] <= exposed.exposure.end_ns
    assert exposed.requested["exif_agrees"] is True
    assert exposed.requested["exif"]["Flash"] & 1
    assert exposed.requested["bytes"] > len(PICTURE)  # all of it, and the EXIF
    assert phone.status().pending == [str(SHOT)]
    stored = run(phone.fetch(SHOT))
    path = f"{CAMERA_FOLDER}/IMG_0001.jpg"
    assert stored.origin == path
    assert intake.files[SHOT][1] == android.files[path]
    assert phone.status().pending == []
    assert run(phone.fetch(SHOT)) is stored
    assert not list(intake.folder.iterdir())
    assert not any("rm" in command.split() for command in android.commands)


def test_the_other_key_is_pressed_if_asked(server, intake, android):
    run(AdbPhone(intake, None, options(server, shutter="volume_up")).fire(SHOT))
    assert "input keyevent 24" in android.commands


@pytest.mark.parametrize("fault", ["cut_pulls", "wrong_sums"])
def test_a_bad_transfer_is_repeated(phone, android, intake, fault):
    run(phone.check(), phone.fire(SHOT))
    setattr(android, fault, 2)
    run(phone.fetch(SHOT))
    assert intake.files[SHOT][1] == android.files[f"{CAMERA_FOLDER}/IMG_0001.jpg"]
    assert getattr(android, fault) == 0


@pytest.mark.parametrize(
    ("fault", "words"), [("cut_pulls", "still on the phone"), ("wrong_sums", "differs")]
)
def test_bad_transfers_leave_nothing_behind_and_can_be_fetched_later(
    phone, android, intake, fault, words
):
    run(phone.check(), phone.fire(SHOT))
    setattr(android, fault, 99)
    with pytest.raises(PhoneError, match=words):
        run(phone.fetch(SHOT))
    assert not intake.files
    assert not list(intake.folder.iterdir())
    assert phone.status().pending == [str(SHOT)]
    setattr(android, fault, 0)
    assert run(phone.fetch(SHOT)).bytes == len(android.files[f"{CAMERA_FOLDER}/IMG_0001.jpg"])


def test_no_picture_is_an_error_and_the_next_one_is_not_mistaken_for_it(server, intake, android):
    phone = AdbPhone(intake, None, options(server, deadline_s=0.2))
    android.misses = 1
    with pytest.raises(PhoneSilent, match=r"no new picture .* may still have taken one"):
        run(phone.check(), phone.fire(SHOT))
    assert "no new picture" in phone.status().problem
    with pytest.raises(PhoneError, match="already fired"):
        run(phone.fire(SHOT))
    android.commands.clear()
    run(phone.check())
    assert any("STILL_IMAGE_CAMERA" in command for command in android.commands)


def test_a_picture_after_the_deadline_is_still_fetched(server, intake, android):
    phone = AdbPhone(intake, None, options(server, deadline_s=0.1))
    android.delay_s = 0.5
    with pytest.raises(PhoneSilent, match="no new picture"):
        run(phone.check(), phone.fire(SHOT))
    assert run(phone.fetch(SHOT)).origin.endswith("IMG_0001.jpg")


def test_the_late_picture_of_an_earlier_key_is_not_taken_for_this_one(server, intake, android):
    phone = AdbPhone(intake, None, options(server, deadline_s=0.05, exif_slack_ms=20))
    android.delay_s = 0.6
    with pytest.raises(PhoneSilent, match="no new picture"):
        run(phone.check(), phone.fire(SHOT))
    while not android.exposures:
        time.sleep(0.01)
    time.sleep(0.15)
    again = AdbPhone(intake, None, options(server, exif_slack_ms=20))
    exposed = run(again.check(), again.fire(LATER))
    assert exposed.requested["file"].endswith("IMG_0002.jpg")
    assert exposed.exposure.start_ns <= android.exposures[1] <= exposed.exposure.end_ns


def test_a_flash_that_stayed_off_is_refused_with_advice(phone, android):
    android.flash_fires = False
    with pytest.raises(PhoneSilent, match="set the flash to ON, not AUTO"):
        run(phone.check(), phone.fire(SHOT))
    assert "ON, not AUTO" in phone.status().problem


def test_a_file_without_exif_is_unknown_flash_with_advice(phone, android):
    android.stamps_exif = False
    exposed = run(phone.check(), phone.fire(SHOT))
    assert exposed.flash_kind == "unknown"
    assert exposed.requested["exif_agrees"] is None
    assert "JPEG" in phone.status().problem


@pytest.mark.parametrize(
    ("state", "words"),
    [("unauthorized", "Allow USB debugging"), ("offline", "plug it in again")],
)
def test_a_phone_that_is_not_ready_says_what_to_do(phone, android, state, words):
    android.state = state
    with pytest.raises(PhoneError, match=f"SIM0001 is {state}.*{words}"):
        run(phone.check())
    assert not phone.status().connected
    android.state = "device"
    assert run(phone.check()).connected


def test_none_several_and_unknown_phones(intake):
    with AdbServer([]) as empty, pytest.raises(PhoneError, match="no phone on the cable"):
        run(AdbPhone(intake, None, options(empty)).check())
    two = [FakeAndroid([], serial="A"), FakeAndroid([], serial="B")]
    with AdbServer(two) as server:
        with pytest.raises(PhoneError, match=r"2 phones are attached \(A, B\)"):
            run(AdbPhone(intake, None, options(server)).check())
        with pytest.raises(PhoneError, match=r"phone C is not on the cable \(attached: A, B\)"):
            run(AdbPhone(intake, "C", options(server)).check())
        assert run(AdbPhone(intake, "B", options(server)).check()).capabilities["serial"] == "B"


@pytest.mark.parametrize("moment", ["keyevent 27", "sync:"])
def test_a_cable_that_comes_out_says_so(phone, android, moment):
    run(phone.check())
    android.unplugs_at = moment
    with pytest.raises(PhoneError, match=r"SIM0001 is not on the cable.*plug it in"):
        run(phone.fire(SHOT))
    android.unplugs_at, android.attached = "", True
    run(phone.check(), phone.fire(LATER), phone.fetch(LATER))


def test_without_a_server_one_line_says_how_to_start_it(intake, monkeypatch):
    monkeypatch.setenv("ADBUTILS_ADB_PATH", "/bin/false")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    phone = AdbPhone(intake, None, AdbOptions(port=port))
    with pytest.raises(PhoneError, match=f"no adb server answers on 127.0.0.1:{port}.*start-serv"):
        run(phone.check())


def test_adb_is_asked_to_start_its_server_on_that_port(intake, monkeypatch, tmp_path):
    command = tmp_path / "adb"
    command.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n')
    command.chmod(0o755)
    monkeypatch.setenv("ADBUTILS_ADB_PATH", str(command))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PhoneError, match="it started and is gone"):
        run(AdbPhone(intake, None, AdbOptions(port=port)).check())
    assert (tmp_path / "asked").read_text() == f"-P {port} start-server\n"


def test_a_server_that_dies_is_told_from_a_phone_that_left(android, intake):
    with AdbServer([android]) as server:
        phone = AdbPhone(intake, None, options(server))
        run(phone.check())
    with pytest.raises(PhoneError, match="no adb server answers"):
        run(phone.fire(SHOT))


def test_the_address_of_the_server_comes_from_adbs_own_variables(server, intake, monkeypatch):
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(server.port))
    assert run(AdbPhone(intake).check()).connected


def test_discard_forgets_a_pair_and_deletes_nothing(phone, android):
    run(phone.check(), phone.fire(SHOT), phone.discard(SHOT.pair))
    assert phone.status().pending == []
    assert len(android.files) == 1
    with pytest.raises(PhoneError, match="did not take"):
        run(phone.fetch(SHOT))


def test_the_operator_can_stop_a_wait(server, intake, android):
    phone = AdbPhone(intake, None, options(server, deadline_s=60.0))
    android.misses = 1

    async def stopped():
        await phone.check()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(phone.fire(SHOT), 0.2)

    asyncio.run(stopped())  # waits for its threads, so a deaf one would take a minute


def test_a_page_opens_through_the_cable_with_its_fragment(server, android):
    url = "http://localhost:8443/?a=1&b=2#token=x'y"
    serial = open_on_phone(url, 8443, adb_host=server.host, adb_port=server.port)
    assert serial == "SIM0001"
    assert android.reversed == {"tcp:8443": "tcp:8443"}
    assert any(command.endswith("#token=x'\"'\"'y'") for command in android.commands)
    leave_phone(8443, serial, adb_host=server.host, adb_port=server.port)
    assert android.reversed == {}
    with pytest.raises(UsageError, match="not a page on port 8443"):
        open_on_phone("http://example.org:8443/", 8443)


def test_thousands_of_files_are_listed_one_by_one(server, android):
    android.files = {f"{CAMERA_FOLDER}/IMG_{n:05d}.jpg": b"x" * (n % 7) for n in range(3000)}
    listed = connect(None, server.host, server.port).list_folder(CAMERA_FOLDER)
    assert [(file.name, file.bytes) for file in listed] == android.listing(CAMERA_FOLDER)


def test_the_real_adb_command_speaks_to_the_simulated_server(server, android, tmp_path):
    command = shutil.which("adb") or adbutils.adb_path()
    if subprocess.run([command, "version"], capture_output=True, check=False).returncode:
        pytest.skip("no adb command; run make setup-system")
    android.files[f"{CAMERA_FOLDER}/IMG_0001.jpg"] = PICTURE * 20

    def adb(*words):
        line = [command, "-H", server.host, "-P", str(server.port), *words]
        done = subprocess.run(line, capture_output=True, check=True, timeout=20)
        return done.stdout.decode()

    assert "SIM0001\tdevice" in adb("devices")
    assert adb("shell", "getprop ro.product.model").strip() == "Simulated"
    adb("pull", f"{CAMERA_FOLDER}/IMG_0001.jpg", str(tmp_path / "copy.jpg"))
    assert (tmp_path / "copy.jpg").read_bytes() == PICTURE * 20
    adb("reverse", "tcp:9000", "tcp:9000")
    assert android.reversed == {"tcp:9000": "tcp:9000"}


def test_exif_time_by_hand():
    exif = {"DateTimeOriginal": "2026:11:22 15:15:30", "SubSecTimeOriginal": "250"}
    start_ns = 1_795_356_930 * SECOND_NS  # 14:15:30 in UTC
    span = adb_exif.taken_span(exif, "+0100")
    assert (span.start_ns - start_ns, span.end_ns - start_ns) == (250_000_000, 251_000_000)
    in_india = adb_exif.taken_span(exif | {"OffsetTimeOriginal": "+05:30"}, "+0100")
    assert span.start_ns - in_india.start_ns == 4.5 * 3600 * SECOND_NS
    in_brazil = adb_exif.taken_span(exif, "-0230")
    assert in_brazil.start_ns - span.start_ns == 3.5 * 3600 * SECOND_NS
    whole = adb_exif.taken_span(exif | {"SubSecTimeOriginal": "25"}, "+0100")
    assert (whole.start_ns, whole.end_ns) == (start_ns, start_ns + SECOND_NS)
    assert adb_exif.taken_span(exif, "") is None
    assert adb_exif.taken_span({}, "+0100") is None


def test_a_span_on_the_host_is_wider_by_bound_and_slack():
    clock = ClockOffset(offset_ns=1000, bound_ns=7, samples=1, measured_ns=0)
    span = adb_exif.ExifSpan(start_ns=5000, end_ns=6000)
    assert adb_exif.on_host(span, clock, 3) == Interval(start_ns=3990, end_ns=5010)


@given(st.lists(st.integers(0, 50), min_size=4, max_size=4))
def test_what_two_intervals_share_is_in_both(ends):
    a = Interval(start_ns=min(ends[:2]), end_ns=max(ends[:2]))
    b = Interval(start_ns=min(ends[2:]), end_ns=max(ends[2:]))
    both = set(range(a.start_ns, a.end_ns + 1)) & set(range(b.start_ns, b.end_ns + 1))
    shared = adb_exif.common(a, b)
    covered = set(range(shared.start_ns, shared.end_ns + 1)) if shared else set()
    assert covered == both


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"not a picture", PICTURE[:40]])
def test_a_broken_beginning_has_no_exif(data):
    assert adb_exif.read_exif(data) == {}
    assert adb_exif.flash_kind({}) == "unknown"
