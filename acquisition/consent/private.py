"""Folders of mode 0700 and files of mode 0600, whatever the umask; atomic, one writer."""

import fcntl
import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from acquisition.errors import ConsentError

FOLDER_MODE = 0o700
FILE_MODE = 0o600
TEMPORARY = ".new-"
LOCK = ".lock"
LOCK_WAIT_S = 10.0
_OTHERS = 0o077


def make_folder(folder: Path) -> None:
    """Makes `folder` if it does not exist, with mode 0700. Raises ConsentError."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=FOLDER_MODE)
        folder.chmod(FOLDER_MODE)
    except FileExistsError:
        if not folder.is_dir():
            raise ConsentError(f"{folder} is a file; name a folder for the registry") from None
    except OSError as error:
        raise ConsentError(f"cannot make {folder}: {error.strerror}") from error


def check_modes(root: Path) -> None:
    """Raises ConsentError if others can read or write anything in the registry `root`."""
    try:
        paths = [root, *root.rglob("*")]
        for path in paths:
            mode = stat.S_IMODE(path.lstat().st_mode)
            if mode & _OTHERS and not path.is_symlink():
                raise ConsentError(
                    f"the registry is open to others: {path} has mode {mode:03o}; "
                    f"run `chmod -R go-rwx {root}`"
                )
    except FileNotFoundError:
        # Another writer's temporary file went away meanwhile.
        return
    except OSError as error:
        raise ConsentError(f"cannot read the registry {root}: {error.strerror}") from error


def write_private(path: Path, data: bytes) -> None:
    """Replaces `path` by `data` in one step that survives a power cut. Raises ConsentError."""
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, FILE_MODE)
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ConsentError(
            f"cannot write {path}: {error.strerror}; what it held before is still there"
        ) from error


def sync_folder(folder: Path) -> None:
    """Makes names in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove(path: Path) -> bool:
    """Deletes a file or link; returns whether it was there. Raises ConsentError."""
    try:
        path.unlink()
        sync_folder(path.parent)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise ConsentError(f"cannot delete {path}: {error.strerror}") from error
    return True


@contextmanager
def only_writer(root: Path, wait_s: float = LOCK_WAIT_S) -> Iterator[None]:
    """Holds the registry's lock. Raises ConsentError if another program keeps it."""
    descriptor = os.open(root / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, FILE_MODE)
    try:
        os.fchmod(descriptor, FILE_MODE)
        _lock(descriptor, root, wait_s)
        # A crash may have left a person's data under a temporary name.
        for stale in root.rglob(f"{TEMPORARY}*"):
            stale.unlink(missing_ok=True)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, root: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise ConsentError(
                    f"the registry {root} is in use by another program; try again in a moment"
                ) from None
            time.sleep(0.02)
        else:
            return
