"""Taking a person out of one folder; every step may be repeated after a stop."""

import json
import os
import shutil
from pathlib import Path

from acquisition.consent.ids import pattern, spellings
from acquisition.consent.places import held
from acquisition.consent.search import manifest_paths, subject_files, subject_of, walk
from acquisition.consent.types import Counts, Place
from acquisition.errors import ConsentError
from acquisition.store.info import SESSION
from acquisition.store.journal import JOURNAL, redact_journal
from acquisition.store.publish import PART, replace_bytes

REPORT = "report.html"
FIGURES = "prepared.jsonl*"


def clear(place: Place, participant: str) -> Counts:
    """Deletes everything of a person in `place`; returns how much that was.

    A session, mirror: folders and files with the id in their name, temporary files, the
    journal's entries, the plan. A dataset: the files of the person's records, then their lines.

    Raises:
        AcquisitionError, DatasetError, OSError: something could not be deleted.
    """
    folder = Path(place.folder)
    with held(place):
        files = _delete_records(folder, participant) + _delete_named(place, participant)
        lines = sum(_drop_lines(path, participant) for path in manifest_paths(folder))
        _drop_figures(folder, participant)
        files += _delete_report(folder, participant)
    entries = 0
    if (folder / JOURNAL).is_file():
        # Takes the session's lock itself.
        entries = redact_journal(folder / JOURNAL, participant)
    with held(place):
        # After the journal, from which a session that is opened restores its people.
        _leave_plan(folder / SESSION, participant)
    return Counts(files=files, journal_entries=entries, manifest_lines=lines)


def _delete_records(folder: Path, participant: str) -> int:
    """Deletes before the lines go, so that a stop in between leaves nothing unnamed behind."""
    own, _ = subject_files(folder, participant)
    return _delete([path for path in sorted(own) if path.is_symlink() or path.exists()])


def _delete_named(place: Place, participant: str) -> int:
    finder = pattern(participant)
    # An unfinished file of a session that stopped could be a picture of anybody.
    leavings = PART if place.kind == "session" else "/"
    doomed: list[Path] = []
    for path in walk(Path(place.folder)):
        if any(parent in doomed for parent in path.parents):
            continue
        if finder.search(os.fsencode(path.name)) or path.name.startswith(leavings):
            doomed.append(path)
    return _delete(doomed)


def _delete(doomed: list[Path]) -> int:
    """Deletes files and folders; returns how many files.

    Raises:
        ConsentError: a link leads to a picture somewhere else; it stays, to show where.
    """
    count = 0
    links: list[Path] = []
    for path in doomed:
        whole = path.is_dir() and not path.is_symlink()
        files = [p for p in (walk(path) if whole else [path]) if p.is_symlink() or not p.is_dir()]
        live = [file for file in files if file.is_symlink() and file.exists()]
        links += live
        count += len(files) - len(live)
        if whole and not live:
            shutil.rmtree(path)
        else:
            for file in set(files) - set(live):
                file.unlink()
    if links:
        raise ConsentError(
            f"{links[0]} leads to {links[0].resolve()}; delete that too, then run this again"
        )
    return count


def _drop_lines(path: Path, participant: str) -> int:
    if path.name == JOURNAL:
        return 0
    lines = path.read_bytes().splitlines(keepends=True)
    own = spellings(participant)
    kept = [line for line in lines if subject_of(line) not in own]
    if len(kept) < len(lines):
        replace_bytes(b"".join(kept), path, scratch=path.parent)
    return len(lines) - len(kept)


def _drop_figures(folder: Path, participant: str) -> None:
    """Drops a dataset's lines of figures about the person."""
    own = spellings(participant)
    for path in folder.glob(FIGURES):
        lines = path.read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if _participant(line) not in own]
        if len(kept) < len(lines):
            replace_bytes(b"".join(kept), path, scratch=path.parent)


def _participant(line: bytes) -> str:
    try:
        values = json.loads(line)
    except ValueError:
        return ""
    return str(values.get("participant", "")) if isinstance(values, dict) else ""


def _delete_report(folder: Path, participant: str) -> int:
    """Deletes a dataset's page that shows the person; `acquire prepare` writes it anew."""
    report = folder / REPORT
    if report.is_file() and pattern(participant).search(report.read_bytes()):
        return _delete([report])
    return 0


def _leave_plan(path: Path, participant: str) -> None:
    """Takes the id out of the people of `session.json`, whatever else is in it."""
    if not path.is_file():
        return
    info = json.loads(path.read_bytes())
    people = info.get("people", [])
    kept = [person for person in people if person not in spellings(participant)]
    if kept != people:
        data = json.dumps(info | {"people": kept}, indent=2, ensure_ascii=False) + "\n"
        replace_bytes(data.encode(), path, scratch=path.parent)
