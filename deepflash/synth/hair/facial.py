"""Beards, brows and lashes."""

import numpy as np
from jaxtyping import Float
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from deepflash.synth.geometry import Mesh, Points, smoothstep, unit
from deepflash.synth.hair.scalp import beard_density, beard_tint, brow_distance
from deepflash.synth.hair.strands import Strands, clumped, coiled
from deepflash.synth.hair.style import HairStyle
from deepflash.synth.hair.surface import Roots, Skin

BEARD_RADIUS_CM, STUBBLE_RADIUS_CM, BROW_RADIUS_CM, LASH_RADIUS_CM = 0.0085, 0.006, 0.008, 0.009


def grow_beard(
    style: HairStyle,
    skin: Skin,
    down: Float[np.ndarray, " 3"],
    detail: float,
    rng: np.random.Generator,
) -> Strands:
    """Returns the hairs of a beard and a moustache; none without either.

    Args:
        style: the hair.
        skin: it grows on, unturned.
        down: unit direction of gravity for the unturned head.
        detail: share of the usual number of hairs.
        rng: source of all randomness.
    """
    if max(style.beard, style.moustache) < 0.05:
        return np.zeros((0, 7, 3))

    def density(points: Points) -> np.ndarray:
        return beard_density(style, points) ** 1.4

    count = int((3500 + 9500 * style.beard) * detail)
    roots = skin.sample(density, count, rng)
    x, y = roots.rest[:, 0], roots.rest[:, 1]
    on_lip = (y > -4.2) & (np.abs(x) < 3.3)
    side = np.sign(x) * smoothstep(0.0, 0.8, np.abs(x))
    outwards = np.stack([side * np.where(on_lip, 0.9, 0.12), -0.8 + 0 * x, 0.15 + 0 * x], 1)
    length = style.beard_cm * rng.uniform(0.55, 1.0, count)
    length = np.where(on_lip, np.minimum(length, 0.75 * rng.uniform(0.6, 1, count)), length)
    beside = (y > -7.0) & (np.abs(x) < 3.6) & (style.beard < 0.3)
    length = np.where(beside, np.minimum(length, 0.7 * rng.uniform(0.6, 1, count)), length)
    # Cheeks are trimmed shorter than the chin.
    upper = smoothstep(-6.0, 0.0, y)
    length = length * np.where(on_lip, 1.0, 1 - 0.6 * upper) + 0.06
    lie = unit(outwards + 0.3 * down + 0.32 * rng.standard_normal((count, 3)))
    strands = _lying(roots, lie, length, 7, rise=0.42)
    strands, clump = clumped(strands, roots.rest, 900, 0.5, rng)
    size = 0.06 * style.wave * np.minimum(length, 2.0)[:, None] * np.linspace(0, 1, 7)
    phase = rng.uniform(0, 2 * np.pi, int(clump.max()) + 1)[clump] + rng.normal(0, 0.6, count)
    wavelength = np.maximum(length[:, None] / 1.6, 0.3)
    strands = coiled(strands, roots.normals[:, ::-1], size, wavelength, phase[:, None])
    fray = 0.05 * np.minimum(length, 1.5)[:, None, None] * np.linspace(0, 1, 7)[:, None]
    return strands + fray * rng.standard_normal(strands.shape)


def grow_stubble(style: HairStyle, skin: Skin, detail: float, rng: np.random.Generator) -> Strands:
    """Returns shaven hairs a millimetre long where a beard would grow; none on smooth skin."""
    if style.stubble < 0.35 or style.beard >= 0.5:
        return np.zeros((0, 4, 3))

    def density(points: Points) -> np.ndarray:
        return beard_tint(style, points).astype(np.float64) ** 1.4

    count = int(9000 * style.stubble * detail)
    roots = skin.sample(density, count, rng)
    lie = unit(np.array([0, -1.0, 0.2]) + 0.4 * rng.standard_normal((count, 3)))
    length = rng.uniform(0.04, 0.06 + 0.1 * style.stubble, count)
    return _lying(roots, lie, length, 4, rise=0.6)


