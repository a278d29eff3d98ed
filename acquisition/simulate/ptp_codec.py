"""The datasets of the Picture Transfer Protocol (ISO 15740) that a camera sends and reads.

Strings are counted UTF-16, numbers little endian.
"""

import struct
from collections.abc import Sequence
from enum import IntEnum

import msgspec

PTP_VERSION = 100
NIKON_EXTENSION = 0x0A
ENUMERATION = 2
RANGE = 1
SETTABLE = 1


class Operation(IntEnum):
    """What a host may ask; those from 0x9000 on are Nikon's."""

    GET_DEVICE_INFO = 0x1001
    OPEN_SESSION = 0x1002
    CLOSE_SESSION = 0x1003
    GET_STORAGE_IDS = 0x1004
    GET_STORAGE_INFO = 0x1005
    GET_NUM_OBJECTS = 0x1006
    GET_OBJECT_HANDLES = 0x1007
    GET_OBJECT_INFO = 0x1008
    GET_OBJECT = 0x1009
    GET_THUMB = 0x100A
    DELETE_OBJECT = 0x100B
    INITIATE_CAPTURE = 0x100E
    GET_DEVICE_PROP_DESC = 0x1014
    GET_DEVICE_PROP_VALUE = 0x1015
    SET_DEVICE_PROP_VALUE = 0x1016
    GET_PARTIAL_OBJECT = 0x101B
    NIKON_CAPTURE = 0x90C0
    NIKON_AF_DRIVE = 0x90C1
    NIKON_CHECK_EVENT = 0x90C7
    NIKON_DEVICE_READY = 0x90C8
    NIKON_CAPTURE_TO_MEDIA = 0x9207


class Response(IntEnum):
    """What a camera answers."""

    OK = 0x2001
    GENERAL_ERROR = 0x2002
    SESSION_NOT_OPEN = 0x2003
    OPERATION_NOT_SUPPORTED = 0x2005
    INVALID_STORAGE = 0x2008
    INVALID_HANDLE = 0x2009
    PROPERTY_NOT_SUPPORTED = 0x200A
    STORE_FULL = 0x200C
    NO_THUMBNAIL = 0x2010
    DEVICE_BUSY = 0x2019
    INVALID_VALUE = 0x201C
    INVALID_PARAMETER = 0x201D
    SESSION_ALREADY_OPEN = 0x201E
    OUT_OF_FOCUS = 0xA002


class Event(IntEnum):
    """What a camera says by itself."""

    OBJECT_ADDED = 0x4002
    PROPERTY_CHANGED = 0x4006
    CAPTURE_COMPLETE = 0x400D


class ObjectFormat(IntEnum):
    """What an object is; raw files have no code of their own."""

    UNDEFINED = 0x3000
    ASSOCIATION = 0x3001
    EXIF_JPEG = 0x3801
    JFIF = 0x3808


class DataType(IntEnum):
    """Type of a property's value."""

    UINT8 = 0x0002
    UINT16 = 0x0004
    UINT32 = 0x0006
    STRING = 0xFFFF


_FORMATS = {DataType.UINT8: "<B", DataType.UINT16: "<H", DataType.UINT32: "<I"}


class Malformed(ValueError):  # noqa: N818 - what a value is, not an error of ours
    """A value from the host cannot be read."""


