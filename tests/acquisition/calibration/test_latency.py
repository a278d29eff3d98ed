import asyncio
import hashlib
import io
import time
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PIL import Image

from acquisition.calibration import cli
from acquisition.calibration.latency import (
    LatencyCalibration,
    LatencyStatistics,
    read_calibration,
    statistics_of,
    write_calibration,
)
from acquisition.calibration.measure import CalibrationFolder, measure
from acquisition.calibration.shots import ClockShot, ShotList, calibrate_folder, write_shots
from acquisition.camera.contract import (
    CameraFile,
    CameraIdentity,
    Collected,
    Downloaded,
    Triggered,
)
from acquisition.clock import ClockOffset, Interval
from acquisition.errors import CalibrationError, PhoneError, StoreError, UsageError
from acquisition.phone.contract import PhoneExposure, PhoneStatus, ShotName
from tests.acquisition.calibration.photographs import Conditions, code_at, photograph

STEP_MS = 9
SMALL = Conditions(width_px=400, fill=0.8, moire=2.0)


def jpeg(time_ms: float, conditions: Conditions = SMALL) -> bytes:
    out = io.BytesIO()
    Image.fromarray(photograph(code_at(time_ms, STEP_MS), conditions)).save(out, "JPEG", quality=90)
    return out.getvalue()


def found(median_ms: float = 300.0, spread_ms: float = 5.0) -> LatencyStatistics:
    return LatencyStatistics(
        median_ms=median_ms, spread_ms=spread_ms, n=20, min_ms=280.0, max_ms=330.0
    )


def calibration(**changes) -> LatencyCalibration:
    values = {
        "id": "K-000001",
        "date": "2026-11-22T14:15:30+00:00",
        "phone_device": "a phone",
        "camera_model": "a camera",
        "flash_kind": "flash",
        "phone": found(),
        "studio": found(80.0),
        "display_resolution_ms": 9.4,
    }
    return LatencyCalibration(**(values | changes))


def test_statistics_by_hand():
    # Deviations from 12: 2, 1, 0, 1, 88; their median is 1.
    found = statistics_of([10.0, 11.0, 12.0, 13.0, 100.0])
    assert found == LatencyStatistics(
        median_ms=12.0, spread_ms=1.4826, n=5, min_ms=10.0, max_ms=100.0
    )


def test_two_pictures_are_too_few():
    with pytest.raises(CalibrationError, match="at least 3"):
        statistics_of([1.0, 2.0])


def test_a_planted_spread_comes_back_despite_outliers():
    rng = np.random.default_rng(5)
    latencies = rng.normal(400.0, 20.0, 2000)
    latencies[:100] += 2000.0
    found = statistics_of(latencies.tolist())
    assert found.median_ms == pytest.approx(400.0, abs=3.0)
    assert found.spread_ms == pytest.approx(20.0, rel=0.12)


def test_a_calibration_comes_back_from_its_file(tmp_path):
    path = tmp_path / "calibration.json"
    write_calibration(calibration(), path)
    assert read_calibration(path) == calibration()
    with pytest.raises(CalibrationError, match="exists already"):
        write_calibration(calibration(), path)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"schema": 2}', "version 2, this program reads up to 1"),
        (b'{"schema": 1}', "no latency calibration"),
        (b"nonsense", "no latency calibration"),
    ],
)
def test_wrong_files_are_refused_in_words(tmp_path, data, words):
    path = tmp_path / "calibration.json"
    path.write_bytes(data)
    with pytest.raises(CalibrationError, match=words):
        read_calibration(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CalibrationError, match="cannot be read"):
        read_calibration(tmp_path / "none.json")


def test_another_device_is_named():
    assert calibration().misfits("a phone", "a camera", "flash") == []
    (line,) = calibration().misfits("a phone", "a camera", "torch")
    assert "'flash'" in line
    assert "'torch'" in line
    assert len(calibration().misfits("other", "other", "screen")) == 3


