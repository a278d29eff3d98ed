"""Camera colours -> sRGB, against values worked out by hand and from other sources."""

import numpy as np
import pytest

from deepflash.errors import PictureError
from deepflash.pairs.importers.camera_colour import (
    WHITE_POINTS,
    CameraColour,
    camera_to_srgb,
    parse_camera_colour,
)
from tests.pairs.importers.fixtures import XYZ_TO_CAMERA

IDENTITY = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def converted(rgb, *, matrix, illuminant):
    colour = CameraColour(xyz_to_camera=tuple(np.ravel(matrix)), illuminant=illuminant)
    return camera_to_srgb(np.array([[rgb]], np.float32), colour)[0, 0]


def test_a_colour_by_hand():
    # Linear sRGB (0.2, 0.1, 0.4) has X = 0.4124*0.2 + 0.3576*0.1 + 0.1805*0.4 = 0.19044,
    # Y = 0.2126*0.2 + 0.7152*0.1 + 0.0722*0.4 = 0.14292, Z = 0.0193*0.2 + 0.1192*0.1 + 0.9505*0.4
    # = 0.39598. The camera doubles X and halves Z: (0.38088, 0.14292, 0.19799). White D65 gives
    # it (1.90094, 1, 0.544415), of which 1.90094 saturates first and becomes 1.
    camera = np.array([0.38088, 0.14292, 0.19799]) / 1.90094
    rgb = converted(camera, matrix=np.diag([2.0, 1.0, 0.5]), illuminant=21)
    np.testing.assert_allclose(rgb, [0.2, 0.1, 0.4], atol=3e-4)


def test_adaptation_agrees_with_published_d50_matrix():
    # The Bradford-adapted XYZ (D50) -> linear sRGB matrix as B. Lindbloom publishes it.
    published = np.array(
        [
            [3.1338561, -1.6168667, -0.4906146],
            [-0.9787684, 1.9161415, 0.0334540],
            [0.0719453, -0.2289914, 1.4052427],
        ]
    )
    xyz = np.array([0.3, 0.25, 0.2])
    rgb = converted(xyz, matrix=IDENTITY, illuminant=23)
    np.testing.assert_allclose(rgb, published @ xyz, atol=5e-4)


@pytest.mark.parametrize("illuminant", sorted(WHITE_POINTS))
def test_neutral_under_the_illuminant_is_neutral(illuminant):
    white = XYZ_TO_CAMERA @ np.array(WHITE_POINTS[illuminant])
    white /= white.max()
    for level in (0.02, 0.18, 1.0):
        rgb = converted(level * white, matrix=XYZ_TO_CAMERA, illuminant=illuminant)
        np.testing.assert_allclose(rgb, [level] * 3, rtol=1e-5)


def test_a_saturated_highlight_is_white_and_not_tinted():
    rgb = converted([1.0, 1.0, 1.0], matrix=XYZ_TO_CAMERA, illuminant=21)
    np.testing.assert_allclose(rgb, [1, 1, 1], atol=1e-5)


def test_illuminants_differ():
    xyz = [0.3, 0.25, 0.2]
    reds = {round(float(converted(xyz, matrix=IDENTITY, illuminant=i)[0]), 3) for i in WHITE_POINTS}
    assert len(reds) == len(WHITE_POINTS)


@pytest.mark.parametrize(
    "comment",
    ["1 2 0 0 1 0 0 0 1", "1, 2, 0; 0, 1, 0; 0, 0, 1", "[1 2.0 0]\n[0 1e0 0]\n[0 0 1]"],
)
def test_the_matrix_is_read_row_by_row(comment):
    colour = parse_camera_colour({"Comment": comment, "Description": " 20\n"})
    assert colour is not None
    assert colour.xyz_to_camera == (1, 2, 0, 0, 1, 0, 0, 0, 1)
    assert colour.illuminant == 20


@pytest.mark.parametrize("text", [{}, {"Comment": "Created with a program, 3.1"}, {"Comment": " "}])
def test_no_matrix(text):
    assert parse_camera_colour(text) is None


@pytest.mark.parametrize(
    ("comment", "description", "message"),
    [
        ("1 0 0 0 1 0 0 0", "21", "9 numbers"),
        ("1 0 0 2 0 0 0 0 1", "21", "invertible"),
        ("1 0 0 0 1 0 0 0 1", "", "illuminant"),
        ("1 0 0 0 1 0 0 0 1", "22", "17, 19, 20, 21, 23"),
        ("-1 0 0 0 1 0 0 0 1", "21", "dark channel"),
    ],
)
def test_a_matrix_that_cannot_be_used(comment, description, message):
    with pytest.raises(PictureError, match=message):
        parse_camera_colour({"Comment": comment, "Description": description})
