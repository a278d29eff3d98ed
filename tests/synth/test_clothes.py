import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from deepflash.synth.clothes.dress import dress, surface_samples
from deepflash.synth.clothes.fabric import cloth
from deepflash.synth.clothes.neck import Neck, skin_edge
from deepflash.synth.clothes.outfit import GARMENTS, PATTERNS, draw_outfit
from deepflash.synth.geometry import Mesh, Piece, PosedHead
from deepflash.synth.materials import Material
from tests.synth.stand_in import stand_in_head


def _joined_vertices(pieces) -> np.ndarray:
    return np.concatenate([piece.shape.vertices for piece in pieces])


@pytest.fixture(scope="module")
def head() -> PosedHead:
    return stand_in_head(yaw_deg=15.0)


@pytest.fixture(scope="module")
def dressed(head: PosedHead) -> dict[str, list[Piece]]:
    rng = np.random.default_rng(3)
    return {g: dress(draw_outfit(rng, masculine=0.5, garment=g), head) for g in GARMENTS}


@pytest.mark.parametrize("garment", GARMENTS)
def test_garments_hide_the_end_of_the_skin(dressed, head, garment: str) -> None:
    pieces = dressed[garment]
    vertices = _joined_vertices(pieces)
    assert vertices[:, 1].min() == pytest.approx(-76, abs=2)
    azimuth = np.linspace(-np.pi, np.pi, 24, endpoint=False)
    edge = Neck(head).at(azimuth, skin_edge(azimuth))
    around = np.arctan2(vertices[:, 0], vertices[:, 2])
    for angle, point in zip(np.arctan2(edge[:, 0], edge[:, 2]), edge, strict=True):
        near = vertices[np.abs((around - angle + np.pi) % (2 * np.pi) - np.pi) < 0.12]
        close = near[np.hypot(near[:, 0], near[:, 2]) < 10]
        assert close[:, 1].max() > point[1] + 0.3


@pytest.mark.parametrize("garment", GARMENTS)
def test_pieces_are_sound(dressed, garment: str) -> None:
    pieces = dressed[garment]
    assert len({piece.name for piece in pieces}) == len(pieces)
    for piece in pieces:
        assert piece.label == "clothes"
        assert isinstance(piece.shape, Mesh)
        assert isinstance(piece.material, Material)
        assert all(np.isfinite(part).all() for part in piece.shape)
    assert sum(len(piece.shape.faces) for piece in pieces) < 80_000


def test_same_parameters_same_pieces(head) -> None:
    outfit = draw_outfit(np.random.default_rng(4), masculine=0.2, garment="hoodie")
    for a, b in zip(dress(outfit, head), dress(outfit, head), strict=True):
        assert np.array_equal(a.shape.vertices, b.shape.vertices)


def test_the_collar_follows_the_neck() -> None:
    azimuth = np.linspace(-np.pi, np.pi, 64, endpoint=False)
    heights = np.full(64, -14.0)
    ring = Neck(stand_in_head()).ring(azimuth, heights, 0.5)
    assert np.hypot(ring[:, 0], ring[:, 2] + 1.5) == pytest.approx(np.full(64, 7.22), abs=0.15)
    assert ring[:, 1] == pytest.approx(np.full(64, -14.0), abs=0.15)


def test_surface_samples_lie_on_the_cloth_and_face_outwards(dressed) -> None:
    pieces = dressed["t_shirt"]
    points, normals = surface_samples(pieces)
    assert 3000 < len(points) <= 4000
    assert points[:, 1].min() > -52
    assert np.linalg.norm(normals, axis=-1) == pytest.approx(np.ones(len(normals)), abs=1e-6)
    chest = (np.abs(points[:, 0]) < 6) & (points[:, 1] < -24) & (points[:, 2] > 5)
    assert normals[chest, 2].mean() > 0.8
    back = (np.abs(points[:, 0]) < 6) & (points[:, 1] < -24) & (points[:, 2] < -5)
    assert normals[back, 2].mean() < -0.8


@pytest.mark.parametrize("pattern", PATTERNS)
def test_cloth_keeps_within_reflectances(pattern: str) -> None:
    outfit = draw_outfit(np.random.default_rng(1), masculine=0.5, garment="shirt")
    outfit = replace(outfit, pattern=pattern, colour=(0.02, 0.02, 0.02), second=(0.8, 0.8, 0.8))
    material = cloth(np.random.default_rng(2), outfit, outfit.colour)
    assert material.colour.min() >= 0.004
    assert material.colour.max() <= 0.86
    if pattern in ("stripes", "checks", "print"):
        assert material.colour.std() > 0.05
    if pattern == "plain":
        assert material.colour.max() < 0.03


def test_a_third_of_the_clothes_is_dark() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_outfit(rng, masculine=float(rng.random())) for _ in range(500)]
    luma = np.array([np.mean(outfit.colour) for outfit in drawn])
    assert 0.3 < (luma < 0.04).mean() < 0.6
    assert (luma > 0.4).mean() > 0.12
    assert {outfit.garment for outfit in drawn} == set(GARMENTS)
    assert json.loads(json.dumps(asdict(drawn[0])))["pattern"] == drawn[0].pattern


def test_men_are_broader() -> None:
    def mean_width(masculine: float) -> float:
        rng = np.random.default_rng(0)
        return float(
            np.mean([draw_outfit(rng, masculine=masculine).shoulder_cm for _ in range(60)])
        )

    assert mean_width(1.0) > mean_width(0.0) + 2
