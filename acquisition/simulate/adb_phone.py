"""A phone behind the simulated adb server: its camera app, its folder of pictures, its faults."""

import hashlib
import shlex
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta

CAMERA_FOLDER = "/sdcard/DCIM/Camera"
_FLASH_FIRED, _FLASH_OFF = 0x09, 0x10  # on by hand and fired; off by hand
_EXIF_IFD = 0x8769
_NOT_FOUND = 127


class FakeAndroid:
    """An Android phone with a stock camera app.

    The attributes are its script; change them at any time.
    """

    def __init__(self, pictures: Iterable[bytes], serial: str = "SIM0001") -> None:
        """Makes a phone that takes `pictures` (JPEG) one after another."""
        self.serial = serial
        self.state = "device"
        self.attached = True
        self.clock_ahead_s = 12.5
        """Its calendar clock against the host's."""
        self.delay_s = 0.05
        """From the shutter key to the finished file; the exposure is half-way."""
        self.flash_fires = True
        self.stamps_exif = True
        self.zone = "+0100"
        self.misses = 0
        """How many of the next keys take no picture."""
        self.cut_pulls = 0
        """How many of the next transfers break off in the middle."""
        self.wrong_sums = 0
        """How many of the next transfers bring a flipped byte."""
        self.grows_s = 0.0
        """How long a file is seen half-written."""
        self.unplugs_at = ""
        """The phone is gone when a request has this in it."""
        self.exposures: list[int] = []
        """Host clock of each exposure: the truth."""
        self.commands: list[str] = []
        self.reversed: dict[str, str] = {}
        self.files: dict[str, bytes] = {}
        self._pictures: Iterator[bytes] = iter(pictures)
        self._taken = 0

    def shell(self, command: str) -> tuple[str, int]:
        """Returns what the phone's shell prints for commands apart by `;`, and the last status."""
        printed, status = "", 0
        for words in _commands(command):
            self.commands.append(shlex.join(words))
            if words[0] == "echo":
                printed += " ".join(words[1:]).replace("$?", str(status)) + "\n"
                continue
            output, status = self._programs().get(words[0], _no_program)(words)
            printed += output
        return printed, status

    def tell_time(self) -> str:
        """Returns its calendar clock in seconds since 1970."""
        return f"{time.time() + self.clock_ahead_s:.6f}"

    def size(self, path: str) -> int | None:
        """Returns the size of a file, None if there is none."""
        data = self.files.get(path)
        return None if data is None else len(data)

    def listing(self, folder: str) -> list[tuple[str, int]]:
        """Returns names and sizes of the files of a folder."""
        start = folder.rstrip("/") + "/"
        return [
            (path.removeprefix(start), len(data))
            for path, data in sorted(self.files.items())
            if path.startswith(start)
        ]

    def read(self, path: str) -> tuple[bytes | None, bool]:
        """Returns what a transfer brings, and whether it then breaks off."""
        data = self.files.get(path)
        if data is None:
            return None, False
        if self.cut_pulls > 0:
            self.cut_pulls -= 1
            return data[: len(data) // 2], True
        if self.wrong_sums > 0:
            self.wrong_sums -= 1
            return data[:-3] + bytes([data[-3] ^ 1]) + data[-2:], False
        return data, False

    def take(self, after_s: float | None = None) -> None:
        """Takes the next picture, as if somebody had pressed the key."""
        delay_s = self.delay_s if after_s is None else after_s
        threading.Thread(target=self._take, args=(delay_s,), daemon=True).start()

    def _take(self, delay_s: float) -> None:
        time.sleep(delay_s / 2)
        picture = next(self._pictures, None)
        if picture is None:
            return
        self.exposures.append(time.monotonic_ns())
        if self.stamps_exif:
            now = datetime.now(UTC) + timedelta(seconds=self.clock_ahead_s)
            picture = stamped(picture, now, self.zone, flash=self.flash_fires)
        time.sleep(delay_s / 2)
        self._taken += 1
        path = f"{CAMERA_FOLDER}/IMG_{self._taken:04d}.jpg"
        if self.grows_s > 0:
            self.files[path] = picture[: len(picture) // 2]
            time.sleep(self.grows_s)
        self.files[path] = picture

    def _programs(self) -> dict[str, Callable[[list[str]], tuple[str, int]]]:
        return {
            "input": self._input,
            "am": lambda _: ("Starting: Intent\n", 0),
            "date": lambda _: (f"{self.zone}\n", 0),
            "getprop": lambda words: (_PROPERTIES.get(words[1], "") + "\n", 0),
            "pm": lambda _: ("feature:android.hardware.camera.flash\n", 0),
            "sha256sum": self._sha256sum,
        }

    def _input(self, words: list[str]) -> tuple[str, int]:
        if words[1:] in (["keyevent", "27"], ["keyevent", "24"]):
            if self.misses > 0:
                self.misses -= 1
            else:
                self.take()
        return "", 0

    def _sha256sum(self, words: list[str]) -> tuple[str, int]:
        data = self.files.get(words[1])
        if data is None:
            return f"sha256sum: {words[1]}: No such file or directory\n", 1
        return f"{hashlib.sha256(data).hexdigest()}  {words[1]}\n", 0


_PROPERTIES = {
    "ro.product.manufacturer": "DeepFlash",
    "ro.product.model": "Simulated",
    "ro.build.version.release": "14",
}


def stamped(picture: bytes, local: datetime, zone: str, *, flash: bool) -> bytes:
    """Returns a JPEG with the EXIF of a camera app before its first segment, pixels untouched.

    Args:
        picture: A JPEG.
        local: When it was taken, in UTC.
        zone: Of the phone, such as `+0100`.
        flash: Whether the flash fired.
    """
    from PIL import Image

    hours, minutes = int(zone[:3]), int(zone[0] + zone[3:])
    local += timedelta(hours=hours, minutes=minutes)
    exif = Image.Exif()
    exif[0x010F], exif[0x0110] = "DeepFlash", "Simulated"
    exif[_EXIF_IFD] = {
        0x829A: 1 / 60,
        0x8827: 100,
        0x9003: local.strftime("%Y:%m:%d %H:%M:%S"),
        0x9011: f"{zone[:3]}:{zone[3:]}",
        0x9209: _FLASH_FIRED if flash else _FLASH_OFF,
        0x9291: f"{local.microsecond // 1000:03d}",
    }
    block = exif.tobytes()
    segment = b"\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block
    return picture[:2] + segment + picture[2:]


def _commands(line: str) -> Iterator[list[str]]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|<>()")
    lexer.whitespace_split = True
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word == ";":
            if words:
                yield words
            words = []
        else:
            words.append(word)


def _no_program(words: list[str]) -> tuple[str, int]:
    return f"/system/bin/sh: {words[0]}: inaccessible or not found\n", _NOT_FOUND
