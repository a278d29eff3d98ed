"""Callback: pictures of what the network makes of the validation pairs, on disk and in W&B."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from deepflash.errors import UsageError
from deepflash.metrics import picture_figures
from deepflash.module import DeepFlash
from deepflash.pairs.datamodule import PairDataModule
from deepflash.pairs.dataset import Batch
from deepflash.pictures import from_unit, write_picture
from deepflash.sheets import comparison_sheet, difference_picture

COLUMNS = ("flash", "result", "studio", "correction")


def _pixels(picture: Tensor) -> np.ndarray:
    return picture.detach().float().cpu().permute(1, 2, 0).numpy()


def _pairs(data: PairDataModule, device: torch.device, count: int | None) -> Iterator[Batch]:
    dataset = data.dataset("val")
    for index in range(min(count or len(dataset), len(dataset))):
        sample: Any = torch.utils.data.default_collate([dataset[index]])
        moved = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in sample.items()}
        yield data.on_after_batch_transfer(moved, 0)  # pyright: ignore[reportReturnType]


@torch.no_grad()
def _look(module: DeepFlash, batch: Batch) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Returns the pictures and the figures of one pair."""
    flash, studio = batch["flash"], batch["studio"]
    flash_low = module.filter(flash)
    y = module(flash_low)
    correction = module.target.decode(y, flash_low)
    result = module.target.apply(flash, correction).clamp(0, 1)
    figures = picture_figures(
        result.float(),
        studio,
        low_result=module.target.apply(flash_low, correction).clamp(0, 1),
        low_studio=module.filter(studio),
        valid=batch["valid"],
    )
    pictures = {
        "flash": from_unit(_pixels(flash[0])),
        "result": from_unit(_pixels(result[0])),
        "studio": from_unit(_pixels(studio[0])),
        "correction": difference_picture(_pixels(correction[0])),
    }
    return pictures, {name: float(values[0]) for name, values in figures.items()}


class Previews(Callback):
    """Draws sheets flash | result | studio | correction while training, and a table at its end.

    Args:
        folder: of the run; sheets go to `pictures/` in it.
        data: serves the validation pairs.
        every_n_epochs: between sheets; the last epoch always has one. 0: no sheets.
        pictures: pairs on a sheet. 0: no sheets.

    Raises:
        UsageError: a negative number.
    """

    def __init__(
        self, folder: Path, data: PairDataModule, *, every_n_epochs: int, pictures: int
    ) -> None:
        if every_n_epochs < 0 or pictures < 0:
            raise UsageError(
                f"previews: at least 0, got every_n_epochs {every_n_epochs}, pictures {pictures}"
            )
        self.folder = folder
        self.data = data
        self.every_n_epochs = every_n_epochs
        self.pictures = pictures

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws a sheet when one is due."""
        if not self.every_n_epochs or not self.pictures:
            return
        due = (trainer.current_epoch + 1) % self.every_n_epochs == 0 or trainer.should_stop
        if due and not trainer.sanity_checking and trainer.state.fn == "fit":
            self._sheet(trainer, pl_module, trainer.current_epoch + 1)

    def _path(self, epoch: int) -> Path:
        return self.folder / "pictures" / f"epoch_{epoch:04d}.jpg"

    def _sheet(self, trainer: Trainer, module: LightningModule, epoch: int) -> None:
        if not trainer.is_global_zero or not isinstance(module, DeepFlash):
            return
        was_training = module.training
        module.eval()
        rows, captions = [], []
        for batch in _pairs(self.data, module.device, self.pictures):
            pictures, figures = _look(module, batch)
            rows.append(pictures)
            captions.append(_caption(batch["name"][0], figures))
        module.train(was_training)
        sheet = comparison_sheet(
            rows,
            columns=COLUMNS,
            captions=captions,
            title=f"epoch {epoch}, step {trainer.global_step}",
        )
        write_picture(self._path(epoch), sheet, quality=90)
        for logger in _wandb(trainer):
            logger.log_image("pictures/val", [sheet], step=trainer.global_step)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Draws the last sheet; records a table of all validation pairs and the best checkpoint."""
        if not trainer.is_global_zero or trainer.interrupted:
            return
        epoch = max(1, trainer.current_epoch)  # counts finished epochs by now
        if self.every_n_epochs and self.pictures and not self._path(epoch).exists():
            self._sheet(trainer, pl_module, epoch)
        best = self.folder / "checkpoints" / "best.ckpt"
        for logger in _wandb(trainer):
            self._table(logger, pl_module, best)
            _artifact(logger, best)

    def _table(self, logger: WandbLogger, module: LightningModule, best: Path) -> None:
        import wandb  # half a second; only for runs that use it

        if not isinstance(module, DeepFlash):
            return
        if best.is_file():
            state = torch.load(best, map_location=module.device, weights_only=True)["state_dict"]
            module.load_state_dict(state, strict=False)
        module.eval()
        rows: list[list[Any]] = []
        names: Sequence[str] = ()
        for batch in _pairs(self.data, module.device, None):
            pictures, figures = _look(module, batch)
            names = tuple(figures)
            shown = [wandb.Image(pictures[name]) for name in COLUMNS]
            rows.append([batch["name"][0], *shown, *figures.values()])
        table = wandb.Table(columns=["pair", *COLUMNS, *names], data=rows)
        logger.experiment.log({"val/pictures": table})


class PortraitWriter(Callback):
    """Writes what `deepflash predict` makes: `<pair>.jpg`, sRGB-encoded.

    Args:
        folder: written to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Writes the portraits of a batch."""
        del trainer, pl_module, batch_idx, dataloader_idx
        for name, picture in zip(batch["name"], outputs, strict=True):
            write_picture(self.folder / f"{name}.jpg", from_unit(_pixels(picture)))


def _caption(name: str, figures: dict[str, float]) -> str:
    return f"{name}  ssim {figures['ssim']:.3f}  psnr {figures['psnr']:.2f} dB"


def _wandb(trainer: Trainer) -> list[WandbLogger]:
    return [logger for logger in trainer.loggers if isinstance(logger, WandbLogger)]


def _artifact(logger: WandbLogger, best: Path) -> None:
    import wandb  # half a second; only for runs that use it

    if best.is_file():
        artifact = wandb.Artifact(f"{logger.experiment.id}-best", type="model")
        # The file stays as it is from now on, so W&B need not copy it.
        artifact.add_file(str(best.absolute()), policy="immutable", skip_cache=True)
        logger.experiment.log_artifact(artifact, aliases=["best"])
