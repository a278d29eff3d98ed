"""TIFF files with 8 or 16 bits, and the metadata that TIFF keeps in directories of its own."""

import struct
import warnings
import zlib

import numpy as np
from PIL import ExifTags, Image, TiffImagePlugin

from deepflash.enhance.picture import Picture

# Baseline tags that say who, when and with what; the others of a TIFF describe its own bytes.
_TAGS = (270, 271, 272, 282, 283, 296, 305, 306, 315, 33432)
_MAKER_NOTE = 0x927C
_XMP = 700


# What Pillow raises for tags of the wrong type, found by feeding it damaged files.
_TAG_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    struct.error,
)


def exif_of(file: bytes, *, maker_note: bool = True) -> bytes | None:
    """Returns the EXIF block of a TIFF or raw file, without what describes its pixels.

    Args:
        file: begins like a TIFF.
        maker_note: keeps the maker's own bytes.

    Returns:
        None if the tags are damaged: the picture is worth more than they are.
    """
    directory, block = Image.Exif(), Image.Exif()
    try:
        directory.load(file)
        for tag in _TAGS:
            if tag in directory:
                block[tag] = directory[tag]
        for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo):
            # An empty directory would be written as a pointer to nothing.
            if found := directory.get_ifd(pointer):
                block.get_ifd(pointer).update(found)
        if not maker_note and directory.get_ifd(ExifTags.IFD.Exif):
            block.get_ifd(ExifTags.IFD.Exif).pop(_MAKER_NOTE, None)
        return block.tobytes()
    except _TAG_ERRORS:
        return None


def encode(picture: Picture) -> bytes:
    """Returns a TIFF of one deflated strip (TIFF 6.0, section 6 and technical note 2).

    OpenCV writes no EXIF, Pillow no 16-bit RGB; its libtiff refuses EXIF directories. EXIF that
    is too damaged to be written anew is left out.
    """
    try:
        return _encoded(picture)
    except _TAG_ERRORS:
        return _encoded(picture._replace(exif=None))


def _encoded(picture: Picture) -> bytes:
    samples = picture.pixels
    if picture.alpha is not None:
        samples = np.dstack([samples, picture.alpha])
    height, width, channels = samples.shape
    little_endian = samples.dtype.newbyteorder("<")
    strip = zlib.compress(np.ascontiguousarray(samples, little_endian).data, 6)
    directory = _metadata(picture)
    directory[TiffImagePlugin.IMAGEWIDTH] = width
    directory[TiffImagePlugin.IMAGELENGTH] = height
    directory[TiffImagePlugin.BITSPERSAMPLE] = (8 * samples.itemsize,) * channels
    directory[TiffImagePlugin.COMPRESSION] = 8  # deflate
    directory[TiffImagePlugin.PHOTOMETRIC_INTERPRETATION] = 2  # RGB
    directory[TiffImagePlugin.SAMPLESPERPIXEL] = channels
    directory[TiffImagePlugin.ROWSPERSTRIP] = height
    directory[TiffImagePlugin.STRIPBYTECOUNTS] = len(strip)
    directory[TiffImagePlugin.STRIPOFFSETS] = 0  # counted from the end of the directory
    if channels == 4:
        directory[TiffImagePlugin.EXTRASAMPLES] = 2  # alpha that is not multiplied in
    header = struct.pack("<2sHI", b"II", 42, 8)
    return header + directory.tobytes(len(header)) + strip


def _metadata(picture: Picture) -> TiffImagePlugin.ImageFileDirectory_v2:
    directory = TiffImagePlugin.ImageFileDirectory_v2()
    if picture.exif:
        block = Image.Exif()
        with warnings.catch_warnings():
            # About tags that are damaged and left out; the picture is whole.
            warnings.simplefilter("ignore")
            block.load(picture.exif)
            directories = {
                pointer: block.get_ifd(pointer)
                for pointer in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
            }
            main = dict(block.items())
        for tag, value in main.items():
            directory[tag] = value
        for pointer, entries in directories.items():
            if entries:
                directory[pointer] = dict(entries)
    if picture.icc:
        directory[TiffImagePlugin.ICCPROFILE] = picture.icc
    if picture.xmp:
        directory[_XMP] = picture.xmp
    return directory
