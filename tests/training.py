"""How tests train: through the front door, small, on the processor."""

from pathlib import Path

from deepflash.cli import run

EXPERIMENTS = Path(__file__).parents[1] / "experiments"

TINY_NET = ["--model.net.init_args.channels", "[4,4,4]", "--model.net.init_args.skips", "[1,2]"]


def quick_arguments(pairs: Path, root: Path, *, epochs: int = 2) -> list[str]:
    """Returns the arguments of a training of seconds on the quickstart experiment."""
    return [
        "--config",
        str(EXPERIMENTS / "quickstart.yaml"),
        "--data.root",
        str(pairs),
        "--data.size",
        "64",
        "--data.batch_size",
        "3",
        "--data.workers",
        "0",
        "--run.root",
        str(root),
        "--run.wandb",
        "false",
        "--previews.every_n_epochs",
        "1",
        "--trainer.max_epochs",
        str(epochs),
        "--trainer.enable_progress_bar",
        "false",
        "--trainer.enable_model_summary",
        "false",
        "--trainer.log_every_n_steps",
        "1",
        "--trainer.num_sanity_val_steps",
        "0",
        "--trainer.deterministic",
        "true",
        *TINY_NET,
    ]


def fit(pairs: Path, root: Path, *extra: str, epochs: int = 2) -> Path:
    """Trains and returns the folder of the run."""
    run(["fit", *quick_arguments(pairs, root, epochs=epochs), *extra])
    return sorted(root.glob("*/*"), key=lambda p: p.stat().st_mtime)[-1]