def folder_of_shots(folder: Path, latencies: dict[str, list[float]]) -> None:
    shots = []
    for device, values in latencies.items():
        for index, latency_ms in enumerate(values):
            call_ms = 1_000_000.0 + 1234.5 * len(shots)
            name = f"{device}{index}.jpg"
            conditions = msgspec.structs.replace(SMALL, seed=len(shots))
            (folder / name).write_bytes(jpeg(call_ms + latency_ms, conditions))
            shots.append(ClockShot(device=device, file=name, call_ns=round(call_ms * 1e6)))
    listed = ShotList(
        phone_device="a phone",
        camera_model="a camera",
        flash_kind="torch",
        clock_bound_ms=0.5,
        shots=shots,
    )
    write_shots(listed, folder)


def test_planted_latencies_come_back_from_pictures(tmp_path):
    rng = np.random.default_rng(2)
    phone, studio = rng.normal(640.0, 40.0, 9).tolist(), rng.normal(70.0, 3.0, 9).tolist()
    folder_of_shots(tmp_path, {"phone": phone, "studio": studio})
    measured = calibrate_folder(tmp_path)
    assert measured.notes == []
    result = measured.calibration
    for got, planted in ((result.phone, phone), (result.studio, studio)):
        truth = statistics_of(planted)
        assert got.n == 9
        assert got.median_ms == pytest.approx(truth.median_ms, abs=STEP_MS)
        assert got.spread_ms == pytest.approx(truth.spread_ms, abs=1.5 * STEP_MS)
    assert result.display_resolution_ms == STEP_MS + 0.5
    assert (result.phone_device, result.camera_model, result.flash_kind) == (
        "a phone",
        "a camera",
        "torch",
    )
    assert result.id.startswith("K-")


def test_the_verb_reads_a_folder_and_leaves_out_what_it_cannot_read(tmp_path, capsys):
    folder_of_shots(tmp_path, {"phone": [500.0] * 4, "studio": [60.0] * 3})
    (tmp_path / "phone1.jpg").write_bytes((tmp_path / "phone1.jpg").read_bytes()[:500])
    output = tmp_path / "calibration.json"
    assert cli.main(["latency", "--from-folder", str(tmp_path), "-o", str(output)]) == 0
    result = read_calibration(output)
    assert (result.phone.n, result.studio.n) == (3, 3)
    said = capsys.readouterr().out
    assert "phone: 1 of 4 pictures were left out, most often because phone1.jpg is no" in said
    assert "phone a phone (torch): 50" in said


def test_too_many_unreadable_pictures_are_an_error(tmp_path):
    folder_of_shots(tmp_path, {"phone": [500.0] * 3, "studio": [60.0] * 3})
    grey = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(grey, "JPEG")
    (tmp_path / "studio0.jpg").write_bytes(grey.getvalue())
    with pytest.raises(CalibrationError, match=r"only 2 of 3 .*studio.*overexposed"):
        calibrate_folder(tmp_path)


def test_a_list_names_only_files_beside_it(tmp_path):
    shot = ClockShot(device="phone", file="../secret.jpg", call_ns=1)
    write_shots(ShotList(phone_device="", camera_model="", shots=[shot]), tmp_path)
    with pytest.raises(CalibrationError, match="only files beside it"):
        calibrate_folder(tmp_path)


@pytest.mark.parametrize(
    ("words", "match"),
    [
        (["smell"], "latency or colour, not 'smell'"),
        (["latency", "--shots", "2"], "3 or more"),
        (["latency", "--from-folder", "x", "-o", "."], "exists already"),
    ],
)
def test_wrong_command_lines_are_refused(words, match):
    with pytest.raises(UsageError, match=match):
        cli.main(words)


