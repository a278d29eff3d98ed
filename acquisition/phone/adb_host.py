"""The adb server on the host: found or started, and what is wrong with a phone in words."""

import os
import socket
import struct
import subprocess

from adbutils import AdbClient, AdbConnection, adb_path
from adbutils.errors import AdbConnectionError, AdbError

from acquisition.errors import PhoneError, one_line

DEFAULT_PORT = 5037
ANSWER_S = 5.0
TROUBLE = (AdbError, OSError, EOFError, ValueError, struct.error, AssertionError)
"""What adbutils lets through when a phone or the server goes away."""

_ALLOW = "unlock it, tap `Allow USB debugging` and `Always allow from this computer`, then check"
_STATE_ADVICE = {
    "unauthorized": _ALLOW,
    "authorizing": _ALLOW,
    "offline": "pull the cable, plug it in again; if it stays offline, run `adb kill-server`",
    "no": "this account may not use it: install android-sdk-platform-tools-common, plug in again",
}


def server_address(host: str | None = None, port: int | None = None) -> tuple[str, int]:
    """Returns where the adb server listens, from the arguments or adb's own variables."""
    named = os.environ.get("ANDROID_ADB_SERVER_PORT", "")
    return (
        host or os.environ.get("ANDROID_ADB_SERVER_HOST") or "127.0.0.1",
        port or (int(named) if named.isdecimal() else DEFAULT_PORT),
    )


class QuietClient(AdbClient):
    """Waits ANSWER_S at most; never starts a server on a port that nobody asked for."""

    def make_connection(self, timeout: float | int | None = None) -> AdbConnection:
        """Connects to a server that is there. Raises AdbConnectionError where none is."""
        if not _listens(self.host, self.port):
            raise AdbConnectionError("no adb server")
        # adbutils itself would wait ten minutes for some answers.
        return super().make_connection(min(timeout or ANSWER_S, ANSWER_S))


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1.0).close()
    except OSError:
        return False
    return True


def start_server(host: str, port: int) -> None:
    """Starts an adb server where none answers. Raises PhoneError."""
    if _listens(host, port):
        return
    try:
        subprocess.run(
            [adb_path(), "-P", str(port), "start-server"],
            timeout=20.0,
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except (AdbError, OSError, subprocess.SubprocessError) as error:
        raise PhoneError(server_gone(host, port, error)) from error
    if not _listens(host, port):
        raise PhoneError(server_gone(host, port, ValueError("it started and is gone")))


def server_gone(host: str, port: int, error: Exception) -> str:
    """Returns what to do without a server, in one line."""
    return (
        f"no adb server answers on {host}:{port} ({one_line(error)}); run `make setup-system`, "
        f"then `adb -P {port} start-server`"
    )


def only_one(states: dict[str, str]) -> str:
    """Returns the serial of the only attached phone. Raises PhoneError for none or several."""
    if not states:
        raise PhoneError(
            "no phone on the cable: plug it in, unlock it, switch on USB debugging in its "
            "developer options"
        )
    if len(states) > 1:
        raise PhoneError(
            f"{len(states)} phones are attached ({', '.join(sorted(states))}): name one by its "
            "serial, or unplug the others"
        )
    return next(iter(states))


def not_ready(serial: str, state: str, states: dict[str, str]) -> str:
    """Returns what to do about a phone that is attached wrongly or not at all, in one line."""
    if state == "absent":
        others = f"attached: {', '.join(sorted(states))}" if states else "no other is attached"
        return f"phone {serial} is not on the cable ({others}); plug it in and unlock it"
    advice = _STATE_ADVICE.get(state, "let it start up normally, then check again")
    return f"phone {serial} is {'forbidden' if state == 'no' else state}: {advice}"
