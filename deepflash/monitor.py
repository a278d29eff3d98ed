"""Callback: images per second, gradient norm and learning rate at the logging interval."""

import time
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer


class TrainingMonitor(Callback):
    """Logs `train/images_per_s`, `train/grad_norm` and `train/lr`.

    Only in the steps that are logged anyway: the norm of all gradients costs a pass over them,
    and asking a GPU for it waits for the step to end.
    """

    def __init__(self) -> None:
        self._images = 0
        self._since = 0.0

    def _due(self, trainer: Trainer, step: int) -> bool:
        interval = _interval(trainer)
        return interval > 0 and step % interval == 0

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Starts counting anew, so that validation is not counted as training."""
        del trainer, pl_module
        self._images, self._since = 0, time.perf_counter()

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Logs the gradient norm before clipping, and the rate of the step to be taken."""
        if self._due(trainer, trainer.global_step + 1):
            pl_module.log("train/lr", optimizer.param_groups[0]["lr"])
            gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
            pl_module.log("train/grad_norm", get_total_norm(gradients))

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: dict[str, Any],
        batch_idx: int,
    ) -> None:
        """Logs throughput."""
        del outputs, batch_idx
        flash: Tensor = batch["flash"]
        self._images += len(flash) * trainer.world_size
        if self._due(trainer, trainer.global_step):
            elapsed = time.perf_counter() - self._since
            pl_module.log("train/images_per_s", self._images / max(elapsed, 1e-9))
            self._images, self._since = 0, time.perf_counter()


def _interval(trainer: Trainer) -> int:
    return trainer.log_every_n_steps  # pyright: ignore[reportAttributeAccessIssue] - set by its logger connector
