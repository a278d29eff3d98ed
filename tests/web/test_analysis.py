"""What is known about a photograph, and its looks, by the page and by the command line."""

from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest

from deepflash.enhance.analysis import Analysis
from deepflash.enhance.colour import Conversion
from deepflash.enhance.correction import OWN_MODEL
from deepflash.enhance.exposure import offset
from deepflash.enhance.features import even_over_features
from deepflash.enhance.finish import _without_shadow, finished
from deepflash.enhance.look import Look
from deepflash.enhance.onnx_model import OnnxModel
from deepflash.faces.finder import FaceFinder
from deepflash.pairs.starter import dataset_root
from tests.enhance import test_shadow
from tests.enhance.test_features import SIDE, face, spots
from tests.web.test_canvas import assert_same_picture

HELPERS = "tests/correcting"
PLAIN = Look(red_eyes=False)
POWER = 0.8


def people(*numbers):
    paths = sorted((dataset_root("starter") / "flash").glob("*.jpg"))
    return [cv2.imread(str(paths[number]), cv2.IMREAD_COLOR_RGB) for number in numbers]


class Power(Conversion):
    """A colour space whose values are a power of sRGB's."""

    def to_srgb(self, picture):
        return abs(picture) ** np.float32(POWER)

    def from_srgb(self, picture):
        return abs(picture) ** np.float32(1 / POWER)


def analysed(pixels, *, exif_flash=None, profile=None):
    model, finder = OnnxModel(OWN_MODEL, threads=1), FaceFinder()
    analysis = Analysis(model, finder, pixels, exif_flash=exif_flash, profile=profile, size=None)
    assert analysis.small_faces
    return analysis


def told(analysis, *, matte=False, power=None):
    """What the page's analysis starts from."""
    height, width = analysis.pixels.shape[:2]
    return {
        "seen": analysis.seen,
        "width": width,
        "height": height,
        "faces": [face_told(one) for one in analysis.small_faces],
        "verdict": {"faces": [asdict(one) for one in analysis.verdict.faces]},
        "matte": analysis.matte if matte else None,
        "power": power,
    }


def face_told(one):
    return {"points": one.points.ravel(), "score": one.score, "box": one.box, "depth": None}


def look_told(look, faces=()):
    return {
        "strength": look.strength,
        "redEyes": look.red_eyes,
        "background": look.background,
        "region": look.region,
        "faces": list(faces),
    }


@pytest.fixture(scope="module")
def portrait():
    return analysed(cv2.resize(people(8)[0], (480, 480), interpolation=cv2.INTER_CUBIC))


@pytest.fixture(scope="module")
def couple():
    near, far = people(8, 30)
    pixels = np.full((500, 900, 3), 60, np.uint8)
    pixels[10:490, :480] = cv2.resize(near, (480, 480), interpolation=cv2.INTER_CUBIC)
    pixels[150:390, 600:840] = cv2.resize(far, (240, 240), interpolation=cv2.INTER_AREA)
    analysis = analysed(pixels, exif_flash=True)
    near, far = analysis.verdict.faces
    faces = (replace(near, strength=1.0), replace(far, strength=0.4))
    analysis.verdict = replace(analysis.verdict, faces=faces)
    return analysis


def assert_close(found, small, tolerance=1e-3):
    assert found["target"] == small.target
    assert_same_picture(found["picture"], small.picture)
    np.testing.assert_allclose(found["correction"], small.correction, rtol=0, atol=tolerance)


@pytest.mark.parametrize("strength", [1.0, 0.35, 1.5])
def test_a_portrait(node, portrait, strength):
    look = replace(PLAIN, strength=strength)
    found = node.call(HELPERS, "small", str(OWN_MODEL), told(portrait), look_told(look))
    assert_close(found, portrait.small(look))


def test_a_couple_each_with_a_strength(node, couple):
    found = node.call(HELPERS, "small", str(OWN_MODEL), told(couple), look_told(PLAIN))
    assert_close(found, couple.small(PLAIN))


def test_a_face_that_is_switched_off_has_no_strength(node, couple):
    found = node.call(
        HELPERS, "small", str(OWN_MODEL), told(couple), look_told(PLAIN, [False, True])
    )
    without = Analysis(
        couple._model, couple._finder, couple.pixels, exif_flash=True, profile=None, size=None
    )
    faces = couple.verdict.faces
    without.verdict = replace(couple.verdict, faces=(replace(faces[0], strength=0.0), *faces[1:]))
    assert_close(found, without.small(PLAIN))


def test_forced_photographs_have_full_strength_but_for_faces_switched_off(node, couple):
    forced = Analysis(
        couple._model, couple._finder, couple.pixels, exif_flash=True, profile=None, size=None
    )
    verdict = couple.verdict
    none = tuple(replace(one, strength=0.0) for one in verdict.faces)
    forced.verdict = replace(verdict, faces=none)
    given = told(forced)
    found = node.call(HELPERS, "small", str(OWN_MODEL), given, look_told(PLAIN))
    assert_close(found, forced.small(PLAIN))
    forced = Analysis(
        couple._model, couple._finder, couple.pixels, exif_flash=True, profile=None, size=None
    )
    forced.verdict = replace(verdict, faces=(replace(none[0], strength=1.0), none[1]))
    found = node.call(HELPERS, "small", str(OWN_MODEL), given, look_told(PLAIN, [True, False]))
    assert_close(found, forced.small(PLAIN))


