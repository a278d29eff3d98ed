"""One pair through all stages, with the real networks."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from msgspec.structs import replace

from acquisition.colour.calibration import ColourCalibration
from acquisition.prepare.crop import (
    Region,
    cut,
    face_in,
    inside,
    moved,
    same_region,
)
from acquisition.prepare.encode import assert_private
from acquisition.prepare.pipeline import PairJob, prepare_pair
from acquisition.prepare.settings import PrepareSettings
from acquisition.prepare.sources import pair_folder, read_source
from acquisition.prepare.write import reduced_mask, to_srgb16
from deepflash.faces.finder import Face, FaceFinder
from deepflash.faces.points import inter_ocular
from tests.acquisition.prepare.sessions import add_pair, begin_session, person, registry_in


def some_face(middle: tuple[float, float], scale: float) -> Face:
    points = np.random.default_rng(1).normal(0, 1, (468, 2))
    points = (points - points.mean(axis=0)) * scale + middle
    return Face(points=points.astype(np.float32), score=1.0, box=(0.0, 0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "region", [Region(1, 2, 3, 4), Region(-2, -1, 8, 8), Region(6, 5, 5, 9), Region(-3, 1, 20, 2)]
)
def test_a_region_shows_what_lies_there_and_repeats_the_edge(region: Region):
    picture = np.random.default_rng(0).random((9, 11, 3)).astype(np.float32)
    part, mask = cut(picture, region), inside(region, (9, 11))
    assert part.shape[:2] == mask.shape == (region.height, region.width)
    for y in range(region.height):
        for x in range(region.width):
            row, column = y + region.top, x + region.left
            within = 0 <= row < 9 and 0 <= column < 11
            assert mask[y, x] == 255 * within
            near = picture[np.clip(row, 0, 8), np.clip(column, 0, 10)]
            assert (part[y, x] == near).all()


def test_the_same_part_of_the_other_picture_lies_around_its_face():
    face, other = some_face((100.0, 80.0), 10.0), some_face((300.0, 400.0), 20.0)
    assert inter_ocular(other) == pytest.approx(2 * inter_ocular(face), rel=1e-4)
    region = same_region(Region(50, 40, 100, 100), face, other, 0.0)
    # Twice as large: what was 50 pixels left of the middle is 100 pixels left of it.
    assert (region.width, region.height) == (200, 200)
    assert region.left == pytest.approx(300 - 2 * (100 - 49.5) + 0.5, abs=1)
    assert region.top == pytest.approx(400 - 2 * (80 - 39.5) + 0.5, abs=1)
    roomy = same_region(Region(50, 40, 100, 100), face, other, 0.1)
    assert (roomy.width, roomy.height) == (240, 240)
    assert (region.left - roomy.left, region.top - roomy.top) == (20, 20)


def test_points_keep_their_place_when_a_picture_is_cut_and_scaled():
    face = some_face((100.0, 80.0), 10.0)
    part = face_in(face, Region(10, 20, 50, 50))
    assert np.allclose(part.points, face.points - (10, 20), atol=1e-4)
    half = moved(part, (0.0, 0.0), (0.5, 0.5))
    # The corner of the first pixel, at -0.5, stays the corner.
    assert np.allclose((half.points + 0.5) * 2, part.points + 0.5, atol=1e-4)


def test_a_mask_that_is_reduced_promises_nothing_new():
    mask = np.full((40, 40), 255, np.uint8)
    mask[17, 23] = 0
    small = reduced_mask(mask, (10, 10))
    assert set(np.unique(small)) == {0, 255}
    assert (small == 0).sum() == 1
    assert small[4, 5] == 0


def test_16_bit_srgb_by_hand():
    light = np.array([[[0.0, 0.0031308, 1.0], [0.18, 2.0, -1.0]]], np.float32)
    expected = [[0, 0.04045 * 65535, 65535], [0.461356 * 65535, 65535, 0]]
    assert np.allclose(to_srgb16(light)[0], expected, atol=1.5)


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    return FaceFinder()


@pytest.fixture
def session(tmp_path: Path):
    """Makes a session of one pair; returns the job that prepares it."""

    def make(settings: PrepareSettings | None = None, **more) -> PairJob:
        somebody = person(registry_in(tmp_path))
        root = tmp_path / "sessions" / "s"
        folder = begin_session(root, [somebody])
        add_pair(folder, somebody, **more)
        folder.close()
        (record,) = read_source(root).committed
        dataset = tmp_path / "pairs"
        dataset.mkdir()
        return PairJob(
            record=record,
            folder=str(pair_folder(root, record)),
            dataset=str(dataset),
            settings=settings or PrepareSettings(size=256),
        )

    return make


def similar(one: Path, other: Path, where: np.ndarray) -> float:
    """Correlation of the fine structure of two pictures, where a mask says so."""
    planes = []
    for path in (one, other):
        grey = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) + 8
        level = np.log(grey)
        planes.append((level - cv2.GaussianBlur(level, (0, 0), 4))[where])
    return float(np.corrcoef(*planes)[0, 1])


def test_a_pair_comes_out_registered_at_both_sizes_and_with_nothing_private(session, finder):
    job = session(raw=True)
    prepared = prepare_pair(job, finder)
    assert (prepared.unreadable, prepared.unregistered, prepared.reasons) == ("", "", [])
    assert (prepared.width, prepared.height, prepared.studio_source) == (256, 256, "raw")
    root = Path(job.dataset)
    sizes = {}
    for name, file in prepared.files.items():
        path = root / file.path
        assert_private(path)
        assert path.stat().st_size == file.bytes
        sizes[name] = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).shape
    side = sizes["full_flash"][0]
    assert side > 256
    assert sizes == {
        "flash": (256, 256, 3),
        "studio": (256, 256, 3),
        "valid": (256, 256),
        "face": (256, 256),
        "full_flash": (side, side, 3),
        "full_studio": (side, side, 3),
        "full_valid": (side, side),
    }
    paths = {name: root / file.path for name, file in prepared.files.items()}
    face = cv2.imread(str(paths["face"]), cv2.IMREAD_UNCHANGED) > 0
    assert 0.03 < face.mean() < 0.5
    assert similar(paths["flash"], paths["studio"], face) > 0.5
    assert prepared.figures["flash_faces"] == prepared.figures["studio_faces"] == 1
    assert prepared.figures["registration_landmark_residual_iod"] < 0.03
    assert {"decode", "faces", "registration", "warp", "write"} <= set(prepared.timings_s)


@pytest.mark.slow
def test_unregistered_pairs_show_the_same_part_and_lie_less_well(session, finder):
    job = session(scene=2)
    whole = prepare_pair(job, finder)
    none = prepare_pair(
        replace(job, settings=PrepareSettings(size=256, registration="none")), finder
    )
    name = "registration_landmark_residual_iod"
    assert whole.figures[name] < none.figures[name] < 0.5
    assert none.registration == "none"


@pytest.mark.slow
def test_16_bits_keep_more_than_8(session, finder):
    prepared = prepare_pair(session(PrepareSettings(size=256, encoding="srgb16")), finder)
    path = prepared.files["flash"].path
    assert path.endswith(".png")


@pytest.mark.slow
def test_a_calibration_is_applied_and_named(session, finder):
    job = session()
    plain = prepare_pair(job, finder)
    half = ColourCalibration(
        id="K-HALF00",
        date="2026-11-22T10:00:00Z",
        device="Simulated studio camera",
        light="studio",
        method="grey_card",
        matrix=((0.5, 0.0, 0.0), (0.0, 0.5, 0.0), (0.0, 0.0, 0.5)),
        source_sha256="0" * 64,
    )
    path = Path(job.dataset) / plain.files["studio"].path
    before = cv2.imread(str(path)).astype(float).mean()
    balanced = prepare_pair(replace(job, studio_calibration=half), finder)
    after = cv2.imread(str(path)).astype(float).mean()
    assert balanced.colour == {"phone": "none", "studio": "grey_card K-HALF00"}
    # About what half of the light is in sRGB.
    assert after == pytest.approx(before * 0.5 ** (1 / 2.2), rel=0.15)


def no_face():
    grey = np.full((640, 480, 3), 90, np.uint8)
    done, data = cv2.imencode(".jpg", grey)
    assert done
    return lambda _: data.tobytes()


def test_without_a_face_nothing_is_written_and_the_figures_say_why(session, finder):
    prepared = prepare_pair(session(phone=no_face(), references=False), finder)
    assert (prepared.files, prepared.unreadable) == ({}, "")
    assert prepared.figures["flash_faces"] == 0
    assert prepared.figures["studio_faces"] == 1


def test_a_half_written_raw_file_is_told_in_words_without_a_place(session, finder, tmp_path):
    job = session(references=False)
    studio = next(file for file in job.record.files if file.kind == "studio_jpeg")
    path = Path(job.folder) / studio.name
    data = path.read_bytes()[: studio.bytes // 2]
    path.write_bytes(data)
    prepared = prepare_pair(job, finder)
    assert "is not the file that was recorded" in prepared.unreadable
    assert str(tmp_path) not in prepared.unreadable
    assert prepared.reasons == [prepared.unreadable]
