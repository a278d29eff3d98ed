"""The LightningModule: one step shared by training, validation and test. It holds no maths."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from lightning.pytorch import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn

from deepflash.errors import UsageError
from deepflash.losses import DifferenceLoss
from deepflash.metrics import psnr, ssim
from deepflash.model_file import start_from
from deepflash.pairs.dataset import Batch
from deepflash.targets import Target


class DeepFlash(LightningModule):
    """Trains a network to predict the encoded difference of filtered pairs.

    Args:
        net: network from the filtered flash photograph to y; see `deepflash.nets`.
        loss: see `deepflash.losses`.
        filter: the low-pass filter BL of the method; see `deepflash.filters`.
        target: what y encodes; see `deepflash.targets`.
        learning_rate: of Adam, after warming up.
        weight_decay: of AdamW; 0 is plain Adam, as in the paper.
        warmup_steps: optimizer steps over which the learning rate rises from 0.
        schedule: `constant`, or `cosine` down to 1 % over the whole training.
        channels_last: memory layout that tensor cores and oneDNN prefer.
        compile: compiles the network with `torch.compile`.
        start: model file or checkpoint whose weights training starts from, for example to go on
            with one's own pairs; "" starts as the network says.

    Raises:
        UsageError: a rate is out of its range.
        ModelFileError: the weights to start from cannot be read, or do not fit the network.
    """

    def __init__(
        self,
        net: nn.Module,
        loss: DifferenceLoss,
        filter: nn.Module,
        target: Target,
        learning_rate: float = 1e-4,
        weight_decay: float = 0.0,
        warmup_steps: int = 0,
        schedule: Literal["constant", "cosine"] = "constant",
        channels_last: bool = True,
        compile: bool = False,
        start: str = "",
    ) -> None:
        super().__init__()
        if learning_rate <= 0 or weight_decay < 0 or warmup_steps < 0:
            raise UsageError(
                "model: learning_rate above 0, weight_decay and warmup_steps at least 0; got "
                f"{learning_rate}, {weight_decay}, {warmup_steps}"
            )
        # Built by the command line, this keeps the YAML's values, not the modules.
        self.save_hyperparameters()
        self.net = net
        self.loss = loss
        self.filter = filter
        self.target = target
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.warmup_steps = warmup_steps
        self.schedule = schedule
        self.channels_last = channels_last
        self.compile_net = compile
        if start:
            start_from(Path(start), net)

    def configure_model(self) -> None:
        """Sets the memory layout and asks for compilation, which the first batch starts."""
        if self.channels_last:
            self.net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        if self.compile_net:
            # In place: the names in the state dict stay those of the plain network.
            self.net.compile()
            self.compile_net = False

    def forward(self, flash_low: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns y for filtered flash photographs, sRGB-encoded in [0,1]."""
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return self.net(flash_low.contiguous(memory_format=layout))

    def _step(self, batch: Batch, stage: str) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the loss, and y_d, t_d and the result for whoever measures or shows them."""
        flash_low, studio_low = self.filter(batch["flash"]), self.filter(batch["studio"])
        t = self.target.encode(flash_low, studio_low)
        y = self(flash_low)
        y_d, t_d = self.target.low(y, flash_low), self.target.low(t, flash_low)
        terms: Mapping[str, Tensor] = self.loss(y, t, y_d=y_d, t_d=t_d, valid=batch["valid"])
        self.log_dict(
            {f"{stage}/{_logged(name)}": value.detach() for name, value in terms.items()},
            on_step=stage == "train",
            on_epoch=stage != "train",
            batch_size=len(batch["name"]),
            sync_dist=stage != "train",
        )
        return terms["loss"], {"y_d": y_d, "t_d": t_d, "y": y, "flash_low": flash_low}

    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        """Returns the loss of a batch of augmented pairs."""
        del batch_idx
        return self._step(batch, "train")[0]

    def _measure(self, batch: Batch, stage: str) -> None:
        _, low = self._step(batch, stage)
        correction = self.target.decode(low["y"], low["flash_low"])
        result = self.target.apply(batch["flash"], correction).clamp(0, 1)
        studio, valid = batch["studio"], batch["valid"]
        y_d, t_d = low["y_d"].clamp(0, 1), low["t_d"].clamp(0, 1)
        figures = {
            "ssim": ssim(result, studio, valid=valid),
            "psnr": psnr(result, studio, valid=valid),
            "ssim_lowfreq": ssim(y_d, t_d, valid=valid),
        }
        for name, values in figures.items():
            # A picture without a valid window has no figure; it must not spoil the others'.
            finite = values[values.isfinite()]
            if len(finite):
                self.log(
                    f"{stage}/{name}",
                    finite.mean(),
                    batch_size=len(finite),
                    sync_dist=True,
                    prog_bar=True,
                )

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs loss, ssim, psnr and ssim_lowfreq of a batch of central squares."""
        del batch_idx
        self._measure(batch, "val")

    def test_step(self, batch: Batch, batch_idx: int) -> None:
        """Logs what `validation_step` logs, as `test/...`."""
        del batch_idx
        self._measure(batch, "test")

    def predict_step(self, batch: Batch, batch_idx: int) -> Float[Tensor, "b 3 h w"]:
        """Returns the portraits, sRGB-encoded in [0,1]."""
        del batch_idx
        flash_low = self.filter(batch["flash"])
        correction = self.target.decode(self(flash_low), flash_low)
        return self.target.apply(batch["flash"], correction).clamp(0, 1)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Returns AdamW over what may learn, and the schedule, stepped every step."""
        learning = [p for p in self.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(
            learning, lr=self.learning_rate, weight_decay=self.weight_decay
        )
        total = max(1, int(min(self.trainer.estimated_stepping_batches, 2**31)))
        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: self._factor(s, total))
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": scheduler, "interval": "step"},
        }

    def _factor(self, step: int, total: int) -> float:
        if step < self.warmup_steps:
            return (step + 1) / (self.warmup_steps + 1)
        if self.schedule == "constant":
            return 1.0
        progress = (step - self.warmup_steps) / max(1, total - self.warmup_steps)
        return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))


def _logged(term: str) -> str:
    """Keeps the loss's SSIM term apart from the figure `val/ssim`."""
    return term if term == "loss" else f"loss_{term}"