class DrawnPhone:
    """A phone that photographs the clock after a fixed time, and fails where told."""

    def __init__(self, folder: CalibrationFolder, latency_ms: float, failing: int = 0) -> None:
        self.folder, self.latency_ms, self.failing = folder, latency_ms, failing
        self.called_ns = 0

    def status(self) -> PhoneStatus:
        return PhoneStatus(connected=True, driver="web", device="drawn phone")

    async def check(self) -> PhoneStatus:
        return self.status()

    async def fire(self, shot: ShotName) -> PhoneExposure:
        del shot
        if self.failing:
            self.failing -= 1
            raise PhoneError("no flash: charge the phone")
        self.called_ns = time.monotonic_ns()
        bound_ns = 2_000_000
        clock = ClockOffset(offset_ns=0, bound_ns=bound_ns, samples=1, measured_ns=0)
        end_ns = self.called_ns + 1_000_000_000
        return PhoneExposure(
            exposure=Interval(start_ns=self.called_ns - bound_ns, end_ns=end_ns),
            flash_kind="flash",
            late_ns=0,
            clock=clock,
            requested={},
        )

    async def fetch(self, shot: ShotName):
        data = jpeg(self.called_ns / 1e6 + self.latency_ms)
        part = self.folder.part(shot)
        part.write_bytes(data)
        return self.folder.accept(shot, part, hashlib.sha256(data).hexdigest(), "drawn")


class DrawnCamera:
    """A camera that photographs the clock after a fixed time."""

    identity = CameraIdentity(model="drawn camera", serial="1", port="none", library="none")

    def __init__(self, latency_ms: float) -> None:
        self.latency_ms, self.called_ns = latency_ms, 0

    def trigger(self) -> Triggered:
        self.called_ns = time.monotonic_ns()
        return Triggered(
            exposure=Interval(start_ns=self.called_ns, end_ns=self.called_ns + 300_000_000)
        )

    def collect(self) -> Collected:
        files = [CameraFile(folder="/card", name="A.NEF"), CameraFile(folder="/card", name="A.JPG")]
        return Collected(files=files, missing=[], events=[], log="")

    def download(self, file: CameraFile, part: Path) -> Downloaded:
        assert file.name == "A.JPG"
        data = jpeg(self.called_ns / 1e6 + self.latency_ms)
        part.write_bytes(data)
        return Downloaded(bytes=len(data), sha256="", mime="image/jpeg", is_raw=False)


class StillClock:
    bound_ms = 0.25


def test_devices_that_fire_are_measured(tmp_path):
    phone = DrawnPhone(CalibrationFolder(tmp_path), 620.0, failing=1)
    said: list[str] = []
    measured = asyncio.run(
        measure(
            phone,
            DrawnCamera(75.0),
            4,
            folder=tmp_path,
            clock=StillClock(),
            say=said.append,
            pause_s=0.0,
        )
    )
    result = measured.calibration
    assert result.phone.n == 3
    assert result.phone.median_ms == pytest.approx(620.0, abs=STEP_MS)
    assert result.studio.median_ms == pytest.approx(75.0, abs=STEP_MS)
    assert (result.phone_device, result.camera_model) == ("drawn phone", "drawn camera")
    assert result.display_resolution_ms == STEP_MS + 0.25
    assert "shot 1: no flash: charge the phone" in said
    assert calibrate_folder(tmp_path).calibration.phone == result.phone


def test_a_phone_that_fails_three_times_ends_the_measurement(tmp_path):
    phone = DrawnPhone(CalibrationFolder(tmp_path), 620.0, failing=3)
    work = measure(phone, DrawnCamera(75.0), 9, folder=tmp_path, clock=StillClock(), pause_s=0.0)
    with pytest.raises(PhoneError, match="no flash"):
        asyncio.run(work)


def test_the_folder_takes_only_whole_pictures(tmp_path):
    intake = CalibrationFolder(tmp_path)
    shot = ShotName(pair="shot-001", kind="phone_flash")
    data = jpeg(100.0)
    digest = hashlib.sha256(data).hexdigest()

    def accept(content: bytes, sha256: str):
        part = intake.part(shot)
        part.write_bytes(content)
        return intake.accept(shot, part, sha256, "x")

    with pytest.raises(StoreError, match="no whole"):
        accept(data[:-1], digest)
    text = b"<html>"
    with pytest.raises(StoreError, match="no whole"):
        accept(text, hashlib.sha256(text).hexdigest())
    first = accept(data, digest)
    assert accept(data, digest) == first == intake.stored(shot)
    other = jpeg(200.0)
    with pytest.raises(StoreError, match="the first one stays"):
        accept(other, hashlib.sha256(other).hexdigest())
    assert [path.name for path in tmp_path.iterdir()] == [first.name]
