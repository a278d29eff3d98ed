"""A jacket open in front, with lapels, worn over the body of a shirt."""

import numpy as np
from jaxtyping import Float

from deepflash.synth.clothes.outfit import Outfit
from deepflash.synth.clothes.torso import Grid, front_uv, lifted
from deepflash.synth.geometry import Mesh, grid_faces, joined, make_mesh, tube
from deepflash.synth.materials import Material

_COLUMNS = 120


def _across(row: Float[np.ndarray, "n 3"], start: float, count: int) -> Float[np.ndarray, "m 3"]:
    """Returns points round a ring of the body from azimuth `start` round the back to -`start`."""
    full = np.linspace(-np.pi, np.pi, len(row), endpoint=False)
    asked = (np.linspace(start, 2 * np.pi - start, count) + np.pi) % (2 * np.pi) - np.pi
    return np.stack([np.interp(asked, full, row[:, k], period=2 * np.pi) for k in range(3)], -1)


def jacket(
    body: Grid, material: Material, outfit: Outfit, rng: np.random.Generator
) -> list[tuple[str, Mesh, Material]]:
    """Returns the jacket's shell and its lapels.

    Args:
        body: surface of the shirt below, rows from the neckline down.
        material: of the jacket.
        outfit: whose looseness counts.
        rng: where the draws come from.
    """
    shell = lifted(body, 0.75 + 0.3 * outfit.looseness_cm, closed=True)
    start = int(0.05 * len(body))
    shell = shell[start:]
    y = shell[:, shell.shape[1] // 2, 1]
    button = float(rng.uniform(-54, -40))
    share = np.clip((y - button) / (y[0] - button), 0, 1)
    half = 0.4 + float(rng.uniform(4.6, 6.2)) * share**0.85
    opening = _azimuths(shell, half)
    rows = [_across(ring, angle, _COLUMNS) for ring, angle in zip(shell, opening, strict=True)]
    grid = np.stack(rows)
    count = len(grid)
    cloth = make_mesh(grid.reshape(-1, 3), grid_faces(count, _COLUMNS), front_uv(grid))
    rims = [tube(grid[:, column], 0.16, sides=8) for column in (0, -1)]
    wide = float(rng.uniform(4.5, 8.5))
    lapels = [_lapel(shell, half, share, wide, side) for side in (-1.0, 1.0)]
    collar = _collar(grid)
    return [
        ("jacket", joined([cloth, *rims]), material),
        ("lapels", joined([*lapels, collar]), material),
    ]


def _azimuths(shell: Grid, half: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Returns the azimuth at which each ring's front is `half` centimetres off the middle."""
    middle = shell.shape[1] // 2
    quarter = shell[:, middle : middle + shell.shape[1] // 4, 0]
    azimuth = np.linspace(0, np.pi / 2, quarter.shape[1], endpoint=False)
    return np.array([np.interp(x, row, azimuth) for x, row in zip(half, quarter, strict=True)])


def _lapel(
    shell: Grid,
    half: Float[np.ndarray, " n"],
    share: Float[np.ndarray, " n"],
    wide: float,
    side: float,
) -> Mesh:
    """Returns a lapel: the edge folded outwards, widest below its notch.

    Args:
        shell: surface of the jacket, closed.
        half: distance of its edge from the middle at each row.
        share: 0 at the button to 1 at the collar.
        wide: greatest width in centimetres.
        side: -1 or 1.
    """
    width = wide * np.interp(share, [0, 0.68, 0.7, 0.78, 1.0], [0, 1.0, 1.0, 0.62, 0.5])
    outer = lifted(shell, 0.3, closed=True)
    full = np.linspace(-np.pi, np.pi, shell.shape[1], endpoint=False)
    strips = []
    for part in np.linspace(0, 1, 7):
        asked = side * _azimuths(outer, half + part * width)
        ring = np.stack(
            [
                [np.interp(a, full, row[:, k], period=2 * np.pi) for k in range(3)]
                for a, row in zip(asked, outer, strict=True)
            ]
        )
        ring[:, 2] += 0.5 * np.sin(np.pi * min(part + 0.15, 0.6)) * (width > 0.02)
        strips.append(ring)
    grid = np.stack(strips, 1)[share > 0]
    rows, columns = grid.shape[:2]
    rim = tube(grid[:, -1], 0.12, sides=6)
    return joined([make_mesh(grid.reshape(-1, 3), grid_faces(rows, columns), front_uv(grid)), rim])


def _collar(grid: Grid) -> Mesh:
    """Returns the jacket's collar round the back of the neck."""
    top = grid[0]
    out = top - top.mean(0)
    out[:, 1] = 0
    out = out / np.linalg.norm(out, axis=-1, keepdims=True)
    behind = np.sin(np.linspace(0, np.pi, len(top)))[:, None] ** 0.5
    up = np.array([0.0, 1.0, 0.0])
    rows = [
        top - 0.3 * out,
        top + behind * (0.9 * up - 0.3 * out),
        top + behind * (1.3 * up + 0.2 * out),
        top + behind * (0.9 * up + 0.8 * out),
        top + out * 1.6 - 1.6 * up * behind,
        top + out * 2.4 - 2.6 * up * behind,
    ]
    points = np.stack(rows)
    count, columns = points.shape[:2]
    return make_mesh(points.reshape(-1, 3), grid_faces(count, columns), front_uv(points))
