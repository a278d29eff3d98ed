"""The figures of a pair: by hand on drawn faces, and on rendered people with planted faults."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import deepflash
from acquisition.prepare.face_measures import clipped_share, face_area, laid, luminance, sharpness
from acquisition.prepare.figures import Evidence, Reference, figures_of, lifted, notes_of
from acquisition.prepare.judge import judge
from acquisition.prepare.thresholds import Thresholds
from acquisition.record import Skew
from deepflash.faces.finder import Face, FaceFinder
from deepflash.faces.points import FACE_OVAL, LEFT_EYE_OUTER, RIGHT_EYE_OUTER
from tests.acquisition.prepare import planted

STARTER = Path(deepflash.__file__).parent / "starter"
SIZE = 400


def drawn_face(shift=(0.0, 0.0)):
    """Points on an oval of 120 x 160 pixels in the middle, eyes 100 pixels apart."""
    rng = np.random.default_rng(3)
    points = rng.uniform(-50, 50, (468, 2)) + SIZE / 2
    angle = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    points[list(FACE_OVAL)] = SIZE / 2 + np.stack([60 * np.sin(angle), -80 * np.cos(angle)], 1)
    points[RIGHT_EYE_OUTER] = SIZE / 2 - 50, SIZE / 2 - 20
    points[LEFT_EYE_OUTER] = SIZE / 2 + 50, SIZE / 2 - 20
    return Face(points=(points + shift).astype(np.float32), score=1.0, box=(0.0, 0.0, 1.0, 1.0))


def flat(level):
    return np.full((SIZE, SIZE, 3), level, np.float32)


def drawn_evidence(**fields):
    face = [drawn_face()]
    given = {"flash": flat(0.4), "studio": flat(0.4), "flash_faces": face, "studio_faces": face}
    return Evidence(**(given | fields))


def reference(level, shift=(0.0, 0.0), **exif):
    return Reference(picture=flat(level), faces=[drawn_face(shift)], exif=planted.EXPOSURE | exif)


def test_brightness_and_clipping_are_of_the_face_alone():
    picture = flat(1.0)
    area = face_area(drawn_face(), (SIZE, SIZE))
    assert area.sum() == pytest.approx(np.pi * 60 * 80, rel=0.03)
    picture[area] = (0.2, 0.3, 0.1)
    left = area & (np.arange(SIZE)[None] < SIZE / 2)
    assert clipped_share(picture, area) == 0.0
    picture[left] = (1.0, 1.0, 0.5)
    assert clipped_share(picture, area) == pytest.approx(0.5, abs=0.01)
    picture[left] = (1.0, 0.5, 0.5)
    assert clipped_share(picture, area) == 0.0
    figures = figures_of(drawn_evidence(flash=picture))
    assert figures["flash_bright"] == pytest.approx(1.0 * 0.2126 + 0.5 * 0.7874, abs=1e-3)


def test_leak_is_scaled_by_the_exposures():
    # The reference is as bright as the flash picture, but exposed for 20 times as long.
    before = reference(0.4, ExposureTime=1 / 3)
    figures = figures_of(drawn_evidence(before=before, flash_exif=planted.EXPOSURE))
    assert figures["leak"] == pytest.approx(1 / 20, rel=1e-5)
    unknown = figures_of(drawn_evidence(before=before))
    assert unknown["leak_unscaled"] == pytest.approx(1.0)
    assert "leak" not in unknown
    assert any("light of the room" in note for note in notes_of(unknown))


def test_motion_between_both_references_is_scaled_to_the_skew():
    # 5 pixels of 100 between the eyes, over 2.5 s; the exposures lie 0.5 s apart at most.
    begin = {"DateTimeOriginal": "2026:11:22 14:15:30", "SubSecTimeOriginal": "75"}
    end = {"DateTimeOriginal": "2026:11:22 14:15:33", "SubSecTimeOriginal": "250"}
    both = {"before": reference(0.1, **begin), "after": reference(0.1, (3.0, 4.0), **end)}
    skew = Skew(ms=-450.0, pm_ms=50.0, method="interval")
    figures = figures_of(drawn_evidence(**both, skew=skew))
    assert figures["motion_unscaled_iod"] == pytest.approx(0.05, rel=1e-4)
    assert figures["motion_iod"] == pytest.approx(0.05 * 0.5 / 2.5, rel=1e-4)
    unscaled = figures_of(drawn_evidence(**both))
    assert unscaled["motion_iod"] == pytest.approx(0.05, rel=1e-4)
    assert any("not scaled" in note for note in notes_of(unscaled))


@pytest.mark.parametrize("name", ["before", "after"])
def test_motion_from_one_reference_says_so(name):
    figures = figures_of(drawn_evidence(**{name: reference(0.1, (3.0, 4.0))}))
    assert figures["motion_one_iod"] == pytest.approx(0.05, rel=1e-4)
    assert "motion_iod" not in figures
    assert any("one reference" in note for note in notes_of(figures))


def test_no_reference_and_no_skew_are_said():
    notes = notes_of(figures_of(drawn_evidence()))
    assert any("Motion is unknown" in note for note in notes)
    assert any("time between" in note for note in notes)


def test_without_one_face_only_what_needs_none_is_measured():
    figures = figures_of(drawn_evidence(studio_faces=[]))
    assert figures["studio_faces"] == 0.0
    assert figures["studio_bright"] == pytest.approx(0.4)
    assert not {"likeness", "expression_iod", "eye_difference", "studio_sharpness"} & set(figures)


def test_only_a_flash_is_said_not_to_have_fired():
    exif = {"Flash": 0}
    assert "flash_fired" not in figures_of(drawn_evidence(flash_exif=exif, flash_kind="torch"))
    assert figures_of(drawn_evidence(flash_exif=exif, flash_kind="flash"))["flash_fired"] == 0.0


def test_sharpness_does_not_change_with_exposure_and_falls_with_blur_along_one_way():
    rng = np.random.default_rng(5)
    noise = cv2.GaussianBlur(rng.random((SIZE, SIZE, 1)).astype(np.float32), (0, 0), 1.5)
    coarse = cv2.GaussianBlur(rng.random((SIZE, SIZE)).astype(np.float32), (0, 0), 8)
    grey = np.clip(0.2 + 2 * (noise - 0.5) * 0.3 + 2 * (coarse - 0.5), 0.02, 1)
    picture, face = np.repeat(grey[..., None], 3, 2).astype(np.float32), drawn_face()
    sharp = sharpness(laid(picture, face))
    assert sharpness(laid(picture * np.float32(0.5), face)) == pytest.approx(sharp, rel=0.05)
    across = cv2.blur(picture, (13, 1))
    assert sharpness(laid(across, face)) < 0.5 * sharp


def test_a_dark_picture_is_lifted_and_a_bright_one_is_not():
    assert lifted(flat(0.01)).mean() == pytest.approx(lifted(flat(0.4)).mean(), abs=1)
    assert (lifted(flat(0.9)) > 240).all()
    assert luminance(flat(0.3)) == pytest.approx(0.3)


@pytest.fixture(scope="module")
def find():
    finder = FaceFinder()
    known = {}

    def find_once(picture):
        key = hash(picture.tobytes())
        if key not in known:
            known[key] = finder.find(picture)
        return known[key]

    return find_once


def people(numbers, size=512):
    """Flash and studio pictures of starter people."""
    lines = (STARTER / "manifest.jsonl").read_text().splitlines()
    rows = [json.loads(lines[2 * number]) for number in numbers]
    for row in rows:
        both = (cv2.imread(str(STARTER / row[side])) for side in ("flash", "studio"))
        yield tuple(
            cv2.resize(one[..., ::-1], (size, size), interpolation=cv2.INTER_CUBIC) for one in both
        )


def test_planted_faults_are_rejected_for_the_right_reason(find):
    (flash, studio), (_, other) = people([12, 36])
    faces = find(flash)[0], find(studio)[0]
    pair = planted.good(flash, studio)
    assert judge(figures_of(planted.evidence(pair, find)), Thresholds()) == []
    for fault in ("blink_studio", "motion", "two_faces", "leak"):
        bad = planted.plant(fault, pair, faces, other)
        reasons = judge(figures_of(planted.evidence(bad, find)), Thresholds())
        assert planted.told(fault, reasons), (fault, reasons)


@pytest.mark.slow
def test_both_rates_over_many_people(find):
    shown = list(people(range(0, 60, 6)))
    told = dict.fromkeys(planted.FAULTS, 0)
    kept = 0
    for (flash, studio), (_, other) in zip(shown, shown[1:] + shown[:1], strict=True):
        faces = find(flash)[0], find(studio)[0]
        pair = planted.good(flash, studio)
        kept += judge(figures_of(planted.evidence(pair, find)), Thresholds()) == []
        for fault in planted.FAULTS:
            bad = planted.plant(fault, pair, faces, other)
            reasons = judge(figures_of(planted.evidence(bad, find)), Thresholds())
            told[fault] += planted.told(fault, reasons)
    assert kept >= 8
    # Painted lids over both eyes in both pictures are the hardest: nothing differs.
    least = {"blink_flash": 7, "blink_studio": 7, "blink_both": 6, "smear_studio": 8}
    assert {f: n for f, n in told.items() if n < least.get(f, 9)} == {}
