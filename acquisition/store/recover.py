"""After a stop at any moment: what the journal and the disk tell is put together again.

Every picture that a device said it took ends up stored, or named as missing with where it still
is. Nothing is overwritten; a damaged file gets another name. Doing it twice changes nothing more.
"""

import re
from contextlib import suppress
from pathlib import Path

from acquisition.errors import AcquisitionError, SessionError, StoreError, one_line
from acquisition.record import (
    INCOMPLETE,
    RECORD,
    FileKind,
    PairRecord,
    StoredFile,
    read_record,
)
from acquisition.session import SessionFolder
from acquisition.store.content import check_picture
from acquisition.store.info import INCOMING
from acquisition.store.ledger import PHONE_KINDS, PairLedger
from acquisition.store.missing import card_kind, missing_files
from acquisition.store.publish import digest, set_aside, sweep

_PAIR_FOLDER = re.compile(r"pair-((\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z-[0-9a-f]{4})")
_SET_ASIDE = re.compile(r".+\.damaged-\d+")
_LOG = re.compile(r"camera(-\d+)?\.log")
STOPPED = "the session was stopped in the middle of this pair"


def recover(folder: SessionFolder) -> list[PairRecord]:
    """Puts a session in order after a stop; to be called when it was just opened.

    Pairs that were begun since the folder was opened are left alone.

    Returns:
        The records that were written or found by this call.

    Raises:
        StoreError: the disk failed; call again.
    """
    sweep(folder.root / INCOMING)
    _adopt_pairs(folder)
    found = []
    for pair in list(folder.ledger.pairs.values()):
        if pair.pair not in folder.begun_here:
            with folder.lock:
                record = _recover_pair(folder, pair)
            found += [record] if record is not None else []
    return found


def _adopt_pairs(folder: SessionFolder) -> None:
    """Notes pairs that the journal lost together with its end."""
    for participant in folder.info.people:
        for path in sorted((folder.root / f"sub-{participant.removeprefix('P-')}").glob("pair-*")):
            match = _PAIR_FOLDER.fullmatch(path.name)
            if match is None or match[1] in folder.ledger.pairs:
                continue
            record = _read_any(path)
            year, month, day, hour, minute, second = match.groups()[1:]
            folder.journal.append(
                "pair_begun",
                pair=match[1],
                participant=participant,
                pose=record.pose if record else "unknown",
                attempt=record.attempt if record else 1,
                consent=record.consent if record else "",
                lights=record.lights if record else None,
                wall=f"{year}-{month}-{day}T{hour}:{minute}:{second}Z",
                adopted=True,
            )


def _read_any(path: Path) -> PairRecord | None:
    for name in (RECORD, INCOMPLETE):
        with suppress(OSError, SessionError):
            return read_record((path / name).read_bytes(), str(path / name))
    return None


def _recover_pair(folder: SessionFolder, pair: PairLedger) -> PairRecord | None:
    path = folder.pair_folder(pair.pair)
    try:
        if pair.is_open:
            _check_stored(folder, pair, path)
        _adopt_files(folder, pair, path)
        if pair.aborted:
            with suppress(OSError):
                path.rmdir()
            return None
        adopted = [_adopt_record(folder, pair, path / name) for name in (INCOMPLETE, RECORD)]
    except OSError as error:
        raise StoreError(
            f"cannot read {error.filename or path}: {error.strerror}; look at the disk, then open "
            "the session again"
        ) from error
    if not pair.is_open:
        return adopted[1] or adopted[0]
    if not pair.was_exposed:
        folder.abort_pair(pair.pair, [STOPPED])
        return None
    record = _incomplete(folder, pair)
    folder.finish(record)
    return record


def _check_stored(folder: SessionFolder, pair: PairLedger, path: Path) -> None:
    """Reads back what was stored before the stop; a file that changed gets another name."""
    for file in pair.stored.values():
        final = path / file.name
        if final.exists() and digest(final) != (file.sha256, file.bytes):
            _put_aside(folder, pair, final, "it is not what was stored")


