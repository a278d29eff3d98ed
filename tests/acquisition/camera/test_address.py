import pytest

from acquisition.camera.address import Address, parse_address
from acquisition.errors import UsageError


@pytest.mark.parametrize(
    ("text", "port"),
    [
        ("usb", None),
        ("usb:001,004", "usb:001,004"),
        ("serial:SN-12.3", None),
        ("ptpip:camera.local:15741", "ptpip:camera.local:15741:15741"),
    ],
)
def test_address_comes_back_as_it_was_written(text, port):
    address = parse_address(text)
    assert str(address) == text
    assert address.library_port == port


def test_network_address_without_port_has_the_standard_one():
    assert parse_address("ptpip:10.0.0.7") == Address(kind="ptpip", value="10.0.0.7:15740")


def test_network_address_may_name_the_same_port_twice():
    assert str(parse_address("ptpip:10.0.0.7:99:99")) == "ptpip:10.0.0.7:99"


@pytest.mark.parametrize(
    "text",
    ["", "USB", "usb:1", "usb:001,004,1", "serial:", "serial:a b", "ptpip:", "ptpip:h:0",
     "ptpip:h:70000", "ptpip:h:1:2", "ptpip:-o:1", "usb:001,004\n"],
)  # fmt: skip
def test_anything_else_is_refused_with_the_forms(text):
    with pytest.raises(UsageError, match="serial:NUMBER"):
        parse_address(text)
