"""Drawn pairs: the same seed draws the same bytes, and the light does what light does."""

import dataclasses
import hashlib
import json

import cv2
import numpy as np
import pytest

from deepflash import cli
from deepflash.errors import DatasetError, UsageError
from deepflash.pairs import drawn
from deepflash.pairs.drawing.light import render
from deepflash.pairs.drawing.paint import skin_colour
from deepflash.pairs.drawing.person import draw_person, draw_view
from deepflash.pairs.drawing.shape import Figure, hit, open_to, rotation
from deepflash.pairs.drawing.wall import wall_colours
from deepflash.pairs.drawn import draw_pairs
from deepflash.pairs.manifest import MANIFEST, check_files, read_manifest
from deepflash.pictures import read_mask, read_picture

SMALL = {"people": 3, "poses": 2, "size": 48, "seed": 7}


def digests(root):
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("drawn")
    draw_pairs(root, **SMALL)
    return root


@pytest.fixture(scope="module")
def person():
    plain = draw_person(np.random.default_rng(1), skin=0.3)
    return dataclasses.replace(plain, hair_style="short", beard=0.0)


@pytest.fixture(scope="module")
def view():
    straight = {"yaw_deg": 0.0, "pitch_deg": 0.0, "roll_deg": 0.0, "shift": (0.0, 0.03)}
    # This seed hangs nothing on the wall.
    empty = next(s for s in range(99) if wall_is_plain(s))
    random = draw_view(np.random.default_rng(2))
    return dataclasses.replace(
        random, **straight, distance_m=0.5, frame_m=0.44, wall_seed=empty, room_light=0.0
    )


def wall_is_plain(seed):
    view = dataclasses.replace(draw_view(np.random.default_rng(2)), wall_seed=seed)
    x, y = (a.reshape(-1).astype(np.float32) for a in np.mgrid[-1:1:40j, -1:1:40j])
    colour = wall_colours(x, y, view, pixel_m=0.002)
    return (colour.std(axis=1) / colour.mean(axis=1)).max() < 0.08


def test_the_dataset_reads_back_whole_with_masks_of_its_size(dataset):
    records = read_manifest(dataset)
    check_files(dataset, records)

    assert len(records) == 6
    assert len({r.subject_id for r in records}) == 3
    assert {r.split for r in records} == {"train", "val", "test"}
    for r in records:
        assert (r.source, r.flash_kind, r.encoding) == ("drawn", "flash", "srgb8")
        assert sorted(r.masks) == ["face", "person", "skin"]
        assert read_picture(dataset / r.flash).shape == (48, 48, 3)
        assert read_picture(dataset / r.studio).shape == (48, 48, 3)
        person, face, skin = (read_mask(dataset / r.masks[k]) for k in ("person", "face", "skin"))
        assert person.shape == (48, 48)
        # A person fills a good part of the picture, and the face is a part of the person.
        assert 0.2 < (person > 127).mean() < 0.9
        assert 0.03 < (face > 127).mean() < 0.5
        assert not ((face > 127) & (person < 128)).any()
        assert not ((skin > 127) & (person < 128)).any()


def test_parameters_stand_in_the_manifest_as_they_were_drawn(dataset):
    for record in read_manifest(dataset):
        person = record.extra["person"]
        assert record.extra["seed"] == 7
        assert person["hair_style"] in ("bald", "short", "medium", "long", "round")
        assert 0.25 <= record.extra["view"]["wall_m"] <= 1.0


def test_skin_covers_the_range_from_pale_to_dark(dataset):
    melanin = {r.subject_id: r.extra["person"]["melanin"] for r in read_manifest(dataset)}

    # Three people stand at 1/6, 3/6, 5/6, give or take 0.03 (one standard deviation).
    assert sorted(melanin.values()) == pytest.approx([0.1667, 0.5, 0.8333], abs=0.1)


def test_the_same_seed_draws_the_same_bytes_and_another_does_not(dataset, tmp_path):
    draw_pairs(tmp_path / "same", **SMALL)
    draw_pairs(tmp_path / "other", **SMALL | {"seed": 8})

    assert digests(tmp_path / "same") == digests(dataset)
    ours, others = digests(dataset), digests(tmp_path / "other")
    pictures = [name for name in ours if name.startswith(("flash", "studio"))]
    assert len(pictures) == 12
    assert all(ours[name] != others[name] for name in pictures)
    eyes = [
        {r.extra["person"]["eye_size"] for r in read_manifest(root)}
        for root in (dataset, tmp_path / "other")
    ]
    assert not eyes[0] & eyes[1]


