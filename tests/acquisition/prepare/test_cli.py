"""`acquire prepare`: its words, and the whole way from a simulated session to a dataset."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from acquisition.errors import SessionError, UsageError
from acquisition.prepare.cli import SIMULATED_REGISTRY, main
from acquisition.simulate.session import WORK
from deepflash.pairs.datamodule import PairDataModule
from deepflash.pairs.manifest import read_manifest
from tests.acquisition.prepare.sessions import add_pair, begin_session, feed, person, registry_in


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--size", "10"], "--size 10: give 64 to 8192 pixels"),
        (["--registration", "bent"], "Invalid enum value 'bent'"),
        (["--encoding", "linear"], "Invalid enum value 'linear'"),
        (["--purpose", "sale"], "Invalid enum value 'sale'"),
        (["--set", "most_leak"], "give KEY=VALUE"),
        (["--set", "most_leek=0.1"], "unknown field `most_leek`"),
        (["--set", "most_leak=much"], "Expected `float | null`, got `str`"),
        (["--set", "registration.flow=7"], "Expected `bool`"),
        (["--jobs", "-1"], "take 0 or more"),
    ],
)
def test_a_wrong_word_is_one_line(tmp_path: Path, words: list[str], told: str):
    with pytest.raises(UsageError, match=told) as caught:
        main([str(tmp_path / "s"), "-o", str(tmp_path / "a"), *words])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "a").exists()


def test_a_dataset_is_never_made_inside_of_a_session(tmp_path: Path):
    with pytest.raises(UsageError, match="nothing is ever changed"):
        main([str(tmp_path), "-o", str(tmp_path / "pairs" / "a")])


def test_help_waits_for_no_picture_library():
    code = (
        "import sys; from acquisition.prepare.cli import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'cv2', 'numpy', 'PIL', 'rawpy'} & set(sys.modules); assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "--registration" in done.stdout


def test_simulated_people_are_looked_for_where_a_simulation_puts_them():
    assert SIMULATED_REGISTRY == WORK / "registry"


def test_a_session_becomes_a_dataset_and_a_damaged_pair_a_line(tmp_path: Path, capsys):
    registry = registry_in(tmp_path)
    people = [person(registry) for _ in range(2)]
    root = tmp_path / "sessions" / "s"
    folder = begin_session(root, people, simulated=True)
    small = {"references": False, "scenes": feed((240, 320), (320, 480))}
    pairs = [add_pair(folder, one, scene=n, **small) for n, one in enumerate(people)]
    folder.close()
    path = next(root.glob(f"*/pair-{pairs[1]}/phone_flash.jpg"))
    path.write_bytes(path.read_bytes()[:-100])
    words = [str(root), "-o", str(tmp_path / "pairs"), "--registry", str(registry.folder)]
    words += ["--jobs", "1", "--set", "least_valid_share_face=none"]
    with pytest.raises(SessionError, match="1 thing could not be read"):
        main(words)
    said = capsys.readouterr().out
    assert f"pair {pairs[1]}: s/sub-" in said
    assert "1 pairs accepted, 1 rejected" in said
    (record,) = read_manifest(tmp_path / "pairs")
    assert record.pair_id == pairs[0]
    assert "nobody sat for it" in record.extra["simulated"]


@pytest.mark.slow
def test_a_simulated_session_trains_a_network_later(tmp_path: Path):
    """Session, dataset, `deepflash pairs`, a rerun, a withdrawal: each in a process of its own."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "XDG_DATA_HOME": str(tmp_path / "data"),
    }

    def run(*words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words], cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    (tmp_path / "poses.yaml").write_text("- {name: frontal, instruction: Look here.}\n")
    run(
        *("-m", "acquisition", "session", "s", "--simulate", "--no-browser", "--poses"),
        *("poses.yaml", "--simulated-phone", "client", "--simulated-people", "3"),
        *("--console-port", "0"),
    )
    prepare = ("-c", "import sys; from acquisition.prepare.cli import main; main(sys.argv[1:])")
    words = (*prepare, "sessions/s", "-o", "pairs/a", "--size", "256", "--jobs", "2")
    words += ("--set", "least_valid_share_face=none")
    said = run(*words)
    assert "3 pairs accepted, 0 rejected; 3 prepared" in said, said
    dataset = tmp_path / "pairs" / "a"
    assert "3 pairs" in run("-m", "deepflash", "pairs", str(dataset))
    before = (dataset / "manifest.jsonl").stat().st_mtime_ns
    assert "0 prepared in this run" in run(*words)
    assert (dataset / "manifest.jsonl").stat().st_mtime_ns == before
    data = PairDataModule(root=str(dataset), size=64, batch_size=1, workers=0)
    assert len(next(iter(data.train_dataloader()))["name"]) == 1
    gone = next(one for one in read_manifest(dataset) if one.split == "test").subject_id
    run("-m", "acquisition", "withdraw", gone, "--registry", str(SIMULATED_REGISTRY))
    assert "1 removed" in run(*words)
    records = read_manifest(dataset)
    assert gone not in {one.subject_id for one in records}
    assert {one.split for one in records} == {"train", "val"}
    assert not list(dataset.rglob(f"*{gone[2:]}*"))
