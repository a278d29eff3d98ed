"""The four importers on drawn datasets: pictures, subjects, splits, layouts."""

import cv2
import numpy as np
import pytest

from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.pairs.importers.cli import main
from deepflash.pairs.importers.mid import room_of
from deepflash.pairs.manifest import file_digest
from deepflash.pictures import read_picture
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
from tests.pairs.importers.importing import assert_light, imported, pictures


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


def test_shadow_files_of_a_file_manager_are_no_pictures(tmp_path):
    draw_dpd(tmp_path / "src")
    (tmp_path / "src/target/._P00_no_flash_rot0.png").write_bytes(b"\0")
    assert len(imported("dpd", tmp_path / "src", tmp_path / "dest")) == 8


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
    subjects = {records[f"dpd_0{k}_face001_rot0"].subject_id for k in (1, 2)}
    assert subjects == {"dpd_face001"}
    assert records["dpd_02_face001_rot0"].extra["variant"] == 2


def test_efaid_exchanged_in_faid_only(tmp_path):
    draw_efaid(tmp_path / "src", scenes=3, swapped=True)
    with pytest.raises(DatasetError, match="in 6 of 6 pairs"):
        main(["efaid", str(tmp_path / "src"), str(tmp_path / "dest")])
    options = ("--swapped", "--flash-plus-ambient", "0")
    records = imported("efaid", tmp_path / "src", tmp_path / "dest", *options)
    for name, index in (
        ("faid_People_002", 2),
        ("mid_01_copyroom_001", 1),
        ("dpd_01_head000_rot0", 0),
    ):
        answer = tuple(encode(light) for light in scene(index))
        assert_light(tmp_path / "dest", records[name], answer, 0.006)
        assert records[name].extra["swapped"] == name.startswith("faid")


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
        assert_light(dest, records["dpd_01_face000_rot0"], (encode(made), encode(ambient)), 0.008)
        assert records["dpd_01_face000_rot0"].flash_kind == kind


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


def test_mid_flash_plus_ambient_adds_the_mean_once(tmp_path):
    flash, ambient = draw_mid(tmp_path / "src", ("room",))["room"]
    options = ("--flash-plus-ambient", "0.5")
    record = imported("mid", tmp_path / "src", tmp_path / "dest", *options)["room"]
    made = encode(np.minimum(decode(flash) + 0.5 * decode(ambient), 1))
    assert_light(tmp_path / "dest", record, (made, ambient), 0.01)
    assert record.flash_kind == "flash_plus_ambient"


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