def test_all_faces_switched_off_change_nothing(node, couple):
    found = node.call(
        HELPERS, "small", str(OWN_MODEL), told(couple), look_told(PLAIN, [False, False])
    )
    np.testing.assert_allclose(found["correction"], 0, atol=1e-6)


def test_another_colour_space(node):
    pixels = cv2.resize(people(8)[0], (300, 300), interpolation=cv2.INTER_CUBIC)
    analysis = analysed(pixels, profile=Power(np.eye(3), (np.linspace(0, 1, 4096),) * 3))
    found = node.call(
        HELPERS, "small", str(OWN_MODEL), told(analysis, power=POWER), look_told(PLAIN)
    )
    assert_close(found, analysis.small(PLAIN), 2e-3)


def test_face_masks(node, couple):
    found = node.call(HELPERS, "faceMask", str(OWN_MODEL), told(couple))
    expected = couple.face_mask()
    assert 0.01 < expected.mean() < 0.5
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    assert (found == 0).sum() == (expected == 0).sum()
    switched = [one.box[0] < 500 for one in couple.small_faces]
    assert sorted(switched) == [False, True]
    left = node.call(HELPERS, "faceMask", str(OWN_MODEL), told(couple), switched)
    np.testing.assert_array_equal(left[:, :500], found[:, :500])
    assert not left[:, 500:].any()


def test_the_shadow_on_the_wall(node, portrait):
    look = look_told(PLAIN)
    found = node.call(HELPERS, "shadowed", str(OWN_MODEL), told(portrait, matte=True), look)
    assert_close(found, _without_shadow(portrait, portrait.small(PLAIN), PLAIN))
    # With another background nobody asks for the wall, nor for the person.
    other = replace(PLAIN, background="blur")
    found = node.call(HELPERS, "shadowed", str(OWN_MODEL), told(portrait), look_told(other))
    assert_close(found, portrait.small(PLAIN))


@pytest.mark.parametrize("strength", [0.5, 1.5])
def test_a_shadow_that_is_lifted(node, portrait, strength):
    pixels = np.rint(test_shadow.scene() * 255).astype(np.uint8)
    model, finder = portrait._model, portrait._finder
    analysis = Analysis(model, finder, pixels, exif_flash=None, profile=None, size=None)
    analysis.small_faces, analysis.matte = [test_shadow.face()], test_shadow.person()
    analysis.verdict = replace(portrait.verdict, faces=())
    look = replace(PLAIN, strength=strength)
    plain = analysis.small(look)
    expected = _without_shadow(analysis, plain, look)
    assert (expected.correction - plain.correction).min() < -0.1 * strength
    given = told(analysis, matte=True)
    found = node.call(HELPERS, "shadowed", str(OWN_MODEL), given, look_told(look))
    assert_close(found, expected)


@pytest.mark.parametrize(
    "look", [PLAIN, replace(PLAIN, region="face"), replace(PLAIN, strength=0.0)]
)
@pytest.mark.parametrize("who", ["portrait", "couple"])
def test_finished_pictures_differ_by_one_level_at_most(node, request, who, look):
    analysis = request.getfixturevalue(who)
    given = told(analysis, matte=True)
    found = node.call(HELPERS, "lit", str(OWN_MODEL), given, look_told(look), analysis.pixels)
    expected, _ = finished(analysis, look)
    apart = abs(found.astype(int) - expected)
    assert apart.max() <= 1
    assert (apart > 0).mean() < 0.01
    if look.region == "face":
        outside = analysis.face_mask() == 0
        np.testing.assert_array_equal(found[outside], analysis.pixels[outside])


@pytest.mark.parametrize("number", range(4))
def test_features(node, portrait, number):
    faces = [[], [face()], [face(mouth=0.2), face()], portrait.small_faces][number]
    side = 480 if number == 3 else SIDE
    rng = np.random.default_rng(0)
    correction = spots(0.6) if number < 3 else np.full((side, side, 3), 0.2, np.float32)
    correction = correction + rng.normal(0, 0.1, correction.shape).astype(np.float32)
    found = node.call(
        "src/enhance/features", "evenOverFeatures", correction, [face_told(one) for one in faces]
    )
    np.testing.assert_allclose(found, even_over_features(correction, faces), rtol=0, atol=1e-4)


@pytest.mark.parametrize("target", ["difference", "log_ratio"])
@pytest.mark.parametrize("level", [0.3, 0.8])
@pytest.mark.parametrize("correction", [-0.9, -0.4, 0.05, 0.5])
@pytest.mark.parametrize("share", [0.0, 0.3])
def test_exposures(node, target, level, correction, share):
    rng = np.random.default_rng(1)
    picture = np.clip(rng.normal(level, 0.1, (40, 30, 3)), 0, 1).astype(np.float32)
    said = rng.normal(correction, 0.1, (40, 30, 3)).astype(np.float32) * np.float32([1, 0.8, 0.5])
    mask = (rng.random((40, 30)) < share).astype(np.float32)
    found = node.call("src/enhance/exposure", "offset", target, picture, said, mask)
    np.testing.assert_allclose(found, offset(target, picture, said, mask), rtol=0, atol=2e-6)
