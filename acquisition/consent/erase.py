"""Erasing a person from all noted places, so that a stop at any moment can be taken up again.

The entry says `erasing` before anything is deleted; at that step the contact, the consents and
the signed forms go, and the digests of the person's pictures are kept to find copies. When a
search of every place finds nothing, the digests go too and the entry says `erased`.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from acquisition.consent.clear import clear
from acquisition.consent.places import check_free, note, unreachable, with_mirrors
from acquisition.consent.registry import Registry
from acquisition.consent.search import digests, search
from acquisition.consent.types import Counts, Entry, Event, Place, PlaceState, Tombstone, stamp
from acquisition.errors import AcquisitionError, ConsentError, one_line
from deepflash.errors import DeepFlashError

_TROUBLE = (AcquisitionError, DeepFlashError, OSError, ValueError)


def erase(
    registry: Registry, participant: str, *, also: Sequence[Path] = (), gone: Sequence[Path] = ()
) -> Tombstone:
    """Deletes a person's pictures and everything that the registry knows about the person.

    Args:
        registry: that knows the person.
        participant: whom.
        also: further folders to search, for example a backup.
        gone: noted folders that are no more, by the operator's word.

    Returns:
        The tombstone; `due` is empty when nothing is left.

    Raises:
        ConsentError: unknown person or folder; nothing was deleted.
        SessionError: a session is running in one of the places; nothing was deleted.
    """
    entry = registry.entry(participant)
    if entry.last.event == "erased" and not also and not verify_erased(registry, participant):
        return tombstone(registry.entry(participant), [])
    _write_off(registry, participant, gone)
    places = _with_more(registry, participant, also)
    reachable = [place for place in places if place.state != "gone" and not unreachable(place)]
    check_free(reachable)
    known, trouble = _digests(reachable, participant)
    _begin(registry, participant, places, known)
    for place in reachable:
        try:
            counts = clear(place, participant)
        except _TROUBLE as error:
            trouble.append(f"{place.folder}: not all could be deleted: {one_line(error)}")
        else:
            registry.update(participant, _counting(counts))
    left = trouble + [line for line in verify_erased(registry, participant) if line not in trouble]
    return tombstone(registry.entry(participant), left)


def verify_erased(registry: Registry, participant: str) -> list[str]:
    """Searches all noted places; returns in words what still holds something of the person.

    A place that is searched with no find counts as erased. When all are, an erasure that was
    under way is closed: its digests are dropped.

    Raises:
        ConsentError: unknown person, or one whose erasure was never begun.
    """
    entry = registry.entry(participant)
    if entry.last.event not in ("erasing", "erased"):
        raise ConsentError(f"{participant} was not erased; run `acquire erase {participant}`")
    left: list[str] = []
    for place in entry.places:
        found = _search(place, participant, entry.known)
        left += found
        if not found and place.state == "holds":
            registry.update(participant, _marking(place, "erased"))
        elif found and place.state == "erased":
            registry.update(participant, _marking(place, "holds"))
    if not left and entry.last.event == "erasing":
        registry.update(participant, _close)
    return left


def tombstone(entry: Entry, left: list[str]) -> Tombstone:
    """Returns what remains of an entry; `left` is still to be done."""
    began = [event.wall for event in entry.events if event.event == "erasing"]
    return Tombstone(
        participant=entry.participant,
        began=began[-1],
        closed=entry.last.wall if entry.last.event == "erased" and not left else "",
        counts=entry.counts,
        due=left,
    )


def _search(place: Place, participant: str, known: dict[str, int]) -> list[str]:
    if place.state == "gone":
        return []
    if why := unreachable(place):
        # What was found clean once may be unplugged later.
        due = place.state == "holds"
        return [f"{place.folder}: could not be reached: {why}"] if due else []
    try:
        return search(Path(place.folder), participant, known)
    except _TROUBLE as error:
        return [f"{place.folder}: could not be searched: {one_line(error)}"]


def _write_off(registry: Registry, participant: str, gone: Sequence[Path]) -> None:
    for folder in gone:
        name = str(folder.expanduser().absolute())
        places = registry.entry(participant).places
        place = next((p for p in places if p.folder in (name, str(folder.resolve()))), None)
        if place is None:
            raise ConsentError(
                f"{folder} is no noted place of {participant}; `acquire consent show "
                f"{participant}` lists them"
            )
        if not unreachable(place):
            raise ConsentError(f"{folder} is not gone; leave out --gone and it is searched")
        registry.update(participant, _marking(place, "gone"))


def _with_more(registry: Registry, participant: str, also: Sequence[Path]) -> list[Place]:
    """Returns the noted places, those of `also`, and the mirrors that sessions name."""
    now = stamp(datetime.now(UTC))
    places = registry.entry(participant).places
    for folder in also:
        places = note(places, folder, registry.folder, now, copy=True)
    return with_mirrors(places, now)


def _digests(places: list[Place], participant: str) -> tuple[dict[str, int], list[str]]:
    """Returns the digests of the person's pictures, and what could not be read."""
    known: dict[str, int] = {}
    trouble: list[str] = []
    for place in places:
        try:
            known |= digests(Path(place.folder), participant)
        except _TROUBLE as error:
            trouble.append(f"{place.folder}: not all could be read: {one_line(error)}")
    return known, trouble


def _begin(
    registry: Registry, participant: str, places: list[Place], known: dict[str, int]
) -> None:
    def strip(entry: Entry) -> Entry:
        """Leaves out who agreed to what; that step also deletes the signed forms."""
        events = [Event(event=event.event, wall=event.wall) for event in entry.events]
        if entry.last.event != "erasing":
            events.append(Event(event="erasing", wall=stamp(datetime.now(UTC))))
        named = {place.folder for place in entry.places}
        return Entry(
            participant=participant,
            events=events,
            places=[*entry.places, *(place for place in places if place.folder not in named)],
            known=entry.known | known,
            counts=entry.counts,
        )

    registry.update(participant, strip)


def _close(entry: Entry) -> Entry:
    event = Event(event="erased", wall=stamp(datetime.now(UTC)))
    return msgspec.structs.replace(entry, events=[*entry.events, event], known={})


def _counting(counts: Counts) -> Callable[[Entry], Entry]:
    return lambda entry: msgspec.structs.replace(entry, counts=entry.counts + counts)


def _marking(place: Place, state: PlaceState) -> Callable[[Entry], Entry]:
    def mark(entry: Entry) -> Entry:
        places = [
            msgspec.structs.replace(other, state=state) if other.folder == place.folder else other
            for other in entry.places
        ]
        return msgspec.structs.replace(entry, places=places)

    return mark
