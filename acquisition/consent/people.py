"""The registry on the disk: one private file per person, apart from all pictures.

- `controller.yaml`: who answers for the pictures
- `people/P-XXXXXX.json`: events, places, contact; a tombstone after erasure
- `texts/<sha256>.md`: every text that somebody agreed to
- `signatures/`: signed forms
- `templates/`: the studio's own texts, optional
"""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec

from acquisition.consent.ids import check_participant
from acquisition.consent.private import check_modes, make_folder, only_writer, remove, write_private
from acquisition.consent.text import TEMPLATES
from acquisition.consent.types import SCHEMA, Entry, NoConsent
from acquisition.errors import ConsentError

VARIABLE = "DEEPFLASH_REGISTRY"
_SUBFOLDERS = ("people", "texts", "signatures", TEMPLATES)


def default_folder() -> Path:
    """Returns `$DEEPFLASH_REGISTRY`, or the usual place among the user's data."""
    if named := os.environ.get(VARIABLE):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "deepflash" / "registry"


class People:
    """The files of all people; see `acquisition.consent.registry.Registry`."""

    def __init__(self, folder: Path | None = None, *, create: bool = True) -> None:
        self.folder = (folder or default_folder()).expanduser().resolve()
        people = self.folder / "people"
        if not create and not people.is_dir():
            raise ConsentError(
                f"there is no registry at {self.folder}; name it with --registry or {VARIABLE}"
            )
        if self.folder.is_dir() and not people.is_dir() and any(self.folder.iterdir()):
            raise ConsentError(
                f"{self.folder} holds other things than a registry; name another folder"
            )
        for made in (self.folder, *(self.folder / name for name in _SUBFOLDERS)):
            make_folder(made)
        check_modes(self.folder)

    def people(self) -> list[Entry]:
        """Returns all entries, tombstones included, by id."""
        return [self.entry(path.stem) for path in sorted((self.folder / "people").glob("P-*.json"))]

    def entry(self, participant: str) -> Entry:
        """Reads a person's file.

        Raises:
            NoConsent: nobody has that id.
            ConsentError: the file is damaged or of a newer version.
        """
        path = self.path(check_participant(participant))
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            raise NoConsent(
                f"{participant} is not in the registry {self.folder}; record a consent with "
                "`acquire consent give`, or name the right registry with --registry",
                "missing",
            ) from None
        except OSError as error:
            raise ConsentError(f"cannot read {path}: {error.strerror}") from error
        return _decode(data, path)

    def update(self, participant: str, change: Callable[[Entry], Entry]) -> Entry:
        """Replaces a person's file by what `change` makes of it; returns the new entry."""
        with only_writer(self.folder):
            before = self.entry(participant)
            after = change(before)
            if after != before:
                self.write(after)
            self.sweep_signatures()
        return after

    def sweep_signatures(self) -> None:
        """Deletes signed forms that no consent names: of erased people, or after a crash."""
        for path in list((self.folder / "signatures").iterdir()):
            if not self._is_named(path):
                remove(path)

    def _is_named(self, signature: Path) -> bool:
        try:
            events = self.entry(signature.name[: len("P-4Q7ZK2")]).events
        except NoConsent:
            return False
        except ConsentError:
            # A damaged entry may name it.
            return True
        return signature.name in {event.consent.signature for event in events if event.consent}

    def path(self, participant: str) -> Path:
        """Returns where a person's file is."""
        return self.folder / "people" / f"{participant}.json"

    def write(self, entry: Entry) -> None:
        """Replaces a person's file; the lock is the caller's."""
        data = msgspec.json.format(msgspec.json.encode(entry), indent=2) + b"\n"
        write_private(self.path(entry.participant), data)


def _decode(data: bytes, path: Path) -> Entry:
    try:
        schema = msgspec.json.decode(data, type=dict[str, msgspec.Raw]).get("schema", b"0")
        version = msgspec.json.decode(schema, type=int)
        if version > SCHEMA:
            raise ConsentError(
                f"{path} has version {version}, this program reads up to {SCHEMA}; update acquire"
            )
        entry = msgspec.json.decode(data, type=Entry)
    except msgspec.MsgspecError as error:
        raise ConsentError(f"{path} is damaged ({error}); restore it from a backup") from error
    if entry.participant != path.stem or not entry.events:
        raise ConsentError(f"{path} is damaged: it is of {entry.participant}; restore a backup")
    return entry
