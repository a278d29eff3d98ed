"""Raw files of cameras, developed by LibRaw where rawpy is installed."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deepflash.enhance import exif, limits, tiff
from deepflash.enhance.decode import Decoded
from deepflash.enhance.plan import RAW
from deepflash.errors import PictureError

# Beginnings of raw files that are no TIFF: Fujifilm, Olympus, Panasonic, Minolta, Canon CR3.
_BEGINNINGS = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"\0MRM")
_TIFF_BEGINNINGS = (b"II*\0", b"MM\0*")
_DNG_VERSION = 50706
_DEEP_PIXELS = 40_000_000  # more are developed with 8 bits, to save memory

# A thousandth of the pixels may clip, where LibRaw alone would sacrifice a hundredth: flash
# makes skin shine.
_CLIPPED = 0.001


def is_raw(path: Path, data: bytes) -> bool:
    """Tells whether a file is to be developed; raw files that are TIFFs by their suffix or tag."""
    if data.startswith(_BEGINNINGS) or data[4:12] == b"ftypcrx ":
        return True
    if not data.startswith(_TIFF_BEGINNINGS):
        return False
    return path.suffix.lower() in RAW or exif.has_tag(data, _DNG_VERSION)


def develop(path: Path, data: bytes) -> Decoded:
    """Returns a raw file in sRGB with the camera's white balance, upright, 16 bits a channel.

    Brightness is LibRaw's, by the histogram. Pictures of more than 40 megapixels get 8 bits.

    Raises:
        PictureError: rawpy is missing, the camera unknown, or the file damaged or too large.
    """
    try:
        import rawpy
    except ImportError as error:
        raise PictureError(
            f'{path} is a raw file, which needs one more library: pip install "deepflash[raw]"'
        ) from error
    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            sizes = raw.sizes
            limits.check_size(path, sizes.raw_width, sizes.raw_height, limits.RAW)
            pixels = raw.postprocess(
                demosaic_algorithm=rawpy.DemosaicAlgorithm.PPG,
                output_color=rawpy.ColorSpace.sRGB,
                output_bps=16 if sizes.width * sizes.height <= _DEEP_PIXELS else 8,
                gamma=(2.4, 12.92),
                use_camera_wb=True,
                auto_bright_thr=_CLIPPED,
            )
            block = _exif(data) or _preview_exif(raw)
    except rawpy.LibRawFileUnsupportedError as error:
        raise PictureError(
            f"{path} is no raw file that LibRaw {'.'.join(map(str, rawpy.libraw_version))} knows; "
            "update rawpy, or use the camera's JPEG"
        ) from error
    except rawpy.LibRawError as error:
        raise PictureError(f"{path} is damaged or cut ({_reason(error)}); copy it again") from error
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, axis=2)
    return Decoded(pixels, None, None, exif.normalised(block), None)


def _exif(data: bytes) -> bytes | None:
    """Returns the metadata of raw files that are built like TIFFs, None for others."""
    if data[:2] not in (b"II", b"MM"):
        return None
    proper = (b"II*\0" if data[:2] == b"II" else b"MM\0*") + data[4:]
    if exif.claims_too_much(proper):
        return None
    return tiff.exif_of(proper, maker_note=False)


def _preview_exif(raw: Any) -> bytes | None:
    """Returns the metadata of the JPEG that cameras put into their raw files.

    Args:
        raw: a `rawpy.RawPy`, which exists only where rawpy is installed.
    """
    import rawpy

    try:
        preview = raw.extract_thumb()
        if preview.format != rawpy.ThumbFormat.JPEG or not isinstance(preview.data, bytes):
            return None
        with Image.open(io.BytesIO(preview.data), formats=("JPEG",)) as image:
            return image.info.get("exif")
    except (rawpy.LibRawError, OSError, SyntaxError, ValueError):
        return None


def _reason(error: BaseException) -> str:
    said = error.args[0] if error.args else type(error).__name__
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
