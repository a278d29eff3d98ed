"""Everything that can go wrong for a user, each error one line long.

DeepFlashError
├── UsageError       the command line or a YAML asks for something that does not exist
├── PictureError     a picture cannot be decoded, or is not what was promised
├── DatasetError     a pair dataset or a published dataset is missing, empty or damaged
├── WeightsError     pretrained weights are missing or do not fit
├── ModelFileError   a model file or checkpoint is not ours, or of another network
├── StudioError      the synthetic studio lacks its renderer or its head model
├── StorageError     a file could not be written; what was there before is still there
└── StoppedError     the user stopped the work; exit code 130

A message says what was asked, what came, and what to do next. The command line prints it
and leaves with exit code 2.
"""


class DeepFlashError(Exception):
    """Base of all errors that a user can act on."""

    exit_code = 2


class UsageError(DeepFlashError):
    """The command line or a YAML asks for something that does not exist."""


class PictureError(DeepFlashError):
    """A picture cannot be decoded, or is not what was promised."""


class DatasetError(DeepFlashError):
    """A pair dataset or a published dataset is missing, empty or damaged."""


class WeightsError(DeepFlashError):
    """Pretrained weights are missing or do not fit."""


class ModelFileError(DeepFlashError):
    """A model file or checkpoint is not ours, or of another network."""


class StudioError(DeepFlashError):
    """The synthetic studio lacks its renderer or its head model."""


class StorageError(DeepFlashError):
    """A file could not be written; what was there before is still there."""


class StoppedError(DeepFlashError):
    """The user stopped the work."""

    exit_code = 130


def one_line(error: BaseException) -> str:
    """Returns the message of `error` as a single line.

    An error raised in a data-loading worker arrives with the worker's traceback in front of
    it; the last line is the message.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if not lines:
        return type(error).__name__
    if "Traceback (most recent call last):" not in str(error):
        return " ".join(lines)
    return lines[-1].split("Error: ", 1)[-1]
