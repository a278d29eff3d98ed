"""An enhancer without networks, whose verdict is the name of the file."""

from pathlib import Path
from types import SimpleNamespace

import cv2

from deepflash.enhance.enhancer import FileOutcome
from deepflash.enhance.verdict import Verdict
from deepflash.errors import PictureError, StorageError
from deepflash.pictures import read_picture, write_picture

REASONS = {
    "not_flash": "the light does not come from a flash.",
    "no_face": "there is no face in it",
    "damaged": "all of it is black",
}


class StandIn:
    """Halves all values; keeps what it was asked in `calls`."""

    def __init__(self):
        self.model = SimpleNamespace(name="stand-in")
        self.calls = []

    def enhance_file(self, source, result, look, *, force, strip, quality, preview):
        self.calls.append(
            {
                "source": source.name,
                "look": look,
                "strip": strip,
                "quality": quality,
                "force": force,
            }
        )
        _fail(source)
        pixels = read_picture(source)
        kind = next((kind for kind in REASONS if kind in source.name), "flash_selfie")
        verdict = Verdict(kind, REASONS.get(kind, "a flash selfie"), (), None, {"n": 1.0})
        height, width = pixels.shape[:2]
        alone = kind != "flash_selfie" and not force
        if not alone:
            if preview is not None:
                write_picture(preview, pixels)
            write_picture(result, pixels // 2)
        return FileOutcome(source, None if alone else result, verdict, 2, 0.5, (width, height))


def _fail(source):
    """Raises what the name of the file asks for."""
    faults = {
        "memory": MemoryError(),
        "stop": KeyboardInterrupt(),
        "full": StorageError(f"cannot write {source.name}"),
        "odd": ValueError("operands\ndo not fit"),
        "opencv": cv2.error("assertion failed"),
        "bad": PictureError(f"{source} is damaged"),
    }
    for word, fault in faults.items():
        if word in source.name:
            raise fault


def portrait_of(photo: Path, out: Path) -> bool:
    """Tells whether `out` is what the stand-in makes of `photo`."""
    return bool((read_picture(out) == read_picture(photo) // 2).all())
