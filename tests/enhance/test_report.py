"""The report: every photograph in it, whatever became of it, as JSON that anything can read."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from deepflash.enhance.look import Look
from deepflash.enhance.plan import Job
from deepflash.enhance.report import empty_entry, entry_of, plain, refuse_report_place, write_report
from deepflash.enhance.worker import Attempt, Request
from deepflash.errors import PictureError, UsageError

JOB = Job(Path("in/a.jpg"), Path("out/a.jpg"), Path("out"))
KEYS = ["source", "status", "result", "verdict", "red_eyes", "seconds", "width", "height"]


@dataclass
class Light:
    box: tuple
    score: float
    flash_lit: float
    strength: float


@dataclass
class Judged:
    kind: str
    reason: str
    faces: tuple
    exif_flash: bool | None
    figures: dict


@dataclass
class Outcome:
    source: Path
    result: Path | None
    verdict: Judged
    red_eyes: int
    seconds: float
    size: tuple


def _outcome(result):
    face = Light((np.float32(1.5), 2.0, 30.0, 40.25), 0.98765432, np.float64(0.5), 1.0)
    figures = {"contrast": np.float32(0.25), "spread": float("nan"), "faces": np.int64(1)}
    judged = Judged("flash_selfie", "a flash selfie", (face,), None, figures)
    return Outcome(JOB.source, result, judged, 2, 1.23456789, (640, 480))


def test_an_enhanced_photograph():
    entry = entry_of(Attempt(JOB, _outcome(JOB.result)))
    assert entry == {
        "source": "in/a.jpg",
        "status": "enhanced",
        "result": "out/a.jpg",
        "verdict": {
            "kind": "flash_selfie",
            "reason": "a flash selfie",
            "exif_flash": None,
            "figures": {"contrast": 0.25, "spread": None, "faces": 1},
            "faces": [
                {"box": [1.5, 2.0, 30.0, 40.25], "score": 0.9877, "flash_lit": 0.5, "strength": 1.0}
            ],
        },
        "red_eyes": 2,
        "seconds": 1.2346,
        "width": 640,
        "height": 480,
    }
    assert list(entry) == KEYS


def test_one_that_was_left_alone_has_a_verdict_and_no_result():
    entry = entry_of(Attempt(JOB, _outcome(None)))
    assert (entry["status"], entry["result"]) == ("left_alone", None)
    assert entry["verdict"]["reason"] == "a flash selfie"


def test_one_that_failed_has_one_line_of_error_and_the_same_keys():
    entry = entry_of(Attempt(JOB, error=PictureError("in/a.jpg is\n damaged")))
    assert entry["error"] == "in/a.jpg is damaged"
    assert list(entry) == [*KEYS, "error"]
    assert (entry["status"], entry["verdict"], entry["width"]) == ("failed", None, None)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, True),
        (np.bool_(False), False),
        (np.uint8(7), 7),
        (np.float32("inf"), None),
        (1e-9, 0.0),
        (Path("a") / "b", "a/b"),
        ({Path("k"): (1, [None, "x"])}, {"k": [1, [None, "x"]]}),
    ],
)
def test_values_become_what_json_can_hold(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_the_whole_report(tmp_path):
    request = Request(
        Look(0.5, "input", "face", "blur", False), Path("m.onnx"), 512, quality=90, strip=True
    )
    done = [entry_of(Attempt(JOB, _outcome(result))) for result in (JOB.result, None, None)]
    done.append(entry_of(Attempt(JOB, error=PictureError("no"))))
    done.append(empty_entry(JOB) | {"status": "skipped"})
    path = tmp_path / "new" / "report.json"
    write_report(path, done, request, model="m", photos=7)
    report = json.loads(path.read_text())
    assert list(report) == ["version", "model", "options", "photos", "summary"]
    assert (report["version"], report["model"]) == (1, "m")
    assert report["options"] == {
        "look": {
            "strength": 0.5,
            "offset": "input",
            "region": "face",
            "background": "blur",
            "red_eyes": False,
        },
        "model": "m.onnx",
        "size": 512,
        "force": False,
        "strip": True,
        "quality": 90,
        "preview": False,
    }
    assert report["photos"] == done
    assert report["summary"] == {
        "photos": 7,
        "enhanced": 1,
        "left_alone": 2,
        "skipped": 1,
        "failed": 1,
        "not_reached": 2,
    }
    assert [p.name for p in path.parent.iterdir()] == ["report.json"]


def test_names_that_are_no_text_can_be_written(tmp_path):
    name = os.fsdecode(b"caf\xe9.jpg")
    entry = empty_entry(Job(Path(name), Path("x"))) | {"status": "failed"}
    write_report(tmp_path / "r.json", [entry], Request(), model=None, photos=1)
    assert json.loads((tmp_path / "r.json").read_text())["photos"][0]["source"] == name


def test_a_report_never_lands_on_a_picture_or_a_folder(tmp_path):
    photo = tmp_path / "photo"
    photo.touch()
    (tmp_path / "link").symlink_to(photo)
    job = Job(photo, tmp_path / "out" / "result")
    for name, message in (
        ("", "is a folder"),
        ("photo", "is a picture"),
        ("link", "is a picture"),
        ("any.JPG", "is a picture"),
        ("out/result", "is a picture"),
        ("photo/r.json", "cannot be written"),
    ):
        with pytest.raises(UsageError, match=message):
            refuse_report_place(tmp_path / name, [job], preview=False)
    refuse_report_place(tmp_path / "new" / "deep" / "r.json", [job], preview=False)
    refuse_report_place(tmp_path / "result.preview.json", [job], preview=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_locked_folder_is_refused_before_the_work(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(UsageError, match="cannot be written"):
        refuse_report_place(tmp_path / "locked" / "r.json", [JOB], preview=False)
