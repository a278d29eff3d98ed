"""Where a run is recorded: CSV always, W&B offline unless logged in, `run.json` beside both."""

import csv
import json
import logging
import os
import platform
import subprocess
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger, WandbLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from deepflash.atomic import replacing, write_text
from deepflash.errors import StoppedError, UsageError

_log = logging.getLogger("lightning.pytorch")


@dataclass
class RunSettings:
    """How a run is called and where it goes."""

    name: str = "run"
    """Folder under `root`, and the name in W&B."""
    version: int = 0
    """Number of the run under its name; 0 takes the next free one."""
    root: str = "runs"
    group: str = "single"
    """Family of ablation; W&B groups by it."""
    tags: list[str] = field(default_factory=list)
    project: str = "deepflash"
    """Project in W&B."""
    wandb: bool = True
    """Also records with W&B: online when logged in (`wandb login`), else offline."""
    wandb_id: str = ""
    """Identity in W&B; drawn at the first start, so that a resumed run continues there."""
    resume: bool = False
    """Continues the run of this version; set by `--resume RUN`."""

    def __post_init__(self) -> None:
        """Refuses names that are no folder names."""
        if not self.name or any(c in self.name for c in "/\\ ") or self.name.startswith("."):
            raise UsageError(f"run.name is one folder name, got {self.name!r}")

    @property
    def folder(self) -> Path:
        """Folder of this run."""
        return Path(self.root) / self.name / str(self.version)


class _AppendingWriter(ExperimentWriter):
    """Keeps the rows of the interrupted part; Lightning's own writer deletes them."""

    def _check_log_dir_exists(self) -> None:
        path = Path(self.metrics_file_path)
        if path.is_file():
            with path.open(newline="") as file:
                self.metrics_keys = list(csv.DictReader(file).fieldnames or [])

    def forget_after(self, step: int) -> None:
        """Drops rows beyond `step`: they belong to steps that are done again."""
        path = Path(self.metrics_file_path)
        if not path.is_file():
            return
        with path.open(newline="") as file:
            # A row cut short by a kill has no step.
            rows = [r for r in csv.DictReader(file) if r["step"] and int(r["step"]) < step]
        with replacing(path) as temporary, temporary.open("w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=self.metrics_keys)
            writer.writeheader()
            writer.writerows(rows)


class ResumableCSVLogger(CSVLogger):
    """Writes `metrics.csv` into the run folder, and continues it when the run is resumed."""

    def __init__(self, settings: RunSettings) -> None:
        super().__init__(
            settings.root,
            name=settings.name,
            version=str(settings.version),
            flush_logs_every_n_steps=20,
        )

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Writes nothing: `config.yaml` beside the figures holds every choice already."""
        del args, kwargs

    @property
    def experiment(self) -> ExperimentWriter:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The writer, made when first asked for."""
        if self._experiment is None:
            self._experiment = _AppendingWriter(log_dir=self.log_dir)
        return self._experiment  # pyright: ignore[reportReturnType]


def wandb_logger(settings: RunSettings, config: dict[str, Any]) -> WandbLogger:
    """Returns the W&B logger of a run: online when logged in, else offline in the run folder.

    Args:
        settings: name, group, tags, project.
        config: the resolved configuration and what identifies code and data.
    """
    import wandb  # half a second; only for runs that use it

    # The service writes its own chatter into the terminal and the working folder otherwise.
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_DATA_DIR", str((settings.folder / "wandb").absolute()))
    # Not verified: a server that cannot be reached must not end the training.
    mode = os.environ.get("WANDB_MODE") or (
        "online" if wandb.login(prompt=False, verify=False) else "offline"
    )
    return WandbLogger(
        name=f"{settings.name}/{settings.version}",
        project=settings.project,
        save_dir=settings.folder,
        mode=mode,
        group=settings.group,
        tags=settings.tags,
        config=config,
        job_type="train",
        id=settings.wandb_id,
    )


def finish_wandb(trainer: Trainer) -> None:
    """Writes the W&B run out to its last byte, so that it can be uploaded at once."""
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            logger.experiment.finish()


def git_commit() -> str | None:
    """Returns the commit of the working folder, with `+` behind it if files are changed."""

    def ask(*words: str) -> str:
        return subprocess.run(
            ["git", *words], capture_output=True, text=True, check=True, timeout=10
        ).stdout.strip()

    try:
        return ask("rev-parse", "HEAD") + ("+" if ask("status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def hardware() -> str:
    """Returns what the run computes on, in words."""
    if torch.cuda.is_available():
        return f"{torch.cuda.device_count()} x {torch.cuda.get_device_name()}"
    return f"CPU, {torch.get_num_threads()} threads, {platform.machine()}"


class RunRecord(Callback):
    """Writes `run.json` when training starts and when it ends.

    Args:
        settings: the run.
        dataset: root, fingerprint and number of pairs per split.
    """

    def __init__(self, settings: RunSettings, dataset: dict[str, Any]) -> None:
        self.settings = settings
        self.dataset = dataset
        self._begun = 0.0
        self._before = 0.0

    def _write(self, module: LightningModule, finished: str | None) -> None:
        path = self.settings.folder / "run.json"
        old = json.loads(path.read_text()) if path.is_file() else {}
        record = {
            "name": self.settings.name,
            "version": self.settings.version,
            "group": self.settings.group,
            "tags": self.settings.tags,
            "git_commit": git_commit(),
            "dataset": self.dataset,
            "hardware": hardware(),
            "started": old.get("started") or _now(),
            "finished": finished,
            "seconds": round(self._before + time.monotonic() - self._begun, 1),
            "parameters": sum(p.numel() for p in module.net.parameters()),  # pyright: ignore
        }
        write_text(path, json.dumps(record, indent=2) + "\n")

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Records what is about to run."""
        if not trainer.is_global_zero:
            return
        path = self.settings.folder / "run.json"
        if path.is_file():
            self._before = json.loads(path.read_text()).get("seconds") or 0.0
        self._begun = time.monotonic()
        self._write(pl_module, None)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Drops figures of steps that are done again; only now is the last step known."""
        del pl_module
        for logger in trainer.loggers:
            if trainer.is_global_zero and isinstance(logger, ResumableCSVLogger):
                logger.experiment.forget_after(trainer.global_step)  # pyright: ignore

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keeps the seconds and figures so far: a killed run goes on from this epoch's end."""
        if trainer.is_global_zero:
            self._write(pl_module, None)
            for logger in trainer.loggers:
                logger.save()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Says how to go on when the user stopped the training.

        Raises:
            StoppedError: on Ctrl-C; Lightning would leave with a bare exit code.
        """
        del trainer, pl_module
        if isinstance(exception, KeyboardInterrupt):
            last = self.settings.folder / "checkpoints" / "last.ckpt"
            ways = (
                f"go on with `make resume RUN={self.settings.folder}`"
                if last.is_file()
                else "no epoch was finished, so there is nothing to go on from"
            )
            raise StoppedError(f"stopped; {ways}") from exception

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Marks the run as finished."""
        if trainer.is_global_zero and not trainer.interrupted:
            self._write(pl_module, _now())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
