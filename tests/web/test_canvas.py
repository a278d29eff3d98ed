"""What the network is shown and how its answers are joined, by the page and by the command line."""

import cv2
import numpy as np
import pytest

from deepflash.enhance.canvas import canvas_of, near_faces
from deepflash.enhance.correction import OWN_MODEL
from deepflash.enhance.onnx_model import OnnxModel
from deepflash.pairs.starter import dataset_root
from tests.enhance.test_canvas import face, photo

HELPERS = "tests/correcting"


class Tenths:
    """The model of the helpers: what was seen so often counts."""

    target, name = "difference", "tenths"

    def __init__(self, size):
        self.size, self.seen = size, []

    def correction(self, picture, /):
        self.seen.append(list(picture.shape[:2]))
        return (0.1 * picture + 0.05 * len(self.seen)).astype(np.float32)


def assert_same_picture(found, expected):
    """A few halves of 8 bits may be rounded the other way."""
    apart = abs(found - expected)
    assert apart.max() < 1.01 / 255
    assert (apart > 1e-5).mean() < 5e-3


@pytest.mark.parametrize(
    ("height", "width", "boxes"),
    [
        (600, 800, []),
        (30, 40, []),
        (600, 800, [face(400.0, 300.0, 320.0)]),
        (600, 800, [face(400.0, 300.0, 100.0)]),
        (601, 799, [face(400.0, 300.0, 240.0), face(120.0, 150.0, 40.0), face(700.0, 150.0, 50.0)]),
        (600, 800, [face(300.0, 300.0, 40.0), face(600.0, 300.0, 240.0)]),
        (600, 800, [face(0.0, 0.0, 30.0), face(799.0, 599.0, 30.0), face(2000.0, 50.0, 30.0)]),
        (333, 251, [face(100.0, 100.0, 200.0), face(50.0, 60.0, 9.0), face(80.0, 70.0, 11.0)]),
        (600, 800, [face(400.0, 300.0, 0.0)]),
        # The larger one of two small faces is reduced in its window.
        (600, 800, [face(400.0, 300.0, 320.0), face(90.0, 90.0, 100.0), face(600.0, 400.0, 150.0)]),
        # 0.21 and 0.225 of the trained size: only the first gets a window.
        (
            600,
            800,
            [face(400.0, 300.0, 320.0), face(150.0, 150.0, 168.0), face(650.0, 450.0, 180.0)],
        ),
    ],
)
def test_what_is_seen_and_how_it_is_joined(node, height, width, boxes):
    noise = np.random.default_rng(0).integers(0, 40, (height, width, 1), np.uint8)
    picture = np.minimum(photo(height, width), 200) + noise
    model = Tenths(100)
    expected = canvas_of(model, picture, boxes)
    found = node.call(HELPERS, "canvasOfTenths", 100, picture, boxes)
    assert found["seen"] == model.seen
    assert_same_picture(found["picture"], expected.picture)
    np.testing.assert_allclose(found["correction"], expected.correction, rtol=0, atol=4e-4)
    assert (abs(found["correction"] - expected.correction) > 5e-6).mean() < 0.01


def test_people_near_and_far_before_the_own_network(node):
    near, far = (
        cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        for path in sorted((dataset_root("starter") / "flash").glob("*.jpg"))[3:40:33]
    )
    picture = np.full((520, 700, 3), 70, np.uint8)
    picture[:512, :512] = cv2.resize(near, (512, 512), interpolation=cv2.INTER_CUBIC)
    picture[200:296, 560:656] = cv2.resize(far, (96, 96), interpolation=cv2.INTER_AREA)
    boxes = [(150.0, 120.0, 350.0, 380.0), (590.0, 222.0, 627.0, 270.0)]
    expected = canvas_of(OnnxModel(OWN_MODEL, threads=1), picture, boxes)
    found = node.call(HELPERS, "canvas", str(OWN_MODEL), picture, boxes)
    assert_same_picture(found["picture"], expected.picture)
    assert expected.correction.std() > 0.03
    np.testing.assert_allclose(found["correction"], expected.correction, rtol=0, atol=1e-3)


@pytest.mark.parametrize(
    ("boxes", "strengths"),
    [
        ([], []),
        ([face(1.0, 1.0, 2.0), face(4.0, 3.0, 2.0)], [0.5, 0.5]),
        ([face(25.0, 50.0, 20.0), face(75.0, 50.0, 20.0)], [1.0, 0.2]),
        ([face(25.0, 5.0, 20.0), face(3.0, 50.0, 0.2), face(30.0, 30.0, 9.0)], [0.0, 0.7, 1.0]),
    ],
)
def test_strengths(node, boxes, strengths):
    found = node.call("src/enhance/canvas", "nearFaces", 64, 47, boxes, strengths)
    np.testing.assert_allclose(found, near_faces((47, 64), boxes, strengths), rtol=0, atol=1e-6)


@pytest.mark.parametrize("boxes", [[], [face(300.0, 250.0, 200.0)], [face(300.0, 250.0, 12.0)]])
def test_its_size_is_known_before(node, boxes):
    picture = photo(500, 600)
    found = node.call(HELPERS, "canvasOfTenths", 100, picture, boxes)
    height, width = found["picture"].shape[:2]
    size = node.call("src/enhance/canvas", "canvasSize", 100, picture, boxes)
    assert list(size) == [width, height]
