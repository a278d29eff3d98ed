"""`acquire session NAME`: one command from an empty folder, or a broken-off session, to pairs."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from acquisition.arguments import new_parser, parse
from acquisition.errors import UsageError
from acquisition.record import Order

SESSIONS = Path("sessions")


def _parser() -> ArgumentParser:
    parser = new_parser(
        "session",
        "Take pairs: serves the phone's page, drives the studio camera, opens the operator's "
        "console. The same command goes on with a session that was broken off.",
    )
    add = parser.add_argument
    add("name", type=str, help="names the session's folder: letters, digits, '-', '_', '.'")
    add("--sessions", type=Path, default=SESSIONS, help="folder of all sessions")
    add(
        "--camera", type=str, default="usb", help="usb, serial:NUMBER, ptpip:HOST:PORT, usb:BUS,DEV"
    )
    add("--profile", type=Path | None, default=None, help="YAML of the camera's settings")
    add(
        "--phone", type=str, default="wifi", help="wifi; cable (same page); adb (its own app); here"
    )
    add("--phone-port", type=int, default=8443, help="port of the phone's page")
    add("--phone-address", type=str, default="", help="this computer's address or interface")
    add("--phone-serial", type=str, default="", help="which phone, with several on cables")
    add("--phone-key", type=str, default="camera", help="adb: its shutter, camera or volume_up")
    add("--phone-folder", type=str, default="", help="adb: where its app puts pictures")
    add("--lights", type=Path | None, default=None, help="YAML of panels to switch; none: strobes")
    add("--order", type=str, default="", help="phone_first (the default), or studio_first")
    add("--guard-ms", type=int, default=400, help="between the exposures; eyes need 400")
    add("--poses", type=Path | None, default=None, help="YAML list of poses: name, instruction")
    add("--people", type=str, default="", help="ids with a consent, for example P-4Q7ZK2,P-9H2MPA")
    add("--calibration", type=Path | None, default=None, help="from `acquire calibrate latency`")
    add("--mirror", type=Path | None, default=None, help="folder of a second copy")
    add("--registry", type=Path | None, default=None, help="folder of the consents")
    add("--console-port", type=int, default=8765, help="port of the operator's page, 0 for any")
    add("--no-browser", action="store_true", help="do not open the console in a browser")
    add("--simulate", action="store_true", help="a whole session without hardware")
    add("--pairs", type=Path | None, default=None, help="what a simulated session sees")
    add("--simulated-people", type=int, default=4, help="how many people a simulation seats")
    add("--simulated-phone", type=str, default="auto", help="chromium, client, or auto")
    add("--faults", type=float, default=0.0, help="share of simulated pairs with a fault")
    add("--seed", type=int, default=0, help="of the simulated faults")
    add("--by-hand", action="store_true", help="simulate the devices, not the operator")
    return parser


def order_word(word: str) -> Order:
    """Returns the order that `word` names. Raises UsageError for another word."""
    if word == "phone_first":
        return "phone_first"
    if word == "studio_first":
        return "studio_first"
    if word == "together":
        raise UsageError(
            "--order together: both lights would be in both pictures; use phone_first or "
            "studio_first"
        )
    raise UsageError(f"--order {word}: there is phone_first and studio_first")


def _check(arguments: Namespace) -> None:
    if arguments.order:
        order_word(arguments.order)
    if not 0 <= arguments.guard_ms <= 10_000:
        raise UsageError(f"--guard-ms {arguments.guard_ms}: give 0 to 10000; eyes need 400")
    if arguments.guard_ms < 200 and not arguments.simulate:
        raise UsageError(
            f"--guard-ms {arguments.guard_ms}: after a flash lids are closed for up to 200 ms; "
            "give 200 at least"
        )
    if not 0 <= arguments.faults <= 1:
        raise UsageError(f"--faults {arguments.faults}: give a share from 0 to 1")


def session_arguments(argv: Sequence[str]) -> Namespace:
    """Returns the checked words after `acquire session`. Raises UsageError."""
    arguments = parse(_parser(), argv)
    _check(arguments)
    return arguments


def main(argv: Sequence[str]) -> None:
    """Runs a session until the operator finishes it.

    Raises:
        AcquisitionError: in one line what is missing and what to do.
    """
    arguments = session_arguments(argv)
    if arguments.simulate:
        from acquisition.simulate.session import run_simulated

        sys.stdout.write(asyncio.run(run_simulated(arguments)) + "\n")
        return
    from acquisition.session_run import run_session

    sys.stdout.write(asyncio.run(run_session(arguments)) + "\n")
