import subprocess
import sys

import pytest

from deepflash.cli import VERBS, main

HEAVY = ("torch", "cv2", "lightning", "wandb", "albumentations", "jsonargparse", "numpy")


def loaded_by(code: str) -> set[str]:
    """The heavy packages that a fresh Python holds after running `code`."""
    report = f"{code}\nimport sys\nprint(*(n for n in {HEAVY} if n in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", report], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_help_imports_nothing_heavy():
    assert loaded_by("from deepflash.cli import main; main(['--help'])") == set()


def test_the_manifest_imports_nothing_heavy():
    assert loaded_by("import deepflash.pairs.manifest") == set()


def test_acquisition_never_imports_torch():
    assert "torch" not in loaded_by("import acquisition.__main__")


def test_enhancer_and_evaluation_import_no_trainer():
    code = "import deepflash.enhance.cli, deepflash.enhance.pipeline, deepflash.evaluate"
    assert loaded_by(code).isdisjoint({"lightning", "wandb", "albumentations"})


def test_help_lists_every_verb(capsys):
    assert main([]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {verb} " in said for verb in VERBS)


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_answers_help(verb, capsys):
    with pytest.raises(SystemExit) as left:
        main([verb, "--help"])
    assert left.value.code == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("usage: deepflash ")
    assert f" {verb} " in first


def test_unknown_verb_is_one_line(capsys):
    assert main(["enhnace"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("deepflash: there is no verb 'enhnace'; deepflash has import, draw")
    assert len(said.splitlines()) == 1


def test_interrupting_leaves_with_130(monkeypatch, capsys):
    def stop(_argv):
        raise KeyboardInterrupt

    monkeypatch.setattr("deepflash.export.main", stop)
    assert main(["export", "x"]) == 130
    assert "stopped" in capsys.readouterr().err


def test_a_verb_beyond_a_light_installation_says_what_to_install(monkeypatch, capsys):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name="torch.nn")

    monkeypatch.setattr("deepflash.cli.importlib.import_module", missing)
    assert main(["fit", "--exp", "quickstart"]) == 2
    assert "pip install 'deepflash[train]'" in capsys.readouterr().err


def test_a_module_of_ours_that_is_missing_is_a_bug(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    monkeypatch.setattr("deepflash.cli.importlib.import_module", missing)
    with pytest.raises(ModuleNotFoundError):
        main(["fit"])


def test_a_broken_pipe_of_our_own_is_a_fault(monkeypatch):
    def broken(name):
        raise BrokenPipeError(name)

    monkeypatch.setattr("deepflash.cli.importlib.import_module", broken)
    with pytest.raises(BrokenPipeError):
        main(["fit"])


def test_a_reader_that_has_seen_enough_is_no_fault(monkeypatch):
    class Gone:
        def flush(self):
            raise BrokenPipeError

        def write(self, text):
            raise BrokenPipeError(text)

    monkeypatch.setattr("sys.stdout", Gone())
    assert main(["--version"]) == 0
