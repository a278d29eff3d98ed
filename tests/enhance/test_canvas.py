"""Which parts of a photograph the network sees, at which size, and how the answers are joined."""

import numpy as np
import pytest

from deepflash.enhance.canvas import canvas_of, near_faces


class Recording:
    """A model that remembers what it was shown; its correction is a formula of it."""

    size, target, name = 100, "difference", "recording"

    def __init__(self, formula=None):
        self.seen = []
        self.formula = formula or (lambda picture: 0.1 * picture)

    def correction(self, picture, /):
        self.seen.append(picture.shape[:2])
        return np.asarray(self.formula(picture), np.float32)


def photo(height=600, width=800):
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows // 4 + 20, columns // 4 + 20, rows * 0 + 90], -1).astype(np.uint8)


def face(x, y, height):
    return (x - 0.4 * height, y - height / 2, x + 0.4 * height, y + height / 2)


@pytest.mark.parametrize(
    ("height", "long_side"),
    # 0.4 of the trained size is wanted: 320 of 800 gives it at 100, 200 at 160, 100 at 320, which
    # is more than twice the trained size.
    [(320.0, 100), (200.0, 160), (700.0, 100), (100.0, 200)],
)
def test_the_largest_face_decides_the_size(height, long_side):
    model = Recording()
    canvas = canvas_of(model, photo(), [face(400.0, 300.0, height)])
    assert model.seen[0] == (round(long_side * 0.75), long_side)
    assert canvas.picture.shape[:2] == model.seen[0]
    np.testing.assert_allclose(canvas.correction, 0.1 * canvas.picture, atol=1e-6)


def test_without_faces_and_with_a_size_of_ones_own():
    model = Recording()
    canvas_of(model, photo(), [])
    canvas_of(model, photo(), [face(100.0, 100.0, 20.0)], size=64)
    canvas_of(model, photo(30, 40), [])
    assert model.seen == [(105, 140), (48, 64), (30, 40)]


def test_small_faces_get_windows_in_which_they_are_as_large_as_in_training():
    model = Recording()
    boxes = [face(400.0, 300.0, 240.0), face(120.0, 150.0, 40.0), face(700.0, 150.0, 50.0)]
    canvas = canvas_of(model, photo(), boxes)
    # The whole: 800 becomes 133; the faces of 40 and 50 are 7 and 8 of it, less than 22.
    assert model.seen[0] == (100, 133)
    assert len(model.seen) == 3
    # Windows of four face heights show the face 40 high: 160 across, unless cut by the border.
    assert model.seen[1][1] == pytest.approx(160, abs=6)
    assert max(canvas.picture.shape) == 400  # at most four times the trained size
    np.testing.assert_allclose(canvas.correction, 0.1 * canvas.picture, atol=0.03)


def test_a_window_counts_on_its_face_and_nothing_at_its_border():
    model = Recording(lambda picture: np.full_like(picture, 0.1 * len(model.seen)))
    canvas = canvas_of(model, photo(), [face(300.0, 300.0, 40.0), face(600.0, 300.0, 240.0)])
    scale = canvas.picture.shape[1] / 800
    row = canvas.correction[round(300 * scale), :, 0]
    assert row[round(300 * scale)] == pytest.approx(0.2, abs=1e-4)
    assert row[round(310 * scale)] == pytest.approx(0.2, abs=1e-4)
    assert row[round(200 * scale)] == pytest.approx(0.1, abs=1e-4)
    assert (np.diff(row[round(300 * scale) : round(400 * scale)]) <= 1e-6).all()


def test_faces_at_the_border_and_beyond_it_do_no_harm():
    model = Recording()
    boxes = [face(0.0, 0.0, 30.0), face(799.0, 599.0, 30.0), face(2000.0, 50.0, 30.0)]
    canvas = canvas_of(model, photo(), boxes)
    assert np.isfinite(canvas.correction).all()


def test_one_strength_is_the_same_everywhere():
    np.testing.assert_array_equal(near_faces((4, 5), [], []), 1)
    boxes = [face(1.0, 1.0, 2.0), face(4.0, 3.0, 2.0)]
    np.testing.assert_array_equal(near_faces((4, 5), boxes, [0.5, 0.5]), np.float32(0.5))


def test_each_face_has_its_own_strength():
    boxes = [face(25.0, 50.0, 20.0), face(75.0, 50.0, 20.0)]
    factors = near_faces((100, 100), boxes, [1.0, 0.2])
    assert factors[50, 25] > 0.98
    assert factors[50, 75] < 0.22
    assert factors[50, 50] == pytest.approx(0.6, abs=0.01)  # in the middle the mean
    assert (np.diff(factors[50, 25:76]) <= 1e-6).all()
    assert factors.min() >= 0.2 - 1e-6
    assert factors.max() <= 1
