"""Pictures read at the places of a map."""

import cv2
import numpy as np
import pytest

from acquisition.registration.grid import pixels, sampled


@pytest.mark.parametrize("how", [cv2.INTER_NEAREST, cv2.INTER_LINEAR])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_whole_places_give_the_pixels_there(how, kind):
    rng = np.random.default_rng(0)
    plane = rng.integers(0, 256, (301, 257)).astype(kind)
    at = pixels((180, 200)) + np.array([7, 31], np.float32)
    assert np.array_equal(sampled(plane, at, how), plane[31:211, 7:207])


def test_beyond_the_edge_the_edge_goes_on():
    plane = np.arange(12, dtype=np.float32).reshape(3, 4)
    at = np.array([[[-5.0, 1.0], [9.0, 2.0]]], np.float32)
    assert sampled(plane, at).tolist() == [[4.0, 11.0]]
