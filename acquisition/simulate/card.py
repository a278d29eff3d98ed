"""The memory card of the simulated camera: files in a folder, so that they outlive the camera."""

import hashlib
import re
import threading
from pathlib import Path

import msgspec

from acquisition.simulate.ptp_codec import ObjectFormat, ObjectInfo

STORAGE = 0x00010001
DCIM_HANDLE = 0x10
FOLDER_HANDLE = 0x11
FIRST_FILE_HANDLE = 0x20
ROOT_ONLY = 0xFFFFFFFF
FOLDER = "100DEEPF"
PICTURE_BYTES = 16_000_000


class TransferFault(msgspec.Struct, kw_only=True):
    """What goes wrong when a file is read from the camera."""

    stall_s: float = 0.0
    cut_after: int | None = None
    dies: bool = False
    deny: int = 0
    """Connections that are refused after a cut."""
    left: int = 0
    """Transfers that it still strikes."""

    def take(self) -> bool:
        """Returns whether it strikes now, and counts."""
        if self.left <= 0 or not (self.stall_s or self.dies or self.cut_after is not None):
            return False
        self.left -= 1
        return True

    def position(self, total: int) -> int:
        """Returns after how many of `total` bytes it strikes."""
        return min(total // 2 if self.cut_after is None else self.cut_after, total - 1)


class CardFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file on the card."""

    handle: int
    name: str
    bytes: int
    announced_bytes: int
    captured: str
    fault: TransferFault


class CardEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What a test is told about a file on the card."""

    path: str
    """As gphoto2 names it: folder and name."""
    bytes: int
    sha256: str


class Card:
    """A card; safe to use from several threads.

    Args:
        folder: where the files stay; those of an earlier camera are found again.
        capacity_bytes: size of the card.
    """

    def __init__(self, folder: Path, capacity_bytes: int) -> None:
        self._lock = threading.Lock()
        self._capacity_bytes = capacity_bytes
        self._files: dict[int, CardFile] = {}
        self._next_handle = FIRST_FILE_HANDLE
        self._number = 0
        self.deleted: list[str] = []
        """Paths that a host deleted."""
        self.root = folder
        self.folder = folder / "DCIM" / FOLDER
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder.iterdir()):
            if number := re.fullmatch(r"DSC_(\d+)\.\w+", path.name):
                self._number = max(self._number, int(number[1]))
            if path.suffix != ".part":
                self._enter(path.name, path.stat().st_size, 0, "", TransferFault())

    def _enter(
        self, name: str, size: int, size_lie: int, captured: str, fault: TransferFault
    ) -> CardFile:
        with self._lock:
            file = CardFile(
                handle=self._next_handle,
                name=name,
                bytes=size,
                announced_bytes=max(size + size_lie, 0),
                captured=captured,
                fault=fault,
            )
            self._next_handle += 1
            self._files[file.handle] = file
            return file

    def next_stem(self) -> str:
        """Returns the name of the next picture, without its suffix."""
        with self._lock:
            self._number += 1
            return f"DSC_{self._number:04d}"

    def write(
        self, name: str, data: bytes, *, captured: str, fault: TransferFault, size_lie: int = 0
    ) -> CardFile:
        """Stores a file; it is there whole or not at all."""
        part = self.folder / f"{name}.part"
        part.write_bytes(data)
        part.replace(self.folder / name)
        return self._enter(name, len(data), size_lie, captured, fault)

    @property
    def capacity_bytes(self) -> int:
        """Returns the size of the card."""
        return self._capacity_bytes

    @property
    def free_bytes(self) -> int:
        """Returns what is left."""
        with self._lock:
            return self._capacity_bytes - sum(file.bytes for file in self._files.values())

    def handles(self, parent: int) -> list[int]:
        """Returns the objects in a folder; 0 means all of them."""
        with self._lock:
            files = list(self._files)
        inside = {ROOT_ONLY: [DCIM_HANDLE], DCIM_HANDLE: [FOLDER_HANDLE], FOLDER_HANDLE: files}
        return inside.get(parent, [] if parent else [DCIM_HANDLE, FOLDER_HANDLE, *files])

    def find(self, handle: int) -> CardFile | None:
        """Returns the file with this handle."""
        with self._lock:
            return self._files.get(handle)

    def describe(self, handle: int) -> ObjectInfo | None:
        """Returns the dataset of a file or folder."""
        folders = {DCIM_HANDLE: ("DCIM", 0), FOLDER_HANDLE: (FOLDER, DCIM_HANDLE)}
        if handle in folders:
            name, parent = folders[handle]
            return ObjectInfo(
                storage=STORAGE, name=name, parent=parent, format=ObjectFormat.ASSOCIATION
            )
        file = self.find(handle)
        if file is None:
            return None
        is_jpeg = file.name.endswith(".JPG")
        return ObjectInfo(
            storage=STORAGE,
            name=file.name,
            parent=FOLDER_HANDLE,
            format=ObjectFormat.EXIF_JPEG if is_jpeg else ObjectFormat.UNDEFINED,
            size_bytes=file.announced_bytes,
            captured=file.captured,
        )

    def read(self, file: CardFile, offset: int = 0, count: int | None = None) -> bytes:
        """Returns the file's bytes, `count` of them from `offset`."""
        with (self.folder / file.name).open("rb") as opened:
            opened.seek(offset)
            return opened.read(-1 if count is None else count)

    def delete(self, handle: int) -> bool:
        """Deletes a file, as a host asked; returns False if there is none."""
        with self._lock:
            file = self._files.pop(handle, None)
        if file is None:
            return False
        self.deleted.append(self._path(file))
        (self.folder / file.name).unlink(missing_ok=True)
        return True

    def entries(self) -> list[CardEntry]:
        """Returns all files and their hashes, by name."""
        with self._lock:
            files = sorted(self._files.values(), key=lambda file: file.name)
        return [
            CardEntry(
                path=self._path(file),
                bytes=file.bytes,
                sha256=hashlib.sha256(self.read(file)).hexdigest(),
            )
            for file in files
        ]

    @staticmethod
    def _path(file: CardFile) -> str:
        return f"/store_{STORAGE:08x}/DCIM/{FOLDER}/{file.name}"
