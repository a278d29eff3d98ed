import contextlib
import subprocess
import sys
from pathlib import Path

import pytest

from deepflash.atomic import replacing, write_text
from deepflash.errors import StorageError


def test_new_content_appears_whole(tmp_path: Path):
    path = tmp_path / "deep" / "a.txt"
    with replacing(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
        assert temporary.suffix == ".txt"
    assert path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_failure_keeps_the_old_content_and_leaves_nothing(tmp_path: Path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with contextlib.suppress(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


FULL_DISK = """
import resource, sys
from pathlib import Path
from deepflash.atomic import write_text
from deepflash.errors import StorageError
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_text(Path(sys.argv[1]), "x" * 5000)
except StorageError as error:
    print(error)
"""


def test_full_disk_is_one_line_and_keeps_the_old_content(tmp_path: Path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    # A limit on the size of files stands for a full disk: the same call fails half-way.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)], capture_output=True, text=True, check=True
    )
    assert "cannot write" in done.stdout
    assert "a.txt" in done.stdout
    assert len(done.stdout.splitlines()) == 1
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_file_in_the_place_of_a_folder(tmp_path: Path):
    (tmp_path / "a").write_text("file")
    with pytest.raises(StorageError, match="cannot write"):
        write_text(tmp_path / "a" / "b.txt", "x")
