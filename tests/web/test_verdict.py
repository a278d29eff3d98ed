"""The page's verdict is that of the command line."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.enhance import flash_lit, verdict
from deepflash.enhance.damage import damage
from deepflash.enhance.flash_lit import MEAN, SPREAD, Light
from deepflash.faces.finder import Face, FaceFinder
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import read_picture
from tests.enhance.test_flash_lit import ball, ball_face
from tests.enhance.test_verdict import DIM, LIT, OPPOSITE, SIDEWAYS, noise, some_face
from tests.web.face_objects import sent

DATA = Path(__file__).parents[3] / "shared" / "data"
EXIF = (None, True, False)
MEASURES = Light._fields

SEEN = {
    "side": "comes from the side",
    "above": "comes from above",
    "front": "does not come from the camera",
    "eyes": "leaves the eyes in shadow",
    "nose": "throws a shadow under the nose",
}
SENTENCES = {
    "verdict.flash.exif": "flash: EXIF says that the flash fired",
    "verdict.flash.pupils": "flash: it made pupils red",
    "verdict.flash.light": "flash: the light on the face comes from the camera",
    "verdict.flash.several": "flash: {lit} of {faces} faces are lit from the camera",
    "verdict.none.exif": "no flash: EXIF says that the flash did not fire",
    "verdict.noFace": "no face was found",
    "verdict.damaged.small": "damaged: it has only {width} x {height} pixels",
    "verdict.damaged.black": "damaged: it is black all over",
    "verdict.damaged.white": "damaged: it is white all over",
    "verdict.damaged.plain": "damaged: it is of one colour all over",
    "verdict.damaged.filled": (
        "damaged: {percent}% of it is the plain grey that a cut-off JPEG leaves"
    ),
}
SENTENCES |= {
    f"verdict.none.{name}{variant}": f"no flash: the light on the face {said}{rest}"
    for name, said in SEEN.items()
    for variant, rest in {
        "": "",
        ".although": ", although EXIF says that the flash fired",
        ".and": ", and EXIF says that the flash did not fire",
    }.items()
}
FIGURES = {"byLight": "by_light", "redPupils": "red_pupils"}


def sentence(reason):
    return SENTENCES[reason["key"]].format(**reason.get("values", {}))


def assert_alike(found, expected, figures=1e-3, lit=1e-3):
    assert found["kind"] == expected.kind
    assert sentence(found["reason"]) == expected.reason
    assert found["exifFlash"] == expected.exif_flash
    told = {FIGURES.get(name, name): value for name, value in found["figures"].items()}
    assert told == pytest.approx(expected.figures, abs=figures + 1e-9)
    assert len(found["faces"]) == len(expected.faces)
    for face, other in zip(found["faces"], expected.faces, strict=True):
        assert face["box"] == pytest.approx(other.box, abs=1e-9)
        assert face["score"] == other.score
        assert face["flashLit"] == pytest.approx(other.flash_lit, abs=lit + 1e-9)
        assert face["strength"] == pytest.approx(other.strength, abs=4 * lit + 1e-9)


def judge(node, picture, faces, exif=None, scale=1.0):
    """Returns what the page says, after it was compared with the command line."""
    expected = verdict.judge(picture, faces, exif_flash=exif, scale=scale)
    options = {"exifFlash": exif, "scale": scale}
    faces = [sent(face) for face in faces]
    found = node.call("src/enhance/verdict", "judge", picture, faces, options)
    assert_alike(found, expected)
    return found


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


def compare_starter(node, finder, numbers, variant):
    for number in numbers:
        for side in ("flash", "studio"):
            path = dataset_root("starter") / side / f"person{number:05}-00-{variant}.jpg"
            picture = read_picture(path)
            judge(node, picture, finder.find(picture), EXIF[number % 3], 2.37)


def test_rendered_people(node, finder):
    compare_starter(node, finder, range(0, 60, 15), 0)


@pytest.mark.slow
@pytest.mark.parametrize("variant", [0, 1])
def test_all_rendered_people(node, finder, variant):
    compare_starter(node, finder, range(60), variant)


def test_large_small_and_several_faces(node, finder):
    picture = read_picture(dataset_root("starter") / "flash" / "person00010-00-0.jpg")
    for scale in (0.3, 0.7, 1.9):
        resized = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        judge(node, resized, finder.find(resized))
    studio = read_picture(dataset_root("starter") / "studio" / "person00010-00-0.jpg")
    both = np.hstack([picture, studio])
    faces = finder.find(both)
    assert len(faces) == 2
    assert judge(node, both, faces)["reason"]["key"] == "verdict.flash.several"


@pytest.mark.parametrize("exif", EXIF)
@pytest.mark.parametrize(
    "lights",
    [
        *([light] for light in (LIT, DIM, SIDEWAYS, OPPOSITE, MEAN)),
        *([MEAN._replace(**{n: getattr(MEAN, n) - getattr(SPREAD, n)})] for n in MEASURES),
        *([MEAN._replace(**{n: getattr(MEAN, n) + 4 * getattr(SPREAD, n)})] for n in MEASURES),
        [SIDEWAYS, LIT, DIM],
        [DIM, DIM],
    ],
)
@pytest.mark.parametrize("red", [0, 2])
def test_what_faces_say_is_weighed_alike(node, monkeypatch, lights, exif, red):
    faces = [some_face(float(n)) for n in range(len(lights))]
    reds = [0] * (len(lights) - 1) + [red]
    monkeypatch.setattr(verdict, "light_on", lambda _, face: lights[faces.index(face)])
    monkeypatch.setattr(
        verdict, "repair_red_eyes", lambda pixels, several: (pixels, reds[faces.index(several[0])])
    )
    expected = verdict.judge(noise(), faces, exif_flash=exif, scale=1.25)
    seen = [
        {"face": sent(face), "light": light._asdict(), "redPupils": count}
        for face, light, count in zip(faces, lights, reds, strict=True)
    ]
    figures = {"contrast": expected.figures["contrast"], "filled": 0.0}
    options = {"exifFlash": exif, "scale": 1.25}
    found = node.call("src/enhance/verdict", "judgeSeen", seen, options, figures)
    assert_alike(found, expected, figures=0, lit=1e-9)


def test_without_a_face(node):
    assert judge(node, noise(), [], True)["reason"] == {"key": "verdict.noFace"}


def filled(share, turns=0, level=128):
    pixels = noise()
    pixels[100 - share :] = level
    return np.ascontiguousarray(np.rot90(pixels, turns))


def level(low, high, height=100, width=80):
    return np.random.default_rng(0).integers(low, high, (height, width, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    "pixels",
    [
        level(0, 256, 63, 40),
        level(0, 256, 64, 40),
        level(0, 256, 1, 1),
        level(0, 9),
        level(0, 12),
        level(248, 256),
        level(245, 256),
        level(100, 104),
        level(90, 110),
        np.full((100, 80, 3), (10, 5, 5), np.uint8),
        np.full((80, 80, 3), 128, np.uint8),
        *(filled(share, turns) for share in (10, 11, 45) for turns in range(4)),
        filled(50, level=127),
        filled(50, level=131),
        filled(50, level=(128, 128, 140)),
    ],
)
def test_damage(node, pixels):
    found = judge(node, pixels, [some_face()])
    assert (found["kind"] == "damaged") == bool(damage(pixels))


def test_grey_is_that_of_opencv(node):
    # Where the shares of black and of white turn over: 99 of 100 pixels.
    rng = np.random.default_rng(1)
    for low, high in ((4, 13), (244, 253)):
        for _ in range(40):
            colour = rng.integers(low, high, 3)
            pixels = np.full((64, 64, 3), colour, np.uint8)
            pixels[::16, ::16] = 128
            message = node.call("src/enhance/damage", "damage", pixels)
            told = sentence(message).removeprefix("damaged: ") if message else ""
            assert told == damage(pixels)


def light_of(node, picture, face):
    expected = flash_lit.light_on(picture, face)
    found = Light(**node.call("src/enhance/flash-lit", "lightOn", picture, sent(face)))
    np.testing.assert_allclose(found, expected, atol=1e-5)
    lit = node.call("src/enhance/flash-lit", "flashLit", picture, sent(face))
    assert lit == pytest.approx(flash_lit.flash_lit(picture, face), abs=1e-5)


@pytest.mark.parametrize("depth", [True, False])
@pytest.mark.parametrize("lamp", [{"right": 0.2}, {"up": -0.2}, {"front": 0.3, "base": 0.25}])
def test_light_on_a_ball(node, lamp, depth):
    light_of(node, ball(**lamp), ball_face(depth=depth))


def test_faces_of_any_size_half_out_of_the_picture(node):
    rng = np.random.default_rng(5)
    for _ in range(30):
        scale = float(np.exp(rng.uniform(np.log(0.03), np.log(4))))
        place, (height, width) = rng.uniform(-100, 300, 2), rng.integers(1, 300, 2)
        points = ((ball_face().points - 128) * scale + place).astype(np.float32)
        box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
        face = Face(points, 0.6, box, ball_face().depth * np.float32(scale))
        light_of(node, rng.integers(0, 256, (height, width, 3)).astype(np.uint8), face)


def test_surface_normals(node, finder):
    picture = read_picture(dataset_root("starter") / "flash" / "person00003-00-0.jpg")
    for face in (*finder.find(picture), ball_face(), ball_face(depth=False)):
        found = node.call("src/enhance/flash-lit", "surfaceNormals", sent(face)).reshape(-1, 3)
        np.testing.assert_allclose(found, flash_lit.surface_normals(face), atol=1e-6)


@pytest.mark.local
def test_photographs(node, finder):
    paths = sorted([*(DATA / "photos").glob("*.jpg"), *(DATA / "faid-sample").glob("People*.png")])
    if not paths:
        pytest.skip("no photographs at hand")
    for path in paths:
        picture = read_picture(path)
        scale = min(1.0, 1280 / max(picture.shape[:2]))
        small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        faces = finder.find(small)
        for exif in EXIF:
            judge(node, small, faces, exif, 1 / scale)
