"""Does the mirror hold the same bytes?"""

from pathlib import Path

from acquisition.store.info import SESSION, SessionInfo
from acquisition.store.journal import JOURNAL
from acquisition.store.publish import digest


def compare_mirror(
    root: Path,
    info: SessionInfo,
    expected: dict[Path, str],
    mirror: Path | None,
    differences: list[str],
    notes: list[str],
) -> None:
    """Compares a session's mirror with the session, both ways.

    Args:
        root: of the session.
        info: of the session; names the mirror where `mirror` is None.
        expected: SHA-256 by relative path.
        mirror: folder that was asked for.
        differences: gets a line for each difference.
        notes: gets a line where the mirror is away and nobody asked for it.
    """
    folder = mirror or (Path(info.mirror) if info.mirror is not None else None)
    if folder is None:
        return
    copy = folder / info.session
    if copy.resolve() == root.resolve():
        return
    if not copy.is_dir():
        away = f"the mirror {copy} is away"
        (differences if mirror is not None else notes).append(f"{away} and was not compared")
        return
    differences += _compare_papers(root, copy)
    for name, sha256 in expected.items():
        differences += _compare_file(copy / name, sha256)
    for path in sorted(copy.glob("sub-*/**/*")):
        if path.is_file() and path.relative_to(copy) not in expected:
            differences.append(f"the mirror's {path} is not in the session")


def _compare_file(path: Path, sha256: str) -> list[str]:
    if not path.exists():
        return [f"the mirror lacks {path}; opening the session catches up"]
    try:
        if digest(path)[0] != sha256:
            return [f"the mirror's {path} is not what the session holds"]
    except OSError as error:
        return [f"the mirror's {path} cannot be read: {error.strerror}"]
    return []


def _compare_papers(root: Path, copy: Path) -> list[str]:
    """The mirror's journal may be behind; it may not tell another story."""
    found = []
    for name in (SESSION, JOURNAL):
        ours, path = (root / name).read_bytes(), copy / name
        if not path.exists():
            found.append(f"the mirror lacks {path}; opening the session catches up")
        elif name == JOURNAL and not ours.startswith(path.read_bytes()):
            found.append(f"the mirror's {path} is not the beginning of the session's")
        elif name == SESSION and path.read_bytes() != ours:
            found.append(f"the mirror's {path} is not the session's")
    return found
