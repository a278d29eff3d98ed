"""Opens the session's page in the browser of a phone on a cable, with no certificate or Wi-Fi."""

import shlex
from urllib.parse import urlsplit

from acquisition.errors import UsageError
from acquisition.phone.adb_shell import connect

_LOCAL = ("localhost", "127.0.0.1")


def open_on_phone(
    url: str,
    port: int,
    serial: str | None = None,
    *,
    adb_host: str | None = None,
    adb_port: int | None = None,
) -> str:
    """Makes `port` of this computer the phone's own, then opens `url` in its browser.

    Blocks; call it in a thread.

    Args:
        url: `http://localhost:PORT/...`; a fragment is kept.
        port: Where the page is served on this computer.
        serial: Which phone; None where only one is attached.
        adb_host: Of the adb server; None for adb's default.
        adb_port: Of the adb server; None for adb's default.

    Returns:
        The phone's serial.

    Raises:
        PhoneError: no such phone, or it did not obey.
        UsageError: the address is not on `port` of localhost.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOCAL or parts.port != port:
        raise UsageError(
            f"{url} is not a page on port {port} of localhost; give http://localhost:…"
        )

    link = connect(serial, adb_host, adb_port)
    link.reverse(port)
    link.start(f"-a android.intent.action.VIEW -d {shlex.quote(url)}", "open the page")
    return link.serial


def leave_phone(
    port: int, serial: str, *, adb_host: str | None = None, adb_port: int | None = None
) -> None:
    """Takes the port away from the phone again. Blocks; raises PhoneError."""
    connect(serial, adb_host, adb_port).end_reverse(port)
