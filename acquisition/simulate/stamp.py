"""Puts EXIF into a JPEG without touching its picture."""

import struct
from datetime import datetime

import msgspec

FLASH_FIRED = 0x09
FLASH_OFF = 0x10
_SOI = b"\xff\xd8"
_APP0, _APP1 = 0xE0, 0xE1


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """What a device writes about a shot."""

    model: str
    taken: datetime
    """By the device's own calendar clock, in UTC."""
    exposure_s: float
    iso: int
    number: int
    """Of the exposure; keeps two files of the same scene apart."""
    f_number: float | None = None
    flash: bool | None = None
    """None: the file says nothing about a flash."""


def stamp_jpeg(jpeg: bytes, stamp: Stamp) -> bytes:
    """Returns the JPEG with EXIF. Raises ValueError if it is no JPEG."""
    if not jpeg.startswith(_SOI):
        raise ValueError("that is no JPEG")
    position = len(_SOI)
    if jpeg[position + 1] == _APP0:
        position += 2 + struct.unpack(">H", jpeg[position + 2 : position + 4])[0]
    body = _exif(stamp)
    segment = struct.pack(">BBH", 0xFF, _APP1, len(body) + 2) + body
    return jpeg[:position] + segment + jpeg[position:]


def _exif(stamp: Stamp) -> bytes:
    from PIL import ExifTags, Image
    from PIL.TiffImagePlugin import IFDRational

    base, tag = ExifTags.Base, Image.Exif()
    date = stamp.taken.strftime("%Y:%m:%d %H:%M:%S")
    tag[base.Make], tag[base.Model], tag[base.Orientation] = "DeepFlash", stamp.model, 1
    tag[base.DateTime] = date
    details = tag.get_ifd(ExifTags.IFD.Exif)
    details[base.DateTimeOriginal] = date
    details[base.SubsecTimeOriginal] = f"{stamp.taken.microsecond // 1000:03d}"
    details[base.OffsetTimeOriginal] = "+00:00"
    details[base.ExposureTime] = IFDRational(round(stamp.exposure_s * 1_000_000), 1_000_000)
    details[base.ISOSpeedRatings] = min(stamp.iso, 65535)
    details[base.ImageUniqueID] = f"{stamp.number:032x}"
    if stamp.f_number is not None:
        details[base.FNumber] = IFDRational(round(stamp.f_number * 100), 100)
    if stamp.flash is not None:
        details[base.Flash] = FLASH_FIRED if stamp.flash else FLASH_OFF
    return tag.tobytes()
