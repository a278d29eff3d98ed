from dataclasses import replace

import cv2
import numpy as np
import pytest

from acquisition.colour.chart import centres, find_chart, read_chart
from acquisition.colour.reference import NAMES
from acquisition.errors import CalibrationError
from tests.acquisition.colour.drawn_chart import GAP, PATCH, Shot, photograph, placement
from tests.acquisition.colour.spectra import black_body, device_colours

DAYLIGHT = device_colours(black_body(6504))
PLAIN = Shot(uneven=0.0, blur_px=0.8)


def true_places(shot):
    flat = centres() * (PATCH + GAP) + GAP / 2
    return cv2.perspectiveTransform(flat[None], placement(shot).astype(np.float64))[0]


@pytest.mark.parametrize("degrees", [35.0, 90.0, 180.0])
def test_a_turned_chart_is_found_the_right_way_round(degrees):
    shot = replace(PLAIN, turn_degrees=degrees)
    patches = read_chart(photograph(DAYLIGHT, shot))
    assert patches.linear == pytest.approx(DAYLIGHT * shot.exposure, rel=0.03, abs=0.003)
    assert patches.usable.all()


def test_a_mirrored_chart_is_found():
    picture = np.ascontiguousarray(photograph(DAYLIGHT, PLAIN)[:, ::-1])
    patches = read_chart(picture)
    assert patches.linear == pytest.approx(DAYLIGHT * PLAIN.exposure, rel=0.03, abs=0.003)


def test_a_strong_cast_does_not_hide_the_chart():
    tungsten = device_colours(black_body(2856))
    patches = read_chart(photograph(tungsten, replace(PLAIN, turn_degrees=180.0)))
    assert patches.linear == pytest.approx(tungsten * PLAIN.exposure, rel=0.05, abs=0.004)


@pytest.mark.parametrize(("wide", "width"), [(2000, 0.1), (700, 0.9)])
def test_small_and_large_charts_are_found_where_they_are(wide, width):
    turn = 4.0 if width < 0.5 else 0.0
    shot = replace(PLAIN, size=(wide, wide * 3 // 4), width=width, turn_degrees=turn)
    places = find_chart(photograph(DAYLIGHT, shot))
    assert places is not None
    patch_px = width * wide / 6.2
    assert np.abs(places - true_places(shot)).max() < 0.15 * patch_px


def test_no_chart_says_what_to_do():
    noise = np.random.default_rng(0).random((400, 600, 3), np.float32)
    with pytest.raises(CalibrationError, match=r"no ColorChecker .* show the whole chart"):
        read_chart(noise)


def test_clipped_patches_are_named_and_left_out():
    patches = read_chart(photograph(DAYLIGHT, replace(PLAIN, exposure=1.4)))
    assert set(patches.clipped) == {"white"}
    assert not patches.usable[NAMES.index("white")]


def test_too_many_clipped_patches_are_refused():
    with pytest.raises(CalibrationError, match=r"of 24 patches are clipped .*stops less"):
        read_chart(photograph(DAYLIGHT, replace(PLAIN, exposure=3.0)))


def test_a_dark_chart_is_refused():
    with pytest.raises(CalibrationError, match="expose two stops more"):
        read_chart(photograph(DAYLIGHT, replace(PLAIN, exposure=0.025, noise=0.0)))
