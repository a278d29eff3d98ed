"""The model files: they come with the package, and no other content is taken."""

import pytest

from acquisition.cli import main
from deepflash.errors import ModelFileError
from deepflash.faces.finder import FaceFinder
from deepflash.faces.model_files import DETECTOR, MODEL_FILES, checked_model, models_folder


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DEEPFLASH_FACE_MODELS", str(tmp_path / "faces"))
    return tmp_path / "faces"


def test_both_files_come_with_the_package_and_are_the_pinned_ones(monkeypatch):
    monkeypatch.delenv("DEEPFLASH_FACE_MODELS", raising=False)
    assert [checked_model(model).name for model in MODEL_FILES] == [one.name for one in MODEL_FILES]
    told = (models_folder() / "NOTICE.md").read_text()
    for model in MODEL_FILES:
        assert model.name in told
        assert model.sha256 in told


def test_the_environment_names_another_folder(folder):
    assert models_folder() == folder


def test_an_absent_file_is_one_line_with_the_advice_the_place_and_the_content(folder):
    with pytest.raises(ModelFileError) as caught:
        FaceFinder()
    said = str(caught.value)
    assert str(folder / DETECTOR.name) in said
    assert "unset DEEPFLASH_FACE_MODELS" in said
    assert DETECTOR.sha256 in said
    assert "\n" not in said


def test_an_altered_and_a_short_file_are_refused(folder, monkeypatch):
    folder.mkdir()
    path = folder / DETECTOR.name
    path.write_bytes(b"\0" * DETECTOR.size_bytes)
    with pytest.raises(
        ModelFileError, match=r"not the face model .*SHA-256 .* instead of bbff11cebd"
    ):
        FaceFinder()
    path.write_bytes(b"\0" * 100)
    monkeypatch.delenv("DEEPFLASH_FACE_MODELS")
    with pytest.raises(ModelFileError, match=r"100 bytes instead of 229714.*install deepflash"):
        checked_model(DETECTOR, folder)


def test_a_folder_in_place_of_a_file_is_refused(folder):
    (folder / DETECTOR.name).mkdir(parents=True)
    with pytest.raises(ModelFileError, match=r"cannot be read .*unset"):
        checked_model(DETECTOR)


def test_acquire_says_what_deepflash_says_in_one_line(monkeypatch, capsys):
    def verb(_):
        raise ModelFileError("there is no face model")

    monkeypatch.setattr("acquisition.prepare.cli.main", verb)
    assert main(["prepare"]) == 2
    assert capsys.readouterr().err == "acquire: there is no face model\n"
