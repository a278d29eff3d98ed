import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from acquisition.colour.calibration import (
    ColourCalibration,
    apply,
    choose,
    full_scale,
    read_calibration,
    read_calibrations,
    tone_curve,
    write_calibration,
)
from acquisition.errors import CalibrationError

MATRIX = ((1.6, -0.4, -0.1), (-0.2, 1.3, -0.1), (0.0, -0.5, 2.0))


def made(**changes):
    base = ColourCalibration(
        id="K-000000",
        date="2026-01-02T03:04:05Z",
        device="Pixel 8",
        light="flash",
        method="chart",
        matrix=MATRIX,
        source_sha256="0" * 64,
    )
    return msgspec.structs.replace(base, **changes)


def pixels(*colours):
    return np.array([colours], np.float32)


def test_apply_by_hand():
    out = apply(pixels((0.2, 0.3, 0.1)), made())
    assert out[0, 0] == pytest.approx([0.32 - 0.12 - 0.01, -0.04 + 0.39 - 0.01, -0.15 + 0.2])
    assert out.dtype == np.float32


def test_apply_keeps_its_input_and_passes_none_through():
    picture = pixels((0.0, 0.5, 0.0), (1.0, 1.0, 1.0))
    before = picture.copy()
    assert apply(picture, None) is picture
    apply(picture, made())
    apply(picture, made(tone=[0.3]))
    assert (picture == before).all()


def test_nothing_comes_out_below_zero():
    picture = np.random.default_rng(0).uniform(-0.1, 1.2, (70, 30, 3)).astype(np.float32)
    for tone in ([], [0.4, -0.2]):
        assert apply(picture, made(tone=tone)).min() == 0


@pytest.mark.parametrize("tone", [[], [0.3, 0.1]])
def test_a_full_sensor_becomes_a_white_and_not_a_colour(tone):
    calibration = made(tone=tone)
    out = apply(pixels((1.0, 1.0, 1.0)), calibration)[0, 0]
    assert out == pytest.approx([out[1]] * 3, rel=1e-4)
    # A white just below is not touched.
    assert full_scale(calibration).max() == pytest.approx(tone_curve(np.ones(1), tone)[0])


def test_the_tone_curve_comes_before_the_matrix():
    picture = np.random.default_rng(0).uniform(0, 0.5, (40, 20, 3)).astype(np.float32)
    tone = [0.2, 0.3, -0.1]
    expected = tone_curve(picture.astype(np.float64), tone) @ np.array(MATRIX).T
    assert apply(picture, made(tone=tone)) == pytest.approx(np.maximum(expected, 0), abs=2e-4)


def test_written_and_read_again(tmp_path: Path):
    path = tmp_path / "colour" / "one.json"
    calibration = made(tone=[0.1], delta_e_mean=0.5, left_out=["white"])
    write_calibration(calibration, path)
    assert read_calibration(path) == calibration
    assert sorted(path.parent.iterdir()) == [path]
    with pytest.raises(CalibrationError, match="exists already"):
        write_calibration(made(id="K-000001"), path)
    assert read_calibration(path).id == "K-000000"


def test_a_folder_with_damaged_and_newer_files_gives_the_good_ones_and_notes(tmp_path: Path):
    write_calibration(made(), tmp_path / "good.json")
    data = json.loads((tmp_path / "good.json").read_text())
    wrong = {
        "newer": {**data, "schema": 2},
        "half": None,
        "singular": {**data, "matrix": [[1, 1, 1]] * 3},
        "black": {**data, "matrix": [[1, 0, 0], [0, -1, 0], [0, 0, 1]]},
        "light": {**data, "light": "candle"},
        "list": [1, 2],
    }
    for name, content in wrong.items():
        text = json.dumps(content) if content else json.dumps(data)[:100]
        (tmp_path / f"{name}.json").write_text(text)
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe\x00")
    found, notes = read_calibrations(tmp_path)
    assert [one.id for one in found] == ["K-000000"]
    assert len(notes) == 7
    assert all("\n" not in note for note in notes)
    assert any("newer.json has version 2" in note and "update acquire" in note for note in notes)
    for name in (*wrong, "binary"):
        assert sum(f"{name}.json" in note for note in notes) == 1


def test_a_missing_folder_is_a_note(tmp_path: Path):
    found, notes = read_calibrations(tmp_path / "none")
    assert found == []
    assert len(notes) == 1


def test_the_newest_of_the_same_device_and_light_is_chosen():
    many = [
        made(id="K-OLD", date="2026-01-01T00:00:00Z"),
        made(id="K-NEW", date="2026-03-01T00:00:00Z"),
        made(id="K-TORCH", date="2026-04-01T00:00:00Z", light="torch"),
        made(id="K-OTHER", date="2026-05-01T00:00:00Z", device="Pixel 8 Pro"),
    ]
    chosen = choose(many, "Pixel 8", "flash")
    assert chosen.calibration is not None
    assert chosen.calibration.id == "K-NEW"
    assert "K-NEW" in chosen.note


def test_nothing_that_nearly_fits_is_chosen():
    absent = choose([made()], "Pixel 8", "screen")
    assert absent.calibration is None
    assert "only for flash" in absent.note
    assert choose([made()], "pixel 8", "flash").calibration is None
    assert "none for this device" in choose([], "Pixel 8", "unknown").note
