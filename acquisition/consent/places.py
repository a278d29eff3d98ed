"""Where pictures of a person are: noted folders, what they are, whether they can be reached."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from acquisition.consent.types import Place, PlaceKind
from acquisition.errors import ConsentError
from acquisition.store.info import INCOMING, SESSION, read_info
from acquisition.store.lock import locked
from deepflash.pairs.manifest import MANIFEST, PARTIAL


def note(
    places: list[Place], folder: Path, registry: Path, now: str, *, copy: bool = False
) -> list[Place]:
    """Returns `places` with `folder` among them; `copy` where it is a stray one.

    Raises:
        ConsentError: see `Registry.note_place`.
    """
    try:
        folder = folder.expanduser().resolve(strict=True)
    except OSError as error:
        raise ConsentError(f"cannot note {folder} as a place: {error.strerror}") from error
    kind = kind_of(folder)
    roots = [folder]
    # A session's parent holds all sessions, unless somebody keeps one right in the home folder.
    if kind == "session" and not copy and not Path.home().is_relative_to(folder.parent):
        roots.append(folder.parent)
    if any(registry.is_relative_to(root) for root in roots) or folder.is_relative_to(registry):
        raise ConsentError(
            f"the registry {registry} lies among the pictures of {folder}; move it elsewhere and "
            "name it with --registry or DEEPFLASH_REGISTRY"
        )
    before = next((place for place in places if place.folder == str(folder)), None)
    if before is not None and before.state == "holds" and kind in (before.kind, "folder"):
        return places
    others = [place for place in places if place is not before]
    return [*others, Place(folder=str(folder), kind=kind, noted=now)]


def kind_of(folder: Path) -> PlaceKind:
    """Returns what a folder is, by what is in it. Raises ConsentError if it is no folder."""
    if not folder.is_dir():
        raise ConsentError(f"cannot note {folder} as a place: it is no folder")
    # A mirror gets its `session.json` last.
    if (folder / SESSION).is_file() or (folder / INCOMING).is_dir():
        return "session"
    if (folder / MANIFEST).is_file() or (folder / PARTIAL).is_file():
        return "dataset"
    return "folder"


def unreachable(place: Place) -> str:
    """Returns why a place cannot be searched, empty if it can.

    The mount point of an unplugged disk is a folder without anything in it.
    """
    folder = Path(place.folder)
    try:
        if not folder.is_dir():
            return "it is not there"
        if place.kind != "folder" and kind_of(folder) != place.kind:
            return f"no {place.kind} is in it"
        if not any(folder.iterdir()):
            return "it is empty"
    except OSError as error:
        return error.strerror or "it cannot be read"
    return ""


def check_free(places: list[Place]) -> None:
    """Raises SessionError if a session runs in one of `places`."""
    with ExitStack() as stack:
        for place in places:
            stack.enter_context(held(place))


@contextmanager
def held(place: Place) -> Iterator[None]:
    """Keeps sessions from running in a place. Raises SessionError if one does."""
    if place.kind == "session":
        with locked(Path(place.folder)):
            yield
    else:
        yield


def with_mirrors(places: list[Place], now: str) -> list[Place]:
    """Returns `places` and the mirrors that the sessions among them name, even unplugged ones.

    Raises:
        SessionError: a session's `session.json` cannot be read.
    """
    found = list(places)
    for place in places:
        if place.state != "gone" and (Path(place.folder) / SESSION).is_file():
            info = read_info(Path(place.folder))
            mirror = Path(info.mirror).resolve() / info.session if info.mirror else None
            if mirror is not None and str(mirror) not in {other.folder for other in found}:
                found.append(Place(folder=str(mirror), kind="session", noted=now))
    return found