def grow_brows(
    style: HairStyle,
    skin: Skin,
    rest_landmarks: Float[np.ndarray, "68 3"],
    detail: float,
    rng: np.random.Generator,
) -> Strands:
    """Returns the hairs of both brows: upright at the nose, along the brow further out."""

    def density(points: Points) -> np.ndarray:
        distance, place, _ = brow_distance(style, points, rest_landmarks)
        fade = np.interp(place, [0, 0.12, 0.75, 1], [0.35, 1, 0.9, 0.45])
        return fade * smoothstep(1.2, 0.45, distance)

    count = int((350 + 1150 * style.brow_density) * detail)
    roots = skin.sample(density, count, rng)
    _, place, along = brow_distance(style, roots.rest, rest_landmarks)
    upwards = np.interp(place, [0, 0.25, 0.6, 1], [1.5, 0.6, 0.12, -0.1])
    # Hairs of the upper edge lie downwards, those of the lower edge upwards.
    lie = along + upwards[:, None] * np.array([0, 1.0, 0])
    lie = unit(lie + 0.2 * rng.standard_normal((count, 3)))
    length = rng.uniform(0.35, 0.75, count) * np.interp(place, [0, 0.3, 1], [0.75, 1.0, 0.75])
    return _lying(roots, lie, length, 5, rise=0.13)


def _lying(
    roots: Roots, lie: Points, length: Float[np.ndarray, " n"], points: int, rise: float
) -> Strands:
    """Returns short hairs that leave the skin at a slant and bend along it.

    Args:
        roots: of the hairs.
        lie: unit directions in which they lie, made tangent to the skin here.
        length: in centimetres.
        points: control points of each.
        rise: share of the length by which the tips stand off the skin.
    """
    normals = roots.normals
    tangent = unit(lie - (lie * normals).sum(1, keepdims=True) * normals)
    s = np.linspace(0, 1, points)[None, :, None]
    run = length[:, None, None] * s * tangent[:, None]
    stand = length[:, None, None] * rise * np.sin(0.5 * np.pi * s) + 0.012 * (s > 0)
    return roots.points[:, None] + run + (stand - 0.02 * (s == 0)) * normals[:, None]


def grow_lashes(
    style: HairStyle,
    lashes: Mesh,
    landmarks: Float[np.ndarray, "68 3"],
    rng: np.random.Generator,
) -> Strands:
    """Returns lashes along the head model's strips, as posed like the strips."""
    faces = lashes.faces.astype(np.int64)
    size = len(lashes.vertices)
    edges = (np.ones(faces.size), (faces.ravel(), np.roll(faces, 1, 1).ravel()))
    number, strip_of = connected_components(csr_matrix(edges, (size, size)), directed=False)
    eyes = np.stack([landmarks[36:42].mean(0), landmarks[42:48].mean(0)])
    hairs = []
    for strip in range(number):
        vertices = lashes.vertices[strip_of == strip].astype(np.float64)
        if len(vertices) < 8:
            continue
        eye = eyes[np.argmin(np.linalg.norm(eyes - vertices.mean(0), axis=1))]
        hairs.append(_lashes_of(style, vertices, lashes.uv[strip_of == strip], eye, rng))
    return np.concatenate(hairs) if hairs else np.zeros((0, 4, 3))


def _lashes_of(
    style: HairStyle,
    vertices: Points,
    uv: Float[np.ndarray, "n 2"],
    eye: Float[np.ndarray, " 3"],
    rng: np.random.Generator,
) -> Float[np.ndarray, "m k 3"]:
    low, high = uv.min(0), uv.max(0)
    upper = vertices[:, 1].mean() > eye[1]
    count = 42 if upper else 18
    along = rng.uniform(0.02, 0.98, (count, 1)) + rng.normal(0, 0.012, (count, 1)) * np.arange(4)
    away = np.broadcast_to(np.linspace(0.02, 0.98, 4), (count, 4))
    where = np.stack([np.clip(along, 0.01, 0.99), away], -1) * (high - low) + low
    # The strips are fine enough for their nearest vertices; a triangulation of them is nearly
    # degenerate, and walking it took seconds.
    distance, nearest = KDTree(uv).query(where.reshape(-1, 2), k=4)
    weights = 1 / (distance + 1e-4)
    weights /= weights.sum(1, keepdims=True)
    hairs = (vertices[nearest] * weights[..., None]).sum(1).reshape(count, 4, 3)
    behind = eye - np.array([0, 0, 2.5])
    far = np.linalg.norm(hairs - behind, axis=-1).mean(0) if len(hairs) else np.zeros(4)
    if far[0] > far[-1]:
        hairs = hairs[:, ::-1]
    size = style.lash_cm * rng.uniform(0.6, 1.0, (len(hairs), 1, 1))
    return hairs[:, :1] + (hairs - hairs[:, :1]) * size
