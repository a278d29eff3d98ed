"""A Lightning training step of the compact network against a bare PyTorch loop.

Both train from the same batches in memory and do the same work: filter, encode, network, loss,
gradient norm at the logging interval, optimizer, schedule. What differs is the trainer, with
the logger and the callbacks of a real run. Set-up and the first steps are not counted.
"""

import logging
import math
import time
import warnings
from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch.nn.utils import get_total_norm

from benchmarks.timing import report, take_turns
from deepflash.filters import Bilateral
from deepflash.losses import DifferenceLoss
from deepflash.module import DeepFlash
from deepflash.monitor import TrainingMonitor
from deepflash.nets.compact import CompactUNet
from deepflash.pairs.dataset import Batch
from deepflash.targets import Difference
from deepflash.tracking import ResumableCSVLogger, RunSettings

STEPS, WARM_UP, LOG_EVERY = 24, 4, 10


class Clock(Callback):
    """Notes when each step ends."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def on_train_batch_end(self, *args: Any, **kwargs: Any) -> None:
        """Notes the time."""
        del args, kwargs
        self.ends.append(time.perf_counter())


def batches(size: int, count: int, batch_size: int = 4) -> list[Batch]:
    """Returns random pairs in memory."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, 3, size, size)
    return [
        Batch(
            flash=torch.rand(shape, generator=generator),
            studio=torch.rand(shape, generator=generator),
            valid=torch.ones(batch_size, 1, size, size),
            name=[str(i) for i in range(batch_size)],
        )
        for _ in range(count)
    ]


def module() -> DeepFlash:
    """Returns the compact network with the paper's loss."""
    torch.manual_seed(0)
    return DeepFlash(
        CompactUNet(), DifferenceLoss(), Bilateral(2.0), Difference(), schedule="cosine"
    )


def with_lightning(data: list[Batch], folder: str) -> float:
    """Trains through the Trainer; returns the seconds of the counted steps."""
    clock = Clock()
    logger = ResumableCSVLogger(RunSettings(root=folder, version=1))
    trainer = Trainer(
        max_epochs=1,
        accelerator="auto",
        devices=1,
        logger=logger,
        callbacks=[TrainingMonitor(), clock],
        enable_checkpointing=False,
        enable_progress_bar=True,
        enable_model_summary=False,
        log_every_n_steps=LOG_EVERY,
        num_sanity_val_steps=0,
    )
    loader = torch.utils.data.DataLoader(data, batch_size=None)  # pyright: ignore[reportArgumentType] - a list serves
    trainer.fit(module(), train_dataloaders=loader)
    return clock.ends[-1] - clock.ends[WARM_UP]


def bare(data: list[Batch]) -> float:
    """Trains in a plain loop; returns the seconds of the counted steps."""
    ends = []
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = module().to(device)
    model.net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    optimizer = torch.optim.AdamW(model.net.parameters(), lr=1e-4, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda s: 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, s / len(data))))
    )
    model.train()
    for number, batch in enumerate(data):
        flash, studio, valid = (batch[k].to(device) for k in ("flash", "studio", "valid"))
        flash_low, studio_low = model.filter(flash), model.filter(studio)
        t = model.target.encode(flash_low, studio_low)
        y = model(flash_low)
        y_d, t_d = model.target.low(y, flash_low), model.target.low(t, flash_low)
        loss = model.loss(y, t, y_d=y_d, t_d=t_d, valid=valid)["loss"]
        optimizer.zero_grad()
        loss.backward()
        if (number + 1) % LOG_EVERY == 0:
            get_total_norm([p.grad for p in model.net.parameters() if p.grad is not None]).item()
            loss.item()
        optimizer.step()
        schedule.step()
        ends.append(time.perf_counter())
    return ends[-1] - ends[WARM_UP]


def main(folder: str, *, size: int = 256, turns: int = 5) -> None:
    """Prints the ratio."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    data = batches(size, STEPS)
    ratio = take_turns(lambda: with_lightning(data, folder), lambda: bare(data), turns=turns)
    report(
        f"Lightning / bare loop, {STEPS - WARM_UP - 1} steps at {size}", ratio, goal="goal <= 1.05"
    )
