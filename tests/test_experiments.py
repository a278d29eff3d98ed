from pathlib import Path

import pytest
import yaml

from deepflash.errors import UsageError
from deepflash.experiments import arguments_of, expand, family_members, run_name, versions

FOLDER = Path(__file__).parents[1] / "experiments"
METHOD_FAMILIES = {"loss", "skips", "filter", "target", "encoder", "decoder", "network"}


def leaves(tree: dict, prefix: str = "") -> dict:
    """Dotted names of everything below."""
    found = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        found |= leaves(value, f"{name}.") if isinstance(value, dict) and value else {name: value}
    return found


def read(path: Path) -> dict:
    return leaves(yaml.safe_load(path.read_text()))


def test_the_families_of_the_method_are_there():
    assert {p.name for p in FOLDER.iterdir() if p.is_dir()} == METHOD_FAMILIES


@pytest.mark.parametrize("overlay", sorted(FOLDER.glob("*/*.yaml")), ids=lambda p: p.stem)
def test_an_overlay_says_why_and_changes_something_of_the_baseline(overlay: Path):
    assert overlay.read_text().startswith("# ")
    base, changes = read(FOLDER / "baseline.yaml"), read(overlay)
    assert changes
    new_class = {k.removesuffix("class_path") for k in changes if k.endswith("class_path")}
    for name, value in changes.items():
        # A new class brings arguments of its own; anything else must exist and differ.
        if not name.startswith(tuple(new_class) or ("\0",)):
            assert name in base
            assert base[name] != value


def test_baseline_states_every_key_of_quickstart():
    own = {k for k in read(FOLDER / "quickstart.yaml") if ".net." not in k and ".filter." not in k}
    assert own <= set(read(FOLDER / "baseline.yaml"))


def test_names():
    assert run_name("baseline") == "baseline"
    assert run_name("loss/mse") == "loss-mse"
    assert run_name("loss/mse", "quickstart") == "quickstart-loss-mse"
    assert run_name("quickstart", "quickstart") == "quickstart"
    assert "loss/l1" in family_members("loss", FOLDER)


def test_an_overlay_follows_its_base():
    arguments = arguments_of("loss/mse", "quickstart", FOLDER)
    configs = [arguments[i + 1] for i, word in enumerate(arguments) if word == "--config"]
    assert [Path(c).relative_to(FOLDER).as_posix() for c in configs] == [
        "quickstart.yaml",
        "loss/mse.yaml",
    ]
    assert arguments[arguments.index("--run.group") + 1] == "loss"


def test_short_forms_come_first_so_that_the_rest_overrides():
    line = expand(["fit", "--trainer.max_steps", "3", "--exp=loss/mse"], FOLDER)
    assert line[0] == "fit"
    assert line[-2:] == ["--trainer.max_steps", "3"]
    assert not any("--exp" in word for word in line)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--exp", "basline"], "no experiment 'basline'.*there are: baseline"),
        (["--exp", "loss/mse", "--base", "none"], "no experiment 'none'"),
        (["--exp"], "--exp needs a value"),
        (["--resume", "runs/nothing/1"], "cannot resume runs/nothing/1"),
        (["--in", "runs/nothing/1"], r"no checkpoints/best\.ckpt"),
    ],
)
def test_what_does_not_exist_is_named(words, said):
    with pytest.raises(UsageError, match=said):
        expand(["fit", *words], FOLDER)


def test_unknown_family_lists_what_there_is():
    with pytest.raises(UsageError, match=r"no family 'los'.*decoder, encoder"):
        family_members("los", FOLDER)


def test_versions_are_numbers_in_order(tmp_path: Path):
    for name in ("10", "2", "notes"):
        (tmp_path / "run" / name).mkdir(parents=True)
    assert versions("run", tmp_path) == [2, 10]
    assert versions("other", tmp_path) == []
