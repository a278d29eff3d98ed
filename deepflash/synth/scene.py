"""Pieces as a Mitsuba scene. Imported only where rendering happens.

Every scene is built so that Mitsuba compiles the same kernel for it: constants are one-texel
textures or opaque variables, and hidden pieces round their numbers up. A kernel of its own would
cost each scene two to four seconds, as much as tracing it.
"""

import gc
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import cv2
import numpy as np

from deepflash.synth.geometry import Curves, Label, Mesh, Piece, joined, rectangle
from deepflash.synth.hair.style import pigment_reflectance
from deepflash.synth.lens import Camera
from deepflash.synth.materials import Glass, Glow, HairFibre, Material, Surface
from deepflash.synth.renderer import mitsuba

LABELS: tuple[str, ...] = get_args(Label)
_PLAIN_CURVE = "0 0 0 .1\n0 1 0 .1\n0 2 0 .1\n0 3 0 .1\n"
_HIDDEN = rectangle((0.0, -5000.0, 0.0), (0.1, 0.0, 0.0), (0.0, 0.0, 0.1))
_BLACK = (0.0, 0.0, 0.0)
_ONE_TEXEL = np.zeros((1, 1, 1), np.float32)
# Pieces of each kind are padded to multiples of these.
_BLOCKS = {
    "plain": 32,
    "coated": 12,
    "plain_relief": 16,
    "coated_relief": 4,
    "glow": 8,
    "hair": 6,
    "light_hair": 4,
}
_RELIEF_PX = 512
_LIGHT_HAIR = 0.9
_SEGMENTS = (16_384, 65_536, 196_608, 524_288)


@dataclass(frozen=True, eq=False)
class Scene:
    """A loaded scene and what of it carries a meaning."""

    mitsuba: Any
    """The `mitsuba.Scene`."""
    camera: Camera
    label_of_shape: Any
    """Index into `LABELS` by the renderer's number of a shape."""
    skin_bump: Any
    """Height texture of the skin."""
    lenses: Any
    """Lenses of glasses, a scene of their own, because rays pass through them."""
    lens_tint: tuple[float, float, float]


def build_scene(pieces: Sequence[Piece], camera: Camera, *, device: str = "cpu") -> Scene:
    """Loads pieces into Mitsuba."""
    import drjit as dr

    mi = mitsuba(device)
    # What is left of the scene before counts too: Mitsuba keeps one register of all objects.
    gc.collect()
    solid = [piece for piece in pieces if not isinstance(piece.material, Glass)]
    # The order decides the order of the code in the kernel.
    solid = sorted([*solid, *_padding(solid)], key=lambda piece: (_kind(piece), _bucket(piece)))
    shapes = [_shape(mi, piece) for piece in solid]
    scene = mi.load_dict(
        {"type": "scene", **{f"piece{n:03d}": shape for n, shape in enumerate(shapes)}}
    )
    dr.make_opaque(scene)
    bump = mi.load_dict(_texture(mi, _skin_relief(solid)))
    dr.make_opaque(bump)
    lenses, tint = _lenses(mi, pieces)
    labels = _labels(mi, shapes, [piece.label for piece in solid])
    return Scene(scene, camera, labels, bump, lenses, tint)


def _kind(piece: Piece) -> str:
    """Returns which compiled code a piece runs."""
    material = piece.material
    if isinstance(material, HairFibre):
        return "light_hair" if material.eumelanin < _LIGHT_HAIR else "hair"
    if isinstance(material, Glow):
        return "glow"
    assert isinstance(material, Material)
    if piece.label == "skin":
        return "skin"
    coated = isinstance(material.clearcoat, np.ndarray) or material.clearcoat or material.metallic
    relief = "" if material.bump is None else "_relief"
    return ("coated" if coated else "plain") + relief


def _bucket(piece: Piece) -> int:
    """Returns to how many segments curves are filled up; 0 for meshes."""
    if isinstance(piece.shape, Mesh):
        return 0
    count, length, _ = piece.shape.points.shape
    segments = count * (length - 1)
    return next((n for n in _SEGMENTS if n >= segments), segments)


