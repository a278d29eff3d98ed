"""Which photograph becomes which file, and what is refused before any work."""

from pathlib import Path

import pytest

from deepflash.enhance.plan import JOURNAL, Job, is_done, plan_jobs
from deepflash.errors import PictureError, UsageError


def _files(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def _plan(root, sources, out=None, *, preview=False):
    """Sources and results as text, below `root`."""
    jobs = plan_jobs([root / name for name in sources], out and root / out, preview=preview)
    return {
        job.source.relative_to(root).as_posix(): job.result.relative_to(root).as_posix()
        for job in jobs
    }


# --- without --out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "result"),
    [
        ("selfie.jpg", "selfie.portrait.jpg"),
        ("SELFIE.JPG", "SELFIE.portrait.JPG"),
        ("a.b.png", "a.b.portrait.png"),
        ("old.bmp", "old.portrait.png"),
        ("phone.mpo", "phone.portrait.jpg"),
        ("phone.HEIC", "phone.portrait.jpg"),
        ("camera.dng", "camera.portrait.jpg"),
        ("bare", "bare.portrait.png"),
        ("sub/x.portrait.jpg", "sub/x.portrait.portrait.jpg"),  # named, so meant
    ],
)
def test_a_photograph_gets_a_portrait_beside_it(tmp_path, name, result):
    _files(tmp_path, name)
    assert _plan(tmp_path, [name]) == {name: result}


def test_a_folder_gets_a_folder_beside_it(tmp_path):
    _files(tmp_path, "holiday/b.jpg", "holiday/sub/a.png")
    assert _plan(tmp_path, ["holiday"]) == {
        "holiday/b.jpg": "holiday-portraits/b.jpg",
        "holiday/sub/a.png": "holiday-portraits/sub/a.png",
    }
    homes = {job.home for job in plan_jobs([tmp_path / "holiday"], None, preview=False)}
    assert homes == {tmp_path / "holiday-portraits"}


@pytest.mark.parametrize("name", [".", "sub/.."])
def test_the_folder_in_which_one_stands_has_a_place_beside_it(tmp_path, monkeypatch, name):
    _files(tmp_path, "holiday/a.jpg", "holiday/sub/note.txt")
    monkeypatch.chdir(tmp_path / "holiday")
    (job,) = plan_jobs([Path(name)], None, preview=False)
    assert job.result == tmp_path / "holiday-portraits" / "a.jpg"


def test_a_second_search_does_not_take_results_for_photographs(tmp_path):
    _files(
        tmp_path,
        "a.jpg",
        "a.portrait.jpg",
        "A.PORTRAIT.PNG",
        "a.preview.jpg",
        "a.portrait.preview.jpg",
        "portrait.jpg",
        "preview.jpg",
        "sub/b.jpg",
        f"sub-portraits/{JOURNAL}",
        "sub-portraits/b.jpg",
        "sub-portraits/deep/c.jpg",
    )
    found = plan_jobs([tmp_path], tmp_path / "out", preview=False)
    assert [job.source.relative_to(tmp_path).as_posix() for job in found] == [
        "a.jpg",
        "portrait.jpg",
        "preview.jpg",
        "sub/b.jpg",
    ]


def test_a_folder_of_results_may_be_enhanced_when_it_is_named(tmp_path):
    _files(tmp_path, f"in/{JOURNAL}", "in/a.jpg")
    assert _plan(tmp_path, ["in"]) == {"in/a.jpg": "in-portraits/a.jpg"}


def test_a_folder_with_results_only_holds_no_photographs(tmp_path):
    _files(tmp_path, "in/a.portrait.jpg", "in/notes.txt")
    with pytest.raises(PictureError, match=r"holds no photographs; supported are JPEG"):
        _plan(tmp_path, ["in"])


# --- with --out -------------------------------------------------------------------------------


def test_out_is_a_file_or_a_folder(tmp_path):
    _files(tmp_path, "a.jpg", "b.bmp", "in/c.jpg", "dir.jpg/keep")
    assert _plan(tmp_path, ["a.jpg"], "x.PNG") == {"a.jpg": "x.PNG"}
    assert _plan(tmp_path, ["a.jpg"], "x") == {"a.jpg": "x/a.jpg"}
    assert _plan(tmp_path, ["a.jpg"], "dir.jpg") == {"a.jpg": "dir.jpg/a.jpg"}
    assert _plan(tmp_path, ["a.jpg", "b.bmp", "in"], "x") == {
        "a.jpg": "x/a.jpg",
        "b.bmp": "x/b.png",
        "in/c.jpg": "x/c.jpg",
    }
    assert plan_jobs([tmp_path / "a.jpg"], tmp_path / "x.png", preview=False)[0].home is None


