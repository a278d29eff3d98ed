"""Pairs from disk as tensors, and the order in which an epoch visits them."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor
from torch.utils.data import Dataset, DistributedSampler

from deepflash.pairs.augment import Augmentation, fit_square
from deepflash.pairs.manifest import PairRecord
from deepflash.pairs.reading import read_pair


class Sample(TypedDict):
    """One pair as it leaves a loading process: 8-bit, a quarter of the bytes to pin and send."""

    flash: UInt8[Tensor, "h w 3"]
    studio: UInt8[Tensor, "h w 3"]
    valid: UInt8[Tensor, "h w 1"]
    name: str


class Batch(TypedDict):
    """Pairs on the training device."""

    flash: Float[Tensor, "b 3 h w"]
    """sRGB-encoded in [0,1]."""
    studio: Float[Tensor, "b 3 h w"]
    """sRGB-encoded in [0,1], registered onto the flash picture."""
    valid: Float[Tensor, "b 1 h w"]
    """1 where the pair is registered, else 0."""
    name: list[str]


class PairDataset(Dataset[Sample]):
    """Pairs of one split at `size` x `size`.

    The index counts on over epochs: `epoch * len(dataset) + i` is pair i in that epoch, with the
    augmentation that belongs to (seed, epoch, i) alone. So a resumed run sees what an
    uninterrupted one would have, whichever loading process serves it.

    Args:
        root: folder of the manifest.
        records: pairs of one split.
        size: side of the square pictures, in pixels.
        augmentation: None takes the central square.
        seed: of the augmentation.
    """

    def __init__(
        self,
        root: Path,
        records: Sequence[PairRecord],
        *,
        size: int,
        augmentation: Augmentation | None = None,
        seed: int = 0,
    ) -> None:
        self.root = root
        self.records = list(records)
        self.size = size
        self.augmentation = augmentation
        self.seed = seed

    def __len__(self) -> int:
        """Returns the number of pairs."""
        return len(self.records)

    def __getitem__(self, index: int) -> Sample:
        """Returns one pair. Raises PictureError; see `read_pair`."""
        record = self.records[index % len(self.records)]
        flash, studio, valid = read_pair(self.root, record)
        if self.augmentation is not None:
            drawn = (self.seed, index)
            flash, studio, valid = self.augmentation(flash, studio, valid, seed=drawn)
        else:
            flash, studio = fit_square(flash, self.size), fit_square(studio, self.size)
            valid = None if valid is None else fit_square(valid, self.size, mask=True)
        if valid is None:
            valid = np.full(flash.shape[:2], 255, np.uint8)
        return Sample(
            flash=torch.from_numpy(flash),
            studio=torch.from_numpy(studio),
            valid=torch.from_numpy(valid)[..., None],
            name=record.pair_id,
        )


class EpochSampler(DistributedSampler[Any]):
    """Visits each pair once an epoch in an order that seed and epoch decide, on every process.

    Yields the running index that `PairDataset` takes. The trainer calls `set_epoch`.
    """

    def __iter__(self) -> Iterator[int]:
        """Yields the indices of this process for the current epoch."""
        start = self.epoch * len(self.dataset)  # pyright: ignore[reportArgumentType] - a PairDataset
        return (start + index for index in super().__iter__())
