"""Datasets of the Picture Transfer Protocol, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.simulate.dials import CLOCK, Dials
from acquisition.simulate.ptp_codec import (
    DataType,
    Malformed,
    ObjectFormat,
    ObjectInfo,
    pack_array,
    pack_property,
    pack_string,
    pack_value,
    unpack_string,
    unpack_value,
)


def test_strings_by_hand():
    assert pack_string("") == b"\x00"
    assert pack_string("Ab") == b"\x03A\x00b\x00\x00\x00"
    assert unpack_string(b"\x03A\x00b\x00\x00\x00") == "Ab"


@given(st.text(st.characters(codec="ascii", exclude_characters="\0"), max_size=254))
def test_strings_come_back(text):
    assert unpack_string(pack_string(text)) == text


@given(st.binary(max_size=64))
def test_any_bytes_are_a_string_or_malformed(data):
    try:
        assert isinstance(unpack_string(data), str)
    except Malformed:
        pass


def test_arrays_and_properties_by_hand():
    assert pack_array([1, 0x1001], "H") == b"\x02\0\0\0\x01\0\x01\x10"
    described = pack_property(0x500F, DataType.UINT16, 200, 100, (100, 200))
    assert described == b"\x0f\x50\x04\x00\x01\x64\x00\xc8\x00\x02\x02\x00\x64\x00\xc8\x00"
    battery = pack_property(0x5001, DataType.UINT8, 7, 9, (), span=(0, 100, 1), settable=False)
    assert battery == b"\x01\x50\x02\x00\x00\x09\x07\x01\x00\x64\x01"


def test_an_object_has_its_size_and_its_parent_where_the_standard_puts_them():
    info = ObjectInfo(
        storage=0x10001, name="A", parent=0x11, format=ObjectFormat.EXIF_JPEG, size_bytes=0x01020304
    ).pack()
    assert info[:12] == b"\x01\0\x01\0\x01\x38\0\0\x04\x03\x02\x01"
    assert info[38:42] == b"\x11\0\0\0"
    assert info[52:] == b"\x02A\0\0\0" + b"\0\0\0"


@pytest.mark.parametrize("kind", [DataType.UINT8, DataType.UINT16, DataType.UINT32])
def test_values_come_back_and_those_of_another_size_are_refused(kind):
    assert unpack_value(kind, pack_value(kind, 200)) == 200
    with pytest.raises(Malformed, match="not of type"):
        unpack_value(kind, b"\0\0\0")


def test_dials_refuse_what_is_not_offered_but_a_hand_may_turn_them_anywhere():
    dials = Dials(nikon=True)
    iso = dials.code_of("iso")
    assert dials.set(iso, 400)
    assert not dials.set(iso, 401)
    assert not dials.set(dials.code_of("battery"), 100)
    assert dials.value(iso) == 400
    dials.turn("iso", 401)
    assert dials.value(iso) == 401


def test_both_shutter_speeds_of_a_nikon_go_together():
    dials = Dials(nikon=True)
    assert dials.shutter_s() == 0.008
    dials.set(0xD100, 1 << 16 | 4)
    assert (dials.shutter_s(), dials.named()["shutterspeed"]) == (0.25, 2500)
    dials.set(0x500D, 10)
    assert dials.named()["nikon_shutterspeed"] == 1 << 16 | 1000
    assert not Dials(nikon=False).has(0xD100)


def test_the_bodys_clock_can_be_set_and_may_be_wrong():
    dials = Dials(nikon=False, clock_offset_s=3600.0)
    assert str(dials.value(CLOCK)).endswith(".0")
    assert dials.set(CLOCK, "20200101T000000")
    assert dials.clock().startswith("20200101T0000")
    assert not dials.set(CLOCK, "yesterday")