def _padding(pieces: Sequence[Piece]) -> list[Piece]:
    """Returns tiny pieces out of sight that round the number of each kind up to whole blocks.

    The kernel holds the places of tables whose lengths are these numbers.
    """
    strand = np.array([[[0, -5000, k * 0.01] for k in range(4)]], np.float32)
    thread = Curves(strand, np.full(4, 0.001, np.float32))
    surfaces: dict[str, Surface] = {
        "plain": Material(colour=_BLACK),
        "coated": Material(colour=_BLACK, clearcoat=0.1),
        "plain_relief": Material(colour=_BLACK, bump=_ONE_TEXEL),
        "coated_relief": Material(colour=_BLACK, clearcoat=0.1, bump=_ONE_TEXEL),
        "glow": Glow(radiance=_BLACK),
        "hair": HairFibre(eumelanin=1.0, pheomelanin=0.1),
        "light_hair": HairFibre(eumelanin=0.1, pheomelanin=0.1),
    }
    counts = Counter(_kind(piece) for piece in pieces)
    hidden = []
    for kind, block in _BLOCKS.items():
        missing = -counts[kind] % block or (0 if counts[kind] else block)
        shape, label = (thread, "hair") if "hair" in kind else (_HIDDEN, "background")
        hidden += [Piece(f"hidden_{kind}", shape, surfaces[kind], label)] * missing
    return hidden


def _skin_relief(pieces: Sequence[Piece]) -> np.ndarray:
    for piece in pieces:
        material = piece.material
        if piece.label == "skin" and isinstance(material, Material) and material.bump is not None:
            return material.bump
    return _ONE_TEXEL


def _lenses(mi: Any, pieces: Sequence[Piece]) -> tuple[Any, tuple[float, float, float]]:
    import drjit as dr

    meshes, tint = [_HIDDEN], (1.0, 1.0, 1.0)
    for piece in pieces:
        if isinstance(piece.material, Glass) and isinstance(piece.shape, Mesh):
            meshes.append(piece.shape)
            tint = piece.material.tint
    lens = _mesh(mi, "lenses", joined(meshes), Material(colour=_BLACK))
    lenses = mi.load_dict({"type": "scene", "lenses": lens})
    dr.make_opaque(lenses)
    return lenses, tint


def _labels(mi: Any, shapes: Sequence[Any], labels: Sequence[str]) -> Any:
    import drjit

    dr: Any = drjit
    numbers = [int(dr.reinterpret_array(mi.UInt32, mi.ShapePtr(shape))[0]) for shape in shapes]
    table = np.full(max(numbers) + 1, LABELS.index("background"), np.uint32)
    table[numbers] = [LABELS.index(label) for label in labels]
    return mi.UInt32(table)


def _shape(mi: Any, piece: Piece) -> Any:
    if isinstance(piece.shape, Curves):
        return _curves(mi, piece)
    mesh = piece.shape
    if piece.label == "skin" and isinstance(piece.material, Material):
        if isinstance(piece.material.colour, np.ndarray):
            # Mitsuba stretches textures over [0,1]; the skin's is two squares side by side.
            height, width = piece.material.colour.shape[:2]
            mesh = mesh._replace(uv=mesh.uv * np.array([height / width, 1], np.float32))
    return _mesh(mi, piece.name, mesh, piece.material)


def _mesh(mi: Any, name: str, mesh: Mesh, material: Any) -> Any:
    properties = mi.Properties()
    if isinstance(material, Glow):
        radiance = _as_texture(mi, material.radiance, channels=3)
        properties["emitter"] = mi.load_dict({"type": "area", "radiance": radiance})
        material = Material(colour=_BLACK)
    properties["bsdf"] = mi.load_dict(_principled(mi, material))
    shape = mi.Mesh(
        name,
        len(mesh.vertices),
        len(mesh.faces),
        has_vertex_normals=True,
        has_vertex_texcoords=True,
        props=properties,
    )
    parameters = mi.traverse(shape)
    parameters["vertex_positions"] = _aligned(mesh.vertices, np.float32)
    parameters["vertex_normals"] = _aligned(mesh.normals, np.float32)
    parameters["vertex_texcoords"] = _aligned(mesh.uv, np.float32)
    parameters["faces"] = _aligned(mesh.faces, np.uint32)
    parameters.update()
    return shape


