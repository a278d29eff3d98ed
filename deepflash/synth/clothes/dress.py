"""Turns the parameters of an outfit into pieces on a posed head."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from deepflash.synth.clothes import collars
from deepflash.synth.clothes.fabric import cloth, ribbed
from deepflash.synth.clothes.jacket import jacket
from deepflash.synth.clothes.neck import Neck, skin_edge
from deepflash.synth.clothes.outfit import Outfit
from deepflash.synth.clothes.placket import placket
from deepflash.synth.clothes.torso import (
    Grid,
    Torso,
    circle,
    closed_mesh,
    folded,
    front_uv,
    sleeves,
)
from deepflash.synth.geometry import Mesh, Piece, Points, PosedHead
from deepflash.synth.materials import Material

SAMPLES = 4000
_ROWS = 84


def _neckline(outfit: Outfit, rng: np.random.Generator) -> Float[np.ndarray, " n"]:
    """Returns the height of the neckline at each column, on the unturned mean head."""
    azimuth = circle()
    front = (1 + np.cos(azimuth)) / 2
    wide = float(rng.uniform(0, 1))
    height = {"crew": (2.8, 1.3), "high": (4.6, 2.4)}
    kind = "crew" if outfit.garment in ("t_shirt", "v_neck", "sweater") else "high"
    at_front, at_back = height[kind]
    margin = at_back + (at_front - at_back - 0.8 * wide) * front**2
    line = skin_edge(azimuth) + margin
    if outfit.garment == "v_neck":
        depth = np.clip(1 - np.abs(azimuth) / float(rng.uniform(1.2, 1.5)), 0, 1)
        line = np.where(depth > 0, -12.3 - 4.9 * depth, line)
    # A sharp bend in the table of the skin's edge would show as a kink in the collar.
    kernel = np.hanning(17) / np.hanning(17).sum()
    padded = np.concatenate([line[-8:], line, line[:8]])
    smooth = np.convolve(padded, kernel, "valid")
    return np.minimum(smooth, line + 0.1) if outfit.garment == "v_neck" else smooth


def _piece(name: str, shape: Mesh, material: Material) -> Piece:
    return Piece(f"clothes_{name}", shape, material, "clothes")


def dress(outfit: Outfit, head: PosedHead) -> list[Piece]:
    """Returns the pieces of an outfit, labelled "clothes", that hide the end of the neck's skin."""
    rng = np.random.default_rng(outfit.seed)
    neck = Neck(head)
    line = _neckline(outfit, rng)
    thick = {"sweater": 0.8, "hoodie": 1.0, "blazer": -0.3}.get(outfit.garment, 0.0)
    torso = Torso(neck, line, shoulder=outfit.shoulder_cm, loose=0.6 * outfit.looseness_cm + thick)
    blazer = outfit.garment == "blazer"
    body = folded(torso.grid(_ROWS), rng, strength=0.18 + 0.14 * outfit.looseness_cm)
    below = replace(outfit, garment="shirt", pattern="plain") if rng.random() < 0.92 else outfit
    material = cloth(rng, below, outfit.under) if blazer else cloth(rng, outfit, outfit.colour)
    pieces = [_piece("body", closed_mesh(body, front_uv(body)), material)]
    if blazer:
        outer = cloth(rng, outfit, outfit.colour)
        pieces += [_piece(*part) for part in jacket(body, outer, outfit, rng)]
        pieces.append(_piece("sleeves", sleeves(outfit.shoulder_cm + 0.8, 0.6, rng), outer))
    else:
        arms = sleeves(outfit.shoulder_cm, outfit.looseness_cm + thick, rng)
        pieces.append(_piece("sleeves", arms, material))
    pieces += _collar(outfit, neck, line, body, material, rng)
    return pieces


def _collar(
    outfit: Outfit,
    neck: Neck,
    line: Float[np.ndarray, " n"],
    body: Grid,
    material: Material,
    rng: np.random.Generator,
) -> list[Piece]:
    garment = outfit.garment
    own = outfit.under if garment == "blazer" else outfit.colour
    colour = outfit.second if rng.random() < 0.18 else own
    if garment in ("t_shirt", "v_neck", "sweater"):
        high = float(rng.uniform(1.0, 2.2)) * (1.25 if garment == "sweater" else 1)
        shape = collars.band(neck, line, high=high, thick=0.28 if garment == "sweater" else 0.16)
        return [_piece("collar", shape, ribbed(colour, rng))]
    if garment == "turtleneck":
        top = line + float(rng.uniform(1.5, 4.0)) * (1 - 0.35 * (1 + np.cos(circle())) / 2)
        return [_piece("collar", collars.rolled(neck, line, top, rng), ribbed(outfit.colour, rng))]
    if garment == "hoodie":
        middle = body[:, len(circle()) // 2]
        pale = Material(colour=outfit.second, roughness=0.8)
        return [
            _piece("band", collars.band(neck, line, high=1.6, thick=0.35), ribbed(colour, rng)),
            _piece("hood", collars.hood(neck, line, rng), material),
            _piece("cords", collars.cords(middle, rng), pale),
        ]
    soft = 0.9 if garment == "polo" else float(rng.uniform(0, 0.6))
    stand = float(rng.uniform(1.4, 2.0) if garment == "polo" else rng.uniform(2.0, 3.2))
    collar = collars.shirt_collar(neck, line, rng, stand=stand, soft=soft)
    plain = ribbed(colour, rng) if garment == "polo" else material
    length = 12.0 if garment == "polo" else 55.0
    parts = placket(body, rng, length=length, cloth=material)
    return [_piece("collar", collar, plain), *(_piece(*part) for part in parts)]


def surface_samples(pieces: list[Piece]) -> tuple[Points, Points]:
    """Returns about 4000 points (n, 3) of the clothes and their unit normals, evenly by area."""
    points, normals, areas = [], [], []
    for piece in pieces:
        mesh = piece.shape
        if not isinstance(mesh, Mesh):
            continue
        corners = mesh.vertices[mesh.faces.astype(np.int64)].astype(np.float64)
        cross = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        area = np.linalg.norm(cross, axis=-1)
        points.append(corners.mean(1))
        normals.append(cross / np.maximum(area, 1e-12)[:, None])
        areas.append(area)
    point, normal, area = map(np.concatenate, (points, normals, areas))
    # Hair reaches the chest at most.
    area = np.where(point[:, 1] > -50, area, 0)
    steps = (np.arange(SAMPLES) + 0.5) / SAMPLES * area.sum()
    chosen = np.unique(np.searchsorted(np.cumsum(area), steps))
    return point[chosen], normal[chosen]
