"""Faces of rendered people, found by the networks themselves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.faces.finder import LEAST_SCORE, FaceFinder
from deepflash.faces.points import expression_change, eye_openness, head_pose, inter_ocular

PROJECT = Path(__file__).parents[2]
STARTER = PROJECT / "deepflash" / "starter"
PHOTOGRAPHS = PROJECT.parent / "shared" / "data" / "faid-sample"
PEOPLE = range(0, 60, 10)


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


def read(path):
    picture = cv2.imread(str(path))
    assert picture is not None, path
    return np.ascontiguousarray(picture[:, :, ::-1])


def person(number, side="studio"):
    return read(STARTER / side / f"person{number:05}-00-0.jpg")


def only(found):
    assert len(found) == 1
    return found[0]


def shifted(points, right, down=0):
    return points + np.array([right, down], np.float32)


def apart(points, expected):
    """Mean distance in shares of the inter-ocular distance."""
    scale = np.linalg.norm(expected[33] - expected[263])
    return float(np.linalg.norm(points - expected, axis=1).mean() / scale)


@pytest.mark.parametrize("number", PEOPLE)
def test_one_face_in_each_picture_and_the_same_in_both_lights(finder, number):
    flash, studio = only(finder.find(person(number, "flash"))), only(finder.find(person(number)))
    assert apart(flash.points, studio.points) < 0.035
    assert expression_change(flash, studio) < 0.035
    assert flash.score > 0.5
    assert min(eye_openness(studio)) > 0.15
    x0, y0, x1, y1 = studio.box
    assert 0 < x0 < studio.points[33, 0] < studio.points[263, 0] < x1 < 256
    assert 0 < y0 < studio.points[10, 1] < studio.points[152, 1] < y1 + 0.01
    assert y1 < 256


def test_points_follow_a_picture_that_is_enlarged_or_moved(finder):
    picture = person(10)
    points = only(finder.find(picture)).points
    large = cv2.resize(picture, (768, 768), interpolation=cv2.INTER_CUBIC)
    assert apart(only(finder.find(large)).points, points * 3 + 1) < 0.02
    moved = cv2.copyMakeBorder(picture, 30, 5, 70, 0, cv2.BORDER_REPLICATE)
    assert apart(only(finder.find(moved)).points, shifted(points, 70, 30)) < 0.02


def test_points_are_not_pushed_aside_by_a_fraction_of_a_pixel(finder):
    """A mirrored picture has mirrored points: a wrong pixel convention would show twice."""
    pushed = []
    for number in PEOPLE:
        picture = person(number)
        points = only(finder.find(picture)).points
        mirrored = only(finder.find(np.ascontiguousarray(picture[:, ::-1]))).points
        back = np.column_stack([255 - mirrored[:, 0], mirrored[:, 1]])
        ones, others = [33, 133, 61, 234, 1, 152], [263, 362, 291, 454, 1, 152]
        both = (points[ones] - back[others] + points[others] - back[ones]) / 2
        pushed.append(both.mean(axis=0) / np.linalg.norm(points[33] - points[263]))
    assert np.abs(np.mean(pushed, axis=0)).max() < 0.008


@pytest.mark.parametrize("angle", [-30, 20])
def test_a_head_that_is_tilted(finder, angle):
    picture = person(20)
    points = only(finder.find(picture)).points
    turn = cv2.getRotationMatrix2D((127.5, 127.5), -angle, 1.0)
    tilted = cv2.warpAffine(picture, turn, (256, 256), borderMode=cv2.BORDER_REPLICATE)
    face = only(finder.find(tilted))
    assert apart(face.points, (points @ turn[:, :2].T + turn[:, 2]).astype(np.float32)) < 0.025
    before = head_pose(only(finder.find(picture)))
    assert head_pose(face).roll_deg - before.roll_deg == pytest.approx(angle, abs=4)


def test_two_people_are_two_faces(finder):
    one, other = person(0), person(30)
    found = finder.find(np.concatenate([one, other], axis=1))
    assert len(found) == 2
    left, right = sorted(found, key=lambda face: face.box[0])
    assert apart(left.points, only(finder.find(one)).points) < 0.03
    assert apart(right.points, shifted(only(finder.find(other)).points, 256)) < 0.03
    assert found[0].score >= found[1].score


@pytest.mark.parametrize(("height", "width"), [(3024, 4032), (4032, 3024)])
def test_a_small_head_in_twelve_megapixels(finder, height, width):
    side = int(height / 6 / 0.45)  # the head is about 0.45 of the rendered frame
    big = np.full((height, width, 3), 90, np.uint8)
    picture = person(40)
    y, x = height - side - 37, 211
    big[y : y + side, x : x + side] = cv2.resize(picture, (side, side))
    expected = (only(finder.find(picture)).points + 0.5) * (side / 256) - 0.5 + (x, y)
    assert apart(only(finder.find(big)).points, expected) < 0.03


def test_a_tiny_face_beside_a_large_one_is_a_second_face(finder):
    large = cv2.resize(person(10), (1024, 1024))
    large[700:1000, 20:320] = cv2.resize(person(50), (300, 300))
    assert len(finder.find(large)) == 2


def test_a_face_that_was_found_twice_is_one(finder, monkeypatch):
    picture = person(10)
    (candidate,) = finder._candidates(picture)
    monkeypatch.setattr(finder, "_candidates", lambda _: [candidate, candidate])
    only(finder.find(picture))


def test_what_the_mesh_does_not_see_is_no_face(finder, monkeypatch):
    look = finder._mesh.around
    monkeypatch.setattr(
        finder._mesh, "around", lambda *asked: replace(look(*asked), score=LEAST_SCORE - 0.01)
    )
    assert finder.find(person(10)) == []


def backdrops():
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:400, 0:600]
    yield np.zeros((300, 300, 3), np.uint8)
    yield np.full((300, 500, 3), 200, np.uint8)
    yield rng.integers(0, 256, (400, 400, 3)).astype(np.uint8)
    yield np.stack([x % 256, y % 256, (x + y) % 256], axis=-1).astype(np.uint8)
    yield cv2.GaussianBlur(rng.integers(0, 256, (400, 400, 3)).astype(np.uint8), (0, 0), 9)
    corner = person(10)[:60, :60]
    yield cv2.resize(corner, (600, 600))


def test_a_backdrop_has_no_face(finder):
    for picture in backdrops():
        assert finder.find(picture) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (5, 4000), (4000, 1), (17, 31)])
def test_pictures_of_any_shape(finder, shape):
    assert finder.find(np.full((*shape, 3), 128, np.uint8)) == []


def test_a_closed_off_half_of_the_picture_does_not_hide_the_face(finder):
    picture = person(20)
    wide = np.zeros((256, 900, 3), np.uint8)
    wide[:, 600:856] = picture
    expected = shifted(only(finder.find(picture)).points, 600)
    assert apart(only(finder.find(wide)).points, expected) < 0.03


def test_threads_share_a_finder(finder):
    pictures = [person(number) for number in PEOPLE] * 2
    alone = [only(finder.find(picture)).points for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = [only(found).points for found in pool.map(finder.find, pictures)]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-3)


@pytest.mark.local
@pytest.mark.slow
def test_photographs_of_people_and_of_things(finder):
    if not PHOTOGRAPHS.is_dir():
        pytest.skip("no photographs at hand")
    for flash in sorted(PHOTOGRAPHS.glob("*_flash.png")):
        ambient = flash.with_name(flash.name.replace("flash", "ambient"))
        found, others = finder.find(read(flash)), finder.find(read(ambient))
        if flash.name.startswith("People"):
            one, other = only(found), only(others)
            assert inter_ocular(one) > 20
            assert apart(one.points, other.points) < 0.06
        elif not flash.name.startswith("Toys"):  # some toys have faces
            assert found == others == []
