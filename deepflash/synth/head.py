"""One head: identity, expression and pose of the head model, refined for rendering."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Float32, Int, UInt32
from scipy import sparse

from deepflash.synth.expression import eye_turns
from deepflash.synth.geometry import Mesh, PosedHead, rotation, smoothstep, vertex_normals
from deepflash.synth.head_model import HeadModel
from deepflash.synth.subdivision import subdivide, triangles
from deepflash.synth.texture_space import rasterise

PIVOT = (0.0, -9.5, 0.0)
_SKIN = ("face", "headneck", "mouthsocket", "eyesocketL", "eyesocketR")
# The neck ends below the collar: the model's shoulders would show through clothes.
_CUT_Y, _NECK_END_Y, _NECK_RADIUS = -10.6, -18.2, (7.0, 6.7)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How a head is held and what it does."""

    yaw_deg: float
    """Positive turns the face to the right of the picture."""
    pitch_deg: float
    """Positive lifts the chin."""
    roll_deg: float
    expression: dict[str, float]
    """Weights in [0,1] by the head model's names; absent ones are 0."""


class _Part(NamedTuple):
    """Some parts of the model as one refined mesh."""

    chosen: Int[np.ndarray, " k"]
    """Vertices of the model that it uses."""
    refine: sparse.csr_matrix
    """From those vertices to the refined ones."""
    faces: Int[np.ndarray, "m 3"]
    """Triangles of refined vertices, whole across texture seams."""
    split: Int[np.ndarray, " n"]
    """Refined vertex of each rendered vertex: seams have two."""
    split_faces: UInt32[np.ndarray, "m 3"]
    uv: Float32[np.ndarray, "n 2"]


class HeadMeshes(NamedTuple):
    """A head ready to render, in centimetres."""

    skin: Mesh
    eye_left: Mesh
    eye_right: Mesh
    teeth: Mesh
    gums: Mesh
    posed: PosedHead


class HeadRig:
    """Poses heads of one model. Building it takes a second or two; one serves a whole process.

    Args:
        model: see `deepflash.synth.head_model`.
        texture_px: height of the skin's texture; its width is twice that, the face on the left.
    """

    def __init__(self, model: HeadModel, *, texture_px: int = 512) -> None:
        self.model = model
        self.texture_px = texture_px
        self._skin = _part(model, _SKIN, refined=True, keep=_visible)
        self._eyes = {side: _part(model, (f"sclera{side}",), refined=True) for side in ("L", "R")}
        self._teeth = _part(model, ("teeth",))
        self._gums = _part(model, ("gums",))
        self._lashes = _part(model, ("lashL", "lashR"))
        rest = self._skin.refine @ model.mean[self._skin.chosen]
        self._rest = rest
        self._rigid = _rigid_weights(model)
        self.texel_rest, _ = rasterise(
            self._skin.uv,
            rest[self._skin.split],
            self._skin.split_faces,
            height=texture_px,
            width=2 * texture_px,
        )
        self.mouth_texels, self.socket_texels = (
            self._texels_of(names) for names in (("mouthsocket",), ("eyesocketL", "eyesocketR"))
        )
        self.landmarks_uv = _landmarks_uv(model)

    @property
    def rest_landmarks(self) -> Float[np.ndarray, "68 3"]:
        """The landmarks on the mean head."""
        return self.model.mean[self.model.landmarks].astype(np.float64)

    def _texels_of(self, names: tuple[str, ...]) -> Bool[np.ndarray, "h w"]:
        """Returns which texels of the skin's texture belong to some parts of the model."""
        faces = np.concatenate([np.arange(*self.model.parts[name][2:]) for name in names])
        height = self.texture_px
        _, covered = rasterise(
            self.model.uv.astype(np.float64),
            np.zeros((len(self.model.uv), 1)),
            triangles(self.model.quads_uv[faces]),
            height=height,
            width=2 * height,
        )
        return covered

    def pose(self, identity: Float[np.ndarray, " k"], pose: Pose) -> HeadMeshes:
        """Returns the meshes of one person in one pose.

        Args:
            identity: weights of the model's directions, about standard normal.
            pose: see `Pose`.
        """
        shaped = self.model.shape(np.asarray(identity, np.float32), pose.expression)
        self._turn_eyes(shaped, pose.expression)
        turn = (
            rotation("y", pose.yaw_deg)
            @ rotation("x", -pose.pitch_deg)
            @ rotation("z", pose.roll_deg)
        )
        pivot = np.array(PIVOT)
        turned = (shaped - pivot) @ turn.T + pivot
        weight = self._rigid[:, None]
        vertices = shaped * (1 - weight) + turned * weight
        skin = self._skin.refine @ vertices[self._skin.chosen]
        posed = PosedHead(
            rest=self._rest.astype(np.float64),
            posed=skin,
            normals=vertex_normals(skin, self._skin.faces),
            faces=self._skin.faces,
            rest_landmarks=self.rest_landmarks,
            landmarks=vertices[self.model.landmarks],
            rotation=turn,
            pivot=pivot,
            lashes=_mesh(self._lashes, vertices),
        )
        return HeadMeshes(
            skin=_mesh(self._skin, vertices),
            eye_left=_mesh(self._eyes["L"], vertices),
            eye_right=_mesh(self._eyes["R"], vertices),
            teeth=_mesh(self._teeth, vertices),
            gums=_mesh(self._gums, vertices),
            posed=posed,
        )

    def _turn_eyes(self, vertices: Float[np.ndarray, "n 3"], expression: dict[str, float]) -> None:
        for side, turn in eye_turns(expression).items():
            first, last = self.model.parts[f"sclera{side}"][:2]
            ball = vertices[first:last]
            # Middle and radius of the sphere through the eyeball: |p|^2 = 2 c p + constant.
            system = np.concatenate([2 * ball, np.ones((len(ball), 1))], 1)
            middle = np.linalg.lstsq(system, (ball**2).sum(1), rcond=None)[0][:3]
            vertices[first:last] = (ball - middle) @ turn.T + middle


