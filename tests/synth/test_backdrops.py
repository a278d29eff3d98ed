import json
from dataclasses import asdict

import numpy as np
import pytest

from deepflash.synth.backdrops.backdrop import KINDS, Backdrop, draw_backdrop
from deepflash.synth.backdrops.colours import draw_colour, tinted
from deepflash.synth.backdrops.coverings import bricks, laid, periodic_noise
from deepflash.synth.backdrops.furnish import furnish
from deepflash.synth.backdrops.shapes import ball, boxes, in_cells, lathe
from deepflash.synth.geometry import Mesh, Piece
from deepflash.synth.materials import Glow, Material

_ALL = [(kind, seed) for kind in KINDS for seed in (1,)]


@pytest.fixture(scope="module")
def furnished() -> dict[tuple[str, int], tuple[Backdrop, list[Piece]]]:
    drawn = {key: draw_backdrop(np.random.default_rng(key[1]), kind=key[0]) for key in _ALL}
    return {key: (backdrop, furnish(backdrop)) for key, backdrop in drawn.items()}


def _seen(meshes: list[Mesh], origin: np.ndarray, directions: np.ndarray) -> np.ndarray:
    """Which rays hit any triangle (Moeller and Trumbore 1997)."""
    hit = np.zeros(len(directions), bool)
    for mesh in meshes:
        a, b, c = (mesh.vertices[mesh.faces[:, k]].astype(float) for k in range(3))
        for i in np.flatnonzero(~hit):
            p = np.cross(directions[i], c - a)
            det = ((b - a) * p).sum(-1)
            det = np.where(np.abs(det) < 1e-9, np.inf, det)
            q = np.cross(origin - a, b - a)
            u = ((origin - a) * p).sum(-1) / det
            v = (directions[i] * q).sum(-1) / det
            t = ((c - a) * q).sum(-1) / det
            hit[i] = ((u >= 0) & (v >= 0) & (u + v <= 1) & (t > 0)).any()
    return hit


@pytest.mark.parametrize("key", _ALL)
def test_everything_stands_behind_the_person(furnished, key) -> None:
    for piece in furnished[key][1]:
        x, y, z = piece.shape.vertices.T
        assert z.max() <= -14, piece.name
        beside = np.hypot(x, z) > 28
        assert (beside | (y > 20) | (y < -70)).all(), piece.name


@pytest.mark.parametrize("key", _ALL)
def test_pieces_are_sound(furnished, key) -> None:
    backdrop, pieces = furnished[key]
    assert len({piece.name for piece in pieces}) == len(pieces)
    assert sum(len(piece.shape.faces) for piece in pieces) < 60_000
    for piece in pieces:
        assert piece.label == "background"
        assert isinstance(piece.shape, Mesh)
        assert isinstance(piece.material, Material | Glow)
        assert all(np.isfinite(part).all() for part in piece.shape)
        assert piece.shape.faces.max() < len(piece.shape.vertices)
        if isinstance(piece.material, Material):
            colour = np.asarray(piece.material.colour)
            assert colour.min() >= 0
            assert colour.max() <= 0.9
            assert max(colour.shape) <= 512
    assert 20 <= backdrop.depth_cm <= 750


@pytest.mark.parametrize("kind", KINDS)
def test_no_ray_of_the_widest_view_escapes(furnished, kind: str) -> None:
    # The largest rectangles close the view; testing them alone is fast.
    walls = [p.shape for p in furnished[kind, 1][1] if len(p.shape.faces) <= 40]
    edge = np.tan(np.deg2rad(np.linspace(-40, 40, 7)))
    x, y = (part.ravel() for part in np.meshgrid(edge, edge))
    directions = np.stack([x, y, -np.ones_like(x)], -1)
    assert _seen(walls, np.array([4.0, 8.0, 75.0]), directions).all()


def test_bump_is_nowhere_flat(furnished) -> None:
    # Mitsuba's bump map gives NaN where neighbouring heights are equal.
    for _, pieces in furnished.values():
        for piece in pieces:
            if isinstance(piece.material, Material) and piece.material.bump is not None:
                height = piece.material.bump[..., 0]
                flat = (np.diff(height[:-1], axis=1) == 0) & (np.diff(height[:, :-1], axis=0) == 0)
                assert flat.mean() < 1e-3, piece.name


def test_same_parameters_same_pieces() -> None:
    backdrop = draw_backdrop(np.random.default_rng(5), kind="window")
    for a, b in zip(furnish(backdrop), furnish(backdrop), strict=True):
        assert a.name == b.name
        assert np.array_equal(a.shape.vertices, b.shape.vertices)


def test_parameters_are_plain_and_cover_all_kinds() -> None:
    rng = np.random.default_rng(0)
    drawn = [draw_backdrop(rng) for _ in range(400)]
    assert {backdrop.kind for backdrop in drawn} == set(KINDS)
    assert json.loads(json.dumps(asdict(drawn[0])))["seed"] == drawn[0].seed
    near = np.mean([backdrop.depth_cm < 100 for backdrop in drawn])
    assert 0.2 < near < 0.7


def test_colours_reach_from_black_to_white() -> None:
    rng = np.random.default_rng(0)
    colours = np.array([draw_colour(rng) for _ in range(500)])
    assert colours.max() <= 0.85
    assert np.quantile(colours.mean(-1), 0.1) < 0.03
    assert np.quantile(colours.mean(-1), 0.9) > 0.4
    assert tinted(0.3, 0.2, 0.0) == pytest.approx((0.3, 0.3, 0.3))


def test_noise_wraps_round() -> None:
    noise = periodic_noise(np.random.default_rng(0), 64, slope=2.0)
    inside = np.abs(np.diff(noise, axis=0)).mean()
    across = np.abs(noise[0] - noise[-1]).mean()
    assert across < 2 * inside
    assert noise.std() == pytest.approx(1, abs=1e-4)


def test_a_wall_repeats_its_covering() -> None:
    covering = bricks(np.random.default_rng(0), (0.4, 0.1, 0.05))
    mesh = laid((0.0, 0.0, -50.0), (300.0, 0.0, 0.0), (0.0, 100.0, 0.0), covering)
    assert mesh.uv.max(0) == pytest.approx([300 / covering.size_cm, 100 / covering.size_cm])


def test_boxes_match_single_ones() -> None:
    mesh = boxes(np.array([[0, 0, 0], [5, 0, 0.0]]), np.array([[2, 4, 6], [1, 1, 1.0]]))
    assert len(mesh.faces) == 24
    assert mesh.vertices[:24].max(0) == pytest.approx([1, 2, 3])
    assert mesh.vertices[24:].min(0) == pytest.approx([4.5, -0.5, -0.5])
    squeezed = in_cells(mesh, np.array([0, 5]), 4, 2)
    assert squeezed.uv[24:].min(0) == pytest.approx([0.2625, 0.525])


def test_turned_solids_face_outwards() -> None:
    sphere = ball((1.0, 2.0, 3.0), 2.0)
    out = sphere.vertices - np.array([1, 2, 3])
    assert np.linalg.norm(out, axis=-1) == pytest.approx(np.full(len(out), 2.0), abs=1e-3)
    assert ((out * sphere.normals).sum(-1) > 1.0).all()
    tin = lathe(np.array([[1.0, 0], [1, 5]]))
    assert (tin.vertices * np.array([1, 0, 1]) * tin.normals).sum(-1).min() > 0.5
