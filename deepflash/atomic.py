"""Writing a file so that a reader sees the old one or the whole new one, never a part."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path

from deepflash.errors import StorageError

_LONGEST_NAME = 255  # bytes, on the file systems that people have


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`, and renames it to `path` when the block succeeds.

    The temporary name keeps the suffix of `path`, because encoders choose the format by it.

    Raises:
        StorageError: the file could not be written (full disk, no permission). `path` is
            untouched and the temporary file is gone.
    """
    temporary = path.with_name(_temporary_name(path))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror or error}; free some space or choose "
            "another folder, then run the same command again"
        ) from error
    finally:
        # Where the folder could not be made, removing fails as well; the first error counts.
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _temporary_name(path: Path) -> str:
    end = f".{os.getpid()}.partial{path.suffix}"
    name = f".{path.stem}{end}"
    if len(os.fsencode(name)) <= _LONGEST_NAME:
        return name
    return f".{sha256(os.fsencode(path.name)).hexdigest()}{end}"


def write_text(path: Path, text: str) -> None:
    """Writes `text` as UTF-8. Raises StorageError; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
