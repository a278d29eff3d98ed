"""The person's matte: the network behind it, what belongs to a face, and edges."""

import functools
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.enhance import matte as matte_module
from deepflash.enhance.matte import person_matte
from deepflash.errors import ModelFileError
from deepflash.faces.finder import Face, FaceFinder
from deepflash.pairs.starter import dataset_root
from deepflash.segmentation.guided import fit_matte, spread
from deepflash.segmentation.person import MODEL, PersonNetwork, person_network

SIZE = 160
PEOPLE = 6


def ellipse_face(x: float, y: float, across: float, down: float) -> Face:
    turn = np.linspace(0, 2 * np.pi, 468, endpoint=False)
    points = np.column_stack([x + across * np.cos(turn), y + down * np.sin(turn)])
    box = (float(x - across), float(y - down), float(x + across), float(y + down))
    return Face(points=points.astype(np.float32), score=1.0, box=box)


def blob(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    """Returns 1 in the boxes (x0, y0, x1, y1), 0 elsewhere."""
    drawn = np.zeros((SIZE, SIZE), np.float32)
    for x0, y0, x1, y1 in boxes:
        drawn[y0:y1, x0:x1] = 1
    return drawn


class Says:
    """In the network's place: the same answer whatever it is shown."""

    def __init__(self, probability):
        self.answer = probability

    def probability(self, picture):
        return cv2.resize(self.answer, picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)


@pytest.fixture
def network_says(monkeypatch):
    return lambda probability: monkeypatch.setattr(
        matte_module, "person_network", lambda: Says(probability)
    )


@functools.cache
def starter_people() -> list[tuple[np.ndarray, np.ndarray, list[Face]]]:
    """Returns flash picture, true matte and faces of rendered people."""
    root, people = dataset_root("starter"), []
    finder = FaceFinder()
    for line in (root / "manifest.jsonl").read_text().splitlines()[: 2 * PEOPLE : 2]:
        record = json.loads(line)
        flash = cv2.cvtColor(cv2.imread(str(root / record["flash"])), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(root / record["masks"]["person"]), cv2.IMREAD_GRAYSCALE)
        people.append((flash, mask.astype(np.float32) / 255, finder.find(flash)))
    return people


def overlap(found: np.ndarray, truth: np.ndarray) -> float:
    return float(((found > 0.5) & (truth > 0.5)).sum() / ((found > 0.5) | (truth > 0.5)).sum())


# --- the network ------------------------------------------------------------------------------


def test_the_network_finds_rendered_people():
    overlaps = [overlap(person_network().probability(p), truth) for p, truth, _ in starter_people()]
    assert np.median(overlaps) > 0.93
    assert min(overlaps) > 0.7


def test_a_mirrored_picture_has_a_nearly_mirrored_answer():
    picture = starter_people()[0][0]
    answer = person_network().probability(picture)
    mirrored = person_network().probability(np.ascontiguousarray(picture[:, ::-1]))
    assert np.abs(answer - mirrored[:, ::-1]).mean() < 0.02


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 400, 3), (257, 31, 3)])
def test_any_shape_gets_an_answer_of_its_shape(shape):
    answer = person_network().probability(np.zeros(shape, np.uint8))
    assert answer.shape == shape[:2]
    assert 0 <= answer.min() <= answer.max() <= 1


def test_an_altered_or_absent_model_file_is_refused(tmp_path):
    altered = tmp_path / "altered.tflite"
    content = bytearray(MODEL.read_bytes())
    content[1000] ^= 1
    altered.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"altered.tflite is not the person model"):
        PersonNetwork(altered)
    with pytest.raises(ModelFileError, match=r"absent.tflite cannot be read .*install deepflash"):
        PersonNetwork(tmp_path / "absent.tflite")


def test_the_notice_names_the_file_that_ships():
    notice = (MODEL.parent / "NOTICE.md").read_text()
    assert f"{MODEL.stat().st_size:,}" in notice
    assert "9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c" in notice


# --- the matte --------------------------------------------------------------------------------


def test_mattes_of_rendered_people_are_close_to_the_truth_and_closer_than_the_network():
    errors, rough, overlaps = [], [], []
    for picture, truth, faces in starter_people():
        found = person_matte(picture, faces)
        assert found.dtype == np.float32
        assert found.shape == truth.shape
        errors.append(np.abs(found - truth).mean())
        rough.append(np.abs(person_network().probability(picture) - truth).mean())
        overlaps.append(overlap(found, truth))
    assert np.median(overlaps) > 0.95
    assert np.mean(errors) < 0.85 * np.mean(rough)


