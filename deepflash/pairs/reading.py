"""One pair from disk as 8-bit sRGB, whatever its files hold."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from deepflash.errors import PictureError
from deepflash.pairs.manifest import PairRecord
from deepflash.pictures import from_unit, linear_to_srgb, read_mask, read_picture, to_unit


def read_pair(
    root: Path, record: PairRecord
) -> tuple[UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w 3"], UInt8[np.ndarray, "h w"] | None]:
    """Returns flash, studio (sRGB-encoded, 8 bit) and the validity mask of one pair.

    Linear and 16-bit files are brought to 8-bit sRGB: the filter averages over tens of pixels,
    so what the network sees keeps more than 8 bits.

    Raises:
        PictureError: a file is missing, truncated, or of another size than its partner.
    """
    flash, studio = (
        _srgb8(read_picture(root / name), record.encoding) for name in (record.flash, record.studio)
    )
    if flash.shape != studio.shape:
        raise PictureError(
            f"pair {record.pair_id}: flash is {flash.shape[1]} x {flash.shape[0]}, studio "
            f"{studio.shape[1]} x {studio.shape[0]}; a pair needs equal sizes, import it again"
        )
    if not record.valid:
        return flash, studio, None
    valid = read_mask(root / record.valid)
    if valid.shape != flash.shape[:2]:
        raise PictureError(f"pair {record.pair_id}: {root / record.valid} has another size")
    return flash, studio, valid


def _srgb8(picture: np.ndarray, encoding: str) -> UInt8[np.ndarray, "h w 3"]:
    if encoding == "linear":
        return from_unit(linear_to_srgb(to_unit(picture)))
    return picture if picture.dtype == np.uint8 else from_unit(to_unit(picture))
