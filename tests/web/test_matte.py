"""The page's matte against the command line tool's, with the same answers of the network."""

import functools
import json

import cv2
import numpy as np
import pytest

from deepflash.enhance import matte as matte_module
from deepflash.enhance.matte import person_matte
from deepflash.faces.finder import Face, FaceFinder
from deepflash.pairs.starter import dataset_root
from deepflash.segmentation.guided import fit_matte, spread
from deepflash.segmentation.person import person_network

SIZE = 160


def sent(face: Face) -> dict:
    return {"points": face.points.ravel(), "score": face.score, "box": list(face.box)}


def ellipse_face(x: float, y: float, across: float, down: float) -> Face:
    turn = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    points = np.column_stack([x + across * np.cos(turn), y + down * np.sin(turn)])
    box = (float(x - across), float(y - down), float(x + across), float(y + down))
    return Face(points=points.astype(np.float32), score=1.0, box=box)


@functools.cache
def starter_picture(index: int, size: int = 640) -> np.ndarray:
    root = dataset_root("starter")
    record = json.loads((root / "manifest.jsonl").read_text().splitlines()[index])
    flash = cv2.cvtColor(cv2.imread(str(root / record["flash"])), cv2.COLOR_BGR2RGB)
    return cv2.resize(flash, (size, size), interpolation=cv2.INTER_CUBIC)


class Heard:
    """A network whose questions and answers are kept."""

    def __init__(self, answer):
        self.answer = answer
        self.asked, self.answers = [], []

    def probability(self, picture):
        self.asked.append(picture.copy())
        self.answers.append(self.answer(picture))
        return self.answers[-1].copy()


@pytest.fixture
def both(node, monkeypatch):
    """Returns the mattes of tool and page, which must ask the network the same."""

    def mattes(picture, faces, answer=None):
        heard = Heard(answer or person_network().probability)
        monkeypatch.setattr(matte_module, "person_network", lambda: heard)
        expected = person_matte(picture, faces)
        given = [heard.answers, picture, [sent(face) for face in faces]]
        found = node.call("tests/matte", "matteByAnswers", *given)
        assert len(found["asked"]) == len(heard.asked)
        for one, other in zip(found["asked"], heard.asked, strict=True):
            assert one.shape == other.shape
            # Area averages may be rounded the other way now and then.
            away = np.abs(one.astype(int) - other)
            assert away.max() <= 1
            assert away.mean() < 1e-5
        return expected, found["matte"]

    return mattes


def assert_alike(expected: np.ndarray, found: np.ndarray) -> None:
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    away = np.abs(found - expected)
    assert away.max() < 0.01
    assert away.mean() < 1e-4


@pytest.mark.parametrize("index", [0, 4, 6])
def test_rendered_people_have_the_same_matte(both, index):
    picture = starter_picture(index)
    assert_alike(*both(picture, FaceFinder().find(picture)))


def test_a_small_face_is_looked_at_closely(both):
    scene = np.full((600, 720, 3), 70, np.uint8)
    scene[344:, 400:656] = starter_picture(4, 256)
    faces = [ellipse_face(530.3, 440.2, 45, 60), ellipse_face(20.2, 15.4, 20, 30)]
    assert_alike(*both(scene, faces))


@pytest.mark.parametrize("shape", [(900, 701), (61, 1000)])
def test_large_pictures_are_worked_on_smaller(both, shape):
    picture = cv2.resize(starter_picture(2), shape[::-1], interpolation=cv2.INTER_AREA)
    faces = [ellipse_face(shape[1] / 2, shape[0] / 2, shape[1] / 5, shape[0] / 4)]
    assert_alike(*both(picture, faces))


@pytest.mark.parametrize("shape", [(1, 1), (3, 40), (41, 2), (37, 53)])
def test_tiny_pictures(both, shape):
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    face = ellipse_face(shape[1] / 2, shape[0] / 2, 6, 9)
    expected, found = both(picture, [face])
    assert np.abs(found - expected).max() < 0.01


def drawn(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    person = np.zeros((SIZE, SIZE), np.float32)
    for x0, y0, x1, y1 in boxes:
        person[y0:y1, x0:x1] = 1
    return person


@pytest.mark.parametrize("noise", [0, 3, 14])
def test_drawn_answers_of_the_network(both, noise):
    # Someone with a hole, a neighbour who touches, one who does not, and a vague outline.
    person = drawn((50, 30, 92, 150), (90, 90, 150, 150), (10, 20, 34, 150))
    person[110:116, 60:66] = 0
    person[110:140, 110:130] = 0
    picture = np.where(person[..., None] > 0, (180, 120, 90), (60, 90, 70))
    picture = picture + np.random.default_rng(0).normal(0, noise, picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    vague = cv2.GaussianBlur(person, (0, 0), 2)

    def answer(seen):
        return cv2.resize(vague, seen.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    expected, found = both(picture, [ellipse_face(70, 60, 15, 20)], answer)
    assert_alike(expected, found)
    assert not found[20:150, 10:34].any()
    assert found[60, 70] == 1


def test_holes_and_what_is_far_away(both):
    # Holes of less and of more than a quarter of a face's width, and a long wall.
    person = drawn((0, 60, 160, 100), (50, 60, 110, 160))
    person[120:124, 60:64] = 0
    person[120:134, 80:94] = 0
    picture = np.where(person[..., None] > 0, (180, 120, 90), (60, 90, 70)).astype(np.uint8)

    def answer(seen):
        return cv2.resize(person, seen.shape[1::-1], interpolation=cv2.INTER_LINEAR)

    expected, found = both(picture, [ellipse_face(70.2, 75.3, 14, 18)], answer)
    assert_alike(expected, found)
    assert found[122, 62] == 1
    assert found[127, 87] < 0.5
    expected, found = both(picture, [ellipse_face(20.2, 80.3, 4, 5)], answer)
    assert_alike(expected, found)
    assert found[80, 60] == 1
    assert not found[:, 100:].any()


def test_without_a_face_nobody_is_there(both):
    expected, found = both(starter_picture(0), [])
    assert not expected.any()
    assert not found.any()
    assert found.shape == expected.shape


# --- local linear functions -------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "radius"), [((47, 61), 3), ((90, 33), 12), ((2, 5), 2)])
@pytest.mark.parametrize("texture", [0.3, 0.003])
def test_fitted_functions_are_the_same(node, shape, radius, texture):
    random = np.random.default_rng(1)
    guide = 0.4 + texture * random.random((*shape, 1), np.float32)
    guide = (guide + 0.01 * random.random((*shape, 3), np.float32)).astype(np.float32)
    matte, weight = random.random((2, *shape), np.float32) + np.float32(0.1)
    given = [np.minimum(matte, 1), guide, weight]
    expected = fit_matte(*given, radius=radius, epsilon=2e-5)
    found = node.call("src/enhance/guided", "fitMatte", *given, radius, 2e-5)
    assert np.abs(found["slopes"] - expected.slopes).max() < 1e-3
    assert np.abs(found["offset"] - expected.offset).max() < 1e-3
    again = node.call("src/enhance/guided", "matteOf", found, guide)
    assert np.abs(again - expected.matte(guide)).max() < 1e-5


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (33, 20), (64, 64), (97, 160)])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.6, 1.0])
def test_known_colours_spread_the_same_way(node, shape, share):
    random = np.random.default_rng(2)
    picture = random.random((*shape, 3), np.float32)
    known = (random.random(shape) < share).astype(np.float32)
    found = node.call("src/enhance/guided", "spread", picture, known)
    assert np.abs(found - spread(picture, known)).max() < 1e-5
