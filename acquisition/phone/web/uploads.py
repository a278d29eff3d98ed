"""Pictures that the phone sends: streamed, hashed on the way, and given to the store."""

import asyncio
import errno
import hashlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, runtime_checkable

from aiohttp import web

from acquisition.errors import PhoneError, StoreError, one_line
from acquisition.phone.contract import Intake, ShotName
from acquisition.phone.web.access import TurnedAwayError
from acquisition.record import StoredFile

CHUNK_BYTES = 256 * 1024
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
UPLOAD_S = 120.0
"""A line that died in the middle is given up then."""
UNWANTED = 409
CORRUPT = 422
FULL = 507
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS)


@runtime_checkable
class CheckedIntake(Intake, Protocol):
    """`Intake` in a form that can also be checked while the program runs."""


class CutOffError(PhoneError):
    """The connection broke during an upload; the phone sends the picture again."""


class Uploads:
    """Receives pictures one by one; the store is asked in a thread, one picture at a time."""

    def __init__(self, intake: CheckedIntake, limit_bytes: int) -> None:
        self._intake = intake
        self.limit_bytes = limit_bytes
        self._turn = asyncio.Lock()
        self.on_stored: Callable[[ShotName, StoredFile], None] = lambda _shot, _file: None
        self.on_failed: Callable[[ShotName, str], None] = lambda _shot, _reason: None

    async def receive(self, request: web.Request, shot: ShotName, device: str) -> StoredFile:
        """Returns the stored file, after the store has it.

        Raises:
            TurnedAwayError: too long, no SHA-256, another SHA-256 than announced, not wanted by the
                store, or no room for it. Nothing of it is left on disk then.
        """
        announced = request.headers.get("X-SHA256", "")
        if not SHA256_PATTERN.fullmatch(announced):
            raise TurnedAwayError(400, f"the upload of {shot} has no SHA-256")
        if (request.content_length or 0) > self.limit_bytes:
            raise self._too_long(shot)
        part = self._part(shot)
        try:
            came = await self._stream(request, shot, part)
            if came != announced:
                raise TurnedAwayError(
                    CORRUPT, f"the upload of {shot} arrived damaged; send it again"
                )
            file = await self._accept(shot, part, announced, f"phone:{device}/{shot}")
        finally:
            part.unlink(missing_ok=True)
        self.on_stored(shot, file)
        return file

    async def _stream(self, request: web.Request, shot: ShotName, part: Path) -> str:
        digest, length = hashlib.sha256(), 0
        try:
            async with asyncio.timeout(UPLOAD_S):
                with part.open("xb") as file:
                    async for chunk in request.content.iter_chunked(CHUNK_BYTES):
                        length += len(chunk)
                        if length > self.limit_bytes:
                            raise self._too_long(shot)
                        digest.update(chunk)
                        file.write(chunk)
        except (ConnectionError, TimeoutError, web.RequestPayloadError) as error:
            raise CutOffError(f"the upload of {shot} broke off") from error
        except OSError as error:
            reason = f"no room for {shot}: {error.strerror}; the picture stays on the phone"
            self.on_failed(shot, reason)
            raise TurnedAwayError(FULL, reason) from error
        return digest.hexdigest()

    async def _accept(self, shot: ShotName, part: Path, sha256: str, origin: str) -> StoredFile:
        async with self._turn:
            try:
                return await asyncio.to_thread(self._intake.accept, shot, part, sha256, origin)
            except StoreError as error:
                raise self._unwanted(shot, error) from error

    def _part(self, shot: ShotName) -> Path:
        try:
            return self._intake.part(shot)
        except StoreError as error:
            raise self._unwanted(shot, error) from error

    def _unwanted(self, shot: ShotName, error: StoreError) -> TurnedAwayError:
        self.on_failed(shot, one_line(error))
        cause = error.__cause__
        # A disk that takes nothing now may take it later; the phone tries again by itself.
        is_full = isinstance(cause, OSError) and cause.errno in DISK_ERRORS
        return TurnedAwayError(FULL if is_full else UNWANTED, one_line(error))

    def _too_long(self, shot: ShotName) -> TurnedAwayError:
        reason = f"the upload of {shot} is longer than {self.limit_bytes} bytes"
        self.on_failed(shot, reason)
        return TurnedAwayError(413, reason)