def test_without_a_face_nobody_is_there():
    picture = starter_people()[0][0]
    assert not person_matte(picture, []).any()


def test_faces_are_inside_even_if_the_network_sees_nobody(network_says):
    network_says(blob())
    found = person_matte(np.full((SIZE, SIZE, 3), 90, np.uint8), [ellipse_face(80, 60, 20, 26)])
    rows, columns = np.indices(found.shape)
    inner = np.hypot((columns - 80) / 17, (rows - 60) / 23) < 1
    assert found[inner].min() > 0.9
    assert not found[np.hypot((columns - 80) / 26, (rows - 60) / 32) > 1].any()


def two_tones(person: np.ndarray) -> np.ndarray:
    """Returns a picture with another colour where people are."""
    return np.where(person[..., None] > 0, (180, 120, 90), (60, 90, 70)).astype(np.uint8)


def test_people_without_a_face_are_left_out_unless_they_touch(network_says):
    apart, touching = (10, 20, 34, 150), (90, 90, 150, 150)
    drawn = blob((50, 30, 92, 150), apart, touching)
    network_says(drawn)
    found = person_matte(two_tones(drawn), [ellipse_face(70, 60, 15, 20)])
    assert not found[20:150, 10:34].any()
    assert found[100:140, 100:140].min() == 1
    assert found[40:140, 55:88].min() == 1


def test_what_is_far_from_all_faces_is_left_out(network_says, monkeypatch):
    monkeypatch.setattr(matte_module, "_SMALL_FACE", 0.0)
    drawn = blob((0, 70, 160, 90))
    network_says(drawn)
    found = person_matte(two_tones(drawn), [ellipse_face(20, 80, 4, 5)])
    assert found[76:84, 30:60].min() == 1
    assert not found[:, 100:].any()


def test_small_holes_are_filled_and_large_ones_stay(network_says):
    drawn = blob((30, 20, 130, 150))
    drawn[100:106, 60:66] = 0
    drawn[100:130, 90:120] = 0
    network_says(drawn)
    picture = two_tones(blob((30, 20, 130, 150)))
    picture[100:130, 90:120] = (60, 90, 70)
    found = person_matte(picture, [ellipse_face(80, 55, 20, 26)])
    assert found[100:106, 60:66].min() == 1
    assert not found[106:124, 96:114].any()


@pytest.mark.parametrize(("noise", "limit"), [(3, 0.2), (14, 0.5)])
def test_a_vague_outline_comes_to_the_edge_of_the_picture(network_says, noise, limit):
    truth = blob((40, 30, 120, 160))
    network_says(cv2.GaussianBlur(truth, (0, 0), 4))
    picture = two_tones(truth)
    picture = picture + np.random.default_rng(0).normal(0, noise, picture.shape)
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    found = person_matte(picture, [ellipse_face(80, 65, 25, 30)])
    assert np.abs(found[:140] - truth[:140]).max() < limit


def test_a_soft_edge_gets_its_shares(network_says):
    truth = cv2.GaussianBlur(blob((40, 30, 120, 160)), (0, 0), 1.5)
    network_says(cv2.GaussianBlur(truth, (0, 0), 3))
    mixed = truth[..., None] * (180, 120, 90) + (1 - truth[..., None]) * (60, 90, 70)
    noise = np.random.default_rng(0).normal(0, 2, mixed.shape)
    picture = np.clip(mixed + noise, 0, 255).astype(np.uint8)
    found = person_matte(picture, [ellipse_face(80, 65, 25, 30)])
    between = (truth > 0.15) & (truth < 0.85)
    between[150:] = False
    assert np.abs(found - truth)[between].mean() < 0.15
    decided = (truth > 0.5).astype(np.float32)
    assert np.abs(found - truth)[between].mean() < 0.5 * np.abs(decided - truth)[between].mean()


def test_colours_overrule_an_unsure_network(network_says):
    # The network half believes that a strip of wall beside the head is hair.
    truth = blob((40, 30, 120, 160))
    believed = truth.copy()
    believed[50:90, 120:132] = 0.7
    network_says(believed)
    found = person_matte(two_tones(truth), [ellipse_face(80, 65, 25, 30)])
    assert found[54:86, 123:132].max() < 0.1


