"""Who may speak to the phone's server: token, host name, origin, and one phone at a time."""

import hmac
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from acquisition.errors import AcquisitionError, RefusedError

TOKEN_BYTES = 24
REFUSALS_PER_SECOND = 10
REASON_LENGTH = 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

OLD_CODE = "This code belongs to another session. Scan the QR code of the session that runs now."


class TurnedAwayError(RefusedError):
    """A request that is answered with an HTTP status and one line."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def new_token() -> str:
    """Returns a token of 192 random bits, safe in a URL."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def clean(text: str) -> str:
    """Returns foreign text as one short printable line."""
    printable = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(printable.split())[:REASON_LENGTH]


class Refusals:
    """Reports what was refused, at most ten lines a second."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._second = 0
        self._count = 0
        self._unsaid = 0

    def note(self, reason: str) -> None:
        """Reports `reason`, or counts it if this second had its ten."""
        second = time.monotonic_ns() // 1_000_000_000
        if second != self._second:
            self._second, self._count = second, 0
        if self._count >= REFUSALS_PER_SECOND:
            self._unsaid += 1
            return
        self._count += 1
        more = f" (and {self._unsaid} more before)" if self._unsaid else ""
        self._unsaid = 0
        # Where the report cannot be kept, for example on a full disk, nobody at the door is to
        # blame for it.
        with suppress(AcquisitionError):
            self._report(clean(reason) + more)


class Gate:
    """Checks headers and tokens; each check raises TurnedAwayError."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._names: set[str] = set()

    def allow(self, name: str) -> None:
        """Makes `name` (an address or host name) one of our own."""
        self._names.update(LOOPBACK if name in LOOPBACK else {name})

    def check_host(self, host: str) -> None:
        """Refuses a Host header with a foreign name: a rebound domain leads to us."""
        if _name(f"//{host}") not in self._names:
            raise TurnedAwayError(421, f"the host name {clean(host)!r} is not ours")

    def check_origin(self, origin: str | None, scheme: str, host: str) -> None:
        """Refuses a page that another server sent."""
        if origin != f"{scheme}://{host}":
            raise TurnedAwayError(
                403, f"a page of {clean(str(origin))} may not speak to this server"
            )

    def check_token(self, token: str) -> None:
        """Refuses any token but the session's."""
        if not hmac.compare_digest(token.encode(), self.token.encode()):
            raise TurnedAwayError(401, OLD_CODE)

    def check_bearer(self, authorization: str) -> None:
        """Refuses an Authorization header without the session's token."""
        scheme, _, token = authorization.partition(" ")
        if scheme != "Bearer":
            raise TurnedAwayError(401, OLD_CODE)
        self.check_token(token.strip())


def _name(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


class Seat:
    """The place of the session's one phone."""

    def __init__(self, away_s: float) -> None:
        self._away_ns = int(away_s * 1e9)
        self.device = ""
        self._is_here = False
        self._left_ns = 0

    def take(self, device: str) -> None:
        """Gives the seat to `device`. Raises TurnedAwayError while another phone holds it."""
        if self.device and device != self.device and self._is_held():
            raise TurnedAwayError(
                403,
                "Another phone serves the session. Use that one, or close its page "
                f"and try again after {self._away_ns / 1e9:.0f} seconds.",
            )
        self.device = device
        self._is_here = True

    def check(self, device: str) -> None:
        """Raises TurnedAwayError unless `device` holds the seat."""
        if not self.device or device != self.device:
            raise TurnedAwayError(403, "this phone does not serve the session")

    def leave(self) -> None:
        """Notes that the phone went away now."""
        self._is_here = False
        self._left_ns = time.monotonic_ns()

    def _is_held(self) -> bool:
        return self._is_here or time.monotonic_ns() - self._left_ns < self._away_ns
