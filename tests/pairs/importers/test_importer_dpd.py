"""DPD: rotations, people, cut-outs."""

import numpy as np
import pytest

from deepflash.errors import DatasetError, UsageError
from deepflash.pairs.importers.cli import main
from deepflash.pairs.importers.dpd import group_rotations, portrait_name
from deepflash.pictures import read_mask
from tests.pairs.importers.fixtures import draw_dpd
from tests.pairs.importers.importing import assert_light, imported


def test_dpd_pairs_subjects_and_published_split(tmp_path):
    answers = draw_dpd(tmp_path / "src", portraits=6, prefix="train_")
    draw_dpd(tmp_path / "more", portraits=8, prefix="test_")
    for path in (tmp_path / "more").rglob("P0[67]*"):
        target = tmp_path / "src" / path.relative_to(tmp_path / "more")
        target.parent.mkdir(exist_ok=True)
        path.rename(target)
    records = imported("dpd", tmp_path / "src", tmp_path / "dest")
    assert len(records) == 16
    for name, answer in answers.items():
        assert_light(tmp_path / "dest", records[name], answer, 0.006)
    splits = {record.subject_id: record.split for record in records.values()}
    assert sorted(splits) == [f"P{n:02d}" for n in range(8)]
    assert {s for s, split in splits.items() if split == "test"} == {"P06", "P07"}
    assert list(splits.values()).count("val") == 1
    assert records["P03_rot1"].extra["rotation"] == "1"
    assert records["P03_rot1"].flash_kind == "flash"


def test_dpd_subject_in_train_and_test(tmp_path):
    draw_dpd(tmp_path / "src", rotations=1, prefix="train_")
    draw_dpd(tmp_path / "src", rotations=1, prefix="test_")
    for path in (tmp_path / "src").glob("test_*/*"):
        path.rename(path.with_name(path.name.replace("rot0", "rot5")))
    with pytest.raises(DatasetError, match="P00 is in the dataset's train and test"):
        main(["dpd", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_dpd_one_rotation(tmp_path):
    draw_dpd(tmp_path / "src", portraits=3, rotations=11)
    records = imported("dpd", tmp_path / "src", tmp_path / "dest", "--one-rotation")
    assert sorted(records) == ["P00_rot0", "P01_rot0", "P02_rot0"]


def test_dpd_subject_pattern(tmp_path):
    draw_dpd(tmp_path / "src", portraits=12, rotations=1)
    options = ("--subject-pattern", r"^P(\d)")
    records = imported("dpd", tmp_path / "src", tmp_path / "dest", *options)
    assert {record.subject_id for record in records.values()} == {"0", "1"}
    for pattern, message in (
        (r"Q(\d)", "finds no subject"),
        ("(", "not valid"),
        ("P", "one group"),
    ):
        with pytest.raises(UsageError, match=message):
            main(["dpd", str(tmp_path / "src"), str(tmp_path / "b"), "--subject-pattern", pattern])


def test_dpd_alpha_is_the_person_before_the_same_grey(tmp_path):
    answers = draw_dpd(tmp_path / "src", portraits=3, rotations=1, alpha=True)
    records = imported("dpd", tmp_path / "src", tmp_path / "dest")
    y, x = np.mgrid[-1:1:48j, -1:1:64j]
    for name, record in records.items():
        assert_light(tmp_path / "dest", record, answers[name], 0.006)
        mask = read_mask(tmp_path / "dest" / record.masks["person"])
        assert np.array_equal(mask == 255, np.hypot(x, y) < 0.7)
        assert set(np.unique(mask)) == {0, 255}


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        (["P1_rot0", "P1_rot90", "P2_r3"], [("P1", "0"), ("P1", "90"), ("P2", "3")]),
        (["a-angle-5", "b_12deg"], [("a", "-5"), ("b", "12")]),
        (["P1_0", "P1_1", "P2_0", "P3_0"], [("P1", "0"), ("P1", "1"), ("P2", "0"), ("P3", "0")]),
        # Two portraits only could not fill three splits, so the number is not a rotation.
        (["P_1", "P_2", "Q_1"], [("P_1", None), ("P_2", None), ("Q_1", None)]),
        (["001", "002", "003"], [("001", None), ("002", None), ("003", None)]),
        (["flower3", "flower4", "x"], [("flower3", None), ("flower4", None), ("x", None)]),
    ],
)
def test_rotations(names, groups):
    assert group_rotations(names) == groups


def test_portrait_name():
    assert portrait_name("inputs_origin/P1_flash_rot3.png") == "P1_rot3"
    assert portrait_name("inputs_origin/flash_12.png") == "12"
