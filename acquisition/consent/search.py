"""Finding what a folder still holds of a person: by name, by mention, by digest."""

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from acquisition.consent.ids import pattern, spellings
from acquisition.errors import ConsentError
from deepflash.pairs.manifest import parse_record

_BLOCK = 1 << 20
_OVERLAP = 64
_HEAD = 1 << 16
"""So much of a picture is searched for the id: where its metadata stands."""
_OTHERS = re.compile(r"sub-[0-9A-Z]{6}")
_DIGEST_SIZE_FROM = 1


def walk(folder: Path) -> Iterator[Path]:
    """Yields everything below `folder`, folders before what is in them; follows no link.

    Raises:
        ConsentError: a folder cannot be read.
    """

    def refuse(error: OSError) -> None:
        raise ConsentError(f"cannot search {error.filename}: {error.strerror}")

    for root, folders, names in os.walk(folder, onerror=refuse):
        for name in (*folders, *names):
            yield Path(root) / name


def plain_files(folder: Path) -> Iterator[Path]:
    """Yields the files below `folder`, no links."""
    return (path for path in walk(folder) if path.is_file() and not path.is_symlink())


def mentions_in_name(path: Path, below: Path, participant: str) -> bool:
    """Returns whether the path below a place has the id in it."""
    return bool(pattern(participant).search(os.fsencode(path.relative_to(below))))


def is_text(path: Path) -> bool:
    """Returns whether a file holds text: its first bytes have no zero among them."""
    with path.open("rb") as file:
        return b"\0" not in file.read(4096)


def digest(path: Path) -> str:
    """Returns the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def manifest_paths(folder: Path) -> list[Path]:
    """Returns the finished, partial and shard manifests of a dataset."""
    paths = [*folder.glob("*.jsonl"), *folder.glob("*.jsonl.partial")]
    return sorted(path for path in paths if path.is_file() and not path.is_symlink())


def subject_of(line: bytes) -> str:
    """Returns the subject of a manifest's line, empty if it is no such line."""
    try:
        values = json.loads(line)
    except ValueError:
        return ""
    return str(values.get("subject_id", "")) if isinstance(values, dict) else ""


def subject_files(folder: Path, participant: str) -> tuple[set[Path], set[Path]]:
    """Returns the person's own files of the dataset in `folder`, and those of all others.

    Raises:
        DatasetError: a record of the person is damaged or names a file outside.
    """
    own, others = set[Path](), set[Path]()
    for path in manifest_paths(folder):
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not (subject := subject_of(line)):
                continue
            if subject not in spellings(participant):
                others |= {folder / name for name in _lenient_files(json.loads(line))}
                continue
            record = parse_record(line.decode(), f"{path} line {number}")
            layers = record.extra.get("layers")
            own |= {folder / name for name in [*record.files(), *([layers] if layers else [])]}
    return own - others, others


def _lenient_files(values: dict[str, Any]) -> list[str]:
    masks, extra = values.get("masks"), values.get("extra")
    names = [values.get("flash"), values.get("studio"), values.get("valid")]
    names += list(masks.values()) if isinstance(masks, dict) else []
    names.append(extra.get("layers") if isinstance(extra, dict) else None)
    return [name for name in names if isinstance(name, str)]


def digests(folder: Path, participant: str) -> dict[str, int]:
    """Returns SHA-256 and bytes of the person's pictures in `folder`; texts are left out."""
    own, _ = subject_files(folder, participant)
    found: dict[str, int] = {}
    for path in plain_files(folder):
        if path in own or mentions_in_name(path, folder, participant):
            size = path.stat().st_size
            if size >= _DIGEST_SIZE_FROM and not is_text(path):
                found[digest(path)] = size
    return found


def search(folder: Path, participant: str, known: Mapping[str, int]) -> list[str]:
    """Returns in words what `folder` still holds of a person.

    Looks at names, at the content of text files, at the head of all others, and for files with
    a digest among `known`, unless another person's record owns the same bytes.

    Raises:
        ConsentError: something cannot be read.
        DatasetError: a manifest is damaged.
    """
    _, others = subject_files(folder, participant)
    sizes = set(known.values())
    left: list[str] = []
    for path in walk(folder):
        try:
            if mentions_in_name(path, folder, participant):
                left.append(f"{path}: its name has the id")
            elif path.is_symlink():
                if pattern(participant).search(os.fsencode(path.readlink())):
                    left.append(f"{path}: it links to something with the id in its name")
            elif path.is_file():
                left += _search_file(path, participant)
                owned = path in others or _OTHERS.search(str(path.relative_to(folder)))
                if not owned and path.stat().st_size in sizes and digest(path) in known:
                    left.append(f"{path}: it is a copy of one of the person's files")
        except OSError as error:
            raise ConsentError(f"cannot search {path}: {error.strerror}") from error
    return left


def _search_file(path: Path, participant: str) -> list[str]:
    finder = pattern(participant)
    if not is_text(path):
        with path.open("rb") as file:
            found = finder.search(file.read(_HEAD))
    else:
        found = next((hit for block in _blocks(path) if (hit := finder.search(block))), None)
    return [f"{path}: it mentions the id"] if found else []


def _blocks(path: Path) -> Iterator[bytes]:
    """Yields the file in blocks that overlap, so that no id is cut in two."""
    with path.open("rb") as file:
        tail = b""
        while block := file.read(_BLOCK):
            yield tail + block
            tail = block[-_OVERLAP:]
