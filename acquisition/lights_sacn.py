"""Lamps on DMX behind an sACN (E1.31) node: values sent anew as long as the session lasts."""

import asyncio
import ipaddress
import secrets
import socket
from contextlib import suppress

from sacn import DataPacket

from acquisition.errors import LightsError, UsageError, one_line
from acquisition.lights import Driver, SacnLightsConfig, Scene

PORT = 5568
_SOURCE = "DeepFlash acquire"
# E1.31, 6.6.1: a new value is sent three times, then at least every second; a node gives a
# silent source up after 2.5 s.
_REPEATS = 3
_REPEAT_S = 0.025
_KEEP_ALIVE_S = 0.8
_SLOTS = 512


class SacnLights:
    """Sends one universe."""

    driver: Driver = "sacn"

    def __init__(self, config: SacnLightsConfig, port: int = PORT) -> None:
        """Opens nothing yet. Raises UsageError for what is no IPv4 address.

        Args:
            config: Universe, destination and scenes.
            port: Where nodes listen; another than 5568 for simulated ones only.
        """
        _check_addresses(config)
        self.settle_ms = config.settle_ms
        self._config = config
        self._port = port
        self._scenes: dict[Scene, dict[int, int]] = {
            "dim": config.scenes.dim,
            "studio": config.scenes.studio,
        }
        self._packet = DataPacket(
            cid=tuple(secrets.token_bytes(16)),
            sourceName=_SOURCE,
            universe=config.universe,
            priority=config.priority,
        )
        self._target = (config.destination or self._packet.calculate_multicast_addr(), port)
        self._socket: socket.socket | None = None
        self._repeating: asyncio.Task[None] | None = None

    async def scene(self, name: Scene) -> None:
        """Sends the scene's values, waits until the lamps have settled, then keeps sending.

        sACN has no answer: an error says that this computer could not send.

        Raises:
            LightsError: the network is away or the node's name is unknown.
        """
        levels = self._scenes[name]
        self._packet.dmxData = tuple(levels.get(slot, 0) for slot in range(1, _SLOTS + 1))
        try:
            for _ in range(_REPEATS):
                self._send()
                await asyncio.sleep(_REPEAT_S)
        except OSError as error:
            raise LightsError(
                f"scene {name} could not be sent to sACN universe {self._config.universe} at "
                f"{self._target[0]} ({one_line(error)}); look at the network cable and the "
                "node's address"
            ) from error
        if self._repeating is None:
            self._repeating = asyncio.create_task(self._repeat())
        await asyncio.sleep(self.settle_ms / 1000)

    async def close(self) -> None:
        """Says that this source ends, so that a lighting desk takes over. Never raises.

        Lamps that nobody else drives do what their node does without a source: most hold the
        last scene.
        """
        task, self._repeating = self._repeating, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        if self._socket is not None:
            self._packet.option_StreamTerminated = True
            with suppress(OSError):
                for _ in range(_REPEATS):
                    self._send()
            self._socket.close()
            self._socket = None
            self._packet.option_StreamTerminated = False

    async def _repeat(self) -> None:
        while True:
            await asyncio.sleep(_KEEP_ALIVE_S)
            # The cable may come back; the next scene reports what is still wrong then.
            with suppress(OSError):
                self._send()

    def _send(self) -> None:
        if self._socket is None:
            self._socket = self._open()
        self._packet.sequence_increase()
        self._socket.sendto(bytes(self._packet.getBytes()), self._target)

    def _open(self) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 8)
            if self._config.interface:
                interface = socket.inet_aton(self._config.interface)
                opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface)
        except OSError:
            opened.close()
            raise
        return opened


def _check_addresses(config: SacnLightsConfig) -> None:
    for address in (config.destination, config.interface):
        try:
            ipaddress.IPv4Address(address or "0.0.0.0")
        except ValueError as error:
            raise UsageError(
                f"lights: {address} is no IPv4 address such as 192.168.1.40; names are not looked "
                "up, since that may take seconds"
            ) from error