def _aligned(values: np.ndarray, kind: type[np.generic]) -> np.ndarray:
    """Returns the values as one row that begins at a multiple of 64 bytes.

    The renderer takes the memory as it is, and compiles other code where it begins elsewhere.
    """
    size = np.dtype(kind).itemsize
    room = np.empty(values.size + 64 // size, kind)
    start = -room.ctypes.data % 64 // size
    row = room[start : start + values.size]
    row[:] = values.ravel()
    return row


def _curves(mi: Any, piece: Piece) -> Any:
    curves = piece.shape
    assert isinstance(curves, Curves)
    with tempfile.TemporaryDirectory() as folder:
        # Mitsuba makes curves from a file only; the real ones replace this one's at once.
        path = Path(folder) / "curve.txt"
        path.write_text(_PLAIN_CURVE)
        bsdf = _hair(mi, piece.material)
        shape = mi.load_dict({"type": "bsplinecurve", "filename": str(path), "bsdf": bsdf})
    points, radius = curves.points, curves.radius
    count, length, _ = points.shape
    # B-splines stop short of their ends: mirrored points make them start at the root.
    first, last = 2 * points[:, :1] - points[:, 1:2], 2 * points[:, -1:] - points[:, -2:-1]
    whole = np.concatenate([first, points, last], axis=1)
    thick = np.concatenate([radius[:1], radius, radius[-1:]])
    thick = np.broadcast_to(thick[None, :, None], (count, length + 2, 1))
    control = np.concatenate([whole, thick], axis=2).astype(np.float32)
    segments = np.arange(count)[:, None] * (length + 2) + np.arange(length - 1)[None]
    # The number of segments is a constant of the kernel: a few numbers serve all hair. The spare
    # ones form one long hidden hair; all in one place they would take the tree of rays longer.
    spare = _bucket(piece) - segments.size
    thread = np.full((spare + 3, 4), (0.0, -5000.0, 0.0, 0.001), np.float32)
    thread[:, 0] = 0.02 * np.arange(spare + 3)
    points = np.concatenate([control.reshape(-1, 4), thread])
    hidden = count * (length + 2) + np.arange(spare)
    parameters = mi.traverse(shape)
    parameters["control_points"] = _aligned(points, np.float32)
    parameters["segment_indices"] = _aligned(np.append(segments, hidden), np.uint32)
    parameters["control_point_count"] = len(points)
    parameters.update()
    return shape


def _hair(mi: Any, material: Any) -> dict[str, Any]:
    assert isinstance(material, HairFibre), "curves are hair"
    if material.eumelanin < _LIGHT_HAIR:
        # The colour of light hair is light that went through dozens of hairs. Followed for one
        # bounce it would be almost black.
        colour = pigment_reflectance(material.eumelanin, material.pheomelanin)
        return _principled(mi, Material(colour=colour, roughness=0.38, specular=0.5))
    return {
        "type": "hair",
        "eumelanin": material.eumelanin,
        "pheomelanin": material.pheomelanin,
        "longitudinal_roughness": 0.3,
        "azimuthal_roughness": 0.35,
        "scale_tilt": 2.5,
    }


def _principled(mi: Any, material: Any) -> dict[str, Any]:
    """Returns one of four surfaces: with or without a coat, with or without relief."""
    assert isinstance(material, Material), "meshes are opaque surfaces"
    surface: dict[str, Any] = {
        "type": "principled",
        "base_color": _as_texture(mi, material.colour, channels=3),
        "roughness": _as_texture(mi, material.roughness, channels=1),
        "specular": material.specular,
    }
    if isinstance(material.clearcoat, np.ndarray) or material.clearcoat or material.metallic:
        surface["clearcoat"] = _as_texture(mi, material.clearcoat, channels=1)
        surface["clearcoat_gloss"] = material.clearcoat_gloss
        surface["metallic"] = _as_texture(mi, material.metallic, channels=1)
    else:
        surface["sheen"] = _as_texture(mi, material.sheen, channels=1)
    if material.bump is None:
        return surface
    height = material.bump
    if height.shape[0] == height.shape[1] != _RELIEF_PX:
        # The size of a relief is a constant of the kernel.
        height = cv2.resize(height, (_RELIEF_PX, _RELIEF_PX))[..., None]
    relief = _texture(mi, height)
    return {"type": "bumpmap", "arbitrary": relief, "scale": 1.0, "bsdf": surface}


def _as_texture(mi: Any, value: Any, *, channels: int) -> dict[str, Any]:
    if not isinstance(value, np.ndarray):
        value = np.full((1, 1, channels), value, np.float32)
    return _texture(mi, value)


def _texture(mi: Any, values: np.ndarray) -> dict[str, Any]:
    return {
        "type": "bitmap",
        "bitmap": mi.Bitmap(np.ascontiguousarray(values, np.float32)),
        "raw": True,
    }
