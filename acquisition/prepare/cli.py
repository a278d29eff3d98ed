"""`acquire prepare`: from sessions to a pair dataset."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from jsonargparse import ArgumentParser, Namespace

from acquisition.arguments import new_parser, parse
from acquisition.errors import UsageError, one_line
from acquisition.places import SIMULATED
from acquisition.prepare.thresholds import Thresholds

if TYPE_CHECKING:
    from acquisition.prepare.consent_gate import Gate
    from acquisition.prepare.settings import PrepareSettings

SIMULATED_REGISTRY = SIMULATED / "registry"
"""Simulated sessions seat people of a registry of their own, unless they are told another."""
_LEAST_SIZE, _MOST_SIZE = 64, 8192
_REGISTRATION = "registration."


def main(argv: Sequence[str]) -> None:
    """Runs `acquire prepare SESSION... -o pairs/NAME`.

    Raises:
        AcquisitionError: in one line what is wrong; also after all was done, where something
            could not be read.
    """
    options = parse(_parser(), argv)
    _check(options)

    # Pictures are worked on with what this brings in; `--help` must not wait for it.
    from acquisition.prepare.cluster import crew_for
    from acquisition.prepare.run import Asked, check_outcome, lines_of, prepare

    asked = Asked(
        sessions=options.sessions,
        output=options.output,
        settings=_settings(options),
        calibrations=_calibrations(options.calibrations),
        limit=options.limit,
        again=options.again,
    )
    gate = _gate(options, asked.settings)
    outcome = prepare(asked, gate, lambda: crew_for(options.cluster, options.jobs), _say)
    for line in (*outcome.unreadable, *lines_of(outcome)):
        _say(line)
    check_outcome(outcome)


def _parser() -> ArgumentParser:
    parser = new_parser(
        "prepare",
        "Make a dataset of the committed pairs of sessions. The same command again does what is "
        "new or changed, and takes out who has withdrawn. Sessions are never changed.",
    )
    add = parser.add_argument
    add("sessions", nargs="+", type=Path, help="session folders")
    add("-o", "--output", type=Path, required=True, help="the dataset's folder, such as pairs/NAME")
    add("--size", type=int, default=1024, help="side of the pictures; full size is kept too")
    add("--registration", type=str, default="full", help="none, affine or full")
    add("--encoding", type=str, default="srgb8", help="srgb8 (JPEG) or srgb16 (PNG)")
    add("--purpose", type=str, default="train", help="what each person must have agreed to")
    add("--calibrations", type=Path | None, default=None, help="folder of colour calibrations")
    add("--registry", type=Path | None, default=None, help="folder of the consents")
    keys = ", ".join(Thresholds.__struct_fields__)
    words = f"a threshold ({keys}; none judges nothing by it), or registration.STAGE=false"
    add("--set", metavar="KEY=VALUE", action="append", default=[], help=words)
    add("--jobs", type=int, default=0, help="pairs at once; 0: as cores and memory allow")
    add("--cluster", type=str, default="", help="ray: on the cluster that RAY_ADDRESS names")
    add("--limit", type=int, default=0, help="prepare at most so many pairs in this run")
    add("--again", action="store_true", help="prepare all pairs anew")
    return parser


def _check(options: Namespace) -> None:
    if not _LEAST_SIZE <= options.size <= _MOST_SIZE:
        raise UsageError(f"--size {options.size}: give {_LEAST_SIZE} to {_MOST_SIZE} pixels")
    if options.jobs < 0 or options.limit < 0:
        raise UsageError("--jobs and --limit take 0 or more")
    output = options.output.resolve()
    for session in options.sessions:
        root = session.resolve()
        if output == root or root in output.parents:
            raise UsageError(
                f"-o {options.output} is inside of the session {session}, where nothing is ever "
                "changed; name a folder elsewhere"
            )


def _settings(options: Namespace) -> "PrepareSettings":
    from acquisition.prepare.settings import PrepareSettings

    values: dict[str, Any] = {
        name: options[name] for name in ("size", "registration", "encoding", "purpose")
    }
    values["thresholds"], values["registration_stages"] = {}, {}
    for word in options.set:
        key, separator, value = word.partition("=")
        if not separator:
            raise UsageError(f"--set {word}: give KEY=VALUE, such as most_leak=0.1")
        stage = key.startswith(_REGISTRATION)
        group = values["registration_stages" if stage else "thresholds"]
        group[key.removeprefix(_REGISTRATION)] = _value(value)
    try:
        return msgspec.convert(values, PrepareSettings)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"acquire prepare: {one_line(error)}; see `acquire prepare --help`"
        ) from error


def _value(text: str) -> Any:
    """Returns a number, true, false or null (none: judges nothing) as such."""
    try:
        return msgspec.json.decode("null" if text == "none" else text)
    except msgspec.DecodeError:
        return text


def _calibrations(folder: Path | None) -> Path | None:
    usual = Path("colour")
    return folder if folder is not None or not usual.is_dir() else usual


def _gate(options: Namespace, settings: "PrepareSettings") -> "Gate":
    from acquisition.prepare.consent_gate import Gate

    own = options.registry is None and SIMULATED_REGISTRY.is_dir()
    return Gate(options.registry, SIMULATED_REGISTRY if own else None, settings.purpose)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
