"""What the words after `acquire consent` do."""

import os
import sys
from pathlib import Path

import msgspec
from jsonargparse import Namespace

from acquisition.consent.private import FILE_MODE
from acquisition.consent.registry import Registry
from acquisition.consent.text import ConsentText
from acquisition.consent.types import Consent, Entry
from acquisition.console.state import ConsentForm
from acquisition.errors import ConsentError, UsageError

_SHORTEST_DIGEST = 12


def give(registry: Registry, options: Namespace) -> None:
    """Records a new person."""
    consent = registry.give(
        _form(registry, options),
        contact=options.contact,
        signature=_path(options.signature),
        years=options.valid_for_years,
    )
    _say(consent)


def agree_anew(registry: Registry, options: Namespace) -> None:
    """Records a known person's new consent."""
    registry.entry(options.participant)
    consent = registry.renew(
        options.participant,
        _form(registry, options),
        signature=_path(options.signature),
        years=options.valid_for_years,
    )
    _say(consent)


def list_people(registry: Registry, options: Namespace) -> None:
    """Prints one line a person."""
    del options
    for entry in registry.people():
        consent = entry.consent
        until = f"until {consent.expires[:10]}" if consent else ""
        scopes = ",".join(consent.scopes) if consent else ""
        line = f"{entry.participant}  {_word(registry, entry):9}  {until:16}  {scopes}"
        sys.stdout.write(line.rstrip() + "\n")


def show(registry: Registry, options: Namespace) -> None:
    """Prints a person's events and places."""
    entry = registry.entry(options.participant)
    lines = [f"{entry.participant}: {_word(registry, entry)}"]
    for event in entry.events:
        lines.append(f"  {event.wall}  {event.event}")
        if consent := event.consent:
            registry.agreed_text(consent)
            lines += [
                f"    {consent.consent}, until {consent.expires}: {', '.join(consent.scopes)}",
                f"    {consent.text_version} ({consent.language}), SHA-256 {consent.text_sha256}",
                f"    shown by {consent.operator}; signed form: {consent.signature or 'none'}",
            ]
    lines += [f"  contact: {entry.contact}"] if entry.contact else []
    lines += [f"  {place.state:6} {place.kind:8} {place.folder}" for place in entry.places]
    sys.stdout.write("\n".join(lines) + "\n")


def show_text(registry: Registry, options: Namespace) -> None:
    """Prints the text in force."""
    text = registry.text(options.language)
    sys.stdout.write(f"{text.body}\n{text.version} ({text.language}), SHA-256 {text.sha256}\n")


def set_controller(registry: Registry, options: Namespace) -> None:
    """Keeps who stands in the text."""
    registry.set_controller(options.name, options.contact)
    sys.stdout.write(f"The text now names {options.name}, {options.contact}.\n")


def export(registry: Registry, options: Namespace) -> None:
    """Writes what is known of a person into a new private file, for that person."""
    entry = registry.entry(options.participant)
    texts = {
        event.consent.text_sha256: registry.agreed_text(event.consent)
        for event in entry.events
        if event.consent
    }
    data = {"registry": msgspec.to_builtins(entry), "texts": texts}
    encoded = msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"
    path = Path(options.out)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(encoded)
    except OSError as error:
        raise ConsentError(f"cannot write {path}: {error.strerror}; name a new file") from error
    sys.stdout.write(
        f"{path} holds what the registry knows of {entry.participant}; the pictures are in "
        f"{len(entry.places)} places that it lists. Hand it over, then delete it.\n"
    )


def _form(registry: Registry, options: Namespace) -> ConsentForm:
    """Returns the form; without --text the text is shown and the answer asked for."""
    text = registry.text(options.language)
    if not options.operator:
        raise UsageError("who shows the text to the person? add --operator NAME")
    shown = options.text
    if shown is None:
        _ask(text)
        shown = text.sha256
    elif len(shown) >= _SHORTEST_DIGEST and text.sha256.startswith(shown.lower()):
        shown = text.sha256
    return ConsentForm(
        language=options.language,
        scopes=[scope.strip() for scope in options.scopes.split(",") if scope.strip()],
        is_adult=options.adult,
        operator=options.operator,
        text_sha256=shown,
    )


def _ask(text: ConsentText) -> None:
    sys.stdout.write(f"{text.body}\nThe person has read this. Type `agreed` to record it: ")
    sys.stdout.flush()
    if sys.stdin.readline().strip().lower() != "agreed":
        raise UsageError("nothing was recorded: `agreed` was not typed; --text SHA256 does not ask")


def _say(consent: Consent) -> None:
    sys.stdout.write(
        f"{consent.participant}  {consent.consent}  until {consent.expires[:10]}  "
        f"{','.join(consent.scopes)}\n"
    )


def _word(registry: Registry, entry: Entry) -> str:
    if entry.last.event in ("erasing", "erased"):
        return entry.last.event
    consent = entry.consent
    # Whoever agreed to something else than training is no less valid for that.
    purpose = consent.scopes[0] if consent else "train"
    return registry.state(entry.participant, purpose)


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None
