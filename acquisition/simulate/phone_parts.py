"""What a simulated phone is made of: its clock, its outbox and its pictures."""

import hashlib
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from acquisition.errors import UsageError
from acquisition.phone.contract import PhoneKind

Feed = Callable[[str, PhoneKind], bytes]
"""Gives the picture that a phone takes for (pair, kind)."""

PhoneFault = Literal[
    "never_exposes",  # the order is lost
    "exposes_late",  # the picture is taken `late_s` after the order
    "upload_cut",  # the first upload breaks off half way
    "upload_corrupt",  # the first upload has a wrong byte
    "disconnects",  # the connection drops between exposure and `exposed`
    "no_flash",  # the light stays out although the phone says it was on
    "reload",  # the page is loaded anew between exposure and `exposed`
]

REFERENCE_BRIGHTNESS = 0.12
PICTURES = (".jpg", ".jpeg", ".png")


class PageClock:
    """A page's clock whose truth is known: starts with a load, drifts, and shows whole ticks."""

    def __init__(self, offset_s: float, drift_ppm: float, tick_ms: float) -> None:
        self._start_ns = time.monotonic_ns()
        self._offset_ns = round(offset_s * 1e9)
        self._rate = 1.0 + drift_ppm * 1e-6
        self.tick_ms = tick_ms

    def true_page_ns(self, host_ns: int) -> int:
        """Returns what the clock would show at a host time without ticks."""
        return round((host_ns - self._start_ns) * self._rate) + self._offset_ns

    def now_ms(self) -> float:
        """Returns what the page's `performance.now()` shows."""
        shown = self.true_page_ns(time.monotonic_ns()) / 1e6
        return max(int(shown / self.tick_ms) * self.tick_ms, 0.0)

    def jump(self, seconds: float) -> None:
        """Sets the clock ahead, as a phone that slept does."""
        self._offset_ns += round(seconds * 1e9)


class Outbox:
    """Pictures in a folder until they are acknowledged; survives a stop of the program."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def put(self, pair: str, kind: str, data: bytes) -> None:
        """Keeps a picture."""
        part = self._folder / f".{pair}+{kind}"
        part.write_bytes(data)
        part.replace(self._folder / f"{pair}+{kind}")

    def names(self) -> list[str]:
        """Returns the shots that are kept, oldest pair first."""
        return sorted(
            path.name.replace("+", "/")
            for path in self._folder.iterdir()
            if not path.name.startswith(".")
        )

    def read(self, name: str) -> bytes:
        """Returns the picture of a shot."""
        return (self._folder / name.replace("/", "+")).read_bytes()

    def acknowledged(self, name: str, sha256: str) -> bool:
        """Removes the picture if the acknowledgement is for just these bytes."""
        if hashlib.sha256(self.read(name)).hexdigest() != sha256:
            return False
        (self._folder / name.replace("/", "+")).unlink()
        return True


class FolderFeed:
    """Takes the pictures of a folder one after the other, one for each pair.

    Without light the same picture is taken, nearly dark.
    """

    def __init__(self, folder: Path) -> None:
        self._pictures = sorted(
            path for path in folder.iterdir() if path.suffix.lower() in PICTURES
        )
        if not self._pictures:
            raise UsageError(f"{folder} holds no JPEG or PNG pictures for the phone to take")
        self._turn: dict[str, int] = {}

    def __call__(self, pair: str, kind: PhoneKind) -> bytes:
        """Returns the picture of a shot as JPEG or PNG."""
        turn = self._turn.setdefault(pair, len(self._turn))
        data = self._pictures[turn % len(self._pictures)].read_bytes()
        return data if kind == "phone_flash" else _darkened(data)


def _darkened(data: bytes) -> bytes:
    from PIL import Image

    with Image.open(io.BytesIO(data)) as picture:
        dark = picture.convert("RGB").point([int(v * REFERENCE_BRIGHTNESS) for v in range(256)] * 3)
    out = io.BytesIO()
    dark.save(out, "JPEG", quality=92)
    return out.getvalue()
