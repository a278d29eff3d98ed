"""Glasses fitted to a face: rims, bridge, pads, temples and lenses."""

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator
from scipy.spatial import KDTree

from deepflash.synth.accessories.accessories import Accessories, Glasses
from deepflash.synth.backdrops.shapes import ball
from deepflash.synth.geometry import Mesh, Points, PosedHead, grid_faces, joined, make_mesh, tube
from deepflash.synth.materials import Glass, Material, Surface

Outline = Float[np.ndarray, "n 2"]
_SIDES = 56

# Height as a share of the width, how square (2 is an ellipse), outward lift of the upper corner
# and drop of the lower edge towards the cheek.
_SHAPES: dict[Glasses, tuple[float, float, float, float]] = {
    "round": (0.93, 2.0, 0.0, 0.0),
    "oval": (0.68, 2.2, 0.0, 0.0),
    "rectangle": (0.6, 4.5, 0.02, 0.0),
    "square": (0.8, 3.6, 0.05, 0.0),
    "aviator": (0.84, 2.6, -0.03, 0.14),
    "cat_eye": (0.7, 2.7, 0.22, 0.0),
    "half_rim": (0.62, 3.6, 0.03, 0.0),
}


def outline(kind: Glasses, width: float) -> Outline:
    """Returns the edge of the right lens (+x) about its middle, from the inner side upwards."""
    share, power, lift, drop = _SHAPES[kind]
    angle = np.pi - np.linspace(0, 2 * np.pi, _SIDES, endpoint=False)
    cosine, sine = np.cos(angle), np.sin(angle)
    x = np.sign(cosine) * np.abs(cosine) ** (2 / power)
    y = np.sign(sine) * np.abs(sine) ** (2 / power)
    high = y * share + lift * np.clip(x, 0, 1) ** 2 * (y + 1) / 2
    # Lenses are narrower below, where cheeks and nose are.
    x = x * (1 - 0.07 * np.clip(-y, 0, 1)) + drop * 0.4 * np.clip(-y, 0, 1)
    high = high - drop * np.clip(-y, 0, 1) * np.clip(x + 0.4, 0, 1)
    return np.stack([x, high], -1) * width / 2


class _Face:
    """The face, unturned, as a height field over (x, y)."""

    def __init__(self, head: PosedHead) -> None:
        self.points = head.to_rest(head.posed)
        front = (head.rest[:, 2] > 2.0) & (np.abs(head.rest[:, 1] - 2) < 7.5)
        front &= np.abs(head.rest[:, 0]) < 8.4
        self._front = self.points[front]
        self._tree = KDTree(self._front[:, :2])
        self.landmarks = head.to_rest(head.landmarks)

    def depth(self, at: Outline) -> Float[np.ndarray, " n"]:
        """Returns the greatest z of the skin near each (x, y)."""
        _, nearest = self._tree.query(at, k=min(7, len(self._front)))
        return self._front[nearest, 2].max(1)


def _ear_top(head: PosedHead, side: float) -> Float[np.ndarray, " 3"]:
    """Returns the point, unturned, where a temple rests between head and ear."""
    target = np.array([side * 7.9, 4.4, 0.2])
    nearest = np.argsort(np.linalg.norm(head.rest - target, axis=-1))[:12]
    return head.to_rest(head.posed[nearest]).mean(0)


class _Frame:
    """Where a frame sits on a face."""

    def __init__(self, face: _Face, kind: Glasses, rng: np.random.Generator) -> None:
        marks = face.landmarks
        eyes = np.stack([marks[36:42].mean(0), marks[42:48].mean(0)])
        self.middle = float(eyes[:, 0].mean())
        half = float(eyes[1, 0] - eyes[0, 0]) / 2
        self.bridge = float(rng.uniform(1.5, 2.1))
        self.width = 2 * (half + float(rng.uniform(0.0, 0.4)) - self.bridge / 2)
        self.centre_x = (self.bridge + self.width) / 2
        self.y = float(eyes[:, 1].mean()) - float(rng.uniform(0.0, 0.45))
        self.edge = outline(kind, self.width)
        self.wrap = float(rng.uniform(0.008, 0.016))
        asked, clear = [], []
        for side in (-1.0, 1.0):
            rim = self.rim(side, 0.0)
            asked.append(rim[:, :2])
            clear.append(-rim[:, 2])
        rims = np.concatenate(asked)
        needed = face.depth(rims) + 0.16 + np.concatenate(clear)
        nose = np.array([[self.middle, self.y + 0.35]])
        eye = float(eyes[:, 2].mean()) + 1.25
        self.z = max(float(needed.max()), float(face.depth(nose)[0]) + 0.2, eye)

    def rim(self, side: float, z: float | None = None) -> Points:
        """Returns the edge of one lens in space."""
        x = self.middle + side * (self.centre_x + self.edge[:, 0])
        return np.stack([x, self.y + self.edge[:, 1], self._curved(x, z)], -1)

    def lens(self, side: float) -> Mesh:
        """Returns a slightly domed pane of rings from the middle outwards."""
        share = np.linspace(0, 1, 9)[:, None]
        x = self.middle + side * (self.centre_x + share * self.edge[None, :, 0])
        y = self.y + share * self.edge[None, :, 1]
        z = self._curved(x, self.z) + 0.12 * (1 - share**2)
        points = np.stack([x, y, z], -1).reshape(-1, 3)
        faces = grid_faces(9, len(self.edge), closed=True)
        return make_mesh(points, faces if side < 0 else faces[:, ::-1])

    def _curved(self, x: np.ndarray, z: float | None) -> np.ndarray:
        return (self.z if z is None else z) - self.wrap * (x - self.middle) ** 2


