"""The four importers on drawn datasets: pictures, subjects, splits, layouts."""

import cv2
import numpy as np
import pytest

from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.pairs.importers.cli import main
from deepflash.pairs.importers.dpd import group_rotations, portrait_name
from deepflash.pairs.importers.mid import room_of
from deepflash.pairs.manifest import check_files, file_digest, read_manifest
from deepflash.pictures import read_mask, read_picture, to_unit
from tests.pairs.importers.fixtures import (
    XYZ_TO_CAMERA,
    decode,
    draw_dpd,
    draw_efaid,
    draw_faid,
    draw_mid,
    encode,
    matrix_text,
    scene,
    write_png,
)


def imported(kind, src, dest, *options):
    main([kind, str(src), str(dest), *options])
    records = {record.pair_id: record for record in read_manifest(dest)}
    check_files(dest, records.values())
    return records


def pictures(dest, record):
    return to_unit(read_picture(dest / record.flash)), to_unit(read_picture(dest / record.studio))


def assert_light(dest, record, answer, tolerance):
    """Compares in linear light, where a source's rounding is the same size everywhere."""
    for picture, expected in zip(pictures(dest, record), answer, strict=True):
        assert np.abs(decode(picture) - decode(expected)).max() < tolerance


@pytest.mark.parametrize(
    ("form", "encoding", "tolerance"),
    # One 8-bit step in camera light grows to about 3.5 in sRGB through the matrix.
    [("srgb", "srgb8", 0.006), ("linear8", "srgb8", 0.02), ("linear16", "srgb16", 0.0005)],
)
def test_faid_gives_the_light_of_the_scene(tmp_path, form, encoding, tolerance):
    answers = draw_faid(tmp_path / "src", form)
    records = imported("faid", tmp_path / "src", tmp_path / "dest")
    assert set(records) == set(answers)
    for name, record in records.items():
        assert_light(tmp_path / "dest", record, answers[name], tolerance)
        assert (record.width, record.height, record.encoding) == (64, 48, encoding)
        assert (record.subject_id, record.source) == (name, "faid")
        assert record.extra["category"] == name.split("_")[0]
        digest = file_digest(tmp_path / "dest" / record.flash)
        assert digest == (record.flash_sha256, record.flash_bytes)
        if form != "srgb":
            assert record.extra["flash_xyz_to_camera"] == pytest.approx(list(XYZ_TO_CAMERA.ravel()))
            assert record.extra["studio_illuminant"] == 21


def test_faid_srgb_files_are_copied_byte_for_byte(tmp_path):
    draw_faid(tmp_path / "src", scenes=1)
    record = imported("faid", tmp_path / "src", tmp_path / "dest")["People_000"]
    copy, original = tmp_path / "dest" / record.flash, tmp_path / "src/People_000_flash.png"
    assert copy.read_bytes() == original.read_bytes()
    assert not copy.is_symlink()
    assert copy.stat().st_ino != original.stat().st_ino


def test_faid_eight_bit(tmp_path):
    answers = draw_faid(tmp_path / "src", "linear16", scenes=1)
    record = imported("faid", tmp_path / "src", tmp_path / "dest", "--eight-bit")["People_000"]
    assert record.encoding == "srgb8"
    assert read_picture(tmp_path / "dest" / record.studio).dtype == np.uint8
    assert_light(tmp_path / "dest", record, answers["People_000"], 0.006)


def test_faid_categories(tmp_path):
    draw_faid(tmp_path / "src", scenes=6)
    records = imported("faid", tmp_path / "src", tmp_path / "dest", "--categories", "People,Toys")
    assert sorted(records) == ["People_000", "People_003", "Toys_002", "Toys_005"]
    with pytest.raises(UsageError, match="no category 'Cats'"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "b"), "--categories", "Cats"])


def test_faid_flash_plus_ambient_is_a_sum_in_linear_light(tmp_path):
    for role, level in (("flash", 0.2), ("ambient", 0.3)):
        grey = np.full((8, 8, 3), np.round(encode(np.array(level)) * 255), np.uint8)
        write_png(tmp_path / "src" / f"Toys_001_{role}.png", grey)
    options = ("--flash-plus-ambient", "0.5")
    record = imported("faid", tmp_path / "src", tmp_path / "dest", *options)["Toys_001"]
    flash, studio = pictures(tmp_path / "dest", record)
    # 0.2 + 0.5 * 0.3 = 0.35 of linear light is 160 of 255 in sRGB; 0.3 is 149.
    assert flash[0, 0, 0] * 255 == pytest.approx(160, abs=1)
    assert studio[0, 0, 0] * 255 == pytest.approx(149, abs=1)
    assert record.flash_kind == "flash_plus_ambient"
    assert record.extra["flash_files"] == [
        ["Toys_001_flash.png", 1.0],
        ["Toys_001_ambient.png", 0.5],
    ]


