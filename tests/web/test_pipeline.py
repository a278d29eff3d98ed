"""A small correction applied to the whole photograph, by the page and by the command line."""

import numpy as np
import pytest

from deepflash.enhance import pipeline
from deepflash.enhance.pipeline import Small, corrected, reduced, shrunk
from tests.enhance.test_pipeline import a_photo, constant, nothing, small_of

HELPERS = "tests/correcting"
TARGETS = ["difference", "direct", "log_ratio"]


def by_page(node, photo, small, mask=None, middle=pipeline.MIDDLE_PX):
    found = node.call(HELPERS, "corrected", photo, small._asdict(), mask, middle)
    return found.reshape(photo.shape)


def wavy(picture):
    rows = np.arange(picture.shape[0], dtype=np.float32)[:, None, None]
    return np.sin(rows / 5) * np.float32([0.4, 0.3, -0.2]) + 0.3 * picture - 0.1


def assert_same(found, expected, most_differing=0.002):
    apart = abs(found.astype(int) - expected.astype(int))
    assert apart.max() <= 1
    assert (apart > 0).mean() <= most_differing  # halves that single precision rounds otherwise


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize(
    ("shape", "middle"),
    [((301, 170), 1536), ((301, 170), 90), ((170, 301), 133), ((40, 64), 64), ((530, 37), 300)],
)
def test_photographs(node, monkeypatch, target, shape, middle):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", middle)
    photo = a_photo(*shape)
    small = small_of(photo, wavy, size=48, target=target)
    expected = corrected(photo, small)
    assert abs(expected.astype(int) - photo).mean() > 10
    assert_same(by_page(node, photo, small, middle=middle), expected)


@pytest.mark.parametrize("target", TARGETS)
def test_twelve_megapixels_by_hand_at_the_ends_of_the_range(node, target):
    photo = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    for value in (-3.0, -0.013, 0.2, 9.0):
        small = small_of(photo, constant(value, value / 2, -value), target=target)
        assert_same(by_page(node, photo, small), corrected(photo, small), 0.02)


def test_a_constant_ratio_by_hand(node):
    photo = np.full((50, 60, 3), 150, np.uint8)
    logs = constant(np.log(2.0), 0.0, -np.log(1.5))
    found = by_page(node, photo, small_of(photo, logs, target="log_ratio"))
    np.testing.assert_array_equal(found[3, 3], [75, 150, 225])


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("middle", [1536, 90])
def test_no_correction_gives_the_photograph_bit_for_bit(node, target, middle):
    photo = np.random.default_rng(0).integers(0, 256, (123, 150, 3), np.uint8)
    small = small_of(photo, nothing, target=target)
    np.testing.assert_array_equal(by_page(node, photo, small, middle=middle), photo)


@pytest.mark.parametrize("shape", [(1, 1), (2, 70), (1, 900), (61, 45), (3, 2)])
@pytest.mark.parametrize("target", ["difference", "log_ratio"])
def test_any_shape(node, shape, target):
    photo = a_photo(*shape)
    small = small_of(photo, lambda picture: 0.3 * picture, size=40, target=target)
    assert_same(by_page(node, photo, small), corrected(photo, small), 0.02)


@pytest.mark.parametrize("middle", [120, 1536])
def test_masks(node, monkeypatch, middle):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", middle)
    photo = a_photo(300, 240)
    mask = np.zeros((75, 60), np.float32)
    mask[20:40, 20:40] = np.linspace(0.2, 1, 20)
    for target in ("difference", "log_ratio"):
        small = small_of(photo, wavy, size=48, target=target)
        found = by_page(node, photo, small, mask, middle)
        assert_same(found, corrected(photo, small, mask=mask))
        changed = (found != photo).any(-1)
        assert changed[100:140, 100:140].mean() > 0.9
        changed[70:170, 70:170] = False
        assert not changed.any()


def test_a_step_stays_on_the_photographs_edge(node, monkeypatch):
    monkeypatch.setattr(pipeline, "MIDDLE_PX", 500)
    photo = np.full((400, 1000, 3), 60, np.uint8)
    photo[:, 517:] = 190
    small = small_of(photo, lambda picture: np.float32(0.2) * (picture > 0.5), size=50)
    found = by_page(node, photo, small, middle=500)
    assert_same(found, corrected(photo, small))
    assert abs(found[:, 540:].astype(int) - 139).max() <= 2
    assert abs(found[:, :500].astype(int) - 60).max() <= 4


@pytest.mark.parametrize(
    ("shape", "size"), [((40, 60), 30), ((61, 45), 7), ((45, 61), 61), ((1, 900), 100), ((5, 5), 9)]
)
def test_reductions(node, shape, size):
    photo = np.random.default_rng(1).integers(0, 256, (*shape, 3), np.uint8)
    found = node.call("src/enhance/pipeline", "shrunk", photo, size)
    np.testing.assert_array_equal(found, shrunk(photo, size))
    found = node.call("src/enhance/pipeline", "reduced", photo, size)
    np.testing.assert_array_equal(found, reduced(photo, size))


@pytest.mark.parametrize(
    ("middle", "small"), [((1152, 1536), (240, 320)), ((2, 2), (1, 1)), ((90, 70), (90, 70))]
)
def test_the_radius_of_the_guide(node, middle, small):
    sizes = [dict(zip(("height", "width"), shape, strict=True)) for shape in (middle, small)]
    expected = pipeline.texture_radius(max(*middle, 3) / max(*small, 3))
    assert node.call("src/enhance/pipeline", "guideRadius", *sizes) == expected


def test_a_guide_serves_every_strength(node):
    photo = a_photo(200, 150)
    picture = reduced(photo, 50)
    rows = {"first": 40, "last": 90}
    module, sizes = "src/enhance/pipeline", {"width": 38, "height": 50}
    radius = node.call(module, "guideRadius", {"width": 150, "height": 200}, sizes)
    guide = node.call(module, "guideRows", photo, radius, rows)
    for strength in (0.5, 1.5):
        correction = (wavy(picture) * strength).astype(np.float32)
        fitted = node.call(module, "fitted", Small(picture, correction, "difference")._asdict())
        kept = node.call(module, "withGuide", fitted, guide, 40, 200)
        np.testing.assert_array_equal(
            kept, node.call(module, "middleRows", photo, fitted, sizes, rows)
        )
        whole = pipeline._middle_correction(photo, Small(picture, correction, "difference"))
        np.testing.assert_allclose(kept, whole[40:90], rtol=0, atol=2e-5)
