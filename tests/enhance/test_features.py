"""Eyes and open mouths take the correction of the skin around them; all else keeps its own."""

import numpy as np
import pytest

from deepflash.enhance.features import even_over_features
from deepflash.faces.finder import Face
from deepflash.faces.points import INNER_LIPS, LEFT_EYE, RIGHT_EYE

SIDE = 120


def ring(x, y, across, down, count):
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + across * np.cos(angles), y + down * np.sin(angles)], -1)


def face(*, mouth=6.0):
    points = np.full((468, 2), 60.0)
    points[list(RIGHT_EYE)] = ring(45, 45, 8, 4, len(RIGHT_EYE))
    points[list(LEFT_EYE)] = ring(75, 45, 8, 4, len(LEFT_EYE))
    points[list(INNER_LIPS)] = ring(60, 85, 12, mouth, len(INNER_LIPS))
    return Face(points=points.astype(np.float32), score=1.0, box=(30.0, 20.0, 90.0, 110.0))


def spots(value):
    """A correction of 0.1 with teeth and eyes of another value."""
    correction = np.full((SIDE, SIDE, 3), 0.1, np.float32)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    for x, y, across, down in ((45, 45, 8, 4), (75, 45, 8, 4), (60, 85, 12, 6)):
        correction[((columns - x) / across) ** 2 + ((rows - y) / down) ** 2 <= 1] = value
    return correction


def test_teeth_and_eyes_follow_the_skin():
    even = even_over_features(spots(0.6), [face()])
    np.testing.assert_allclose(even[45, 45], 0.1, atol=0.02)
    np.testing.assert_allclose(even[85, 60], 0.1, atol=0.02)
    np.testing.assert_allclose(even, 0.1, atol=0.25)


def test_the_rest_of_the_face_keeps_its_correction():
    rng = np.random.default_rng(0)
    correction = rng.normal(0, 0.1, (SIDE, SIDE, 3)).astype(np.float32)
    before = correction.copy()
    even = even_over_features(correction, [face()])
    np.testing.assert_array_equal(correction, before)
    changed = (even != correction).any(-1)
    assert changed[45, 45]
    assert changed[85, 60]
    assert not changed[60:72].any()
    assert not changed[:34].any()
    assert not changed[:, :30].any()


def test_a_closed_mouth_is_left():
    correction = np.zeros((SIDE, SIDE, 3), np.float32)
    correction[83:88, 45:75] = 0.5
    assert even_over_features(correction, [face()])[85, 60, 0] < 0.1
    closed = even_over_features(correction, [face(mouth=0.2)])
    np.testing.assert_array_equal(closed[70:], correction[70:])


@pytest.mark.parametrize("faces", [[], [face(), face()]])
def test_an_even_correction_stays(faces):
    correction = np.full((SIDE, SIDE, 3), -0.2, np.float32)
    np.testing.assert_allclose(even_over_features(correction, faces), -0.2, atol=1e-5)
