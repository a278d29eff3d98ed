"""Putting a file under its final name: whole or not at all, and never over another one.

A file grows under a temporary name on the same file system. It is forced to the disk, read back
and hashed, linked to its final name (which fails where that name is taken), and the folder is
forced to the disk too. Whatever stops the program, a final name shows a whole file.
"""

import ctypes
import errno
import functools
import hashlib
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from acquisition.errors import StoreError

PART = ".part-"
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK, errno.EACCES}
_NO_RENAME_FLAG = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_FOLDER_CANNOT_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EACCES}
_RENAME_NOREPLACE = 1
_AT_FDCWD = -100


def new_part(scratch: Path) -> Path:
    """Returns a temporary path in `scratch` that does not exist yet."""
    return scratch / f"{PART}{secrets.token_hex(8)}"


def sync_folder(folder: Path) -> None:
    """Forces the names in `folder` to the disk, where the file system can do that."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems keep names safe by themselves and refuse the call.
        if error.errno not in _FOLDER_CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path, *, below: Path | None = None) -> None:
    """Makes `folder` and its parents, each name forced to the disk.

    Args:
        folder: to make.
        below: a parent that must exist: where it is gone, its disk is away, and nothing is made
            in the place where the disk belongs.

    Raises:
        StoreError: it could not be made, or `folder` is a file.
    """
    try:
        if folder.is_dir():
            return
        if folder == below:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))
        if not folder.parent.is_dir():
            make_folder(folder.parent, below=below)
        with suppress(FileExistsError):
            os.mkdir(folder)  # noqa: PTH102 - one call, which tests can count
        sync_folder(folder.parent)
    except OSError as error:
        raise _in_words("make the folder", folder, error) from error
    if not folder.is_dir():
        raise StoreError(f"cannot make the folder {folder}: a file has that name; move it away")


def digest(path: Path) -> tuple[str, int]:
    """Returns SHA-256 (hex) and size in bytes, read from the disk and not from its cache.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def publish(part: Path, final: Path, sha256: str) -> None:
    """Gives a finished temporary file its final name; `part` is gone afterwards in every case.

    Args:
        part: on the same file system as `final`.
        final: must not exist; its folder must.
        sha256: hex, of what `part` shall hold.

    Raises:
        StoreError: the name is taken, the file holds something else, or the disk failed. What
            was under the name before is untouched.
    """
    try:
        descriptor = os.open(part, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        found, size = digest(part)
        if found != sha256:
            raise StoreError(
                f"{final.name} did not arrive as sent: {size} bytes with SHA-256 {found[:12]}, "
                f"expected {sha256[:12]}; send it again"
            )
        _give_name(part, final)
    except FileExistsError as error:
        raise StoreError(
            f"{final} exists already; nothing is ever overwritten, take a new pair"
        ) from error
    except OSError as error:
        raise _in_words("write", final, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    try:
        sync_folder(final.parent)
    except OSError as error:
        raise _in_words("write", final, error) from error


def publish_bytes(data: bytes, final: Path, *, scratch: Path) -> str:
    """Publishes `data` as `final`; returns its SHA-256.

    Args:
        data: the whole content.
        final: must not exist; its folder must.
        scratch: folder for the temporary file, on the same file system.

    Raises:
        StoreError: as `publish`, or the disk is full.
    """
    part, sha256 = new_part(scratch), hashlib.sha256(data).hexdigest()
    write_part(data, part, final)
    publish(part, final, sha256)
    return sha256


def replace_bytes(data: bytes, path: Path, *, scratch: Path) -> None:
    """Replaces `path` by `data` in one step; for the few files that are meant to change.

    Raises:
        StoreError: the disk failed; the old content is still there.
    """
    part = new_part(scratch)
    write_part(data, part, path)
    try:
        os.replace(part, path)  # noqa: PTH105 - one call, which tests can count
        sync_folder(path.parent)
    except OSError as error:
        raise _in_words("replace", path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_part(data: bytes, part: Path, final: Path) -> None:
    """Writes `data` to the new file `part`, forced to the disk; `final` names it in errors.

    Raises:
        StoreError: the disk failed; `part` is gone.
    """
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise _in_words("write", final, error) from error


def sweep(scratch: Path) -> int:
    """Removes temporary files that a stop left in `scratch`; returns how many."""
    parts = list(scratch.glob(f"{PART}*")) if scratch.is_dir() else []
    for part in parts:
        part.unlink(missing_ok=True)
    return len(parts)


def set_aside(path: Path) -> Path:
    """Renames a damaged file to `NAME.damaged-1` (or the next free number); returns that path.

    Raises:
        StoreError: the disk failed; the file is still under its name.
    """
    number = 1
    try:
        while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
            number += 1
        _give_name(path, aside)
        path.unlink(missing_ok=True)
        sync_folder(path.parent)
    except OSError as error:
        raise _in_words("set aside", path, error) from error
    return aside


def _give_name(part: Path, final: Path) -> None:
    """Links or renames, whichever the file system has; raises FileExistsError, OSError."""
    for attempt, lacking in ((os.link, _NO_LINKS), (_rename_new, _NO_RENAME_FLAG)):
        try:
            attempt(part, final)
            return
        except FileExistsError:
            raise
        except OSError as error:
            if error.errno not in lacking:
                raise
    _claim_and_rename(part, final)


def _rename_new(part: Path, final: Path) -> None:
    """Renames unless the name is taken (Linux: `renameat2`)."""
    rename = _renameat2()
    if rename is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    names = os.fsencode(part), os.fsencode(final)
    if rename(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_NOREPLACE) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(final))


@functools.cache
def _renameat2() -> Callable[..., int] | None:
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is not None:
        function.argtypes = [
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_int,
            ctypes.c_char_p,
            ctypes.c_uint,
        ]
    return function


def _claim_and_rename(part: Path, final: Path) -> None:
    """Takes the name with an empty file, then renames over it.

    A stop in between leaves an empty file, which recovery knows for what it is.
    """
    os.close(os.open(final, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    try:
        os.replace(part, final)  # noqa: PTH105 - one call, which tests can count
    except OSError:
        final.unlink(missing_ok=True)
        raise


def _in_words(what: str, path: Path, error: OSError) -> StoreError:
    advice = "look at the disk, then try again"
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        advice = "free some space, then try again"
    if error.errno in (errno.EACCES, errno.EROFS, errno.EPERM):
        advice = "give this user the right to write there"
    if error.errno == errno.EXDEV:
        advice = "temporary and final files must be on one disk"
    return StoreError(f"cannot {what} {path}: {error.strerror or error}; {advice}")
