"""Is a file whole? By its suffix a camera says which kind it is; by decoding it we see."""

import warnings
from pathlib import Path
from typing import Literal

from acquisition.errors import DownloadError

Kind = Literal["raw", "jpeg"]
JPEG_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe"})
RAW_MIME = {
    ".3fr": "image/x-hasselblad-3fr",
    ".arw": "image/x-sony-arw",
    ".cr2": "image/x-canon-cr2",
    ".cr3": "image/x-canon-cr3",
    ".crw": "image/x-canon-crw",
    ".dng": "image/x-adobe-dng",
    ".erf": "image/x-epson-erf",
    ".fff": "image/x-hasselblad-fff",
    ".iiq": "image/x-phaseone-iiq",
    ".mrw": "image/x-minolta-mrw",
    ".nef": "image/x-nikon-nef",
    ".nrw": "image/x-nikon-nrw",
    ".orf": "image/x-olympus-orf",
    ".pef": "image/x-pentax-pef",
    ".raf": "image/x-fuji-raf",
    ".raw": "image/x-panasonic-raw",
    ".rw2": "image/x-panasonic-rw2",
    ".rwl": "image/x-leica-rwl",
    ".sr2": "image/x-sony-sr2",
    ".srw": "image/x-samsung-srw",
    ".x3f": "image/x-sigma-x3f",
}
_AGAIN = "it is still on the card; download it again"


def kind_of(name: str) -> Kind | None:
    """Returns which kind of picture a file name announces, None for anything else."""
    suffix = Path(name).suffix.lower()
    if suffix in JPEG_SUFFIXES:
        return "jpeg"
    return "raw" if suffix in RAW_MIME else None


def check_container(path: Path, name: str) -> tuple[str, bool]:
    """Decodes a file completely.

    Args:
        path: the file.
        name: its name on the card.

    Returns:
        Media type, and whether it is a raw file.

    Raises:
        DownloadError: it is damaged, or not what its name says.
    """
    match kind_of(name):
        case "jpeg":
            _check_jpeg(path, name)
            return "image/jpeg", False
        case "raw":
            _check_raw(path, name)
            return RAW_MIME[Path(name).suffix.lower()], True
        case None:
            raise DownloadError(
                f"{name} is neither a JPEG nor a raw file by its name; set the camera's quality to "
                "RAW + JPEG"
            )


def _check_jpeg(path: Path, name: str) -> None:
    # Imported here: only a download needs it.
    from PIL import Image

    data = path.read_bytes()
    if not data.startswith(b"\xff\xd8"):
        raise DownloadError(f"{name} does not begin like a JPEG; {_AGAIN}")
    # Some bodies pad their files with zeros.
    if not data.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise DownloadError(f"{name} has no end ({len(data)} bytes came); {_AGAIN}")
    try:
        with warnings.catch_warnings():
            # Medium format has more pixels than Pillow expects of a harmless picture.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(path, formats=["JPEG", "MPO"]) as picture:
                picture.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise DownloadError(f"{name} cannot be decoded ({error}); {_AGAIN}") from error


def _check_raw(path: Path, name: str) -> None:
    import rawpy

    try:
        with rawpy.imread(str(path)) as raw:
            size = raw.raw_image.shape
    except (rawpy.LibRawError, ValueError) as error:
        raise DownloadError(f"{name} cannot be opened as a raw file ({error}); {_AGAIN}") from error
    if 0 in size:
        raise DownloadError(f"{name} holds a raw picture without pixels; {_AGAIN}")
