"""`acquire consent`, `acquire withdraw` and `acquire erase`."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from acquisition.arguments import new_parser, parse
from acquisition.consent.erase import erase, verify_erased
from acquisition.consent.form import DEFAULT_YEARS
from acquisition.consent.registry import Registry
from acquisition.consent.types import SCOPES
from acquisition.consent.verbs import (
    agree_anew,
    export,
    give,
    list_people,
    set_controller,
    show,
    show_text,
)
from acquisition.errors import ConsentError, UsageError

_REMINDER = (
    "The camera's card and the phone's gallery are never touched by this program: delete the "
    "pictures there by hand. Copies that were never noted (backups, exports, what was given to "
    "others) are not known here; `--also FOLDER` erases in them. A model that was trained on the "
    "pictures keeps what it learnt; train the next one without them.\n"
)


def main_consent(argv: Sequence[str]) -> None:
    """Runs `acquire consent`. Raises AcquisitionError."""
    parser = new_parser("consent", "Who agreed to what. The registry lies apart from all pictures.")
    verbs = parser.add_subcommands(dest="verb")
    for name, (_, arguments, summary) in _VERBS.items():
        inner = new_parser(f"consent {name}", summary)
        arguments(inner)
        _add_registry(inner)
        verbs.add_subcommand(name, inner, help=summary)
    chosen = parse(parser, argv)
    creates = chosen.verb in ("give", "text", "controller")
    options: Namespace = chosen[chosen.verb]
    _VERBS[chosen.verb][0](Registry(_folder(options.registry), create=creates), options)


def main_withdraw(argv: Sequence[str]) -> None:
    """Runs `acquire withdraw P-...`. Raises AcquisitionError."""
    parser = new_parser("withdraw", "End a person's consent now. Nothing is deleted.")
    _add_person(parser)
    _add_registry(parser)
    options = parse(parser, argv)
    registry = Registry(_folder(options.registry), create=False)
    places = registry.withdraw(options.participant)
    when = registry.entry(options.participant).last.wall
    sys.stdout.write(
        f"{options.participant} has withdrawn ({when}). No more pictures are taken, and every "
        "export from now on leaves the person out.\n"
    )
    for place in places:
        sys.stdout.write(f"  {place.kind:8} {place.folder} still holds pictures\n")
    sys.stdout.write(f"Delete them with `acquire erase {options.participant}`.\n")


def main_erase(argv: Sequence[str]) -> None:
    """Runs `acquire erase P-...`. Raises AcquisitionError, also while something is left."""
    parser = new_parser("erase", "Delete all pictures of a person, and what the registry knows.")
    _add_person(parser)
    parser.add_argument("--verify", action="store_true", help="only search for what is left")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--also", metavar="FOLDER", action="append", default=[], help="another folder to erase in"
    )
    parser.add_argument(
        "--gone", metavar="FOLDER", action="append", default=[], help="a noted folder that is lost"
    )
    _add_registry(parser)
    options = parse(parser, argv)
    registry = Registry(_folder(options.registry), create=False)
    if options.verify:
        _report(options.participant, verify_erased(registry, options.participant))
        return
    if not options.yes:
        _confirm(registry, options.participant)
    also, gone = ([Path(p) for p in paths] for paths in (options.also, options.gone))
    stone = erase(registry, options.participant, also=also, gone=gone)
    sys.stdout.write(
        f"{stone.participant}: deleted {stone.counts.files} files, emptied "
        f"{stone.counts.journal_entries} journal entries, took out {stone.counts.manifest_lines} "
        "lines of manifests.\n"
    )
    _report(options.participant, stone.due)


def _confirm(registry: Registry, participant: str) -> None:
    for place in registry.entry(participant).places:
        sys.stdout.write(f"  {place.kind:8} {place.folder}\n")
    sys.stdout.write(f"This cannot be taken back. Type {participant} to erase: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip() != participant:
        raise UsageError(f"nothing was erased: {participant} was not typed; --yes does not ask")


def _report(participant: str, left: list[str]) -> None:
    for line in left:
        sys.stdout.write(f"  {line}\n")
    if left:
        raise ConsentError(
            f"the erasure of {participant} is not finished: {len(left)} things are left; see to "
            f"them, then run `acquire erase {participant}` again (--gone FOLDER for a lost disk)"
        )
    sys.stdout.write(f"{participant}: nothing is left in any noted place.\n{_REMINDER}")


def _folder(name: str | None) -> Path | None:
    return Path(name) if name else None


def _add_registry(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--registry", metavar="FOLDER", type=str, help="default: $DEEPFLASH_REGISTRY"
    )


def _add_person(parser: ArgumentParser) -> None:
    parser.add_argument("participant", metavar="P-XXXXXX", type=str)


def _add_agreement(parser: ArgumentParser) -> None:
    parser.add_argument("--language", type=str, default="en", help="of the text that is shown")
    parser.add_argument(
        "--scopes", metavar="A,B", type=str, default="train", help=f"of {', '.join(SCOPES)}"
    )
    parser.add_argument("--operator", metavar="NAME", type=str, help="who shows the text")
    parser.add_argument(
        "--adult", action="store_true", help="the person says to be at least 18 years old"
    )
    parser.add_argument(
        "--text", metavar="SHA256", type=str, help="of the text that was shown; else it is shown"
    )
    parser.add_argument("--signature", metavar="FILE", type=str, help="scan of the signed form")
    parser.add_argument("--valid-for-years", metavar="N", type=int, default=DEFAULT_YEARS)


def _add_give(parser: ArgumentParser) -> None:
    _add_agreement(parser)
    parser.add_argument(
        "--contact", metavar="TEXT", type=str, default="", help="name, address; stays here only"
    )


def _add_renew(parser: ArgumentParser) -> None:
    _add_person(parser)
    _add_agreement(parser)


def _add_text(parser: ArgumentParser) -> None:
    parser.add_argument("--language", type=str, default="en")


def _add_controller(parser: ArgumentParser) -> None:
    parser.add_argument("--name", type=str, required=True, help="who answers for the pictures")
    parser.add_argument("--contact", type=str, required=True, help="where people can turn to")


def _add_export(parser: ArgumentParser) -> None:
    _add_person(parser)
    parser.add_argument("--out", metavar="FILE", type=str, required=True)


_VERBS: dict[
    str,
    tuple[Callable[[Registry, Namespace], None], Callable[[ArgumentParser], None], str],
] = {
    "give": (give, _add_give, "record that a new person agrees"),
    "renew": (agree_anew, _add_renew, "record that a known person agrees anew"),
    "list": (list_people, lambda _: None, "all people"),
    "show": (show, _add_person, "one person"),
    "text": (show_text, _add_text, "the text to show, and its SHA-256"),
    "controller": (set_controller, _add_controller, "who stands in the text"),
    "export": (export, _add_export, "what the registry knows of a person, for that person"),
}