def test_a_large_picture_gives_the_matte_of_the_small_one():
    picture, _, faces = starter_people()[1]
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    scaled = [
        Face(points=(f.points + 0.5) * np.float32(4) - np.float32(0.5), score=f.score, box=f.box)
        for f in faces
    ]
    found = person_matte(large, scaled)
    assert found.shape == large.shape[:2]
    small = cv2.resize(found, picture.shape[1::-1], interpolation=cv2.INTER_AREA)
    assert overlap(small, person_matte(picture, faces)) > 0.95


def test_a_small_face_is_looked_at_apart(monkeypatch):
    picture, truth, faces = starter_people()[2]
    scene = np.full((1000, 1000, 3), 70, np.uint8)
    scene[744:, 300:556] = picture
    points = faces[0].points + np.array([300, 744], np.float32)
    face = Face(points=points, score=1.0, box=(0.0, 0.0, 1.0, 1.0))
    found = person_matte(scene, [face])[744:, 300:556]
    monkeypatch.setattr(matte_module, "_LOOKS_APART", 0)
    from_afar = person_matte(scene, [face])[744:, 300:556]
    assert overlap(found, truth) > max(0.9, overlap(from_afar, truth))


def test_the_picture_stays_as_it_is():
    picture, _, faces = starter_people()[0]
    before = picture.copy()
    person_matte(picture, faces)
    assert np.array_equal(picture, before)


# --- local linear functions -------------------------------------------------------------------


def test_a_linear_function_of_the_colours_is_found():
    guide = np.random.default_rng(1).random((40, 50, 3), np.float32)
    matte = guide @ np.array([0.2, 0.5, 0.1], np.float32) + np.float32(0.1)
    fitted = fit_matte(matte, guide, np.ones_like(matte), radius=3, epsilon=1e-6)
    assert np.abs(fitted.matte(guide) - matte).max() < 1e-3
    assert np.abs(fitted.slopes - (0.2, 0.5, 0.1)).max() < 1e-2


def test_what_weighs_little_does_not_count():
    guide = np.random.default_rng(2).random((40, 50, 3), np.float32)
    truth = guide[..., 0].copy()
    wrong = np.random.default_rng(3).random(truth.shape) < 0.3
    matte, weight = np.where(wrong, np.float32(0), truth), np.where(wrong, 1e-4, 1)
    fitted = fit_matte(matte, guide, weight.astype(np.float32), radius=3, epsilon=1e-6)
    assert np.abs(fitted.matte(guide) - truth).max() < 0.02


def test_a_constant_matte_stays_that_constant():
    guide = np.random.default_rng(4).random((20, 30, 3), np.float32)
    for value in (0, 0.3, 1):
        matte = np.full((20, 30), value, np.float32)
        fitted = fit_matte(matte, guide, np.ones_like(matte), radius=2, epsilon=1e-4)
        assert np.abs(fitted.matte(guide) - value).max() < 1e-4


def test_known_colours_stay_and_spread():
    picture = np.zeros((33, 20, 3), np.float32)
    known = np.zeros((33, 20), np.float32)
    picture[:, :4], known[:, :4] = (0.8, 0.2, 0.1), 1
    picture[:, 16:], known[:, 16:] = (0.1, 0.2, 0.9), 1
    picture[:, 4:16] = 0.5
    full = spread(picture, known)
    assert np.abs(full[:, :4] - (0.8, 0.2, 0.1)).max() < 1e-6
    assert np.abs(full[:, 16:] - (0.1, 0.2, 0.9)).max() < 1e-6
    # Nothing of the unknown middle shows: it lies between the two sides.
    assert np.abs(full[..., 1] - 0.2).max() < 1e-5
    assert (np.diff(full[16, 3:17, 0]) <= 1e-6).all()


@pytest.mark.local
@pytest.mark.parametrize("name", ["People_032_flash.png", "People_220_flash.png"])
def test_a_photographed_person_is_one_piece_and_the_wall_is_free(name):
    path = Path(__file__).parents[2].parent / "shared" / "data" / "faid-sample" / name
    if not path.is_file():
        pytest.skip("no photographs")
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
    picture = cv2.resize(picture, None, fx=0.45, fy=0.45, interpolation=cv2.INTER_AREA)
    found = person_matte(picture, FaceFinder().find(picture))
    assert 0.15 < found.mean() < 0.6
    assert not found[: found.shape[0] // 12].any()
    assert ((found > 0.05) & (found < 0.95)).mean() < 0.03
