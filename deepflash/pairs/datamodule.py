"""The LightningDataModule: one pair dataset, its splits, its loaders."""

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import torch
from lightning.pytorch import LightningDataModule
from PIL import Image
from torch import Tensor
from torch.utils.data import DataLoader

from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.pairs.augment import Augmentation, AugmentSettings
from deepflash.pairs.dataset import EpochSampler, PairDataset
from deepflash.pairs.layer_mixing import mixed
from deepflash.pairs.layers import LayerDataset
from deepflash.pairs.manifest import PairRecord, check_files, fingerprint, read_manifest
from deepflash.pairs.starter import dataset_root
from deepflash.synth.mixing import MixSettings


class PairDataModule(LightningDataModule):
    """Serves the pairs of a folder in batches.

    Args:
        root: folder with `manifest.jsonl`, or `starter` for the pairs of the package.
        size: side of the square pictures, in pixels; a multiple of 32 needs no padding.
        batch_size: pairs a step, on each device.
        workers: loading processes, at most one a core; 0 loads in the training process.
        augment: how far training pictures are changed.
        layers: trains on the layers of rendered people, mixed anew each time; of `augment` only
            the geometry counts then, because light and noise are the mixture's. Validation and
            test take the stored pictures.
        mixing: which mixtures of the layers are drawn.
        cached: keeps the decoded layers in memory, in each loading process: 4 MB a scene of
            256 pixels. Decoding them is most of a small network's step.
        seed: of the order and the augmentation.
        limit: uses only the first pairs of each split; 0 uses all.
        overfit: trains and validates on the same (training) pairs, to see whether a network
            can learn them at all.
    """

    def __init__(
        self,
        root: str = "pairs/drawn",
        size: int = 512,
        batch_size: int = 16,
        workers: int = 4,
        augment: AugmentSettings = AugmentSettings(),  # noqa: B008 - frozen
        layers: bool = False,
        mixing: MixSettings = MixSettings(),  # noqa: B008 - frozen
        cached: bool = False,
        seed: int = 0,
        limit: int = 0,
        overfit: bool = False,
    ) -> None:
        super().__init__()
        if size < 32 or batch_size < 1 or workers < 0 or limit < 0:
            raise UsageError(
                f"data: size at least 32, batch_size at least 1, workers and limit at least 0; got "
                f"size {size}, batch_size {batch_size}, workers {workers}, limit {limit}"
            )
        self.root = dataset_root(root)
        self.size = size
        self.batch_size = batch_size
        self.workers = workers
        self.augment = augment
        self.layers = layers
        self.mixing = mixing
        self.cached = cached
        self.seed = seed
        self.limit = limit
        self.overfit = overfit
        self._records: list[PairRecord] = []

    @property
    def records(self) -> list[PairRecord]:
        """All records of the manifest, read and checked once.

        Raises:
            DatasetError: no dataset there, or a picture is missing or has changed in bytes.
            PictureError: the two pictures of a pair differ in size.
        """
        if not self._records:
            records = read_manifest(self.root)
            check_files(self.root, records)
            _check_sizes(self.root, records)
            self._records = records
        return self._records

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that identify pictures and splits."""
        return fingerprint(self.records)

    def split(self, name: str) -> list[PairRecord]:
        """Returns the pairs of a split.

        Raises:
            DatasetError: the split has no pairs.
        """
        wanted = "train" if self.overfit else name
        found = [record for record in self.records if record.split == wanted]
        if not found:
            raise DatasetError(f"{self.root} has no pairs in the split {wanted}")
        return found[: self.limit or None]

    def dataset(self, name: str) -> PairDataset | LayerDataset:
        """Returns the pictures of a split; only `train` is augmented, or mixed of layers.

        Raises:
            DatasetError: the split has no pairs, or a training pair no layers to mix.
        """
        if name == "train" and self.layers:
            return LayerDataset(
                self.root,
                self.split(name),
                size=self.size,
                geometry=None if self.augment == NO_AUGMENTATION else self.augment,
                mixing=self.mixing,
                seed=self.seed,
                cached=self.cached,
            )
        augmentation = None
        if name == "train" and self.augment != NO_AUGMENTATION:
            augmentation = Augmentation(self.augment, self.size)
        return PairDataset(
            self.root, self.split(name), size=self.size, augmentation=augmentation, seed=self.seed
        )

    def _loader(self, name: str) -> DataLoader[Any]:
        dataset = self.dataset(name)
        world = self.trainer.world_size if self.trainer else 1
        rank = self.trainer.global_rank if self.trainer else 0
        training = name == "train"
        batch_size = min(self.batch_size, len(dataset) // world if training else len(dataset))
        if batch_size < 1:
            raise DatasetError(
                f"{self.root} has {len(dataset)} training pairs for {world} devices; use fewer"
            )
        workers = min(self.workers, os.cpu_count() or 1)
        return DataLoader(
            dataset,
            batch_size=batch_size,
            sampler=EpochSampler(
                dataset, num_replicas=world, rank=rank, shuffle=training, seed=self.seed
            ),
            num_workers=workers,
            pin_memory=torch.cuda.is_available(),
            persistent_workers=workers > 0,
            worker_init_fn=_one_thread,
            # A last batch of one pair would spoil the statistics of batch normalisation.
            drop_last=training,
        )

    def train_dataloader(self) -> DataLoader[Any]:
        """Returns augmented training pairs in a new order each epoch."""
        return self._loader("train")

    def val_dataloader(self) -> DataLoader[Any]:
        """Returns the validation pairs, central squares."""
        return self._loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        """Returns the test pairs, central squares."""
        return self._loader("test")

    def predict_dataloader(self) -> DataLoader[Any]:
        """Returns the test pairs, central squares."""
        return self._loader("test")

    def on_after_batch_transfer(self, batch: dict[str, Any], dataloader_idx: int) -> dict[str, Any]:
        """Turns samples into a `deepflash.pairs.dataset.Batch` on the device; mixes layers."""
        del dataloader_idx
        if "roots" in batch:
            return mixed(batch)
        return {
            key: _to_unit(value) if isinstance(value, Tensor) else value
            for key, value in batch.items()
        }


def _check_sizes(root: Path, records: list[PairRecord]) -> None:
    """Compares the sizes in the files' headers with the manifest; decodes no pixels."""
    for record in records:
        for name in (record.flash, record.studio):
            try:
                with Image.open(root / name) as picture:
                    found = picture.size
            except (OSError, Image.DecompressionBombError):
                continue  # not for Pillow; decoding says what is wrong, if anything is
            if found != (record.width, record.height):
                raise PictureError(
                    f"pair {record.pair_id}: {root / name} is {found[0]} x {found[1]}, the pair "
                    f"{record.width} x {record.height}; both pictures need one size"
                )


def _one_thread(worker: int) -> None:
    """Keeps a loading process on its own core: OpenCV would start a thread on each core."""
    del worker
    cv2.setNumThreads(0)


def _to_unit(pictures: Tensor) -> Tensor:
    # (b, h, w, c) bytes seen as (b, c, h, w) are channels-last already; no copy is made.
    return pictures.permute(0, 3, 1, 2).float().div_(255)


NO_AUGMENTATION = replace(
    AugmentSettings(),
    crop_area=1.0,
    flip=0.0,
    rotate_deg=0.0,
    exposure_ev=0.0,
    white_balance=0.0,
    noise=0.0,
    jpeg=0.0,
)
"""With these settings training takes central squares, as validation does."""
