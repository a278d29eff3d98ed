"""Pictures too large to be worked on, refused by what they claim before anything is decoded."""

from pathlib import Path

from deepflash.errors import PictureError

# What decoder, pixels before and after, and encoder may take together. The rest of the process
# stays below half a gigabyte, and machines of 2 GB should get through.
_BUDGET = 1_500_000_000

# Bytes a pixel at the worst moment of a run from file to file, measured or counted:
EIGHT_BITS = 10  # before and after 3 each, the encoder's copy 4
WITH_ALPHA = 12
SIXTEEN_BITS = 24  # before, after and the encoder's copy, with alpha
WEBP = 16  # two canvases of the animation decoder, its answer and Pillow's copy
HEIF = 20  # planes of up to 16 bits, RGB of it, before, after and the encoder's copy
RAW = 22  # sensor, LibRaw's four channels of 16 bits, its answer, before

# Every scan of a progressive JPEG walks over the whole picture, however short it is.
_MEGAPIXEL_SCANS = 3000


def check_size(path: Path, width: int, height: int, bytes_per_pixel: int) -> None:
    """Refuses pictures that would need too much memory.

    Raises:
        PictureError: too large, or without any pixels.
    """
    if width < 1 or height < 1:
        raise PictureError(f"{path} claims {width} x {height} pixels; copy it again")
    if width * height * bytes_per_pixel > _BUDGET:
        most = _BUDGET // bytes_per_pixel // 10**6
        raise PictureError(
            f"{path} claims {width} x {height} pixels; pictures of its kind may have {most} "
            "megapixels: make it smaller first"
        )


def check_scans(path: Path, data: bytes, width: int, height: int) -> None:
    """Refuses JPEGs that take minutes to decode because they go over the picture again and again.

    Raises:
        PictureError: too many scans for the size.
    """
    scans = data.count(b"\xff\xda")  # in compressed data 0xff is followed by 0
    if scans * width * height > _MEGAPIXEL_SCANS * 10**6:
        raise PictureError(f"{path} holds its pixels in {scans} scans; save it anew first")
