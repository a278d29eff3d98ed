"""Where the page sees people, beside what the Python package sees."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.segmentation.person import person_network

PROJECT = Path(__file__).parents[2]
STARTER = PROJECT / "deepflash" / "starter"
PHOTOGRAPHS = PROJECT.parent / "shared" / "data" / "photos"
# A level of 255 in a few pixels of what the network sees made 0.0004 of 1 at most, 0.0034 where
# the picture is smaller than what the network sees.
APART, APART_IN_SMALL = 0.001, 0.01


def read(path):
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.ascontiguousarray(picture[:, :, ::-1])


def person(number):
    return read(STARTER / "flash" / f"person{number:05}-00-0.jpg")


def assert_same(node, picture):
    found = node.call("tests/faces", "probability", picture)
    assert found.dtype == np.float32
    most = APART if min(picture.shape[:2]) >= 256 else APART_IN_SMALL
    np.testing.assert_allclose(found, person_network().probability(picture), atol=most)
    return found


@pytest.mark.parametrize("size", [(256, 256), (1280, 960), (333, 517), (700, 90), (61, 40), (1, 1)])
def test_the_page_sees_the_same_people(node, size):
    picture = cv2.resize(person(30), size, interpolation=cv2.INTER_AREA)
    found = assert_same(node, picture)
    assert found.shape == size[::-1]
    assert 0 <= found.min() <= found.max() <= 1
    if size == (256, 256):
        assert found.max() > 0.9
        assert found.min() < 0.1


def test_a_dark_picture_is_looked_at_brightened(node):
    assert_same(node, person(10) // 8)


@pytest.mark.local
@pytest.mark.parametrize("name", ["flash_group_of_three", "redeye_woman"])
def test_photographs(node, name):
    if not PHOTOGRAPHS.is_dir():
        pytest.skip("no photographs at hand")
    assert_same(node, read(PHOTOGRAPHS / f"{name}.jpg"))
