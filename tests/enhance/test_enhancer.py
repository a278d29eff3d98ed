"""The whole enhancer on rendered people: what is asked for comes, and nothing else changes."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from deepflash.enhance.enhancer import Enhancer
from deepflash.enhance.look import Look
from deepflash.errors import UsageError
from deepflash.pairs.manifest import read_manifest
from deepflash.pairs.starter import dataset_root

PLAIN = Look(red_eyes=False)


@pytest.fixture(scope="module")
def enhancer():
    return Enhancer(threads=1)


@pytest.fixture(scope="module")
def portrait():
    root = dataset_root("starter")
    record = read_manifest(root)[8]
    picture = cv2.imread(str(root / record.flash), cv2.IMREAD_COLOR_RGB)
    return cv2.resize(picture, (480, 480), interpolation=cv2.INTER_CUBIC)


@pytest.fixture(scope="module")
def analysis(enhancer, portrait):
    return enhancer.analyse(portrait)


def test_the_network_is_asked_once_for_many_looks(enhancer, analysis, monkeypatch):
    first, _ = enhancer.render(analysis, PLAIN)
    monkeypatch.setattr(type(enhancer.model), "correction", None)  # calling it would fail
    half, _ = enhancer.render(analysis, replace(PLAIN, strength=0.5))
    again, _ = enhancer.render(analysis, PLAIN)
    np.testing.assert_array_equal(first, again)
    change, halved = (abs(x.astype(int) - analysis.pixels).mean() for x in (first, half))
    assert change > 2
    assert 0.35 * change < halved < 0.65 * change


def test_strength_zero_is_the_photograph_and_another_array(enhancer, analysis):
    result, red_eyes = enhancer.render(analysis, replace(PLAIN, strength=0.0))
    np.testing.assert_array_equal(result, analysis.pixels)
    assert result is not analysis.pixels
    assert red_eyes == 0


def test_region_face_keeps_every_other_pixel(enhancer, analysis):
    result, _ = enhancer.render(analysis, replace(PLAIN, region="face"))
    changed = (result != analysis.pixels).any(-1)
    x0, y0, x1, y1 = analysis.faces[0].box
    grown = 0.3 * (y1 - y0)
    rows, columns = np.mgrid[: changed.shape[0], : changed.shape[1]]
    far = (rows < y0 - grown) | (rows > y1 + grown) | (columns < x0 - grown)
    far |= columns > x1 + grown
    assert not changed[far].any()
    middle = changed[round(y0 + 2) : round(y1 - 2), round((x0 + x1) / 2)]
    assert middle.mean() > 0.5


def test_offset_input_keeps_the_mean_of_the_photograph(analysis):
    small = analysis.small(replace(PLAIN, offset="input"))
    np.testing.assert_allclose(small.correction.mean((0, 1)), 0, atol=1e-5)


def test_offset_face_keeps_the_mean_colour_of_the_face(enhancer, analysis):
    kept, _ = enhancer.render(analysis, PLAIN)
    inside = analysis.face_mask() > 0.999
    before, after = (picture[inside].mean(0) for picture in (analysis.pixels, kept))
    assert after / after.sum() == pytest.approx(before / before.sum(), abs=0.01)
    assert after.mean() > before.mean() - 6


def test_detail_of_the_face_stays(enhancer, analysis):
    result, _ = enhancer.render(analysis, PLAIN)
    inside = analysis.face_mask() > 0.999
    fine = []
    for picture in (analysis.pixels, result):
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
        fine.append((grey - cv2.GaussianBlur(grey, (0, 0), 2))[inside])
    assert np.corrcoef(*fine)[0, 1] >= 0.98  # the goal of the model card


def test_sixteen_bits_and_floats_give_the_same_picture(enhancer, portrait, analysis):
    expected, _ = enhancer.render(analysis, PLAIN)
    deep, _ = enhancer.render(enhancer.analyse(portrait.astype(np.uint16) * 257), PLAIN)
    real, _ = enhancer.render(enhancer.analyse(portrait.astype(np.float32) / 255), PLAIN)
    assert deep.dtype == np.uint16
    np.testing.assert_allclose(deep / 257, expected, atol=2)
    np.testing.assert_allclose(real * 255, expected, atol=2)


def test_what_is_no_flash_selfie_is_left_alone_unless_forced(enhancer):
    wall = np.full((200, 300, 3), 120, np.uint8)
    wall[:, ::7] = 60
    left = enhancer.enhance(wall)
    assert left.left_alone
    assert left.pixels is wall
    assert left.verdict.kind == "no_face"
    forced = enhancer.enhance(wall, force=True)
    assert not forced.left_alone
    assert forced.pixels.shape == wall.shape


def test_exif_without_flash_leaves_a_face_alone(enhancer, portrait):
    left = enhancer.enhance(portrait, exif_flash=False)
    assert left.left_alone
    assert left.verdict.kind == "not_flash"
    assert not enhancer.enhance(portrait, exif_flash=True).left_alone


def test_many_pictures_come_in_order(enhancer, portrait):
    small = cv2.resize(portrait, (160, 160), interpolation=cv2.INTER_AREA)
    sizes = [one.pixels.shape for one in enhancer.enhance_many([portrait, small], force=True)]
    assert sizes == [portrait.shape, small.shape]


@pytest.mark.parametrize("background", ["studio", "blur"])
def test_backgrounds_change_the_background_and_not_the_face(enhancer, analysis, background):
    plain, _ = enhancer.render(analysis, PLAIN)
    other, _ = enhancer.render(analysis, replace(PLAIN, background=background))
    inside = analysis.face_mask() > 0.999
    changed = abs(other.astype(int) - plain).max(-1)
    assert np.median(changed[inside]) <= 1
    assert changed[:40, :40].mean() > 1


def test_a_size_of_zero_is_refused():
    with pytest.raises(UsageError, match="at least 1"):
        Enhancer(size=0)
