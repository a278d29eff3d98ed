"""A head made of an ellipsoid and a cylinder, for tests that need no head model."""

import numpy as np

from deepflash.synth.geometry import (
    PosedHead,
    grid_faces,
    joined,
    make_mesh,
    rectangle,
    rotation,
    vertex_normals,
)

PIVOT = np.array([0.0, -9.5, 0.0])


def stand_in_head(yaw_deg: float = 0.0) -> PosedHead:
    """A skull of radii 7.9, 12 and 10 cm on a neck of radius 6 1.5 cm further back."""
    up = np.linspace(-np.pi / 2 + 0.01, np.pi / 2 - 0.01, 60)[:, None]
    around = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    skull = np.stack(
        [7.9 * np.cos(up) * np.sin(around), 3 + 11 * np.sin(up) + 0 * around,
         1.5 + 9.5 * np.cos(up) * np.cos(around)], -1
    )  # fmt: skip
    height = np.linspace(-18.2, -6.0, 30)[:, None]
    wide = 6 + 0.12 * np.maximum(-8 - height, 0)
    neck = np.stack([wide * np.sin(around), height + 0 * around, wide * np.cos(around) - 1.5], -1)
    parts = [
        make_mesh(part.reshape(-1, 3), grid_faces(*part.shape[:2], closed=True)[:, ::-1])
        for part in (skull, neck)
    ]
    mesh = joined(parts)
    rest, faces = mesh.vertices.astype(float), mesh.faces.astype(np.int64)
    turn = rotation("y", yaw_deg)
    weight = np.clip((rest[:, 1:2] + 15.5) / 8, 0, 1)
    posed = rest * (1 - weight) + ((rest - PIVOT) @ turn.T + PIVOT) * weight
    marks = np.zeros((68, 3))
    marks[:] = [0, -7.5, 10.4]
    for start, side in ((36, -1), (42, 1)):
        angle = np.linspace(0, 2 * np.pi, 6, endpoint=False)
        marks[start : start + 6, 0] = side * 3.1 + 1.3 * np.cos(angle)
        marks[start : start + 6, 1] = 3.2 + 0.4 * np.sin(angle)
        marks[start : start + 6, 2] = 9.2
    return PosedHead(
        rest=rest,
        posed=posed,
        normals=vertex_normals(posed, faces),
        faces=faces,
        rest_landmarks=marks,
        landmarks=(marks - PIVOT) @ turn.T + PIVOT,
        rotation=turn,
        pivot=PIVOT,
        lashes=rectangle((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    )