def _put_aside(folder: SessionFolder, pair: PairLedger, path: Path, why: str) -> None:
    aside = set_aside(path)
    folder.journal.append(
        "fault",
        pair=pair.pair,
        participant=pair.participant,
        where="recover",
        text=f"{path.name} is now {aside.name}: {why}",
        set_aside=aside.name,
    )


def _adopt_files(folder: SessionFolder, pair: PairLedger, path: Path) -> None:
    """Notes files that were published just before the stop, before the journal knew."""
    for final in sorted(path.iterdir()) if path.is_dir() else []:
        if final.name in (RECORD, INCOMPLETE) or not final.is_file():
            continue
        if final.stat().st_size == 0:
            # A name that was claimed where the file system has no links.
            final.unlink()
        elif _SET_ASIDE.fullmatch(final.name):
            if final.name not in pair.set_aside:
                _note_aside(folder, pair, final)
        elif final.name not in pair.stored:
            _adopt_file(folder, pair, final)


def _note_aside(folder: SessionFolder, pair: PairLedger, path: Path) -> None:
    folder.journal.append(
        "fault",
        pair=pair.pair,
        participant=pair.participant,
        where="recover",
        text=f"{path.name} was set aside before a stop",
        set_aside=path.name,
    )


def _adopt_file(folder: SessionFolder, pair: PairLedger, final: Path) -> None:
    named = _kind_of(final.name)
    if named is None:
        return
    known = _read_any(final.parent)
    sha256, size = digest(final)
    same = [f for f in (known.files if known else []) if (f.name, f.sha256) == (final.name, sha256)]
    try:
        mime = _mime(final, named)
    except StoreError as error:
        _put_aside(folder, pair, final, one_line(error))
        return
    file = StoredFile(
        name=final.name,
        kind=named,
        bytes=size,
        sha256=sha256,
        mime=mime,
        origin=_origin(pair, named, final.suffix),
    )
    folder.note_stored(pair.pair, same[0] if same else file, adopted=True)


def _kind_of(name: str) -> FileKind | None:
    stem = name.split(".")[0]
    for kind in PHONE_KINDS:
        if stem == kind:
            return kind
    if stem == "studio":
        return card_kind(name)
    return "log" if _LOG.fullmatch(name) else None


def _mime(final: Path, kind: FileKind) -> str:
    if kind == "log":
        return "text/plain"
    return "image/x-raw" if kind == "studio_raw" else check_picture(final)


def _origin(pair: PairLedger, kind: FileKind, suffix: str) -> str:
    if kind in PHONE_KINDS:
        return f"{pair.pair}/{kind}"
    paths = [path for path, file in pair.card.items() if card_kind(file.name) == kind]
    same = [path for path in paths if Path(path).suffix.lower() == suffix]
    return (same or paths or [""])[0]


def _adopt_record(folder: SessionFolder, pair: PairLedger, path: Path) -> PairRecord | None:
    """Notes a record that was published just before the stop; None if the journal knew it."""
    if not path.exists() or any(one.name == path.name for one in pair.finished):
        return None
    if path.stat().st_size == 0:
        path.unlink()
        return None
    try:
        record = read_record(path.read_bytes(), str(path))
        folder.check_record(record)
        for file in record.files:
            if digest(path.parent / file.name)[0] != file.sha256:
                raise StoreError(f"{file.name} is not as the record says")
    except AcquisitionError as error:
        _put_aside(folder, pair, path, one_line(error))
        return None
    folder.note_finished(record, path)
    return record


def _incomplete(folder: SessionFolder, pair: PairLedger) -> PairRecord:
    files = folder.files(pair.pair)
    return PairRecord(
        pair=pair.pair,
        participant=pair.participant,
        pose=pair.pose,
        session=folder.info.session,
        consent=pair.consent,
        state="incomplete",
        order=folder.info.order,
        attempt=pair.attempt,
        wall_time=pair.wall,
        began_ns=pair.began_ns,
        tool=folder.info.tool,
        lights=pair.lights,
        phone=pair.phone,
        studio=pair.studio,
        files=files,
        missing=missing_files(pair, files, folder.info.profile),
        reasons=[STOPPED],
    )
