"""One writer a session: a lock that the operating system drops when its process ends."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from acquisition.errors import SessionError, StoreError

LOCK = ".lock"
_CANNOT_LOCK = {errno.EROFS, errno.EACCES, errno.EPERM}


def take_lock(root: Path) -> int:
    """Locks the session in `root`; returns what `release_lock` wants.

    Raises:
        SessionError: another process has it.
        StoreError: the file system has no locks, or the folder cannot be written.
    """
    path = root / LOCK
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise StoreError(
            f"cannot open {path}: {error.strerror}; give this user the right to write there"
        ) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.pread(descriptor, 100, 0).decode("utf-8", "replace").strip()
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            who = f"process {holder}" if holder else "another process"
            raise SessionError(
                f"{root} is in use by {who}; end that session first, one at a time can write"
            ) from error
        raise StoreError(
            f"cannot lock {path}: {error.strerror}; put sessions on a disk of this computer"
        ) from error
    try:
        # Only the words of a refusal depend on it: on a full disk the lock holds all the same.
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def release_lock(descriptor: int) -> None:
    """Lets the next writer in."""
    try:
        with suppress(OSError):
            os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds the session in `root` for a block; a folder nobody can write needs no lock.

    Raises:
        SessionError: a session is running there.
    """
    try:
        descriptor = take_lock(root)
    except StoreError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _CANNOT_LOCK:
            yield
            return
        raise
    try:
        yield
    finally:
        release_lock(descriptor)
