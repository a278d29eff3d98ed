"""Silence for codecs in C, which print warnings of their own to the error stream."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STREAM = 2
_lock = threading.Lock()
_within: list[int] = []  # copies of the true stream: one while anybody wants silence


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Sends the error stream of the process nowhere within the block.

    Python's exceptions are not touched. Blocks of several threads may overlap: the stream is
    back when the last of them ends.
    """
    opened = _close()
    try:
        yield
    finally:
        if opened:
            _open()


def _close() -> bool:
    with _lock:
        try:
            saved = os.dup(_STREAM)
        except OSError:  # a process without an error stream is quiet already
            return False
        if not _within:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, _STREAM)
            os.close(nowhere)
        _within.append(saved)
        return True


def _open() -> None:
    with _lock:
        # The first copy is the true stream; later ones were made of the silent one.
        last = _within.pop()
        if not _within:
            os.dup2(last, _STREAM)
        os.close(last)
