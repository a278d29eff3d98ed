"""The page's colour spaces against the command line's."""

import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepflash.enhance import colour
from deepflash.enhance.profiles import adobe_rgb_profile, srgb_profile
from tests.enhance.photo_files import grey_profile, table_profile
from tests.enhance.test_colour import _curv, _para, _with
from tests.web.files import array, p3_profile

HELPER, ICC, COLOUR = "tests/files", "src/files/icc", "src/files/colour"
GOOD = {
    "srgb": srgb_profile(),
    "adobe": adobe_rgb_profile(),
    "p3": p3_profile(),
    "table": _with(adobe_rgb_profile(), b"gTRC", _curv(3, 0, 16384, 65535)),
    "flat": _with(adobe_rgb_profile(), b"gTRC", _curv(5, 0, 0, 16384, 65535, 65535)),
    "linear": _with(adobe_rgb_profile(), b"rTRC", _curv(0)),
    "para0": _with(adobe_rgb_profile(), b"bTRC", _para(0, 3.0)),
    "para1": _with(adobe_rgb_profile(), b"bTRC", _para(1, 2.0, 1.25, -0.25)),
    "para2": _with(adobe_rgb_profile(), b"bTRC", _para(2, 2.0, 0.9, 0.0, 0.19)),
    "para4": _with(adobe_rgb_profile(), b"bTRC", _para(4, 2.0, 0.9, 0.0, 0.15, 0.2, 0.1, 0.005)),
}


def _float(*size):
    return np.random.default_rng(1).uniform(-0.25, 1.25, (*size, 3)).astype(np.float32)


@pytest.mark.parametrize("name", GOOD)
def test_conversions_are_those_of_the_command_line(node, name):
    icc = GOOD[name]
    ours = colour.conversion_of(icc)
    found = node.call(HELPER, "facts", array(icc))
    np.testing.assert_allclose(found["matrix"].reshape(3, 3), ours.to_linear_srgb, atol=1e-12)
    np.testing.assert_allclose(found["curves"].reshape(3, -1), ours.curves, atol=1e-12)
    assert found["isSrgb"] == colour.is_srgb(ours)
    for size in ((1, 1), (7, 13), (40, 60)):
        picture = _float(*size)
        there = node.call(HELPER, "converted", array(icc), picture, False)
        np.testing.assert_allclose(there, ours.to_srgb(picture), atol=2e-6)
        back = node.call(HELPER, "converted", array(icc), picture, True)
        # float32 light near black, through the steep foot of the inverse curve
        np.testing.assert_allclose(back, ours.from_srgb(picture), atol=2e-5)


@pytest.mark.parametrize(
    "icc",
    [
        b"",
        b"rubbish",
        grey_profile(),
        table_profile([(0, 128, 128)] * 8),
        srgb_profile()[:200],
        _with(srgb_profile(), b"rTRC", _para(9)),
        _with(srgb_profile(), b"rTRC", _curv(2, 65535, 0)),
        _with(srgb_profile(), b"rTRC", _curv(4, 0, 40000, 20000, 65535)),
        _with(srgb_profile(), b"rTRC", _curv(2**31)),
        _with(srgb_profile(), b"rXYZ", b"XYZ \0\0\0\0" + bytes(12)),
        _with(srgb_profile(), b"rXYZ", b"text\0\0\0\0" + bytes(12)),
    ],
)
def test_other_profiles_have_no_conversion(node, icc):
    assert colour.conversion_of(icc) is None
    assert node.call(COLOUR, "conversionOf", array(icc)) is None


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(0, 500), st.binary(min_size=1, max_size=8), st.integers(20, 600))
def test_damaged_profiles_are_refused_where_the_command_line_refuses_them(
    node, place, damage, length
):
    icc = bytearray(p3_profile())
    icc[place : place + len(damage)] = damage
    icc = bytes(icc[:length])
    found = node.call(HELPER, "facts", array(icc))
    assert (found is None) == (colour.conversion_of(icc) is None)


def test_the_profile_of_adobe_rgb_is_the_same_to_the_byte(node):
    assert node.call(ICC, "adobeRgbProfile").tobytes() == adobe_rgb_profile()


def test_what_is_a_profile_and_what_for(node):
    for icc, space in ((p3_profile(), "RGB "), (grey_profile(), "GRAY")):
        assert node.call(ICC, "isProfile", array(icc))
        assert node.call(ICC, "spaceOf", array(icc)) == space
    cut = struct.pack(">I", 10**6) + p3_profile()[4:]
    for icc in (b"", b"rubbish" * 40, cut):
        assert not node.call(ICC, "isProfile", array(icc))
