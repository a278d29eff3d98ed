"""`deepflash fit | validate | test | predict`: one LightningCLI around the training."""

import logging
import os
import secrets
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import torch
from jsonargparse import ArgumentError, Namespace
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Trainer
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning.pytorch.loggers import WandbLogger

from deepflash.checkpoints import (
    Provenance,
    WholeFileCheckpointIO,
    check_fits,
    checkpoint_callbacks,
)
from deepflash.errors import DeepFlashError, UsageError, one_line
from deepflash.experiments import check_yaml, expand, versions
from deepflash.module import DeepFlash
from deepflash.monitor import TrainingMonitor
from deepflash.pairs.datamodule import PairDataModule
from deepflash.previews import PortraitWriter, Previews
from deepflash.tracking import (
    ResumableCSVLogger,
    RunRecord,
    RunSettings,
    finish_wandb,
    git_commit,
    wandb_logger,
)


class TrainCLI(LightningCLI):
    """LightningCLI plus a run folder, bf16 where the hardware has it, and early checks."""

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Adds `--run.*`, `--previews.*` and `--bf16`."""
        parser.add_class_arguments(RunSettings, "run")
        parser.add_argument(
            "--previews.every_n_epochs", type=int, default=5, help="Epochs between sheets."
        )
        parser.add_argument("--previews.pictures", type=int, default=4, help="Pairs on a sheet.")
        parser.add_argument(
            "--bf16",
            type=Literal["auto", "on", "off"],
            default="auto",
            help="Mixed precision: auto uses it on a GPU that has it; trainer.precision wins.",
        )

    def parse_arguments(self, parser: LightningArgumentParser, args: Any) -> None:
        """Parses; a mistake becomes one line."""
        try:
            self.config = parser.parse_args(args)
        except ArgumentError as error:
            raise UsageError(f"{one_line(error)}; see `deepflash {args[0]} --help`") from error

    def _parse_ckpt_path(self) -> None:
        # Lightning would silently replace the experiment's model by the checkpoint's;
        # `check_fits` says that they differ instead.
        return

    @property
    def chosen(self) -> Namespace:
        """The configuration of the verb that runs."""
        return self.config[self.config.subcommand]

    def before_instantiate_classes(self) -> None:
        """Decides the run's number and the precision, so that the saved configuration has them."""
        run = self.chosen.run
        if not run.version:
            run.version = _next_version(run.name, Path(run.root))
        run.wandb_id = run.wandb_id or f"{run.name}-{run.version}-{secrets.token_hex(4)}"
        # Older GPUs only emulate it, slower than float32.
        capable = torch.cuda.is_available() and torch.cuda.is_bf16_supported(False)
        capable = capable and self.chosen.trainer.accelerator != "cpu"
        wanted = self.chosen.bf16 == "on" or (self.chosen.bf16 == "auto" and capable)
        if self.chosen.trainer.precision is None and wanted:
            self.chosen.trainer.precision = "bf16-mixed"

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Returns the trainer, after everything that can be wrong with the input was checked."""
        data, model = self.datamodule, self.model
        if not isinstance(data, PairDataModule) or not isinstance(model, DeepFlash):
            raise UsageError("data and model are built by this program only")
        fitting = self.config.subcommand == "fit"
        for split in ("train", "val") if fitting else (_SPLITS[self.config.subcommand],):
            data.dataset(split)
        if checkpoint := self.chosen.get("ckpt_path"):
            check_fits(Path(checkpoint), model)
        elif not fitting:
            raise UsageError(f"{self.config.subcommand} needs --in RUN or --ckpt_path FILE")
        if not fitting:
            self.save_config_callback = None  # it would write into the working folder
            trainer = super().instantiate_trainer(logger=False, **kwargs)
            if self.config.subcommand == "predict":
                folder = Path(self.chosen.ckpt_path).parent.parent / "predictions"
                trainer.callbacks.append(PortraitWriter(folder))  # pyright: ignore[reportAttributeAccessIssue]
            return trainer
        return self._fitting_trainer(data, **kwargs)

    def _fitting_trainer(self, data: PairDataModule, **kwargs: Any) -> Trainer:
        settings = RunSettings(**self.chosen.run.as_dict())
        leads = not _is_helper()
        if settings.folder.exists() and not settings.resume and leads:
            raise UsageError(
                f"{settings.folder} exists; leave out --run.version, or use --resume "
                f"{settings.folder}"
            )
        counts = {name: sum(r.split == name for r in data.records) for name in _COUNTED}
        dataset = {"root": str(data.root), "fingerprint": data.fingerprint, **counts}
        facts = {
            "size": data.size,
            "dataset": dataset,
            "git_commit": git_commit(),
            "run": f"{settings.name}/{settings.version}",
        }
        config = self.chosen.clone().as_dict() | {
            "git_commit": facts["git_commit"],
            "dataset_fingerprint": data.fingerprint,
        }
        loggers: list[Any] = [ResumableCSVLogger(settings)]
        if settings.wandb and leads:
            loggers.append(wandb_logger(settings, config))
        previews = Previews(
            settings.folder,
            data,
            every_n_epochs=self.chosen.previews.every_n_epochs,
            pictures=self.chosen.previews.pictures,
        )
        trainer = super().instantiate_trainer(
            logger=loggers, plugins=[WholeFileCheckpointIO()], **kwargs
        )
        if leads:
            # Claimed only now that nothing is left to be wrong; two runs cannot share it.
            settings.folder.mkdir(parents=True, exist_ok=settings.resume)
        # Checkpoint callbacks stay last, as Lightning orders them: the table reads the best one.
        own = [RunRecord(settings, dataset), TrainingMonitor(), Provenance(facts), previews]
        trainer.callbacks[:0] = own  # pyright: ignore[reportAttributeAccessIssue]
        return trainer

    def after_fit(self) -> None:
        """Closes the W&B run, and says where everything is and what comes next."""
        finish_wandb(self.trainer)
        if not self.trainer.interrupted:
            sys.stderr.write(_closing_words(self.trainer, RunSettings(**self.chosen.run.as_dict())))

    def predict(self, **kwargs: Any) -> None:
        """Writes the portraits batch by batch instead of keeping them all in memory."""
        kwargs["return_predictions"] = False
        self.trainer.predict(**kwargs)
        folder = Path(self.chosen.ckpt_path).parent.parent / "predictions"
        sys.stderr.write(f"portraits: {folder}; with figures: deepflash evaluate RUN\n")


def _is_helper() -> bool:
    """Says whether this is one of the further processes of a training on several devices."""
    return int(os.environ.get("LOCAL_RANK", "0")) > 0 or int(os.environ.get("NODE_RANK", "0")) > 0


def _next_version(name: str, root: Path) -> int:
    """Returns the next free number; processes that a training starts take over its number."""
    if not (_is_helper() and _VERSION in os.environ):
        os.environ[_VERSION] = str((versions(name, root) or [0])[-1] + 1)
    return int(os.environ[_VERSION])


_VERSION = "DEEPFLASH_RUN_VERSION"
_COUNTED = ("train", "val", "test")
_SPLITS = {"validate": "val", "test": "test", "predict": "test"}


def _closing_words(trainer: Trainer, settings: RunSettings) -> str:
    folder = settings.folder
    if not trainer.global_step:
        return f"run {folder}: no step was taken; see trainer.max_epochs and trainer.max_steps\n"
    score = trainer.callback_metrics.get("val/ssim")
    lines = [
        f"run {folder}: {trainer.global_step} steps"
        + (f", val/ssim {float(score):.4f} at the end" if score is not None else "")
    ]
    lines.append(f"  pictures  {folder / 'pictures'}")
    lines.append(f"  next      deepflash evaluate {folder}; deepflash export {folder}")
    for logger in trainer.loggers:
        if isinstance(logger, WandbLogger):
            offline = sorted((folder / "wandb").glob("offline-run-*"))
            upload = " ".join(str(path) for path in offline)
            lines.append(f"  upload    wandb sync {upload}" if offline else "  W&B has it online")
    return "\n".join(lines) + "\n"


def _calm() -> None:
    """Keeps the terminal for what a user can act on."""
    for name in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    os.environ.setdefault("POSSIBLE_USER_WARNINGS", "off")
    # Lightning still calls what jsonargparse renames; that is between the two.
    os.environ.setdefault("JSONARGPARSE_DEPRECATION_WARNINGS", "off")
    for text in (
        ".*does not have many workers.*",
        ".*The number of training batches.*",
        ".*exists and is not empty.*",
        ".*The dirpath has changed from.*",
        ".*LeafSpec.*",
    ):
        warnings.filterwarnings("ignore", text)


def main(argv: Sequence[str]) -> None:
    """Runs one of the four verbs.

    Args:
        argv: the verb and its arguments; `--exp`, `--base`, `--resume` and `--in` are short
            forms that `deepflash.experiments.expand` writes out.

    Raises:
        DeepFlashError: whatever the user can act on.
    """
    _calm()
    arguments = expand(argv)
    check_yaml(arguments)
    try:
        TrainCLI(
            DeepFlash,
            PairDataModule,
            args=arguments,
            seed_everything_default=0,
            save_config_kwargs={"overwrite": True},
            trainer_defaults={
                "callbacks": checkpoint_callbacks(),
                "use_distributed_sampler": False,
            },
            parser_kwargs={"exit_on_error": False, "prog": "deepflash"},
            auto_configure_optimizers=False,
        )
    except DeepFlashError:
        raise
    except MisconfigurationException as error:
        raise UsageError(f"the trainer cannot run like this: {one_line(error)}") from error
    except (ValueError, TypeError) as error:
        # The parser wraps errors of constructors while it builds what the YAML names.
        cause = _own_cause(error)
        if cause is None:
            raise
        raise cause from error


def _own_cause(error: BaseException | None) -> DeepFlashError | None:
    while error is not None:
        if isinstance(error, DeepFlashError):
            return error
        error = error.__cause__ or error.__context__
    return None
