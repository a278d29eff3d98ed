"""Whole files of every kind that is read, to be damaged: rendered people and their clothes."""

import io
import warnings
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

import deepflash
from deepflash.enhance.profiles import srgb_profile
from tests.enhance.photo_files import exif_block, exif_with_thumbnail, small_jpeg

SIDE = 96


class Base(NamedTuple):
    name: str
    suffix: str
    data: bytes


@cache
def person(number=0, side=SIDE):
    """A rendered flash portrait, RGB."""
    flash = Path(deepflash.__file__).parent / "starter" / "flash"
    with Image.open(flash / f"person{number:05}-00-0.jpg") as image:
        return image.convert("RGB").resize((side, side))


@cache
def cloth(number=0):
    """A part of such a portrait without a face, so that enhancing it takes no time."""
    return person(number, 256).crop((0, 192, 64, 240))


def saved(image, form, **options):
    """Returns the file of a picture, however odd the metadata in it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # A copy, because Pillow keeps what an encoder was told with the picture.
        image.copy().save(buffer, form, **options)
    return buffer.getvalue()


@cache
def bases():
    thumbnail = small_jpeg(np.asarray(person().resize((32, 32))))
    tagged = {"exif": exif_with_thumbnail(thumbnail), "icc_profile": srgb_profile()}
    palette = cloth(3).quantize(16)
    kinds = [
        ("jpeg", ".jpg", person(0), "JPEG", tagged),
        ("progressive", ".jpeg", cloth(1), "JPEG", {"progressive": True}),
        ("restarts", ".jpg", cloth(2), "JPEG", {"restart_marker_rows": 1, "subsampling": 0}),
        ("grey", ".jpg", cloth(4).convert("L"), "JPEG", {}),
        ("cmyk", ".jpg", cloth(5).convert("CMYK"), "JPEG", {}),
        ("mpo", ".mpo", cloth(6), "MPO", {"save_all": True, "append_images": [cloth(7)]}),
        ("png", ".png", cloth(20), "PNG", tagged),
        ("opacity", ".png", _with_opacity(cloth(8)), "PNG", {}),
        ("palette", ".png", palette, "PNG", {"transparency": 3}),
        ("tiff", ".tif", cloth(9), "TIFF", tagged),
        ("lzw", ".tiff", cloth(10), "TIFF", {"compression": "tiff_lzw"}),
        ("jpeg in tiff", ".tiff", cloth(11), "TIFF", {"compression": "jpeg"}),
        ("packbits", ".tif", cloth(12).convert("1"), "TIFF", {"compression": "packbits"}),
        ("webp", ".webp", cloth(21), "WEBP", tagged),
        ("lossless", ".webp", _with_opacity(cloth(13)), "WEBP", {"lossless": True}),
        ("avif", ".avif", cloth(14), "AVIF", {"exif": exif_block(6)}),
        ("gif", ".gif", cloth(15), "GIF", {}),
        ("bmp", ".bmp", cloth(16), "BMP", {}),
    ]
    found = [Base(name, suffix, saved(image, form, **o)) for name, suffix, image, form, o in kinds]
    deep = np.asarray(cloth(17))[..., ::-1].astype(np.uint16) * 257
    for name, suffix in (("deep png", ".png"), ("deep tiff", ".tiff")):
        found.append(Base(name, suffix, cv2.imencode(suffix, deep)[1].tobytes()))
    return found + _of_extras()


def _with_opacity(image):
    image = image.copy()
    image.putalpha(Image.linear_gradient("L").resize(image.size))
    return image


def _of_extras():
    """HEIC and raw files; without their libraries they are refused, which is as good."""
    found = []
    try:
        import pillow_heif
    except ImportError:
        pass
    else:
        image, buffer = cloth(18), io.BytesIO()
        pillow_heif.encode("RGB", image.size, image.tobytes(), buffer, exif=exif_block(6))
        found.append(Base("heic", ".heic", buffer.getvalue()))
    from acquisition.simulate.raw import RawMeta, mosaic, write_dng

    taken = datetime(2024, 5, 6, tzinfo=UTC)
    meta = RawMeta(taken=taken, exposure_s=0.01, f_number=8.0, iso=200, serial="", number=1)
    raw = write_dng(mosaic(np.asarray(cloth(19)), 14), 14, meta)
    return [*found, Base("dng", ".dng", raw)]
