"""From the card to the disk (inside the camera's process): one file, or the list of all."""

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from acquisition.camera.container import check_container
from acquisition.camera.contract import CameraFile, Downloaded
from acquisition.camera.events import file_size
from acquisition.camera.library import Camera, gp
from acquisition.camera.library_log import LibraryLog
from acquisition.errors import DownloadError, StoreError

_BLOCK = 1 << 20
_DEEPEST = 8


def download(camera: Camera, file: CameraFile, part: Path, log: LibraryLog) -> Downloaded:
    """Writes a file of the card to `part`, and looks at what is on the disk afterwards.

    The library writes straight into the new file, so its size in memory does not matter.

    Raises:
        StoreError: `part` exists or cannot be written.
        DownloadError: it came incomplete, damaged, or not as announced; `part` is gone.
        gphoto2.GPhoto2Error: it did not come; `part` is gone.
    """
    with _new_file(part) as descriptor:
        announced = {file.bytes, file_size(camera, file, log)} - {None}
        _receive(camera, file, descriptor, log)
        size = os.fstat(descriptor).st_size
        if announced != {size}:
            words = " and ".join(str(number) for number in sorted(filter(None, announced)))
            raise DownloadError(
                f"{file.path} came with {size} bytes, announced were {words or 'none'}; it is "
                "still on the card; download it again, or copy it from the card by hand"
            )
        os.fsync(descriptor)
        sha256 = _sha256(descriptor)
        mime, is_raw = check_container(part, file.name)
        return Downloaded(bytes=size, sha256=sha256, mime=mime, is_raw=is_raw)


def list_card(camera: Camera, log: LibraryLog, *, sizes: bool) -> list[CameraFile]:
    """Returns all files on the card, by folder and name. Raises gphoto2.GPhoto2Error."""
    files = sorted(_walk(camera, "/", log, _DEEPEST), key=lambda file: file.path)
    if not sizes:
        return files
    return [
        CameraFile(folder=file.folder, name=file.name, bytes=file_size(camera, file, log))
        for file in files
    ]


def _walk(camera: Camera, folder: str, log: LibraryLog, depth: int) -> Iterator[CameraFile]:
    names = camera.folder_list_files(folder, log.context)
    for index in range(len(names)):
        yield CameraFile(folder=folder, name=names.get_name(index))
    if depth == 0:
        return
    folders = camera.folder_list_folders(folder, log.context)
    for index in range(len(folders)):
        yield from _walk(camera, f"{folder.rstrip('/')}/{folders.get_name(index)}", log, depth - 1)


@contextlib.contextmanager
def _new_file(part: Path) -> Iterator[int]:
    """Opens a file that must not exist; removes it again if the block fails."""
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(
            f"cannot write the download to {part} ({error.strerror}); the picture is still on the "
            "card"
        ) from error
    try:
        yield descriptor
    except OSError as error:
        part.unlink(missing_ok=True)
        raise _disk_error(part, error.errno) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def _receive(camera: Camera, file: CameraFile, descriptor: int, log: LibraryLog) -> None:
    try:
        # Without the context: this binding takes one here for a file.
        whole = camera.file_get(file.folder, file.name, gp.GP_FILE_TYPE_NORMAL)
    except gp.GPhoto2Error as error:
        if error.code != gp.GP_ERROR_NOT_SUPPORTED:
            raise
        # The driver takes a file of unknown type without a thumbnail for no picture.
        for block in _read_blocks(camera, file, log):
            _write(descriptor, block)
        return
    data = memoryview(whole.get_data_and_size())
    for offset in range(0, len(data), _BLOCK):
        _write(descriptor, data[offset : offset + _BLOCK])


def _read_blocks(camera: Camera, file: CameraFile, log: LibraryLog) -> Iterator[memoryview]:
    size = file_size(camera, file, log) or 0
    buffer, offset = memoryview(bytearray(_BLOCK)), 0
    while offset < size:
        part = buffer[: min(_BLOCK, size - offset)]
        kind = gp.GP_FILE_TYPE_NORMAL
        count = camera.file_read(file.folder, file.name, kind, offset, part, log.context)
        if count == 0:
            return
        yield part[:count]
        offset += count


def _write(descriptor: int, data: memoryview) -> None:
    while data:
        data = data[os.write(descriptor, data) :]


def _disk_error(part: Path, number: int | None) -> StoreError:
    return StoreError(
        f"cannot write the download to {part} ({os.strerror(number or errno.EIO)}); the picture is "
        "still on the card; free some space"
    )


def _sha256(descriptor: int) -> str:
    """Reads back what was written."""
    digest = hashlib.sha256()
    os.lseek(descriptor, 0, os.SEEK_SET)
    while block := os.read(descriptor, _BLOCK):
        digest.update(block)
    return digest.hexdigest()