def test_a_stopped_run_goes_on_and_ends_with_the_same_bytes(dataset, tmp_path, monkeypatch):
    written, write = [], drawn.write_picture

    def stop_in_the_fourth_pair(path, picture, *, quality=95):
        if len(written) == 17:
            raise KeyboardInterrupt
        written.append(path)
        write(path, picture, quality=quality)

    with monkeypatch.context() as patch:
        patch.setattr(drawn, "write_picture", stop_in_the_fourth_pair)
        with pytest.raises(KeyboardInterrupt):
            draw_pairs(tmp_path / "set", **SMALL)
    assert not (tmp_path / "set" / MANIFEST).exists()
    before = {path: path.stat().st_mtime_ns for path in written[:15]}

    draw_pairs(tmp_path / "set", **SMALL)

    assert digests(tmp_path / "set") == digests(dataset)
    assert {path: path.stat().st_mtime_ns for path in before} == before


def test_a_part_drawn_with_other_arguments_is_not_mixed_in(tmp_path, monkeypatch):
    def stop(path, picture, *, quality=95):
        if "0001" in path.name:
            raise KeyboardInterrupt
        write(path, picture, quality=quality)

    write = drawn.write_picture
    with monkeypatch.context() as patch:
        patch.setattr(drawn, "write_picture", stop)
        with pytest.raises(KeyboardInterrupt):
            draw_pairs(tmp_path, **SMALL)
    before = digests(tmp_path)

    with pytest.raises(DatasetError, match="people 3, poses 2, size 48, seed 7"):
        draw_pairs(tmp_path, **SMALL | {"seed": 8})

    assert digests(tmp_path) == before


@pytest.mark.parametrize(
    "wrong", [{"people": 0}, {"poses": 0}, {"size": 31}, {"size": 4096}, {"seed": -1}]
)
def test_arguments_out_of_range_are_refused_before_anything_is_written(wrong, tmp_path):
    with pytest.raises(UsageError, match=str(next(iter(wrong.values())))):
        draw_pairs(tmp_path / "set", **SMALL | wrong)

    assert not (tmp_path / "set").exists()


def test_the_verb_draws_and_refuses_a_complete_folder_in_one_line(tmp_path, capsys):
    words = ["draw", "-o", str(tmp_path / "set"), "--people", "3", "--poses", "1", "--size", "32"]

    assert cli.main(words) == 0
    assert len(read_manifest(tmp_path / "set")) == 3
    assert cli.main(words) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert said[-1].startswith("deepflash: ")
    assert "already holds a dataset" in said[-1]


def test_skin_without_pigment_is_pale_and_pigments_only_absorb():
    zero, half = np.zeros(1, np.float32), np.full(1, 0.5, np.float32)

    pale = skin_colour(zero, zero)[:, 0]
    # 0.66 exp(-1.70 / 2), 0.46 exp(-2.10 / 2), 0.36 exp(-2.37 / 2)
    tanned = skin_colour(half, zero)[:, 0]
    flushed = skin_colour(zero, half)[:, 0]

    assert pale == pytest.approx([0.66, 0.46, 0.36], rel=1e-5)
    assert tanned == pytest.approx([0.28208, 0.16097, 0.11007], rel=1e-3)
    # Blood takes green most, melanin blue most.
    assert np.argmin(flushed / pale) == 1
    assert np.argmin(tanned / pale) == 2


def test_a_head_turned_right_faces_right(view):
    # sin 30 = 0.5, cos 30 = 0.8660
    right = rotation(dataclasses.replace(view, yaw_deg=30.0))
    up = rotation(dataclasses.replace(view, pitch_deg=-30.0))

    ahead = np.array([0, 0, 1], np.float32)
    assert right @ ahead == pytest.approx([0.5, 0, 0.8660], abs=1e-4)
    assert up @ ahead == pytest.approx([0, 0.5, 0.8660], abs=1e-4)
    assert right @ right.T == pytest.approx(np.eye(3), abs=1e-6)


