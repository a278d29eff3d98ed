"""Checkpoints: the best by validation `ssim`, the last to resume from, each written whole."""

from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

from deepflash.atomic import replacing
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_file import read_checkpoint
from deepflash.module import DeepFlash

MONITORED = "val/ssim"


class WholeFileCheckpointIO(TorchCheckpointIO):
    """Writes to a temporary name and renames, so that a full disk leaves the last good one."""

    def save_checkpoint(
        self,
        checkpoint: dict[str, Any],
        path: Any,
        storage_options: Any = None,
    ) -> None:
        """Writes a checkpoint. Raises StorageError; the file of that name survives it."""
        del storage_options
        with replacing(Path(path)) as temporary, temporary.open("wb") as file:
            try:
                torch.save(checkpoint, file)
            except RuntimeError as error:
                # torch wraps the operating system's error in its own.
                raise OSError(f"writing failed ({error})".splitlines()[0]) from error


class Provenance(Callback):
    """Keeps in each checkpoint what a model file later says about its training.

    Args:
        facts: size in pixels, dataset and the like.
    """

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds the facts and the latest validation figures."""
        del pl_module
        figures = {
            name: float(value)
            for name, value in trainer.callback_metrics.items()
            if name.startswith("val/")
        }
        checkpoint["deepflash"] = self.facts | {"figures": figures}


def checkpoint_callbacks() -> list[ModelCheckpoint]:
    """Returns the callbacks that keep `checkpoints/best.ckpt` and `checkpoints/last.ckpt`."""
    best = ModelCheckpoint(
        filename="best",
        monitor=MONITORED,
        mode="max",
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    last = ModelCheckpoint(
        filename="last",
        save_top_k=1,
        save_on_train_epoch_end=True,
        enable_version_counter=False,
    )
    return [best, last]


def check_fits(path: Path, module: DeepFlash) -> None:
    """Refuses a checkpoint of another network before anything is built around it.

    Raises:
        UsageError: there is no such file.
        ModelFileError: it is no checkpoint of ours, or its weights do not fit `module.net`.
    """
    if not path.is_file():
        raise UsageError(f"no checkpoint at {path}")
    weights, header = read_checkpoint(path)
    expected = module.net.state_dict()
    same = weights.keys() == expected.keys() and all(
        weights[name].shape == expected[name].shape for name in expected
    )
    if not same:
        spec = header["network"]
        raise ModelFileError(
            f"{path} holds a {spec['class_path'].rsplit('.', 1)[-1]} with "
            f"{spec.get('init_args') or 'its defaults'}, this experiment builds another "
            f"{type(module.net).__name__}; use the experiment it was trained with"
        )
