"""HEIC and HEIF photographs, by pillow-heif where it is installed."""

from pathlib import Path

from deepflash.enhance import exif, limits
from deepflash.enhance.decode import Decoded, as_rgb
from deepflash.errors import PictureError

# Of ISO/IEC 23008-12 (HEVC inside HEIF), and of the general form whose coding is inside.
_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"mif2", b"msf1")


def is_heif(data: bytes) -> bool:
    """Tells whether a file is a HEIF that Pillow does not read (it reads AVIF)."""
    end = min(int.from_bytes(data[:4]), 256)
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS and b"avif" not in data[8:end]


def decode(path: Path, data: bytes) -> Decoded:
    """Returns the main picture; depth, gain maps and films beside it are left.

    It is upright, because the format itself says how to turn it and the decoder does. Pictures
    with more than 8 bits are reduced to 8.

    Raises:
        PictureError: pillow-heif is missing, or the picture too large; and everything that it
            raises for damaged files.
    """
    try:
        import pillow_heif
    except ImportError as error:
        raise PictureError(
            f'{path} is HEIC, which needs one more library: pip install "deepflash[heic]"'
        ) from error
    # Nothing but the main picture is looked at.
    options = pillow_heif.options
    options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False
    picture = pillow_heif.open_heif(data)
    limits.check_size(path, *picture.size, limits.HEIF)
    info = picture.info
    image = picture.to_pillow()
    if image.mode.startswith("I"):
        image = image.point(lambda value: value / 256).convert("L")
    return Decoded(
        *as_rgb(image, info.get("icc_profile")),
        exif=exif.normalised(info.get("exif")),
        xmp=info.get("xmp"),
    )
