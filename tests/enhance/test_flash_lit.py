"""The light on a face, measured on balls whose light is known, and on rendered people."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import deepflash
from deepflash.enhance import flash_lit as room
from deepflash.enhance.flash_lit import (
    BIAS,
    MEAN,
    MOST_SPREADS,
    SPREAD,
    WEIGHT,
    Light,
    contributions,
    flash_lit,
    light_on,
    likelihood,
    surface_normals,
)
from deepflash.faces.finder import Face, FaceFinder
from deepflash.pictures import from_unit, linear_to_srgb, read_picture

STARTER = Path(deepflash.__file__).parent / "starter"
RADIUS = 100.0
FAMILIAR = dict(zip((33, 263), ((-45.0, -20.0), (45.0, -20.0)), strict=True))


def ball_face(middle=(128.0, 128.0), depth=True):
    """468 points on the front of a ball."""
    rng = np.random.default_rng(3)
    r, angle = 85 * np.sqrt(rng.random(468)), 2 * np.pi * rng.random(468)
    xy = np.column_stack([r * np.cos(angle), r * np.sin(angle)])
    for index, place in FAMILIAR.items():
        xy[index] = place
    z = RADIUS - np.sqrt(RADIUS**2 - (xy**2).sum(axis=1))
    points = (xy + middle).astype(np.float32)
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    return Face(points, 1.0, box, z.astype(np.float32) if depth else None)


def ball(right=0.0, up=0.0, front=0.0, base=0.5, size=256, middle=(128.0, 128.0)):
    """A ball whose brightness, the root of its light, grows with its normal."""
    y, x = np.mgrid[:size, :size].astype(np.float32)
    nx, ny = (x - middle[0]) / RADIUS, (middle[1] - y) / RADIUS
    nz = np.sqrt(np.clip(1 - nx**2 - ny**2, 0.05, 1))
    brightness = np.clip(base + right * nx + up * ny + front * nz, 0, 1)
    light = np.repeat((brightness**2)[..., None], 3, axis=2).astype(np.float32)
    return from_unit(linear_to_srgb(light))


def starter(number, side):
    return read_picture(STARTER / side / f"person{number:05}-00-0.jpg")


@pytest.fixture(scope="module")
def finder():
    return FaceFinder()


def test_normals_of_a_ball_point_away_from_its_middle():
    face = ball_face()
    flat = (face.points - 128) * (1, -1) / RADIUS
    expected = np.column_stack([flat, 1 - face.depth / RADIUS])
    found = surface_normals(face)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    inner = np.linalg.norm(flat, axis=1) < 0.7
    assert (found * expected).sum(axis=1)[inner].min() > 0.985


def test_without_depths_all_normals_face_the_camera():
    found = surface_normals(ball_face(depth=False))
    np.testing.assert_array_equal(found, np.tile([0.0, 0.0, 1.0], (468, 1)))
    assert light_on(ball(right=0.2), ball_face(depth=False)).side == pytest.approx(0, abs=0.01)


def test_light_from_nowhere_is_zero():
    light = light_on(ball(), ball_face())
    np.testing.assert_allclose(light, 0, atol=0.01)


@pytest.mark.parametrize(
    ("lamp", "expected"),
    [
        ({"right": 0.2}, {"side": 0.4, "above": 0.0}),
        ({"right": -0.2}, {"side": 0.4, "above": 0.0}),
        ({"up": 0.2}, {"side": 0.0, "above": 0.4}),
        ({"up": -0.2}, {"side": 0.0, "above": -0.4}),
        ({"front": 0.3, "base": 0.25}, {"side": 0.0, "above": 0.0, "front": 0.3 / 0.5}),
        ({"front": -0.3, "base": 0.75}, {"front": -0.3 / 0.5}),
    ],
)
def test_the_direction_of_light_is_measured_in_shares_of_the_usual_brightness(lamp, expected):
    light = light_on(ball(**lamp), ball_face())._asdict()
    for name, value in expected.items():
        assert light[name] == pytest.approx(value, abs=0.06), name


def test_exposure_hardly_changes_the_measures():
    lit = [light_on(ball(right=0.1 * k, front=0.3 * k, base=0.2 * k), ball_face()) for k in (1, 2)]
    np.testing.assert_allclose(lit[0], lit[1], atol=0.02)


@pytest.mark.parametrize(
    ("parts", "name"),
    [((room._RIGHT_SOCKET, room._LEFT_SOCKET), "eyes"), ((room._UNDER_NOSE,), "nose")],
)
def test_shadows_are_measured_against_the_cheeks(parts, name):
    face, picture = ball_face(), ball()
    spots = {
        room._RIGHT_CHEEK: (80, 150),
        room._LEFT_CHEEK: (176, 150),
        room._RIGHT_SOCKET: (90, 90),
        room._LEFT_SOCKET: (166, 90),
        room._UNDER_NOSE: (128, 165),
    }
    for part, place in spots.items():
        face.points[list(part)] = place
    dark = from_unit(linear_to_srgb(np.full((1, 1, 3), 0.25**2, np.float32)))[0, 0]
    for part in parts:
        x, y = spots[part]
        picture[y - 14 : y + 15, x - 14 : x + 15] = dark
    light = light_on(picture, face)._asdict()
    assert light[name] == pytest.approx(np.log(0.5), abs=0.03)
    assert light[{"eyes": "nose", "nose": "eyes"}[name]] == pytest.approx(0, abs=0.02)


def test_dark_eyes_brows_and_lips_are_not_taken_for_shade():
    face, picture = ball_face(), ball()
    face.points[room._NO_SKIN] = (190, 128)
    picture[100:157, 170:211] = 10
    light = light_on(picture, face)
    assert light.side < 0.15
    assert abs(light.front) < 0.15


def test_the_weights_say_what_a_flash_is():
    """Frontal light speaks for it; light from a side or from above, and shadows, against it."""
    assert WEIGHT.side < 0
    assert WEIGHT.above < 0
    assert min(WEIGHT.front, WEIGHT.eyes, WEIGHT.nose) > 0


def test_the_likelihood_by_hand():
    assert likelihood(MEAN) == pytest.approx(1 / (1 + np.exp(-BIAS)))
    one_up = MEAN._replace(front=MEAN.front + SPREAD.front)
    assert likelihood(one_up) == pytest.approx(1 / (1 + np.exp(-BIAS - WEIGHT.front)))
    assert contributions(one_up) == pytest.approx(Light(0, 0, WEIGHT.front, 0, 0))


@given(value=st.floats(-1e6, 1e6))
def test_no_measure_decides_alone(value):
    part = contributions(MEAN._replace(nose=value)).nose
    assert abs(part) <= WEIGHT.nose * MOST_SPREADS * 1.001


def test_flash_and_studio_light_are_told_apart_on_rendered_people(finder):
    lit = {"flash": [], "studio": []}
    for number in range(0, 60, 10):
        for side, found in lit.items():
            picture = starter(number, side)
            found += [flash_lit(picture, face) for face in finder.find(picture)[:1]]
    assert np.min(lit["flash"]) > 0.2
    assert np.median(lit["flash"]) > 0.8
    assert np.median(lit["studio"]) < 0.1
    right = np.greater.outer(lit["flash"], lit["studio"]).mean()
    assert right > 0.95


def test_size_and_mirroring_hardly_change_the_answer(finder):
    picture = starter(20, "flash")
    face = finder.find(picture)[0]
    larger = np.ascontiguousarray(picture.repeat(3, axis=0).repeat(3, axis=1))
    grown = Face(face.points * 3 + 1, face.score, tuple(3 * v for v in face.box), face.depth * 3)
    np.testing.assert_allclose(light_on(larger, grown), light_on(picture, face), atol=0.04)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    points = face.points * np.float32([-1, 1]) + np.float32([picture.shape[1] - 1, 0])
    x0, y0, x1, y1 = face.box
    width = picture.shape[1] - 1
    turned = Face(points, face.score, (width - x1, y0, width - x0, y1), face.depth)
    np.testing.assert_allclose(light_on(mirrored, turned), light_on(picture, face), atol=0.03)


@settings(max_examples=30, deadline=None)
@given(
    x=st.floats(-400, 700),
    y=st.floats(-400, 700),
    scale=st.floats(0.01, 4.0),
    height=st.integers(1, 300),
    width=st.integers(1, 300),
)
def test_a_face_of_any_size_and_half_out_of_the_picture_is_answered(x, y, scale, height, width):
    points = ((ball_face().points - 128) * scale + (x, y)).astype(np.float32)
    box = (*points.min(axis=0).tolist(), *points.max(axis=0).tolist())
    face = Face(points, 0.6, box, ball_face().depth * np.float32(scale))
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    assert 0 <= flash_lit(picture, face) <= 1
    assert 0 <= flash_lit(np.zeros_like(picture), face) <= 1
