"""Interrupted, repaired, resumed, in several processes: the same dataset in the end."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import deepflash
from deepflash.cli import main as deepflash_main
from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.pairs.importers.cli import main
from deepflash.pairs.manifest import MANIFEST, PARTIAL, read_manifest
from deepflash.pictures import read_picture
from tests.pairs.importers.fixtures import draw_dpd, draw_faid, draw_mid, quantise, write_png


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def cut(path: Path) -> bytes:
    """Truncates a file; returns what it held."""
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    return whole


def open_for_reader(pipe: Path, process: subprocess.Popen[bytes]) -> int:
    """Opens the pipe as soon as the process reads from it; returns the file descriptor."""
    for _ in range(600):
        try:
            # Without a reader this raises ENXIO.
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:
            assert process.poll() is None, "the import ended before it came to the pipe"
            time.sleep(0.05)
    pytest.fail("the import never came to the pipe")


def test_stopped_by_a_cut_file_then_repaired_ends_the_same(tmp_path, capsys):
    draw_faid(tmp_path / "src", "linear8", scenes=7)
    main(["faid", str(tmp_path / "src"), str(tmp_path / "whole")])
    capsys.readouterr()
    broken = tmp_path / "src/People_003_ambient.png"
    data = cut(broken)
    asked = ["import", "faid", str(tmp_path / "src"), str(tmp_path / "dest")]
    assert deepflash_main(asked) == 2
    assert "People_003_ambient.png is truncated" in capsys.readouterr().err.splitlines()[-1]
    assert (tmp_path / "dest" / PARTIAL).read_text().count("\n") == 3
    with pytest.raises(DatasetError, match="unfinished"):
        read_manifest(tmp_path / "dest")
    broken.write_bytes(data)
    first = tmp_path / "dest/Objects_001/flash.png"
    written = first.stat().st_mtime_ns
    assert deepflash_main(asked) == 0
    assert first.stat().st_mtime_ns == written
    assert contents(tmp_path / "dest") == contents(tmp_path / "whole")


def test_killed_while_reading_then_resumed_ends_the_same(tmp_path):
    draw_dpd(tmp_path / "src", portraits=4, rotations=2, alpha=True)
    main(["dpd", str(tmp_path / "src"), str(tmp_path / "whole")])
    # Reading from a pipe that nobody writes to never ends: the process is sure to be there
    # when it is killed.
    stuck = tmp_path / "src/target/P02_no_flash_rot1.png"
    data = stuck.read_bytes()
    stuck.unlink()
    os.mkfifo(stuck)
    asked = ["import", "dpd", str(tmp_path / "src"), str(tmp_path / "dest")]
    process = subprocess.Popen(
        [sys.executable, "-m", "deepflash", *asked],
        cwd=Path(deepflash.__file__).parents[1],
        stderr=subprocess.DEVNULL,
    )
    try:
        # Held open, because the reader would go on at the end of the file.
        with os.fdopen(open_for_reader(stuck, process), "wb"):
            process.kill()
            assert process.wait(timeout=30) == -9
    finally:
        process.kill()
    stuck.unlink()
    stuck.write_bytes(data)
    partial = tmp_path / "dest" / PARTIAL
    assert partial.read_text().count("\n") == 5
    # What a kill in the middle of a write leaves: a cut line and a cut temporary picture.
    with partial.open("a") as file:
        file.write('{"consent": [], "enco')
    (tmp_path / "dest/P02_rot1").mkdir()
    (tmp_path / "dest/P02_rot1/.flash.1.partial.png").write_bytes(b"\x89PNG")
    assert deepflash_main(asked) == 0
    assert contents(tmp_path / "dest") == contents(tmp_path / "whole")


def test_processes_give_the_same_dataset(tmp_path):
    draw_faid(tmp_path / "src", "linear16", scenes=9)
    main(["faid", str(tmp_path / "src"), str(tmp_path / "one")])
    main(["faid", str(tmp_path / "src"), str(tmp_path / "two"), "--jobs", "2"])
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_broken_pair_in_a_worker_process_stops_there(tmp_path):
    draw_faid(tmp_path / "src", scenes=7)
    cut(tmp_path / "src/People_003_flash.png")
    with pytest.raises(PictureError, match=r"People_003_flash\.png is truncated"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--jobs", "2"])
    # In the order of names: Objects_001, Objects_004, People_000, then the broken one.
    assert (tmp_path / "dest" / PARTIAL).read_text().count("\n") == 3


def test_skip_broken_lists_what_was_left_out(tmp_path, capsys):
    draw_faid(tmp_path / "src", scenes=7)
    cut(tmp_path / "src/People_003_flash.png")
    (tmp_path / "src/Toys_005_ambient.png").write_bytes(b"")
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--skip-broken"])
    output = capsys.readouterr()
    assert "People_003_flash.png is truncated" in output.err
    assert "Toys_005_ambient.png is not a picture" in output.err
    assert "5 pairs in" in output.out
    assert "2 pairs left out" in output.out
    assert len(read_manifest(tmp_path / "dest")) == 5


def test_nothing_readable_is_an_error(tmp_path):
    draw_faid(tmp_path / "src", scenes=1)
    cut(tmp_path / "src/People_000_flash.png")
    with pytest.raises(DatasetError, match="none of the 1 pairs can be read"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--skip-broken"])
    assert not (tmp_path / "dest" / MANIFEST).exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [(["--max-size", "32"], "set of options"), (["--seed", "1"], "set of options"), ([], "files")],
)
def test_resuming_something_else_is_refused(tmp_path, change, message):
    draw_faid(tmp_path / "src", scenes=4)
    data = cut(tmp_path / "src/Toys_002_flash.png")
    asked = ["faid", str(tmp_path / "src"), str(tmp_path / "dest")]
    with pytest.raises(PictureError):
        main(asked)
    (tmp_path / "src/Toys_002_flash.png").write_bytes(data)
    if not change:
        draw_faid(tmp_path / "src", scenes=5)
    before = contents(tmp_path / "dest")
    with pytest.raises(DatasetError, match=f"another {message}|another list of {message}"):
        main([*asked, *change])
    assert contents(tmp_path / "dest") == before


def test_destinations_that_are_refused(tmp_path):
    draw_faid(tmp_path / "src", scenes=1)
    with pytest.raises(UsageError, match="only read"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "src/pairs")])
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.txt").write_text("words")
    with pytest.raises(DatasetError, match="other files"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "mine")])
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])
    before = contents(tmp_path / "dest")
    with pytest.raises(DatasetError, match="already holds a dataset"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])
    assert contents(tmp_path / "dest") == before


def test_the_source_is_not_touched(tmp_path):
    draw_dpd(tmp_path / "src", alpha=True)
    before = contents(tmp_path / "src")
    main(["dpd", str(tmp_path / "src"), str(tmp_path / "dest"), "--max-size", "20"])
    assert contents(tmp_path / "src") == before


def test_the_closing_line_says_what_and_where_and_what_next(tmp_path, capsys):
    draw_mid(tmp_path / "src", ("everett_a1", "b1", "c1", "d1"))
    main(["mid", str(tmp_path / "src"), str(tmp_path / "dest")])
    dest = tmp_path / "dest"
    line = f"4 pairs in {dest}, subjects: 2 train, 1 val, 1 test; next: deepflash pairs {dest}\n"
    assert capsys.readouterr().out == line


def test_scaling_down_keeps_light(tmp_path):
    # Black and white in equal parts are half the light: 188 in sRGB, not 128.
    board = np.kron(np.indices((24, 32)).sum(0) % 2, np.ones((1, 1)))[..., None] * np.ones(3)
    for role in ("flash", "ambient"):
        write_png(tmp_path / f"src/Toys_000_{role}.png", quantise(board))
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--max-size", "16"])
    record = read_manifest(tmp_path / "dest")[0]
    assert (record.width, record.height) == (16, 12)
    assert np.all(read_picture(tmp_path / "dest" / record.flash) == 188)


def test_small_pictures_are_not_scaled_up(tmp_path):
    draw_faid(tmp_path / "src", scenes=1)
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--max-size", "1000"])
    assert read_manifest(tmp_path / "dest")[0].width == 64


def test_a_picture_lying_on_its_side_is_turned(tmp_path):
    draw_mid(tmp_path / "src", ("room",))
    for path in (tmp_path / "src/room").glob("*.jpg"):
        with Image.open(path) as image:
            # Left half black: shown with orientation 6 (turn clockwise), the top is black.
            image.paste((0, 0, 0), (0, 0, 32, 48))
            exif = image.getexif()
            exif[0x0112] = 6
            image.save(path, exif=exif, quality=95)
    main(["mid", str(tmp_path / "src"), str(tmp_path / "dest")])
    record = read_manifest(tmp_path / "dest")[0]
    assert (record.width, record.height) == (48, 64)
    for name in (record.flash, record.studio):
        picture = read_picture(tmp_path / "dest" / name)
        assert picture[:24].max() < 20 < 100 < picture[40:].min()


def test_exchanged_flash_and_ambient_are_refused_then_put_right(tmp_path):
    answers = draw_faid(tmp_path / "src", scenes=8, swapped=True)
    with pytest.raises(DatasetError, match=r"in 8 of 8 pairs.*--swapped.*--not-swapped"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])
    assert not (tmp_path / "dest").exists()
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest"), "--swapped"])
    for record in read_manifest(tmp_path / "dest"):
        flash = read_picture(tmp_path / "dest" / record.flash)
        assert np.array_equal(flash, quantise(answers[record.pair_id][0]))
        assert record.extra["swapped"] is True
    main(["faid", str(tmp_path / "src"), str(tmp_path / "kept"), "--not-swapped"])
    record = read_manifest(tmp_path / "kept")[0]
    ambient = quantise(answers[record.pair_id][1])
    assert np.array_equal(read_picture(tmp_path / "kept" / record.flash), ambient)


def test_the_vote_is_kept_beside_the_manifest(tmp_path):
    draw_faid(tmp_path / "src", scenes=8)
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])
    vote = json.loads((tmp_path / "dest/import.json").read_text())["vote"]
    assert vote == {"as_named": 8, "exchanged": 0, "undecided": 0, "unreadable": 0}


def test_too_few_pairs_to_tell(tmp_path, capsys):
    draw_faid(tmp_path / "src", scenes=4, swapped=True)
    main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])
    assert "do not tell whether" in capsys.readouterr().err
