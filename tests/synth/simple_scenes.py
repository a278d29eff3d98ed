"""Spheres, lamps and cameras whose light can be worked out by hand."""

import gc

import numpy as np

from deepflash.synth.geometry import Piece, grid_faces, make_mesh, rectangle
from deepflash.synth.layout import LAYERS
from deepflash.synth.lens import Camera
from deepflash.synth.lights import HEAD, aimed, draw_lighting, lamps
from deepflash.synth.materials import Material
from deepflash.synth.render import render
from deepflash.synth.scene import build_scene

SIZE, SAMPLES = 64, 16
"""One size for all: another one would be compiled anew."""
LENS = np.array([0.0, 1.0, 64.0])
CAMERA = Camera(at=(0.0, 1.0, 64.0), target=HEAD, frame_cm=14.0)


def sphere(centre, radius, rows=96):
    """A sphere with the true normals at its vertices."""
    polar, round_ = np.linspace(0, np.pi, rows), np.linspace(0, 2 * np.pi, 2 * rows)
    t, p = np.meshgrid(polar, round_, indexing="ij")
    normals = np.stack([np.sin(t) * np.cos(p), np.cos(t), np.sin(t) * np.sin(p)], -1)
    normals = normals.reshape(-1, 3)
    uv = np.stack([p / (2 * np.pi), t / np.pi], -1).reshape(-1, 2)
    faces = grid_faces(rows, 2 * rows)[:, ::-1]
    mesh = make_mesh(np.asarray(centre) + radius * normals, faces, uv)
    return mesh._replace(normals=normals.astype(np.float32))


def all_lamps(**changed):
    """Lamps of every layer; the flash is a small one at the lens."""
    usual = lamps(draw_lighting(np.random.default_rng(0)), LENS, np.array([1.0, 0.0, 0.0]))
    return usual | {"flash": aimed(LENS, (0.5, 0.5))} | changed


def skin_of(colour, **values):
    """A material with all that skin has: a scene without it would be compiled on its own."""
    coat = relief = np.zeros((512, 512, 1), np.float32)
    return Material(**({"colour": colour, "clearcoat": coat, "bump": relief} | values))


def with_skin(pieces):
    """Returns the pieces and, if they have none, a bit of skin out of sight."""
    if any(piece.label == "skin" for piece in pieces):
        return pieces
    speck = sphere((0.0, -5000.0, 0.0), 0.1, rows=24)
    return [*pieces, Piece("speck", speck, skin_of((0.5, 0.5, 0.5)), "skin")]


def shoot(pieces, *, camera=CAMERA, seed=1, lit=None):
    """Renders pieces; returns what `render` does and the layers by name."""
    # Objects of the scene before would take part in the numbering of this one's.
    gc.collect()
    scene = build_scene(with_skin(pieces), camera)
    rendered = trace(scene, lit or all_lamps(), seed=seed)
    return rendered, dict(zip(LAYERS, rendered.layers, strict=True))


def trace(scene, lit, *, samples=SAMPLES, seed=1, background_share=1.0):
    """Renders a scene with as many samples everywhere."""
    return render(
        scene,
        lit,
        size=SIZE,
        samples=samples,
        seed=seed,
        samples_a_pass=SAMPLES,
        background_share=background_share,
    )


def pixel_rays(camera, size=SIZE, within=1):
    """Returns unit directions through the middles of `within` x `within` parts of each pixel."""
    count = size * within
    at = ((np.arange(count) + 0.5) / count * 2 - 1) * camera.frame_cm / 2 / camera.distance_cm
    right, up, ahead = camera.axes()
    rays = ahead + at[None, :, None] * right - at[:, None, None] * up
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def meets_sphere(camera, centre, radius, rays):
    """Returns where rays meet a sphere first (nan where they do not), and its normals there."""
    away = np.array(camera.at) - np.asarray(centre)
    along = rays @ away
    with np.errstate(invalid="ignore"):
        root = np.sqrt(along**2 - (away @ away - radius**2))
    points = np.array(camera.at) + (-along - root)[..., None] * rays
    return points, (points - np.asarray(centre)) / radius


def pane(centre, across, up):
    """A rectangle; see `deepflash.synth.geometry.rectangle`."""
    return rectangle(*(np.asarray(vector, np.float64) for vector in (centre, across, up)))