def _temple(head: PosedHead, face: _Face, start: Float[np.ndarray, " 3"], side: float) -> Points:
    """Returns the path of a temple from its hinge over the ear, outside the skin."""
    ear = _ear_top(head, side)
    out = np.array([side, 0.0, 0.0])
    key = np.stack(
        [
            start,
            start + np.array([side * 0.3, 0, -0.7]),
            0.5 * (start + ear) + 0.25 * out,
            ear + 0.1 * out + np.array([0, 0.15, 0.6]),
            ear + np.array([0, -0.5, -1.6]),
            ear + np.array([-side * 0.3, -2.6, -2.7]),
        ]
    )
    path = PchipInterpolator(np.arange(6), key)(np.linspace(0, 5, 46))
    beside = (side * head.rest[:, 0] > 5.0) & (side * head.rest[:, 0] < 8.0)
    skin = face.points[beside]
    _, nearest = KDTree(skin[:, 1:]).query(path[:, 1:], k=min(6, len(skin)))
    least = (side * skin[nearest, 0]).max(1) + 0.16
    over = path[:, 2] > ear[2] - 0.5
    path[:, 0] = np.where(over, side * np.maximum(side * path[:, 0], least), path[:, 0])
    return path


def _pads(face: _Face, frame: _Frame) -> list[Mesh]:
    meshes = []
    for side in (-1.0, 1.0):
        at = np.array([[frame.middle + side * 0.8, frame.y - 0.55]])
        centre = np.array([at[0, 0], at[0, 1], float(face.depth(at)[0]) - 0.05])
        pad = ball((0.0, 0.0, 0.0), 1.0, sides=12)
        shape = pad.vertices * np.array([0.12, 0.36, 0.22])
        meshes.append(make_mesh(shape + centre, pad.faces.astype(np.int64)))
        inner = frame.rim(side)[0]
        arm = np.stack([centre, (centre + inner) / 2 + [0, 0, 0.1], inner])
        meshes.append(tube(arm, 0.05, sides=6))
    return meshes


def _posed(head: PosedHead, mesh: Mesh) -> Mesh:
    points = head.to_posed(mesh.vertices.astype(np.float64))
    return make_mesh(points, mesh.faces.astype(np.int64), mesh.uv.astype(np.float64))


def glasses(
    worn: Accessories, head: PosedHead, rng: np.random.Generator
) -> list[tuple[str, Mesh, Surface]]:
    """Returns the frame and the two lenses of glasses on a head."""
    face = _Face(head)
    frame = _Frame(face, worn.glasses, rng)
    thick = float(rng.uniform(0.07, 0.1) if worn.frame_metal else rng.uniform(0.13, 0.25))
    parts, lenses = [], []
    for side in (-1.0, 1.0):
        rim = frame.rim(side)
        upper = rim[: _SIDES // 2 + 1]
        half = worn.glasses == "half_rim"
        parts.append(
            tube(upper, thick, sides=10) if half else tube(rim, thick, sides=10, closed=True)
        )
        lenses.append(frame.lens(side))
        outer = rim[
            int(np.argmax(side * rim[: _SIDES // 2 + 1, 0] + 0.6 * rim[: _SIDES // 2 + 1, 1]))
        ]
        path = _temple(head, face, outer, side)
        parts.append(tube(path, np.linspace(thick, 0.8 * thick + 0.02, len(path)), sides=8))
    inner = [frame.rim(side)[4] for side in (-1.0, 1.0)]
    arch = np.linspace(0, 1, 13)[:, None]
    bridge = inner[0] * (1 - arch) + inner[1] * arch
    bridge = bridge + np.sin(np.pi * arch) * np.array([0.0, 0.22, 0.12])
    clear = face.depth(bridge[:, :2]) + 0.1 + thick
    bridge[:, 2] = np.maximum(bridge[:, 2], clear)
    parts += [tube(bridge, thick, sides=10), *(_pads(face, frame) if worn.frame_metal else [])]
    surface = Material(
        colour=worn.frame,
        roughness=0.25 if worn.frame_metal else float(rng.uniform(0.12, 0.4)),
        metallic=1.0 if worn.frame_metal else 0.0,
        specular=0.5,
    )
    return [
        ("frame", _posed(head, joined(parts)), surface),
        ("lenses", _posed(head, joined(lenses)), Glass(tint=worn.lens_tint)),
    ]
