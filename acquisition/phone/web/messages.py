"""What the phone's page and the host say to each other over the WebSocket.

Page times are `performance.now()` in milliseconds: they count from the page's own start.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from acquisition.phone.contract import PhoneKind
from acquisition.record import FlashKind

PROTOCOL = 1
PAIR_PATTERN = r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{4}"
KIND_PATTERN = r"phone_flash|phone_reference|phone_reference_after"
MESSAGE_BYTES = 64 * 1024
"""A text message may not be longer."""
PREVIEW_BYTES = 256 * 1024
"""A preview picture may not be longer."""

PairId = Annotated[str, Meta(pattern=f"^{PAIR_PATTERN}$")]
ShotText = Annotated[str, Meta(pattern=f"^{PAIR_PATTERN}/({KIND_PATTERN})$")]
DeviceId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9-]{8,64}$")]
PageTime = Annotated[float, Meta(ge=0.0, le=1e11)]
Tick = Annotated[float, Meta(ge=0.0, le=20.0)]
Facing = Literal["user", "environment", "unknown"]
Words = Annotated[str, Meta(max_length=400)]
Pending = Annotated[list[ShotText], Meta(max_length=500)]


class Report(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """Base of what the page says."""


class Situation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the phone can do and what it holds."""

    facing: Facing
    flash_kind: FlashKind
    capabilities: dict[str, Any]
    pending: Pending
    problem: Words


class Hello(Report, frozen=True, kw_only=True, tag="hello"):
    """The first message of a connection."""

    protocol: int
    token: Annotated[str, Meta(max_length=128)]
    device: DeviceId
    page: DeviceId
    """New with every load of the page: its clock starts again then."""
    agent: Words
    tick_ms: Tick
    """The step of the page's clock."""
    situation: Situation


class State(Report, frozen=True, kw_only=True, tag="state"):
    """The situation changed."""

    situation: Situation


class Pong(Report, frozen=True, kw_only=True, tag="pong"):
    """The answer to a ping."""

    number: int
    received_ms: PageTime
    answered_ms: PageTime


class Exposed(Report, frozen=True, kw_only=True, tag="exposed"):
    """A picture was taken between two page times; its upload follows."""

    pair: PairId
    kind: PhoneKind
    flash_kind: FlashKind
    call_ms: PageTime
    resolve_ms: PageTime
    requested: dict[str, Any]


class Failed(Report, frozen=True, kw_only=True, tag="failed"):
    """No picture could be taken."""

    pair: PairId
    kind: PhoneKind
    reason: Words


class Order(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type"
):
    """Base of what the host says."""


class Welcome(Order, frozen=True, kw_only=True, tag="welcome"):
    """The page may send its pictures."""

    limit_bytes: int
    """Of one upload."""
    discarded: list[str]
    """Pairs whose pictures are not wanted."""


class Refusal(Order, frozen=True, kw_only=True, tag="refused"):
    """The page may not take part; the connection closes next."""

    reason: str
    is_final: bool
    """Whether trying again is of no use."""


class PingOrder(Order, frozen=True, kw_only=True, tag="ping"):
    """Asks for a pong."""

    number: int


class Take(Order, frozen=True, kw_only=True, tag="take"):
    """Asks for a picture now."""

    pair: str
    kind: PhoneKind
    light: bool


class Discard(Order, frozen=True, kw_only=True, tag="discard"):
    """Nothing of this pair is wanted; what was taken stays on the phone."""

    pair: str


FromPage = Hello | State | Pong | Exposed | Failed
FromHost = Welcome | Refusal | PingOrder | Take | Discard