def test_rays_end_on_the_surface_with_the_nose_in_front(person, view):
    figure = Figure(person, view)
    x, y = (a.reshape(-1).astype(np.float32) for a in np.mgrid[-0.1:0.1:21j, -0.08:0.1:21j])
    rays = np.stack([x, y, np.full_like(x, -0.5)])
    rays /= np.linalg.norm(rays, axis=0)

    points, met = hit(figure, origin=np.array([[0], [0], [0.5]], np.float32), direction=rays)

    assert met.mean() > 0.5
    # Only rays that graze a steep edge may end off it.
    off = np.abs(figure.nearest(points[:, met]))
    assert np.quantile(off, 0.98) < 0.0005
    assert off.max() < 0.01
    tip = points[:, met][:, points[2, met].argmax()]
    assert abs(tip[0]) < 0.015
    assert -0.05 < tip[1] < 0.0
    normals = figure.normals(points[:, met])
    assert np.linalg.norm(normals, axis=0) == pytest.approx(1, abs=1e-4)
    # What the camera sees faces it.
    assert (normals * rays[:, met]).sum(axis=0).max() < 0.35


def test_the_head_shades_what_is_behind_it_and_nothing_else(person, view):
    figure = Figure(person, view)
    behind = np.array([[0.0, 0.6], [0.0, 0.4], [-0.5, -0.5]], np.float32)
    lamp = np.array([[0], [0], [0.5]], np.float32)

    seen = open_to(figure, behind, light=lamp, sharpness=90.0)

    assert seen[0] == 0
    assert seen[1] == 1


def test_the_flash_falls_off_with_the_square_of_the_distance(person, view):
    near, far = (
        render(person, dataclasses.replace(view, wall_m=wall, flash_m=(0.0, 0.0)), size=48)
        for wall in (0.3, 1.0)
    )
    corner = np.s_[:4, :4]

    # At 0.5 m from the head the wall is 0.8 m or 1.5 m away: (0.8 / 1.5) ** 2 = 0.2844.
    ratio = far.flash[corner].mean() / near.flash[corner].mean()
    assert ratio == pytest.approx(0.2844, rel=0.1)
    # The studio's lamps are large and far: the wall loses much less.
    assert far.studio[corner].mean() / near.studio[corner].mean() > 0.5


def test_the_flash_throws_its_shadow_to_the_other_side(person, view):
    left, right = (
        render(person, dataclasses.replace(view, flash_m=(x, 0.0), wall_m=0.5), size=96)
        for x in (-0.018, 0.018)
    )
    wall = left.person == 0
    lower = (left.flash.sum(axis=2) < 0.5 * right.flash.sum(axis=2)) & wall
    higher = (right.flash.sum(axis=2) < 0.5 * left.flash.sum(axis=2)) & wall

    columns = np.arange(96)
    assert lower.sum() > 20
    assert higher.sum() > 20
    assert (lower.sum(axis=0) * columns).sum() / lower.sum() > 48
    assert (higher.sum(axis=0) * columns).sum() / higher.sum() < 48


def test_oil_shines_under_the_flash_and_not_in_the_studio(person, view):
    dry, oily = (
        render(dataclasses.replace(person, oiliness=oil), view, size=64) for oil in (0.0, 1.0)
    )
    shine = (oily.flash - dry.flash).sum(axis=2)

    np.testing.assert_array_equal(oily.studio, dry.studio)
    assert shine.min() >= 0
    assert shine[oily.person == 0].max() == 0
    assert shine[oily.face > 0.5].max() > 0.3


def test_flash_is_cooler_than_studio(person, view):
    drawn_pair = render(person, view, size=64)
    skin = drawn_pair.skin > 0.5

    red, _, blue = drawn_pair.flash[skin].mean(axis=0) / drawn_pair.studio[skin].mean(axis=0)
    assert blue / red > 1.1


def test_texture_is_the_same_in_both_pictures(person, view):
    drawn_pair = render(person, view, size=128)
    inside = (cv2.erode(drawn_pair.person, np.ones((9, 9))) > 0.5) & (drawn_pair.skin == 0)
    inside[:96] = False  # only cloth is left, which neither shines nor has edges of shadows
    detail = []
    for picture in (drawn_pair.flash, drawn_pair.studio):
        level = np.log(picture.mean(axis=2) + 1e-3)
        detail.append((level - cv2.GaussianBlur(level, (0, 0), 1.5))[inside])

    assert inside.sum() > 500
    assert np.corrcoef(detail)[0, 1] > 0.97


def test_the_manifest_is_plain_json(dataset):
    for line in (dataset / MANIFEST).read_text().splitlines():
        assert json.loads(line)["extra"]["view"]["key_side"] in (-1, 1)


def test_a_folder_of_other_files_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(DatasetError, match="holds other files"):
        draw_pairs(tmp_path, people=2, poses=1, size=32, seed=0)
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]
