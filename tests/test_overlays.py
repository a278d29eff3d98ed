"""Ablations mean what they say: nothing but the named keys changes, and each trains a step."""

from pathlib import Path

import pytest
import yaml

from deepflash.cli import run
from deepflash.experiments import arguments_of
from tests.test_experiments import FOLDER, leaves
from tests.training import TINY_NET

EXPERIMENTS = sorted(str(p.relative_to(FOLDER).with_suffix("")) for p in FOLDER.rglob("*.yaml"))
OVERLAYS = [name for name in EXPERIMENTS if "/" in name]
# Names the run itself; every experiment has its own.
IDENTITY = {"run.name", "run.group"}


def resolved(capsys: pytest.CaptureFixture, experiment: str, *extra: str) -> dict:
    """The whole configuration as the trainer would save it."""
    with pytest.raises(SystemExit):
        run(["fit", *arguments_of(experiment, folder=FOLDER), *extra, "--print_config"])
    return leaves(yaml.safe_load(capsys.readouterr().out))


@pytest.fixture(scope="module")
def module_capsys() -> dict:
    """A place to keep the baseline's configuration, which is the same for all overlays."""
    return {}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_named_keys_change(overlay: str, capsys, module_capsys: dict):
    if not module_capsys:
        module_capsys |= resolved(capsys, "baseline")
    base, changed = module_capsys, resolved(capsys, overlay)
    named = set(leaves(yaml.safe_load((FOLDER / f"{overlay}.yaml").read_text())))
    # A new class comes with arguments of its own, and the old one's go.
    replaced = {
        n.removesuffix("class_path") + "init_args" for n in named if n.endswith("class_path")
    }
    differing = {
        name
        for name in base.keys() | changed.keys()
        if base.get(name) != changed.get(name)
        and name not in IDENTITY
        and not name.startswith(tuple(replaced) or ("\0",))
    }
    assert differing == {name for name in named if not name.startswith(tuple(replaced) or ("\0",))}


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_each_builds_and_takes_a_step(
    experiment: str, imagenet: Path, drawn_pairs: Path, tmp_path: Path, capsys
):
    extra = TINY_NET if experiment == "quickstart" else []
    if experiment == "portrait":
        extra = ["--data.layers", "false"]  # drawn pairs have none
    if experiment == "encoder/vggface":
        extra = ["--model.net.init_args.weights", str(imagenet)]
    run(
        [
            "fit",
            *arguments_of(experiment, folder=FOLDER),
            "--data.root",
            str(drawn_pairs),
            "--data.size",
            "32",
            "--data.batch_size",
            "2",
            "--data.workers",
            "0",
            "--run.wandb",
            "false",
            "--run.root",
            str(tmp_path),
            "--trainer.fast_dev_run",
            "true",
            "--trainer.accelerator",
            "cpu",
            "--trainer.enable_progress_bar",
            "false",
            "--trainer.enable_model_summary",
            "false",
            *extra,
        ]
    )
    assert "1 steps" in capsys.readouterr().err
