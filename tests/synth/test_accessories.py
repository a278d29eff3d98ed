import json
from dataclasses import asdict, replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from deepflash.synth.accessories.accessories import GLASSES, HATS, Accessories, draw_accessories
from deepflash.synth.accessories.glasses import outline
from deepflash.synth.accessories.hats import hat_covers
from deepflash.synth.accessories.wear import wear
from deepflash.synth.geometry import Mesh, PosedHead
from deepflash.synth.materials import Glass
from tests.synth.stand_in import stand_in_head


def _only(**worn) -> Accessories:
    bare = {"glasses": "none", "hat": "none", "earrings": "none", "scarf": False}
    drawn = draw_accessories(np.random.default_rng(0), masculine=0.5, age=0.5)
    return replace(drawn, **{**bare, **worn})


def _clearance(head: PosedHead, points: np.ndarray) -> np.ndarray:
    """Distance of points outside the skin, measured along the nearest vertex' normal."""
    _, nearest = KDTree(head.posed).query(points)
    return ((points - head.posed[nearest]) * head.normals[nearest]).sum(-1)


@pytest.mark.parametrize("kind", GLASSES)
def test_glasses_sit_before_the_eyes_and_clear_of_the_skin(kind: str) -> None:
    head = stand_in_head(yaw_deg=20.0)
    frame, lenses = wear(_only(glasses=kind, frame_metal=False), head)
    assert isinstance(lenses.material, Glass)
    points = head.to_rest(lenses.shape.vertices.astype(float))
    for side in (-1, 1):
        lens = points[side * points[:, 0] > 0]
        middle = (lens.min(0) + lens.max(0)) / 2
        assert middle[:2] == pytest.approx([side * 3.1, 3.2], abs=0.9)
        assert 0.2 < lens[:, 2].max() - 9.2 < 4.5
    assert _clearance(head, lenses.shape.vertices.astype(float)).min() > 0
    rims = frame.shape.vertices[head.to_rest(frame.shape.vertices.astype(float))[:, 2] > 9.0]
    assert _clearance(head, rims.astype(float)).min() > -0.12


def test_lenses_have_the_width_asked_for() -> None:
    for kind in GLASSES:
        edge = outline(kind, 5.0)
        assert 4.7 < np.ptp(edge[:, 0]) <= 5.6
        assert 2.5 < np.ptp(edge[:, 1]) < 5.5


@pytest.mark.parametrize("hat", ["cap", "beanie"])
def test_hats_cover_the_scalp_they_say(hat: str) -> None:
    head = stand_in_head(yaw_deg=-10.0)
    worn = _only(hat=hat)
    covers = hat_covers(worn)
    assert covers is not None
    assert covers(np.array([[0, 13.8, -3.5], [0, 1, 12.0], [7.5, 0, 0]])).tolist() == [
        True,
        False,
        False,
    ]
    dome = np.concatenate([p.shape.vertices for p in wear(worn, head)]).astype(float)
    scalp = head.posed[covers(head.rest)]
    centre = head.to_posed(np.array([0.0, 4.0, -0.8]))
    tree = KDTree((dome - centre) / np.linalg.norm(dome - centre, axis=-1, keepdims=True))
    out = scalp - centre
    size = np.linalg.norm(out, axis=-1)
    _, nearest = tree.query(out / size[:, None], k=4)
    outside = np.linalg.norm(dome - centre, axis=-1)[nearest].max(1)
    assert (outside > size).mean() > 0.99


def test_headscarf_covers_all_hair_and_no_hat_covers_none() -> None:
    covers = hat_covers(_only(hat="headscarf"))
    assert covers is not None
    assert covers(np.zeros((3, 3))).all()
    assert hat_covers(_only()) is None
    assert wear(_only(), stand_in_head()) == []


@pytest.mark.parametrize(
    "worn",
    [{"hat": hat} for hat in HATS]
    + [{"scarf": True}, {"earrings": "hoop"}, {"earrings": "stud"}, {"earrings": "drop"}],
)
def test_pieces_are_sound_and_repeatable(worn: dict) -> None:
    head = stand_in_head()
    first, second = wear(_only(**worn), head), wear(_only(**worn), head)
    assert first
    for a, b in zip(first, second, strict=True):
        assert a.label == "accessory"
        assert isinstance(a.shape, Mesh)
        assert all(np.isfinite(part).all() for part in a.shape)
        assert np.array_equal(a.shape.vertices, b.shape.vertices)


def test_earrings_hang_at_both_ears() -> None:
    (rings,) = wear(_only(earrings="hoop"), stand_in_head())
    assert rings.shape.vertices[:, 0].max() > 6.5
    assert rings.shape.vertices[:, 0].min() < -6.5


def test_shares_of_the_drawn() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_accessories(rng, masculine=float(i % 2), age=rng.random()) for i in range(900)]
    share = {
        "glasses": np.mean([a.glasses != "none" for a in drawn]),
        "hat": np.mean([a.hat in ("cap", "beanie") for a in drawn]),
        "headscarf": np.mean([a.hat == "headscarf" for a in drawn]),
        "earrings": np.mean([a.earrings != "none" for a in drawn]),
        "scarf": np.mean([a.scarf for a in drawn]),
    }
    expected = {"glasses": 0.25, "hat": 0.06, "headscarf": 0.03, "earrings": 0.15, "scarf": 0.04}
    for name, value in expected.items():
        assert share[name] == pytest.approx(value, abs=0.5 * value), name
    assert json.loads(json.dumps(asdict(drawn[0])))["seed"] == drawn[0].seed
