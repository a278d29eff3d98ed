"""How a simulated phone sends its pictures, well or badly."""

import asyncio
import hashlib
import ssl
from collections.abc import AsyncIterator

import aiohttp

from acquisition.simulate.phone_parts import Outbox, PhoneFault

UNWANTED = (409, 413)
RETRY_S = 0.2
CUT_S = 0.02


class Uploader:
    """Puts pictures of an outbox to the host and removes what the host acknowledges."""

    def __init__(
        self, base: str, token: str, device: str, outbox: Outbox, tls: ssl.SSLContext | None
    ) -> None:
        self._base = base
        self._headers = {"Authorization": f"Bearer {token}", "X-Device": device}
        self._outbox = outbox
        self._tls = tls

    async def send(
        self, session: aiohttp.ClientSession, name: str, fault: PhoneFault | None
    ) -> str:
        """Sends one picture; returns why the host does not want it, else nothing.

        Raises:
            aiohttp.ClientError: the connection broke.
        """
        data = self._outbox.read(name)
        headers = {**self._headers, "X-SHA256": hashlib.sha256(data).hexdigest()}
        body: bytes | AsyncIterator[bytes] = data
        if fault == "upload_cut":
            headers["Content-Length"] = str(len(data))
            body = _cut(data)
        elif fault == "upload_corrupt":
            middle = len(data) // 2
            body = data[:middle] + bytes([data[middle] ^ 255]) + data[middle + 1 :]
        address = f"{self._base}/upload/{name}"
        async with session.put(
            address, data=body, headers=headers, ssl=self._tls or True
        ) as answer:
            said = await answer.json()
        if answer.status in UNWANTED:
            return str(said["reason"])
        if answer.status != 200 or not self._outbox.acknowledged(name, said["sha256"]):
            await asyncio.sleep(RETRY_S)
        return ""


async def _cut(data: bytes) -> AsyncIterator[bytes]:
    """Gives half of the bytes, then breaks the connection."""
    yield data[: len(data) // 2]
    await asyncio.sleep(CUT_S)
    raise ConnectionResetError("cut on purpose")
