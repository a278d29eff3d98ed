"""Writes the pictures of one pair into the dataset, at the wanted size and as they are."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32, UInt, UInt8

from acquisition.prepare.dataset import FOLDERS, file_path, person_folder
from acquisition.prepare.encode import write_jpeg, write_png
from acquisition.prepare.light import ROWS, reduced, to_srgb8
from acquisition.prepare.settings import Encoding, FileName, PreparedFile
from acquisition.store.publish import make_folder
from deepflash.faces.finder import Face
from deepflash.faces.points import FACE_OVAL


@dataclass(frozen=True, eq=False)
class PairPictures:
    """A registered pair in full resolution; all have one size."""

    flash: Float32[np.ndarray, "h w 3"]
    studio: Float32[np.ndarray, "h w 3"]
    valid: UInt8[np.ndarray, "h w"]
    face: Face
    """In these pictures."""


class WrittenPair(NamedTuple):
    """The files of a pair, and the size of the pictures at the wanted size."""

    files: dict[FileName, PreparedFile]
    width: int
    height: int


def write_pair(
    root: Path, whose: tuple[str, str], pictures: PairPictures, size: int, encoding: Encoding
) -> WrittenPair:
    """Writes all files of a pair.

    Args:
        root: of the dataset.
        whose: the participant and the pair's id.
        pictures: as they are.
        size: long side of the small ones; larger ones are reduced, smaller ones stay.
        encoding: of the photographs.

    Raises:
        StoreError: the disk is full or failed.
    """
    participant, pair = whose
    for folder in FOLDERS.values():
        make_folder(root / folder / person_folder(participant))
    writer = _Writer(root, participant, pair, encoding)
    writer.photograph("full_flash", pictures.flash)
    writer.photograph("full_studio", pictures.studio)
    writer.mask("full_valid", pictures.valid)
    flash = reduced(pictures.flash, size)
    writer.photograph("flash", flash)
    writer.photograph("studio", reduced(pictures.studio, size))
    height, width = flash.shape[:2]
    writer.mask("valid", reduced_mask(pictures.valid, (height, width)))
    full_height, full_width = pictures.valid.shape
    scale = np.array([width / full_width, height / full_height], np.float32)
    oval = (pictures.face.points[list(FACE_OVAL)] + np.float32(0.5)) * scale - np.float32(0.5)
    writer.mask("face", filled(oval, (height, width)))
    return WrittenPair(writer.files, width, height)


class _Writer:
    def __init__(self, root: Path, participant: str, pair: str, encoding: Encoding) -> None:
        self._root = root
        self._participant = participant
        self._pair = pair
        self._encoding = encoding
        self.files: dict[FileName, PreparedFile] = {}

    def photograph(self, name: FileName, linear: Float32[np.ndarray, "h w 3"]) -> None:
        if self._encoding == "srgb16":
            self._png(name, to_srgb16(linear))
            return
        path = file_path(name, self._participant, self._pair, "jpg")
        written = write_jpeg(self._root / path, to_srgb8(linear))
        self.files[name] = PreparedFile(path=path, bytes=written.bytes, sha256=written.sha256)

    def mask(self, name: FileName, mask: UInt8[np.ndarray, "h w"]) -> None:
        self._png(name, mask)

    def _png(self, name: FileName, pixels: UInt[np.ndarray, "h w *channels"]) -> None:
        path = file_path(name, self._participant, self._pair, "png")
        written = write_png(self._root / path, pixels)
        self.files[name] = PreparedFile(path=path, bytes=written.bytes, sha256=written.sha256)


def to_srgb16(linear: Float32[np.ndarray, "h w 3"]) -> UInt[np.ndarray, "h w 3"]:
    """Returns linear light as 16-bit sRGB, rounded; what lies below 0 or above 1 is clipped."""
    encoded = np.empty(linear.shape, np.uint16)
    for top in range(0, linear.shape[0], ROWS):
        band = np.clip(linear[top : top + ROWS], 0, 1)
        curve = 1.055 * np.power(band, np.float32(1 / 2.4)) - np.float32(0.055)
        code = np.where(band <= 0.0031308, band * np.float32(12.92), curve)
        encoded[top : top + ROWS] = np.rint(code * 65535).astype(np.uint16)
    return encoded


def reduced_mask(
    mask: UInt8[np.ndarray, "h w"], size_hw: tuple[int, int]
) -> UInt8[np.ndarray, "i j"]:
    """Returns a smaller mask: 255 only where all that a pixel covers is 255."""
    if mask.shape == size_hw:
        return mask
    mean = cv2.resize(mask, (size_hw[1], size_hw[0]), interpolation=cv2.INTER_AREA)
    return np.where(mean == 255, 255, 0).astype(np.uint8)


def filled(
    outline: Float32[np.ndarray, "n 2"], size_hw: tuple[int, int]
) -> UInt8[np.ndarray, "h w"]:
    """Returns 255 inside of an outline of points, else 0."""
    mask = np.zeros(size_hw, np.uint8)
    cv2.fillPoly(mask, [np.rint(outline).astype(np.int32)], 255)
    return mask