@pytest.mark.parametrize(
    ("sources", "out", "message"),
    [
        (["a.jpg"], "x.txt", "can become .jpg"),
        (["a.jpg", "b.jpg"], "x.jpg", "several need a folder"),
        (["in"], "x.webp", "several need a folder"),
        (["a.jpg", "b.jpg"], "file", "is a file"),
    ],
)
def test_an_out_that_cannot_be_is_refused(tmp_path, sources, out, message):
    _files(tmp_path, "a.jpg", "b.jpg", "in/c.jpg", "file")
    with pytest.raises(UsageError, match=message):
        _plan(tmp_path, sources, out)


def test_results_inside_the_photographs_are_not_read(tmp_path):
    _files(tmp_path, "in/a.jpg", "in/out/a.jpg", "in/.hidden/b.jpg", "in/.c.jpg", "in/d.jpg/e.png")
    assert _plan(tmp_path, ["in"], "in/out") == {
        "in/a.jpg": "in/out/a.jpg",
        "in/d.jpg/e.png": "in/out/d.jpg/e.png",
    }


# --- one name for two -------------------------------------------------------------------------


def test_a_folder_may_hold_one_name_in_two_formats(tmp_path):
    _files(tmp_path, "in/a.png", "in/a.bmp", "in/A.gif", "in/b.bmp", "in/sub/a.bmp")
    assert _plan(tmp_path, ["in"]) == {
        "in/A.gif": "in-portraits/A.gif.png",
        "in/a.bmp": "in-portraits/a.bmp.png",
        "in/a.png": "in-portraits/a.png",
        "in/b.bmp": "in-portraits/b.png",
        "in/sub/a.bmp": "in-portraits/sub/a.png",
    }


def test_a_camera_may_write_each_photograph_twice(tmp_path):
    _files(tmp_path, "in/a.JPG", "in/a.NEF", "in/b.nef")
    assert _plan(tmp_path, ["in"]) == {
        "in/a.JPG": "in-portraits/a.JPG",
        "in/a.NEF": "in-portraits/a.NEF.jpg",
        "in/b.nef": "in-portraits/b.jpg",
    }


def test_two_photographs_never_share_a_result(tmp_path):
    _files(tmp_path, "x/in.png", "y/in.png", "z/IN.bmp")
    for other in ("y/in.png", "z/IN.bmp", "y"):
        with pytest.raises(UsageError, match="would both be written"):
            _plan(tmp_path, ["x/in.png", other], "out")


def test_a_photograph_named_twice_is_one_job(tmp_path, monkeypatch):
    _files(tmp_path, "in/a.png")
    assert len(_plan(tmp_path, ["in/a.png", "in", "in/../in"], "out")) == 1
    monkeypatch.chdir(tmp_path)
    assert len(plan_jobs([Path("in"), tmp_path / "in"], None, preview=False)) == 1


def test_a_photograph_is_never_a_result(tmp_path):
    _files(tmp_path, "in/a.png", "a.jpg", "a.portrait.jpg")
    (tmp_path / "link").symlink_to(tmp_path / "in")
    for sources, out in (
        (["in/a.png"], "in/a.png"),
        (["in/a.png"], "in"),
        (["in"], "in"),
        (["in"], "link"),
        (["a.jpg", "a.portrait.jpg"], None),
    ):
        with pytest.raises(UsageError, match="choose another --out"):
            _plan(tmp_path, sources, out)


def test_a_preview_never_lands_on_another_result(tmp_path):
    _files(tmp_path, "a.png", "a.preview.jpg")
    assert len(_plan(tmp_path, ["a.png", "a.preview.jpg"], "out")) == 2
    with pytest.raises(UsageError, match="both be written"):
        _plan(tmp_path, ["a.png", "a.preview.jpg"], "out", preview=True)


def test_done_is_what_has_all_its_files(tmp_path):
    job = Job(tmp_path / "a.jpg", tmp_path / "out" / "a.jpg")
    assert job.preview == tmp_path / "out" / "a.preview.jpg"
    assert not is_done(job, preview=False)
    _files(tmp_path, "out/a.jpg")
    assert is_done(job, preview=False)
    assert not is_done(job, preview=True)
    _files(tmp_path, "out/a.preview.jpg")
    assert is_done(job, preview=True)
