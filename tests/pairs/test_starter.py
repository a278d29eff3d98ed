from pathlib import Path

import pytest

from deepflash.errors import DatasetError
from deepflash.pairs import starter
from deepflash.pairs.datamodule import PairDataModule
from deepflash.pairs.manifest import MANIFEST
from deepflash.pairs.starter import dataset_root


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package of its own, and an empty working directory."""
    package, work = tmp_path / "package", tmp_path / "work"
    package.mkdir()
    work.mkdir()
    monkeypatch.setattr(starter, "_PACKAGE", package)
    monkeypatch.chdir(work)
    return package


def test_any_other_name_is_a_path(package: Path):
    assert dataset_root("pairs/main") == Path("pairs/main")
    assert dataset_root(str(package / "starter")) == package / "starter"


def test_starter_is_the_folder_of_the_package(package: Path):
    (package / "starter").mkdir()
    (package / "starter" / MANIFEST).touch()
    assert dataset_root("starter") == package / "starter"
    assert PairDataModule("starter").root == package / "starter"


def test_a_folder_of_that_name_goes_first(package: Path):
    (package / "starter").mkdir()
    (package / "starter" / MANIFEST).touch()
    Path("starter").mkdir()
    assert dataset_root("starter") == Path("starter")


@pytest.mark.usefixtures("package")
def test_an_installation_without_starter_pairs_says_what_to_do():
    with pytest.raises(DatasetError, match="no starter pairs; render some with `deepflash synth`"):
        dataset_root("starter")