def _visible(centres: Float[np.ndarray, "m 3"]) -> np.ndarray:
    x, y, z = centres.T
    in_neck = np.hypot(x / _NECK_RADIUS[0], (z + 0.2) / _NECK_RADIUS[1]) < 1
    return (y > _CUT_Y) | (in_neck & (y > _NECK_END_Y))


def _rigid_weights(model: HeadModel) -> Float[np.ndarray, " n"]:
    """Returns how much each vertex turns with the head: 0 low in the neck, 1 in the face."""
    y, z = model.mean[:, 1], model.mean[:, 2]
    weights = np.maximum(smoothstep(-15.5, -7.5, y), smoothstep(8.0, 9.5, z))
    # Mouth, eyes and lashes never bend.
    weights[model.parts["headneck"][1] :] = 1
    return weights


def _part(
    model: HeadModel,
    names: tuple[str, ...],
    *,
    refined: bool = False,
    keep: Callable[[np.ndarray], np.ndarray] | None = None,
) -> _Part:
    faces = np.concatenate([np.arange(*model.parts[name][2:]) for name in names])
    chosen, quads = _renumbered(model.quads[faces])
    textured, quads_uv = _renumbered(model.quads_uv[faces])
    uv = model.uv[textured].astype(np.float64)
    refine = sparse.identity(len(chosen), format="csr")
    if refined:
        finer = subdivide(quads, quads_uv, uv)
        refine, quads, quads_uv, uv = finer
    corners, corners_uv = triangles(quads), triangles(quads_uv)
    if keep is not None:
        rest = np.asarray(refine @ model.mean[chosen])
        kept = keep(rest[corners].mean(1))
        corners, corners_uv = corners[kept], corners_uv[kept]
    both = np.stack([corners.reshape(-1), corners_uv.reshape(-1)], 1)
    distinct, inverse = np.unique(both, axis=0, return_inverse=True)
    return _Part(
        chosen=chosen,
        refine=refine.astype(np.float64).tocsr(),
        faces=corners,
        split=distinct[:, 0],
        split_faces=inverse.reshape(-1, 3).astype(np.uint32),
        uv=uv[distinct[:, 1]].astype(np.float32),
    )


def _renumbered(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns the vertices in use, and the faces in terms of them."""
    used, inverse = np.unique(quads[quads >= 0], return_inverse=True)
    out = np.full_like(quads, -1)
    out[quads >= 0] = inverse
    return used, out


def _mesh(part: _Part, vertices: np.ndarray) -> Mesh:
    refined = part.refine @ vertices[part.chosen]
    normals = vertex_normals(refined, part.faces)
    return Mesh(
        np.ascontiguousarray(refined[part.split], np.float32),
        part.split_faces,
        np.ascontiguousarray(normals[part.split], np.float32),
        part.uv,
    )


def _landmarks_uv(model: HeadModel) -> Float[np.ndarray, "68 2"]:
    quads, quads_uv = model.quads, model.quads_uv
    first, last = model.parts["face"][2:]
    corners, textured = quads[first:last].reshape(-1), quads_uv[first:last].reshape(-1)
    where = np.full(len(model.mean), -1)
    where[corners[corners >= 0]] = textured[corners >= 0]
    return model.uv[where[model.landmarks]].astype(np.float64)
