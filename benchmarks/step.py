"""A Lightning training step of the compact network against a bare PyTorch loop.

Both train from the same batches in memory and do the same work: filter, encode, network, loss,
gradient norm at the logging interval, optimizer, schedule. What differs is the trainer.
"""

import logging
import math
import warnings

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger
from torch.nn.utils import get_total_norm

from benchmarks.timing import report, take_turns
from deepflash.filters import Bilateral
from deepflash.losses import DifferenceLoss
from deepflash.module import DeepFlash
from deepflash.monitor import TrainingMonitor
from deepflash.nets.compact import CompactUNet
from deepflash.pairs.dataset import Batch
from deepflash.targets import Difference

STEPS, LOG_EVERY = 12, 10


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


def with_lightning(data: list[Batch], folder: str) -> None:
    """Trains through the Trainer, with the callbacks and the CSV file of a real run."""
    trainer = Trainer(
        max_epochs=1,
        accelerator="auto",
        devices=1,
        logger=CSVLogger(folder),
        callbacks=[TrainingMonitor()],
        enable_checkpointing=False,
        enable_progress_bar=True,
        enable_model_summary=False,
        log_every_n_steps=LOG_EVERY,
        num_sanity_val_steps=0,
    )
    loader = torch.utils.data.DataLoader(data, batch_size=None)  # pyright: ignore[reportArgumentType] - a list serves
    trainer.fit(module(), train_dataloaders=loader)


def bare(data: list[Batch]) -> None:
    """Trains in a plain loop."""
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


def main(folder: str, *, size: int = 256, turns: int = 5) -> None:
    """Prints the ratio. Each turn is a whole training, with set-up and teardown, of many steps."""
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    logging.getLogger("lightning.fabric").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore")
    data = batches(size, STEPS)
    ratio = take_turns(lambda: with_lightning(data, folder), lambda: bare(data), turns=turns)
    report(f"Lightning / bare loop, {STEPS} steps at {size}", ratio, goal="goal <= 1.05")
