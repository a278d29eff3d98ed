"""Small pictures for the operator's page."""

import io
from pathlib import Path

LONG_SIDE_PX = 1600
QUALITY = 85


def small_jpeg(path: Path) -> bytes | None:
    """Returns an upright JPEG of at most 1600 px; None where the file is no picture."""
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (LONG_SIDE_PX, LONG_SIDE_PX))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((LONG_SIDE_PX, LONG_SIDE_PX))
            out = io.BytesIO()
            upright.save(out, "JPEG", quality=QUALITY)
    except (OSError, ValueError):
        return None
    return out.getvalue()
