"""Faces that the page finds, beside those of the Python package in the same pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.faces import detector, finder, mesh, points
from deepflash.faces.detector import Detection
from deepflash.faces.patch import Square, cut, to_picture

PROJECT = Path(__file__).parents[2]
STARTER = PROJECT / "deepflash" / "starter"
PHOTOGRAPHS = PROJECT.parent / "shared" / "data" / "photos"
# In shares of the face's height, and in the score. Measured on 24 faces: 0.001 and 0.0015 at most,
# both where the network's answers make of a rounding error in a box's place what they will.
POINTS_APART, SCORES_APART = 0.003, 0.005


@pytest.fixture(scope="module")
def python():
    return finder.FaceFinder()


def read(path):
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.ascontiguousarray(picture[:, :, ::-1])


def person(number, side="flash"):
    return read(STARTER / side / f"person{number:05}-00-0.jpg")


def scene():
    """Four people of several sizes in one picture."""
    picture = np.full((960, 1280, 3), 90, np.uint8)
    for place, number in enumerate((5, 15, 25)):
        left = 30 + place * 410
        enlarged = cv2.resize(person(number), (400, 400), interpolation=cv2.INTER_CUBIC)
        picture[100:500, left : left + 400] = enlarged
    picture[600:900, 300:600] = cv2.resize(person(35, "studio"), (300, 300))
    return picture


def turned(picture, angle_deg):
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    return cv2.warpAffine(picture, turn, (width, height))


def resized(picture, width, height):
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)


def assert_same_faces(node, python, picture, count=None):
    expected, found = python.find(picture), node.call("tests/faces", "find", picture)
    assert len(found) == len(expected)
    assert count is None or len(found) == count
    for one, other in zip(found, expected, strict=True):
        height = other.box[3] - other.box[1]
        apart = np.abs(one["points"].reshape(-1, 2) - other.points).max()
        assert apart <= POINTS_APART * height
        assert np.abs(one["depth"] - other.depth).max() <= POINTS_APART * height
        assert np.abs(np.subtract(one["box"], other.box)).max() <= POINTS_APART * height
        assert abs(one["score"] - other.score) <= SCORES_APART


@pytest.mark.parametrize("number", range(0, 60, 20))
def test_a_person_has_the_same_face(node, python, number):
    assert_same_faces(node, python, person(number), count=1)


@pytest.mark.parametrize("angle_deg", [0, 25])
def test_people_of_several_sizes_have_the_same_faces(node, python, angle_deg):
    assert_same_faces(node, python, turned(scene(), angle_deg), count=4)


def test_large_pictures_are_searched_at_a_smaller_size(node, python):
    assert_same_faces(node, python, resized(scene(), 2999, 2001), count=4)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (5, 4000), (17, 31)])
def test_pictures_of_any_shape_without_a_face(node, shape):
    assert node.call("tests/faces", "find", np.full((*shape, 3), 128, np.uint8)) == []


@pytest.mark.local
@pytest.mark.parametrize("name", ["flash_group_of_three", "redeye_man_flash", "redeye_woman"])
def test_photographs_have_the_same_faces(node, python, name):
    if not PHOTOGRAPHS.is_dir():
        pytest.skip("no photographs at hand")
    assert_same_faces(node, python, read(PHOTOGRAPHS / f"{name}.jpg"))


def as_js(square):
    return {"x": square.x, "y": square.y, "sidePx": square.side_px, "angleRad": square.angle_rad}


def as_python(square):
    return Square(square["x"], square["y"], square["sidePx"], square["angleRad"])


def squares():
    rng = np.random.default_rng(4)
    yield Square(127.5, 127.5, 256.0)
    yield Square(-40.0, 300.0, 90.0, 0.3)
    for _ in range(4):
        x, y, side, angle = rng.uniform((40, 40, 50, -0.6), (210, 210, 1100, 0.6))
        yield Square(float(x), float(y), float(side), float(angle))


@pytest.mark.parametrize("border", ["constant", "replicate"])
def test_patches_are_cut_alike(node, border):
    picture = person(10)
    code = {"constant": cv2.BORDER_CONSTANT, "replicate": cv2.BORDER_REPLICATE}[border]
    for square in squares():
        found = node.call("src/faces/patch", "cut", picture, as_js(square), 128, border)
        expected = cut(picture, square, 128, border=code)
        apart = np.abs(found.astype(int) - expected)
        # Single values lie half-way between two levels but for the last bit of a cosine.
        assert apart.max() <= 1
        assert (apart > 0).mean() < 1e-3


def test_points_of_a_patch_go_to_the_picture(node):
    inside = np.random.default_rng(1).uniform(0, 128, (7, 2)).astype(np.float32)
    for square in squares():
        found = node.call("src/faces/patch", "toPicture", inside.ravel(), as_js(square), 128)
        np.testing.assert_allclose(
            found.reshape(-1, 2), to_picture(inside, square, 128), rtol=1e-6, atol=1e-4
        )


@pytest.mark.parametrize("size", [(100, 100), (256, 900), (960, 1280), (1279, 853), (3, 2000)])
def test_the_same_tiles_are_searched(node, size):
    found = [as_python(one) for one in node.call("src/faces/finder", "tiles", *size)]
    np.testing.assert_allclose(found, list(finder.tiles(*size)), rtol=1e-12)


def assert_same_detections(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one["box"], other.box, rtol=1e-5, atol=1e-3)
        np.testing.assert_allclose(one["keys"].reshape(6, 2), other.keys, rtol=1e-5, atol=1e-3)
        assert one["score"] == pytest.approx(other.score, abs=1e-6)


@pytest.mark.parametrize("of", ["union", "smaller"])
def test_answers_become_detections_and_those_of_one_face_are_merged(node, of):
    rng = np.random.default_rng(7)
    answers = rng.normal(0, 12, (896, 16)).astype(np.float32)
    logits = rng.normal(-2, 3, 896).astype(np.float32)
    logits[:3] = 500, 70, -500
    found = node.call("src/faces/detector", "decode", answers.ravel(), logits, 0.4)
    expected = detector.decode(answers, logits, 0.4)
    assert_same_detections(found, expected)
    merged = node.call("src/faces/detector", "merge", found, 0.3, of)
    assert len(merged) < len(found)
    assert_same_detections(merged, detector.merge(expected, 0.3, of))


def test_a_detection_without_area_is_one_of_its_own(node):
    flat = {"box": np.float32([5, 5, 5, 5]), "keys": np.zeros(12, np.float32), "score": 0.5}
    found = node.call("src/faces/detector", "merge", [flat, {**flat, "score": 0.7}], 0.3, "union")
    assert [one["score"] for one in found] == pytest.approx([0.7, 0.5])


def test_overlap_by_hand(node):
    box, other = np.float32([0, 0, 4, 2]), np.float32([3, 1, 5, 5])
    overlap = ("src/faces/detector", "overlap")
    assert node.call(*overlap, box, other, "union") == pytest.approx(1 / 15)
    assert node.call(*overlap, box, other, "smaller") == pytest.approx(1 / 8)
    assert node.call(*overlap, box, other + 9, "union") == 0
    assert node.call(*overlap, box[[0, 0, 0, 0]], box[[0, 0, 0, 0]], "union") == 0


def test_squares_for_the_next_look(node):
    rng = np.random.default_rng(2)
    keys = rng.uniform(50, 90, (6, 2)).astype(np.float32)
    one = Detection(box=np.float32([40, 42, 95, 110]), keys=keys, score=0.9)
    sent = {"box": one.box, "keys": keys.ravel(), "score": 0.9}
    found = node.call("src/faces/mesh", "squareOfDetection", sent)
    np.testing.assert_allclose(as_python(found), mesh.square_of_detection(one), rtol=1e-6)
    many = rng.uniform(0, 300, (468, 2)).astype(np.float32)
    found = node.call("src/faces/mesh", "squareOfPoints", many.ravel())
    np.testing.assert_allclose(as_python(found), mesh.square_of_points(many), rtol=1e-6)


def test_points_have_the_same_names(node):
    found = node.call("tests/faces", "namedPoints")
    assert len(found) == 8
    for name, value in found.items():
        expected = getattr(points, name)
        assert value == (expected if isinstance(expected, int) else list(expected))


def test_the_distance_of_the_eyes(node):
    places = np.random.default_rng(3).uniform(0, 900, (468, 2)).astype(np.float32)
    face = {"points": places.ravel(), "score": 1, "box": [0, 0, 1, 1], "depth": None}
    expected = points.inter_ocular(finder.Face(places, 1.0, (0.0, 0.0, 1.0, 1.0)))
    assert node.call("src/faces/points", "interOcular", face) == pytest.approx(expected, rel=1e-6)
    found = node.call("src/faces/points", "pointsOf", face, [3, 467])
    np.testing.assert_array_equal(found, places[[3, 467]].ravel())
