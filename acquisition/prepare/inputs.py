"""The files of a pair in its session, each one checked to be what was recorded."""

from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import StoreError
from acquisition.record import FileKind, PairRecord, StoredFile
from acquisition.store.publish import digest

_PICTURES: tuple[FileKind, ...] = (
    "phone_flash",
    "studio_raw",
    "studio_jpeg",
    "phone_reference",
    "phone_reference_after",
)


@dataclass(frozen=True)
class Inputs:
    """Paths of a pair's pictures."""

    phone: Path
    studio_raw: Path | None
    studio_jpeg: Path | None
    reference: Path | None
    reference_after: Path | None


def checked_inputs(folder: Path, record: PairRecord) -> Inputs:
    """Returns the pair's pictures after their bytes were compared with the record.

    Args:
        folder: of the pair.
        record: names its files.

    Raises:
        StoreError: a file is missing or another one than was recorded.
    """
    paths = {file.kind: _checked(folder, file) for file in record.files if file.kind in _PICTURES}
    if "phone_flash" not in paths:
        raise StoreError(f"the record of pair {record.pair} names no picture of the phone")
    return Inputs(
        phone=paths["phone_flash"],
        studio_raw=paths.get("studio_raw"),
        studio_jpeg=paths.get("studio_jpeg"),
        reference=paths.get("phone_reference"),
        reference_after=paths.get("phone_reference_after"),
    )


def _checked(folder: Path, file: StoredFile) -> Path:
    path = folder / file.name
    try:
        sha256, size = digest(path)
    except OSError as error:
        raise StoreError(
            f"{path} cannot be read: {error.strerror}; copy it again from the device or the mirror"
        ) from error
    if (sha256, size) != (file.sha256, file.bytes):
        raise StoreError(
            f"{path} is not the file that was recorded: {size} bytes with SHA-256 {sha256[:12]}, "
            f"recorded were {file.bytes} with {file.sha256[:12]}; copy it again from the device "
            "or the mirror"
        )
    return path
