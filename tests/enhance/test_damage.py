"""Pictures of which nothing is left, and whole ones."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile

import deepflash
from deepflash.enhance.damage import damage, filled_share
from deepflash.pictures import read_picture

STARTER = Path(deepflash.__file__).parent / "starter"


def picture(height=100, width=80, low=0, high=256):
    return np.random.default_rng(0).integers(low, high, (height, width, 3)).astype(np.uint8)


def starter(number, side="flash"):
    return read_picture(STARTER / side / f"person{number:05}-00-0.jpg")


@pytest.mark.parametrize(
    ("pixels", "said"),
    [
        (picture(63, 40), "it has only 40 x 63 pixels"),
        (picture(64, 40), ""),
        (picture(high=9), "it is black all over"),
        (picture(low=248), "it is white all over"),
        (np.full((100, 80, 3), 60, np.uint8), "it is of one colour all over"),
        (picture(low=100, high=104), "it is of one colour all over"),
        (picture(low=90, high=110), ""),
        (picture(), ""),
    ],
)
def test_what_is_wrong_is_said(pixels, said):
    assert damage(pixels) == said


def test_a_face_in_the_dark_is_not_black_all_over():
    night = np.zeros((200, 200, 3), np.uint8)
    night[80:110, 90:115] = picture(30, 25, 60, 200)
    assert damage(night) == ""


@given(share=st.integers(0, 100), turns=st.integers(0, 3))
def test_the_filled_share_is_counted_from_any_edge(share, turns):
    pixels = picture()
    pixels[100 - share :] = 128
    pixels = np.ascontiguousarray(np.rot90(pixels, turns))
    assert filled_share(pixels) == pytest.approx(share / 100)


def test_grey_that_is_no_filling_does_not_count():
    pixels = picture()
    pixels[50:] = 131
    assert filled_share(pixels) == 0
    pixels[50:] = 128
    pixels[99] = 90  # a frame's line below: no decoder stopped there
    assert filled_share(pixels) == 0
    pixels = picture()
    pixels[50:] = (128, 128, 140)
    assert filled_share(pixels) == 0


@pytest.mark.parametrize("left", [0.3, 0.6, 0.8])
def test_a_jpeg_that_was_cut_off_is_told(monkeypatch, left):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    file = io.BytesIO()
    Image.fromarray(starter(10)).save(file, "JPEG", quality=90)
    whole = file.getvalue()
    cut = Image.open(io.BytesIO(whole[: int(len(whole) * left)])).convert("RGB")
    assert "cut-off JPEG" in damage(np.array(cut))


@pytest.mark.parametrize("number", range(0, 60, 6))
@pytest.mark.parametrize("side", ["flash", "studio"])
def test_rendered_pictures_are_whole(number, side):
    assert damage(starter(number, side)) == ""
