"""By what a prepared pair is known: the same key means the same files."""

import hashlib
from collections.abc import Iterable
from typing import Any

import msgspec

from acquisition.colour.calibration import ColourCalibration
from acquisition.prepare.settings import PrepareSettings
from acquisition.record import PairRecord
from deepflash.faces.model_files import MODEL_FILES

STAGES = {
    "decode": 1,
    "faces": 1,
    "crop": 1,
    "colour": 1,
    "registration": 1,
    "figures": 1,
    "write": 1,
}
"""A stage gets the next number when it makes other files or figures of the same pictures."""


def made_with(settings: PrepareSettings) -> str:
    """Returns a digest of the settings that the files of a pair depend on.

    Thresholds and purpose only decide what is accepted; they are applied to what is there.
    """
    return _digest(
        [
            settings.size,
            settings.registration,
            msgspec.to_builtins(settings.registration_stages),
            settings.encoding,
            sorted(STAGES.items()),
        ]
    )


def pair_key(
    record: PairRecord, settings: PrepareSettings, calibrations: Iterable[ColourCalibration]
) -> str:
    """Returns the key of a pair.

    The record has the SHA-256 of each input file; they are compared with the files when the pair
    is prepared.

    Args:
        record: of the session.
        settings: of the dataset.
        calibrations: that this pair uses.
    """
    return _digest(
        [
            msgspec.to_builtins(record),
            made_with(settings),
            [msgspec.to_builtins(one) for one in calibrations],
            [model.sha256 for model in MODEL_FILES],
        ]
    )


def _digest(value: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()
