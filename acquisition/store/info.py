"""`session.json`: what a session is about; the only file of a session that is replaced."""

import re
from pathlib import Path
from typing import Any

import msgspec

from acquisition.camera.contract import Profile
from acquisition.errors import SessionError
from acquisition.plan import DEFAULT_POSES, Pose
from acquisition.record import Order
from acquisition.store.publish import replace_bytes

SESSION = "session.json"
INCOMING = "incoming"
SCHEMA = 1
_SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PARTICIPANT = re.compile(r"P-[0-9A-HJKMNP-TV-Z]{6}")


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a session allows and waits for."""

    least_free_bytes: int = 2_000_000_000
    pairs_ahead: int = 20
    """As many pairs of the last one's size must fit on the disk."""
    guard_ms: int = 400
    """From the first exposure to the second: the eyelids are open again."""
    phone_deadline_s: float = 6.0
    studio_deadline_s: float = 8.0
    fetch_deadline_s: float = 30.0
    clock_bound_ms: float = 5.0
    heartbeat_s: float = 2.0


class SessionInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What a session is about."""

    schema: int = SCHEMA
    session: str
    """Its id: letters, digits, '.', '_' and '-'; the name of its folder."""
    created: str
    """ISO 8601 in UTC."""
    tool: str
    poses: list[Pose] = msgspec.field(default_factory=lambda: list(DEFAULT_POSES))
    people: list[str] = []
    order: Order = "phone_first"
    simulated: bool = False
    profile: Profile | None = None
    limits: Limits = Limits()
    mirror: str | None = None
    """Folder that gets a folder of the session's name with a copy of everything."""


def check_participant(participant: str) -> str:
    """Returns `participant`. Raises SessionError where that is not a participant's id."""
    if not _PARTICIPANT.fullmatch(participant):
        raise SessionError(f"{participant!r} is not a participant's id such as P-4Q7ZK2")
    return participant


def check_info(info: SessionInfo) -> SessionInfo:
    """Returns `info`. Raises SessionError where a name in it cannot be a name."""
    if not _SESSION_ID.fullmatch(info.session):
        raise SessionError(
            f"{info.session!r} cannot name a session: use up to 64 letters, digits, '-', '_', '.'"
        )
    names = [pose.name for pose in info.poses]
    if not names or len(set(names)) != len(names):
        raise SessionError(f"session {info.session} needs poses, each with a name of its own")
    for participant in info.people:
        check_participant(participant)
    return info


def encode_info(info: SessionInfo) -> bytes:
    """Returns the content of `session.json`."""
    return msgspec.json.format(msgspec.json.encode(info), indent=2) + b"\n"


def write_info(root: Path, info: SessionInfo) -> None:
    """Replaces `session.json` in one step. Raises StoreError; the old one is still there."""
    replace_bytes(encode_info(info), root / SESSION, scratch=_scratch(root))


def read_info(root: Path) -> SessionInfo:
    """Reads `session.json` of the session in `root`.

    Raises:
        SessionError: no session there, a damaged one, or one of a newer version.
    """
    path = root / SESSION
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise SessionError(
            f"there is no session at {root}: it has no {SESSION}; begin one with "
            f"`acquire session {root.name}`"
        ) from error
    except OSError as error:
        raise SessionError(f"cannot read {path}: {error.strerror}; look at the disk") from error
    try:
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise SessionError(
                f"{path} has version {schema}, this program reads up to {SCHEMA}; update acquire"
            )
        return check_info(msgspec.json.decode(data, type=SessionInfo))
    except msgspec.MsgspecError as error:
        raise SessionError(
            f"{path} is damaged ({error}); put the one of the mirror or of a backup in its place"
        ) from error


def _scratch(root: Path) -> Path:
    incoming = root / INCOMING
    return incoming if incoming.is_dir() else root
