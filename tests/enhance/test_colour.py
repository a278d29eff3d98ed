"""From the colour space of a photograph to sRGB and back."""

import io
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageCms

from deepflash.enhance import colour
from deepflash.enhance.colour import Conversion, conversion_of, is_srgb
from deepflash.enhance.profiles import adobe_rgb_profile, srgb_profile
from tests.enhance.photo_files import grey_profile

# Display P3 in linear light to sRGB in linear light (CSS Color 4, section 17, sample code).
P3 = np.array(
    [
        [1.2249401762805598, -0.2249401762805598, 0.0],
        [-0.0420569547096881, 1.0420569547096881, 0.0],
        [-0.0196375545903344, -0.0786360455506319, 1.0982736001409663],
    ]
)


def _srgb_curve():
    grid = np.linspace(0, 1, 4096)
    return np.where(grid <= 0.04045, grid / 12.92, ((grid + 0.055) / 1.055) ** 2.4)


def _display_p3():
    return Conversion(P3, (_srgb_curve(),) * 3)


def _one(*rgb):
    return np.array(rgb, np.float32).reshape(1, 1, 3)


def test_the_red_of_display_p3_by_hand():
    # What browsers give for color(display-p3 1 0 0) in srgb.
    red = _display_p3().to_srgb(_one(1, 0, 0))[0, 0]
    np.testing.assert_allclose(red, [1.0930, -0.2267, -0.1501], atol=2e-4)


def test_the_green_of_adobe_rgb_by_hand():
    # In linear light -0.3984, 1, -0.0429 (known from the definitions of both spaces).
    conversion = conversion_of(adobe_rgb_profile())
    np.testing.assert_allclose(
        conversion.to_srgb(_one(0, 1, 0))[0, 0], [-0.664, 1, -0.229], atol=4e-3
    )
    # 0.5 ** (563 / 256) is 0.2178 in linear light, which sRGB encodes as 0.5040.
    np.testing.assert_allclose(conversion.to_srgb(_one(0.5, 0.5, 0.5)), 0.5040, atol=2e-4)


def test_adobe_rgb_is_what_the_colour_management_system_makes_of_it():
    picture = np.random.default_rng(0).integers(60, 200, (40, 40, 3), dtype=np.uint8)
    converted = ImageCms.profileToProfile(
        Image.fromarray(picture),
        ImageCms.ImageCmsProfile(io.BytesIO(adobe_rgb_profile())),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    ours = conversion_of(adobe_rgb_profile()).to_srgb(picture.astype(np.float32) / 255)
    inside = (ours > 0).all(axis=-1) & (ours < 1).all(axis=-1)
    assert inside.mean() > 0.5
    difference = np.asarray(converted) - ours * 255
    assert np.abs(difference[inside]).max() < 1


@given(arrays(np.float32, (3, 4, 3), elements=st.floats(-0.25, 1.25, width=32)))
def test_there_and_back_is_where_it_was(picture):
    for conversion in (_display_p3(), conversion_of(adobe_rgb_profile())):
        back = conversion.from_srgb(conversion.to_srgb(np.clip(picture, 0, 1)))
        np.testing.assert_allclose(back, np.clip(picture, 0, 1), atol=1e-3)
        again = conversion.to_srgb(conversion.from_srgb(picture))
        np.testing.assert_allclose(again, picture, atol=2e-3)


@pytest.mark.parametrize("level", [0.0, 0.02, 0.5, 1.0])
def test_grey_stays_grey(level):
    for conversion in (_display_p3(), conversion_of(adobe_rgb_profile())):
        for picture in (conversion.to_srgb, conversion.from_srgb):
            assert np.ptp(picture(_one(level, level, level))) < 1e-5


def test_srgb_is_recognised_and_others_are_not():
    assert is_srgb(conversion_of(srgb_profile()))
    assert not is_srgb(conversion_of(adobe_rgb_profile()))
    assert not is_srgb(_display_p3())


def _para(kind, *values):
    numbers = [round(value * 65536) for value in values]
    return b"para\0\0\0\0" + struct.pack(f">HH{len(numbers)}i", kind, 0, *numbers)


def _curv(count, *values):
    return b"curv\0\0\0\0" + struct.pack(f">I{len(values)}H", count, *values)


GRID = np.linspace(0, 1, 4096)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        (_curv(0), GRID),
        (_curv(1, 512), GRID**2),
        (_curv(3, 0, 16384, 65535), np.maximum(GRID / 2, 1.5 * GRID - 0.5)),
        (_para(0, 3.0), GRID**3),
        (_para(1, 2.0, 1.25, -0.25), np.maximum(1.25 * GRID - 0.25, 0) ** 2),
        (_para(2, 2.0, 0.9, 0.0, 0.19), (0.9 * GRID) ** 2 + 0.19),
        (_para(3, 2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045), _srgb_curve()),
        (
            _para(4, 2.0, 0.9, 0.0, 0.15, 0.2, 0.1, 0.005),
            np.where(GRID < 0.2, 0.15 * GRID + 0.005, (0.9 * GRID) ** 2 + 0.1),
        ),
    ],
)
def test_tone_curves_by_hand(tag, expected):
    np.testing.assert_allclose(colour._curve(tag), expected, atol=2e-4)


def _with(icc, tag, content):
    """The profile with another content of a tag, put at its end."""
    data = bytearray(icc)
    for index in range(struct.unpack_from(">I", data, 128)[0]):
        if data[132 + 12 * index : 136 + 12 * index] == tag:
            struct.pack_into(">II", data, 136 + 12 * index, len(data), len(content))
    return bytes(data) + content


@pytest.mark.parametrize(
    "icc",
    [
        b"",
        b"rubbish",
        grey_profile(),
        srgb_profile()[:200],
        _with(srgb_profile(), b"rTRC", _para(9)),
        _with(srgb_profile(), b"rTRC", _curv(2, 65535, 0)),
        _with(srgb_profile(), b"rTRC", _curv(4, 0, 40000, 20000, 65535)),
        _with(srgb_profile(), b"rTRC", _curv(2**31)),
        _with(srgb_profile(), b"rXYZ", b"XYZ \0\0\0\0" + bytes(12)),
        _with(srgb_profile(), b"rXYZ", b"text\0\0\0\0" + bytes(12)),
    ],
)
def test_profiles_that_cannot_be_inverted_have_no_conversion(icc):
    assert conversion_of(icc) is None


@given(st.integers(128, 500), st.binary(min_size=1, max_size=8))
def test_damaged_profiles_raise_nothing(place, damage):
    icc = bytearray(srgb_profile())
    icc[place : place + len(damage)] = damage
    conversion = conversion_of(bytes(icc))
    if conversion is not None:
        assert np.isfinite(conversion.to_srgb(_one(0.2, 0.5, 0.9))).all()
