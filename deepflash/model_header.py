"""What a model file says about itself: one JSON text, the same in safetensors and in ONNX.

It names network, filter and target by class and arguments, the size that the network was
trained at, the training data and the figures. Reading it needs neither torch nor a network.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deepflash.errors import ModelFileError

VERSION = 1
KEY = "deepflash"
"""Name of the text in the metadata of the file."""

_NEEDED = ("network", "filter", "target", "size")

Spec = Mapping[str, Any]
"""`{"class_path": ..., "init_args": {...}}`, as LightningCLI writes it."""


def encode_header(header: Mapping[str, Any]) -> str:
    """Returns the text to store under `KEY`."""
    return json.dumps({"version": VERSION} | dict(header), sort_keys=True)


def decode_header(text: str | None, source: Path | str) -> dict[str, Any]:
    """Returns the header that a file holds under `KEY`.

    Args:
        text: what the file holds there, None if nothing.
        source: the file, for errors.

    Raises:
        ModelFileError: the file is not of this project, is newer than this program, or its
            header is not complete.
    """
    try:
        header = json.loads(text or "")
        version = int(header["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{source} is no DeepFlash model: its header is missing") from error
    if version > VERSION:
        raise ModelFileError(
            f"{source} has version {version}, this program reads up to {VERSION}; update deepflash"
        )
    if missing := [key for key in _NEEDED if key not in header]:
        raise ModelFileError(f"{source} lacks {', '.join(missing)} in its header")
    size = header["size"]
    if type(size) is not int or size < 1:
        raise ModelFileError(f"{source} has the size {size!r}, expected whole pixels")
    return header


def class_and_arguments(spec: object, source: Path | str) -> tuple[str, dict[str, Any]]:
    """Returns the class path and the arguments of a spec. Raises ModelFileError for others."""
    arguments = (spec.get("init_args") or {}) if isinstance(spec, Mapping) else None
    if not isinstance(spec, Mapping) or not isinstance(arguments, Mapping):
        raise ModelFileError(f"{source} names no class where one is expected: {spec!r}")
    return str(spec.get("class_path")), dict(arguments)