def test_faid_pair_in_two_forms(tmp_path):
    draw_faid(tmp_path / "src", "linear8", scenes=1)
    write_png(tmp_path / "src/People_000_ambient.png", np.zeros((48, 64, 3), np.uint8))
    with pytest.raises(PictureError, match="same form"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_faid_sixteen_bit_without_its_matrix(tmp_path):
    for role in ("flash", "ambient"):
        write_png(tmp_path / f"src/Toys_000_{role}.png", np.zeros((8, 8, 3), np.uint16))
    with pytest.raises(PictureError, match="no camera matrix"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_faid_damaged_matrix_names_the_file(tmp_path):
    for role in ("flash", "ambient"):
        text = matrix_text() | {"Description": "99"}
        write_png(tmp_path / f"src/Toys_000_{role}.png", np.zeros((8, 8, 3), np.uint8), text)
    with pytest.raises(PictureError, match=r"Toys_000_flash.png: .*illuminant"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_two_sizes_in_one_pair(tmp_path):
    draw_faid(tmp_path / "src", scenes=1)
    write_png(tmp_path / "src/People_000_ambient.png", np.zeros((64, 48, 3), np.uint8))
    with pytest.raises(PictureError, match="64 x 48 and 48 x 64"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_a_copy_in_a_second_folder_is_noticed(tmp_path):
    draw_faid(tmp_path / "src/one", scenes=1)
    draw_faid(tmp_path / "src/two", scenes=1)
    with pytest.raises(DatasetError, match=r"People_000: one/People_000_flash\.png, two/"):
        main(["faid", str(tmp_path / "src"), str(tmp_path / "dest")])


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


def test_efaid(tmp_path):
    answers = draw_efaid(tmp_path / "src", scenes=5)
    records = imported("efaid", tmp_path / "src", tmp_path / "dest")
    assert set(records) == set(answers)
    for name, record in records.items():
        # One 8-bit step in linear light is 0.004; half of it, and half a step of the result.
        assert_light(tmp_path / "dest", record, answers[name], 0.006)
        assert record.flash_kind == "flash_plus_ambient"
        assert (record.split == "test") == ("Toys" in name or "everett" in name or "head" in name)
    assert records["mid_01_copyroom_003"].subject_id == "mid_copyroom"
    assert records["dpd_02_face001"].subject_id == records["dpd_01_face001"].subject_id
    assert records["dpd_02_face001"].extra["variant"] == 2


def test_efaid_flash_alone_and_made(tmp_path):
    draw_efaid(tmp_path / "src", scenes=1)
    for path in (tmp_path / "src").rglob("*flashphoto*"):
        path.unlink()
    with pytest.raises(DatasetError, match="no flashphoto picture"):
        main(["efaid", str(tmp_path / "src"), str(tmp_path / "a")])
    flash, ambient = scene(0)
    for k, kind in ((0, "flash_only"), (0.5, "flash_plus_ambient")):
        dest = tmp_path / str(k)
        records = imported("efaid", tmp_path / "src", dest, "--flash-plus-ambient", str(k))
        made = np.minimum(flash + k * ambient, 1)
        assert_light(dest, records["dpd_01_face000"], (encode(made), encode(ambient)), 0.008)
        assert records["dpd_01_face000"].flash_kind == kind


def test_mid_mean_of_the_side_lights(tmp_path):
    answers = draw_mid(tmp_path / "src", ("everett_hall1", "14n_office3", "14n_office12", "a", "b"))
    records = imported("mid", tmp_path / "src", tmp_path / "dest")
    assert set(records) == set(answers)
    for name, record in records.items():
        assert_light(tmp_path / "dest", record, answers[name], 0.01)
        assert (record.split == "test") == name.startswith("everett")
        assert record.extra["directions"] == [0, 1, *range(4, 19), 23]
    assert records["14n_office3"].subject_id == records["14n_office12"].subject_id == "14n_office"
    original = (tmp_path / "src/a/dir_22_mip2.jpg").read_bytes()
    assert (tmp_path / "dest/a/flash.jpg").read_bytes() == original


def test_mid_each_direction(tmp_path):
    draw_mid(tmp_path / "src", ("room",))
    (tmp_path / "src/room/dir_5_mip2.jpg").unlink()
    with pytest.raises(DatasetError, match=r"no dir_5_mip2\.jpg"):
        main(["mid", str(tmp_path / "src"), str(tmp_path / "a")])
    records = imported("mid", tmp_path / "src", tmp_path / "dest", "--mid-ambient", "each")
    assert len(records) == 17
    studio = read_picture(tmp_path / "dest" / records["room_dir07"].studio)
    # Direction 7 was drawn as 40 + 8 * 7.
    assert np.all(studio == 96)


def test_mid_directions_of_two_sizes(tmp_path):
    draw_mid(tmp_path / "src", ("room",))
    # Numpy would spread the one row over the sum of the other directions.
    cv2.imwrite(str(tmp_path / "src/room/dir_9_mip2.jpg"), np.zeros((1, 64, 3), np.uint8))
    with pytest.raises(PictureError, match=r"dir_9_mip2\.jpg is 64 x 1"):
        main(["mid", str(tmp_path / "src"), str(tmp_path / "dest")])


def test_mid_levels(tmp_path):
    draw_mid(tmp_path / "src", ("room",))
    for path in (tmp_path / "src/room").glob("*"):
        small = np.zeros((24, 32, 3), np.uint8)
        cv2.imwrite(str(path.with_name(path.name.replace("mip2", "mip3"))), small)
    assert imported("mid", tmp_path / "src", tmp_path / "a")["room"].width == 64
    assert imported("mid", tmp_path / "src", tmp_path / "b", "--mip", "3")["room"].width == 32


def test_mid_openexr_is_refused_in_words(tmp_path):
    (tmp_path / "src/room").mkdir(parents=True)
    (tmp_path / "src/room/dir_22_mip2.exr").write_bytes(b"v/1\x01")
    with pytest.raises(DatasetError, match=r"OpenEXR.*JPEG form"):
        main(["mid", str(tmp_path / "src"), str(tmp_path / "dest")])


@pytest.mark.parametrize(
    ("name", "room"),
    [("everett_kitchen2", "everett_kitchen"), ("main_d424-03", "main_d424"), ("7", "7")],
)
def test_rooms(name, room):
    assert room_of(name) == room


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("faid", "<Category>_<NNN>_ambient.png"),
        ("efaid", "FAID_train"),
        ("dpd", "inputs_origin"),
        ("mid", "dir_<0..24>"),
    ],
)
def test_another_layout_names_what_was_expected_and_found(tmp_path, kind, expected):
    write_png(tmp_path / "src/holiday.png", np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(DatasetError, match=rf"{expected}.*found holiday\.png"):
        main([kind, str(tmp_path / "src"), str(tmp_path / "dest")])
    with pytest.raises(DatasetError, match="no folder"):
        main([kind, str(tmp_path / "nowhere"), str(tmp_path / "dest")])
    assert not (tmp_path / "dest").exists()


@pytest.mark.parametrize(
    ("kind", "file", "message"),
    [
        ("faid", "People_000_flash.png", "People_000 has no flash picture"),
        ("dpd", "target/P00_no_flash_rot1.png", "P00_flash_rot1.png has no target"),
        ("dpd", "inputs_origin/P00_flash_rot1.png", "P00_no_flash_rot1.png has no flash"),
        ("efaid", "MID_train/2/copyroom_001_ambient.png", "MID_train/2/copyroom_001 has no amb"),
        ("mid", "14n_office3/dir_22_mip2.jpg", "14n_office3 has no dir_22_mip2.jpg"),
    ],
)
def test_a_missing_partner(tmp_path, capsys, kind, file, message):
    draw = {"faid": draw_faid, "dpd": draw_dpd, "efaid": draw_efaid, "mid": draw_mid}[kind]
    answers = draw(tmp_path / "src")
    (tmp_path / "src" / file).unlink()
    with pytest.raises(DatasetError, match=message):
        main([kind, str(tmp_path / "src"), str(tmp_path / "dest")])
    records = imported(kind, tmp_path / "src", tmp_path / "dest", "--skip-broken")
    assert len(records) == len(answers) - 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kind", "option"),
    [
        ("dpd", ["--swapped"]),
        ("faid", ["--one-rotation"]),
        ("mid", ["--categories", "People"]),
        ("dpd", ["--flash-plus-ambient", "0"]),
        ("faid", ["--swapped", "--not-swapped"]),
    ],
)
def test_options_that_do_not_fit(tmp_path, kind, option):
    with pytest.raises(UsageError, match=option[0]):
        main([kind, str(tmp_path), str(tmp_path / "dest"), *option])
