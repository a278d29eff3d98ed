"""The `acquire` command: one line a verb; a verb's module is imported when it is asked for."""

import importlib
import sys
from collections.abc import Sequence
from typing import NamedTuple

from acquisition.errors import AcquisitionError, UsageError, one_line
from deepflash.errors import DeepFlashError


class Verb(NamedTuple):
    """Where a verb lives: a module and its function of the words after the verb."""

    module: str
    function: str
    summary: str


VERBS = {
    "session": Verb("acquisition.session_cli", "main", "take pairs: phone, camera, console"),
    "prepare": Verb("acquisition.prepare.cli", "main", "sessions -> a pair dataset"),
    "camera": Verb("acquisition.camera.cli", "main", "find, check and set the studio camera"),
    "calibrate": Verb("acquisition.calibration.cli", "main", "measure a device, once a set-up"),
    "consent": Verb("acquisition.consent.cli", "main_consent", "who agreed to what"),
    "withdraw": Verb("acquisition.consent.cli", "main_withdraw", "a person takes consent back"),
    "erase": Verb("acquisition.consent.cli", "main_erase", "delete every picture of a person"),
    "verify": Verb("acquisition.store.cli", "main", "is every byte of a session as recorded?"),
}


def _help() -> str:
    lines = ["usage: acquire VERB ...", "", "Take pairs of a flash and a studio photograph.", ""]
    lines += [f"  {name:10} {verb.summary}" for name, verb in VERBS.items()]
    lines += ["", "acquire VERB --help   what a verb takes", "acquire --version"]
    return "\n".join(lines) + "\n"


def run(argv: Sequence[str]) -> None:
    """Runs one verb in this process.

    Raises:
        AcquisitionError, DeepFlashError: what the operator can act on.
    """
    if not argv or argv[0] in ("-h", "--help", "help"):
        sys.stdout.write(_help())
        return
    if argv[0] == "--version":
        from acquisition import __version__

        sys.stdout.write(f"acquire {__version__}\n")
        return
    if argv[0] not in VERBS:
        raise UsageError(f"there is no verb {argv[0]!r}; acquire has {', '.join(VERBS)}")
    verb = VERBS[argv[0]]
    getattr(importlib.import_module(verb.module), verb.function)(list(argv[1:]))


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit code: 0, 2 for an error, 130 when stopped."""
    try:
        run(sys.argv[1:] if argv is None else argv)
    except (AcquisitionError, DeepFlashError) as error:
        sys.stderr.write(f"acquire: {one_line(error)}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("acquire: stopped; the same command goes on where it was\n")
        return 130
    except BrokenPipeError:
        return 0
    return 0