def pack_string(text: str) -> bytes:
    """Returns a PTP string of at most 254 characters."""
    if not text:
        return b"\x00"
    encoded = text[:254].encode("utf-16-le")
    return bytes([len(encoded) // 2 + 1]) + encoded + b"\x00\x00"


def unpack_string(data: bytes) -> str:
    """Returns the text of a PTP string. Raises Malformed if it is cut short."""
    if not data or len(data) < 1 + 2 * data[0]:
        raise Malformed("a string is shorter than it says")
    try:
        return data[1 : 1 + 2 * data[0]].decode("utf-16-le").rstrip("\x00")
    except UnicodeDecodeError as error:
        raise Malformed("a string is not UTF-16") from error


def pack_array(values: Sequence[int], code: str) -> bytes:
    """Returns a counted array; `code` is `H` for 16 and `I` for 32 bits."""
    return struct.pack(f"<I{len(values)}{code}", len(values), *values)


def pack_value(kind: DataType, value: int | str) -> bytes:
    """Returns a property's value on the wire."""
    if kind == DataType.STRING:
        return pack_string(str(value))
    return struct.pack(_FORMATS[kind], int(value))


def unpack_value(kind: DataType, data: bytes) -> int | str:
    """Returns a property's value from the wire. Raises Malformed if it has another size."""
    if kind == DataType.STRING:
        return unpack_string(data)
    try:
        return struct.unpack(_FORMATS[kind], data)[0]
    except struct.error as error:
        raise Malformed(f"a value of {len(data)} bytes is not of type {kind.name}") from error


class DeviceInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Who the camera is and what it can do."""

    manufacturer: str
    model: str
    version: str
    serial: str
    operations: list[int]
    events: list[int]
    properties: list[int]
    extension: int = 0

    def pack(self) -> bytes:
        """Returns the dataset."""
        head = struct.pack("<HIH", PTP_VERSION, self.extension, PTP_VERSION)
        parts = [head, pack_string(""), struct.pack("<H", 0)]
        for codes in (self.operations, self.events, self.properties):
            parts.append(pack_array(codes, "H"))
        parts.append(pack_array([ObjectFormat.EXIF_JPEG], "H"))
        parts.append(pack_array([ObjectFormat.EXIF_JPEG, ObjectFormat.UNDEFINED], "H"))
        for text in (self.manufacturer, self.model, self.version, self.serial):
            parts.append(pack_string(text))
        return b"".join(parts)


class StorageInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A removable card with folders, readable and writable."""

    capacity_bytes: int
    free_bytes: int
    free_pictures: int
    label: str

    def pack(self) -> bytes:
        """Returns the dataset."""
        removable, folders, read_write = 4, 3, 0
        numbers = struct.pack(
            "<HHHQQI",
            removable,
            folders,
            read_write,
            self.capacity_bytes,
            max(self.free_bytes, 0),
            max(self.free_pictures, 0),
        )
        return numbers + pack_string("card") + pack_string(self.label)


class ObjectInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A file or a folder on the card."""

    storage: int
    name: str
    parent: int
    format: ObjectFormat
    size_bytes: int = 0
    width: int = 0
    height: int = 0
    captured: str = ""
    """`YYYYMMDDThhmmss`."""

    def pack(self) -> bytes:
        """Returns the dataset."""
        is_folder = int(self.format == ObjectFormat.ASSOCIATION)
        # libgphoto2 refuses to read a file of undefined format that has no thumbnail format.
        thumbnail = (0 if is_folder else ObjectFormat.JFIF, 0, 0, 0)
        numbers = struct.pack(
            "<IHHIHIIIIIIIHII",
            self.storage,
            self.format,
            0,
            self.size_bytes,
            *thumbnail,
            self.width,
            self.height,
            24,
            self.parent,
            is_folder,
            0,
            0,
        )
        dates = pack_string(self.captured) * 2
        return numbers + pack_string(self.name) + dates + pack_string("")


def pack_property(
    code: int,
    kind: DataType,
    value: int | str,
    factory: int | str,
    choices: Sequence[int],
    *,
    span: tuple[int, int, int] | None = None,
    settable: bool = True,
) -> bytes:
    """Returns a property's description: type, current value and what may be chosen.

    Args:
        code: of the property.
        kind: type of the values.
        value: current one; need not be among the choices.
        factory: the one after a reset.
        choices: all that may be set; empty for free values.
        span: least, greatest and step instead of choices.
        settable: whether the host may set it.
    """
    head = struct.pack("<HHB", code, kind, SETTABLE if settable else 0)
    head += pack_value(kind, factory) + pack_value(kind, value)
    if span is not None:
        return head + bytes([RANGE]) + b"".join(pack_value(kind, bound) for bound in span)
    if not choices:
        return head + b"\x00"
    packed = b"".join(pack_value(kind, choice) for choice in choices)
    return head + bytes([ENUMERATION]) + struct.pack("<H", len(choices)) + packed
