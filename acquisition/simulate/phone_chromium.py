"""A phone as a real browser: headless Chromium on the phone's page, with a camera of ours."""

import contextlib
import io
import os
import shutil
import signal
import subprocess
from pathlib import Path

from PIL import Image, ImageOps

from acquisition.errors import PhoneError, UsageError

CAMERA_FILE = "camera.mjpeg"
PROFILE = "profile"
WINDOW_PX = (412, 915)
QUALITIES = (92, 85, 75, 60, 40, 20)
BYTES_PER_PX = 1.5
LEAST_BYTES = 65536
SEGMENT_BYTES = 65000
STOP_S = 5.0


def browser() -> str | None:
    """Returns the path of Chromium, None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


def camera_flags(camera: Path) -> list[str]:
    """Returns the flags that make Chromium see the file as its camera, unasked."""
    return [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--no-first-run",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera.resolve()}",
    ]


class FakeCamera:
    """A one-picture video file of constant length that Chromium maps into its memory.

    Writing into the file in place changes what the camera sees with the next frame.

    Args:
        path: the file; it is made.
        size: width and height in pixels, the same for all pictures; both even.
    """

    def __init__(self, path: Path, size: tuple[int, int]) -> None:
        self.path = path
        self._size = size
        self._bytes = max(int(size[0] * size[1] * BYTES_PER_PX), LEAST_BYTES)
        out = io.BytesIO()
        Image.new("RGB", size, (96, 96, 96)).save(out, "JPEG")
        path.write_bytes(self._encode(out.getvalue()))

    def show(self, picture: bytes) -> None:
        """Shows a picture (any format that Pillow reads), cropped and scaled to fit.

        Raises:
            UsageError: not a picture, or one that does not fit.
        """
        data = self._encode(picture)
        handle = os.open(self.path, os.O_WRONLY)
        try:
            os.pwrite(handle, data, 0)
        finally:
            os.close(handle)

    def _encode(self, picture: bytes) -> bytes:
        try:
            with Image.open(io.BytesIO(picture)) as opened:
                image = ImageOps.fit(opened.convert("RGB"), self._size)
        except OSError as error:
            raise UsageError(f"the simulated camera cannot show this picture: {error}") from error
        for quality in QUALITIES:
            out = io.BytesIO()
            # Chromium shows other samplings than 4:2:0 as solid green.
            image.save(out, "JPEG", quality=quality, subsampling="4:2:0")
            if out.tell() <= self._bytes - 8:
                return padded(out.getvalue(), self._bytes)
        raise UsageError(
            f"the picture does not fit {self._bytes} bytes as JPEG; choose a plainer one"
        )


def padded(jpeg: bytes, length: int) -> bytes:
    """Returns the JPEG made longer by comments; bytes after its end would end the video."""
    missing, comments = length - len(jpeg), b""
    while missing:
        size = min(missing, SEGMENT_BYTES)
        if 0 < missing - size < 4:
            size -= 4
        comments += b"\xff\xfe" + (size - 2).to_bytes(2, "big") + bytes(size - 4)
        missing -= size
    return jpeg[:2] + comments + jpeg[2:]


class ChromiumPhone:
    """Headless Chromium that serves a session; make one with `start`."""

    def __init__(self, process: subprocess.Popen[bytes], camera: FakeCamera) -> None:
        self._process = process
        self._camera = camera

    @classmethod
    def start(cls, url: str, folder: Path, size: tuple[int, int]) -> "ChromiumPhone":
        """Opens the page. Returns at once; the phone connects within seconds.

        Args:
            url: the page's address with its token; plain http on loopback.
            folder: keeps the browser's profile (and so unsent pictures) and the camera's file.
            size: the camera's picture size in pixels, both even.

        Raises:
            PhoneError: Chromium is not installed.
        """
        executable = browser()
        if executable is None:
            raise PhoneError("no `chromium` in PATH; install it, or simulate without a browser")
        folder.mkdir(parents=True, exist_ok=True)
        camera = FakeCamera(folder / CAMERA_FILE, size)
        command = [
            executable,
            "--headless=new",
            *camera_flags(camera.path),
            f"--user-data-dir={(folder / PROFILE).resolve()}",
            f"--window-size={WINDOW_PX[0]},{WINDOW_PX[1]}",
            url,
        ]
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return cls(process, camera)

    @property
    def is_running(self) -> bool:
        """Returns whether the browser is there."""
        return self._process.poll() is None

    def show(self, picture: bytes) -> None:
        """Puts a picture before the camera; it is seen within about 100 ms."""
        self._camera.show(picture)

    def stop(self) -> None:
        """Ends the browser and its children. Can be called again."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
