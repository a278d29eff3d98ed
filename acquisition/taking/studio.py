"""Everything that a pair needs, in one hand: devices, folder, registry, options."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

import msgspec

from acquisition.calibration.latency import LatencyCalibration
from acquisition.camera.contract import Profile, StudioCamera
from acquisition.consent.registry import Consent, Registry
from acquisition.lights import Lights
from acquisition.phone.contract import Phone
from acquisition.quality_limits import QualityLimits, SharpnessMemory
from acquisition.record import Order
from acquisition.sequence.words import Timing
from acquisition.session import SessionFolder

P = ParamSpec("P")
R = TypeVar("R")


class StudioOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may choose about how pairs are taken."""

    order: Order = "phone_first"
    timing: Timing = Timing()
    profile: Profile | None = None
    quality: QualityLimits = QualityLimits()
    calibration: LatencyCalibration | None = None


@dataclass(kw_only=True)
class Studio:
    """The devices and the folder of one session."""

    folder: SessionFolder
    registry: Registry
    camera: StudioCamera
    phone: Phone
    lights: Lights
    options: StudioOptions
    sharpness: SharpnessMemory = field(default_factory=SharpnessMemory)
    spoiled: Counter[str] = field(default_factory=Counter)
    """Paths on the card that came down damaged from a camera that was well, and how often."""
    unwritten: list[Callable[[], Awaitable[object]]] = field(default_factory=list)
    """Ends of pairs that the disk did not take; each is to be tried again."""
    settings: dict[str, str] = field(default_factory=dict)
    """The camera's, as read back when they were set; spelt as the camera spells them."""
    _camera_thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="camera")
    )

    async def on_camera(self, call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Runs a camera call in the camera's own thread, one after the other."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._camera_thread, lambda: call(*args, **kwargs))

    def consent_of(self, participant: str) -> Consent:
        """Returns the valid consent of a person; raises ConsentError."""
        return self.registry.valid(participant)

    async def close(self) -> None:
        """Lets go of both devices and the lights. Never raises."""
        await self.phone.close()
        await self.lights.close()
        await self.on_camera(self.camera.close)
        self._camera_thread.shutdown(wait=False)


def now_ns() -> int:
    """Returns the host clock that every interval uses."""
    return time.monotonic_ns()
