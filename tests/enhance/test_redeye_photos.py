"""Photographs at hand: all red pupils repaired, and nothing in pictures without any."""

from pathlib import Path

import pytest

from deepflash.enhance.redeye import repair_red_eyes
from deepflash.faces.finder import FaceFinder
from deepflash.pictures import read_picture

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


@pytest.mark.parametrize(
    ("name", "red"),
    [
        ("flash_group_of_three.jpg", 6),
        ("redeye_man_flash.jpg", 2),
        ("redeye_woman.jpg", 2),
        ("redeye_man_noflash.jpg", 0),
    ],
)
def test_all_red_pupils_are_repaired(finder, name, red):
    path = DATA / "photos" / name
    if not path.is_file():
        pytest.skip("no photographs at hand")
    pixels = read_picture(path)
    faces = finder.find(pixels)
    repaired, count = repair_red_eyes(pixels, faces)
    assert count == red
    assert (repaired is pixels) == (red == 0)
    assert repair_red_eyes(repaired, faces)[1] == 0


def test_flash_and_ambient_pictures_stay_as_they_are(finder):
    paths = sorted((DATA / "faid-sample").glob("*.png"))
    if not paths:
        pytest.skip("no flash and ambient pictures at hand")
    for path in paths:
        pixels = read_picture(path)
        assert repair_red_eyes(pixels, finder.find(pixels))[0] is pixels, path.name
