"""The two network files that find faces: where they lie, and whether they are the right ones.

They are BlazeFace (short range) and FaceMesh by the MediaPipe authors (Apache-2.0) and come with
this package; `models/NOTICE.md` says where they are from.
"""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple

from deepflash.errors import ModelFileError


class ModelFile(NamedTuple):
    """One file, known by its content."""

    name: str
    size_bytes: int
    sha256: str


DETECTOR = ModelFile(
    name="face_detection_short_range.tflite",
    size_bytes=229_714,
    sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
)
MESH = ModelFile(
    name="face_landmark.tflite",
    size_bytes=1_242_398,
    sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
)
MODEL_FILES = (DETECTOR, MESH)
OTHER_FOLDER = "DEEPFLASH_FACE_MODELS"
"""The environment variable that names a folder to take in place of the package's own."""


def models_folder() -> Path:
    """Returns where the files are looked for: in the package, unless `OTHER_FOLDER` is set."""
    named = os.environ.get(OTHER_FOLDER)
    return Path(named) if named else Path(__file__).parent / "models"


def checked_model(model: ModelFile, folder: Path | None = None) -> Path:
    """Returns where a model file lies, its content checked to be the pinned one.

    Args:
        model: which.
        folder: where it lies; None for `models_folder()`.

    Raises:
        ModelFileError: it is absent, cannot be read, or is another file than the pinned one.
    """
    path = (folder or models_folder()) / model.name
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(f"there is no face model at {path}: {_advice(model)}") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelFileError(f"{path} cannot be read ({reason}): {_advice(model)}") from error
    wrong = difference(model, content)
    if wrong:
        raise ModelFileError(
            f"{path} is not the face model that belongs there ({wrong}): {_advice(model)}"
        )
    return path


def difference(model: ModelFile, content: bytes) -> str:
    """Returns what tells `content` from the pinned file, in words; empty if it is that file."""
    if len(content) != model.size_bytes:
        return f"{len(content)} bytes instead of {model.size_bytes}"
    found = hashlib.sha256(content).hexdigest()
    return "" if found == model.sha256 else f"SHA-256 {found[:12]}… instead of {model.sha256[:12]}…"


def _advice(model: ModelFile) -> str:
    if os.environ.get(OTHER_FOLDER):
        return f"unset {OTHER_FOLDER}, or put {model.name} (SHA-256 {model.sha256}) there"
    return f"install deepflash again, or put {model.name} (SHA-256 {model.sha256}) there"
