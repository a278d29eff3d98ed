"""The same person seen by a phone and by a studio camera, and which pixels show the same point.

Truth for testing registration, and what a simulated capture session photographs. Places in
pictures are in pixels; the middle of the first pixel is (0, 0), as `cv2.remap` has it.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Float32

from deepflash.synth.lens import Camera
from deepflash.synth.lights import lamps
from deepflash.synth.mixing import Mix, compose_pair
from deepflash.synth.person import Person
from deepflash.synth.render import render
from deepflash.synth.renderer import mitsuba
from deepflash.synth.scene import Scene, build_scene
from deepflash.synth.studio import Quality, Shot, Studio
from deepflash.synth.view import View

BEHIND = -1.0
"""Both coordinates of a point that lies behind the camera."""
_NEAREST_CM = 0.1


@dataclass(frozen=True, eq=False)
class TwoViews:
    """A flash picture and a studio picture of one moment, linear, before any camera's response."""

    phone: Float32[np.ndarray, "h w 3"]
    """Under flash and room light, exposed; 1 is where encoding clips."""
    camera: Float32[np.ndarray, "i j 3"]
    """Under the target's light of the mix."""
    map_xy: Float32[np.ndarray, "h w 2"]
    """Where the point that each pixel of the phone shows lies in the camera's picture: x, y."""
    visible: Bool[np.ndarray, "h w"]
    """The camera sees that point: inside its picture and with nothing before it."""
    landmarks_phone: Float[np.ndarray, "68 2"]
    """In pixels, hidden ones too."""
    landmarks_camera: Float[np.ndarray, "68 2"]


def shoot_two_views(
    studio: Studio,
    person: Person,
    view: View,
    *,
    phone: Camera,
    camera: Camera,
    phone_size: int,
    camera_size: int,
    samples: int,
    mix: Mix,
) -> TwoViews:
    """Photographs a person twice at one moment.

    Args:
        studio: see `Studio`.
        person: who.
        view: pose, place and lights; its own camera does not count.
        phone: where the phone is, and with it the flash.
        camera: where the studio camera is; see `draw_studio_camera`.
        phone_size: width and height of the phone's picture in pixels.
        camera_size: width and height of the studio camera's picture in pixels.
        samples: paths a pixel.
        mix: light and exposure of both pictures.

    Raises:
        StudioError: the renderer or the denoiser is missing.
    """
    view = replace(view, camera=phone)
    finest = max(phone_size / phone.frame_cm, camera_size / camera.frame_cm) * phone.frame_cm
    pieces = studio.pieces(person, view, size=round(finest))
    scene = build_scene(pieces, phone, device=studio.device)
    by_phone, by_camera = (
        _shot(
            studio, person, view, replace(scene, camera=lens), Quality(size=size, samples=samples)
        )
        for lens, size in ((phone, phone_size), (camera, camera_size))
    )
    map_xy, visible = correspondence(
        scene, phone, camera, size=phone_size, other_size=camera_size, device=studio.device
    )
    marks = studio.rig.pose(np.array(person.identity), view.pose).posed.landmarks
    return TwoViews(
        phone=compose_pair(by_phone.layers, by_phone.masks, mix, by_phone.skin_reflectance)[0],
        camera=compose_pair(by_camera.layers, by_camera.masks, mix, by_camera.skin_reflectance)[1],
        map_xy=map_xy,
        visible=visible,
        landmarks_phone=phone.project(marks) * phone_size - 0.5,
        landmarks_camera=camera.project(marks) * camera_size - 0.5,
    )


def _shot(studio: Studio, person: Person, view: View, scene: Scene, quality: Quality) -> Shot:
    # The flash stays on the phone, whoever looks.
    lit = lamps(view.lighting, np.array(view.camera.at), view.camera.axes()[0])
    raw = render(
        scene,
        lit,
        size=quality.size,
        samples=quality.samples,
        seed=view.seed,
        pupil=view.pupil,
        device=studio.device,
    )
    return studio.develop(raw, person, view, quality, camera=scene.camera)


def correspondence(
    scene: Scene, lens: Camera, other: Camera, *, size: int, other_size: int, device: str = "cpu"
) -> tuple[Float32[np.ndarray, "size size 2"], Bool[np.ndarray, "size size"]]:
    """Returns where what the pixels of one picture show lies in another picture.

    What a pixel shows is the first surface in its middle, be it a hair; lenses of glasses are
    looked through. Where there is no surface, a point very far away stands for it, which counts
    as not visible.

    Args:
        scene: see `build_scene`; its own camera does not count.
        lens: of the one picture.
        other: of the other picture.
        size: width and height of the one picture in pixels.
        other_size: width and height of the other picture in pixels.
        device: `cpu` or `cuda`.

    Returns:
        x and y in the other picture, and whether the point can be seen there.
    """
    mi = mitsuba(device)
    import drjit

    dr: Any = drjit
    rays = _middle_rays(lens, size).reshape(-1, 3)
    ray = mi.Ray3f(mi.Point3f(*lens.at), mi.Vector3f(*(mi.Float(axis) for axis in rays.T)))
    si = scene.mitsuba.ray_intersect(ray)
    hit = si.is_valid()
    back = si.spawn_ray_to(mi.Point3f(*other.at))
    clear = hit & ~scene.mitsuba.ray_test(back, active=hit)
    # A sheet has two faces, and each lens sees its own.
    clear &= dr.dot(si.n, ray.d) * dr.dot(si.n, back.d) < 0
    distance = np.where(np.array(hit), np.array(si.t, np.float64), 1e7)
    points = np.array(lens.at) + distance[:, None] * rays
    ahead = (points - np.array(other.at)) @ other.axes()[2] > _NEAREST_CM
    at = np.where(ahead[:, None], points, np.array(other.target))
    map_xy = np.where(ahead[:, None], other.project(at) * other_size - 0.5, BEHIND)
    inside = ((map_xy >= -0.5) & (map_xy <= other_size - 0.5)).all(-1)
    visible = np.array(clear, bool) & ahead & inside
    return map_xy.astype(np.float32).reshape(size, size, 2), visible.reshape(size, size)


def _middle_rays(camera: Camera, size: int) -> Float[np.ndarray, "size size 3"]:
    """Returns unit directions through the middles of a picture's pixels."""
    half = camera.frame_cm / 2 / camera.distance_cm
    at = ((np.arange(size) + 0.5) / size * 2 - 1) * half
    right, up, ahead = camera.axes()
    rays = ahead + at[None, :, None] * right - at[:, None, None] * up
    return rays / np.linalg.norm(rays, axis=-1, keepdims=True)


def draw_studio_camera(rng: np.random.Generator, phone_camera: Camera) -> Camera:
    """Returns a studio camera on one rig with a phone.

    It stands beside or above the phone, a little nearer or rather further from the person, and
    shows about the same of them.
    """
    right, up, ahead = phone_camera.axes()
    aside, above = rng.uniform(-25.0, 25.0), rng.uniform(0.0, 25.0)
    # The bodies are thicker than the distance of their lenses could be otherwise.
    stretch = max(1.0, 6.0 / max(float(np.hypot(aside, above)), 1e-3))
    behind = rng.uniform(-0.1, 0.8) * phone_camera.distance_cm
    offset = stretch * (aside * right + above * up) - behind * ahead
    at = np.array(phone_camera.at) + offset
    target = np.array(phone_camera.target) + rng.normal(0, 0.02, 3) * phone_camera.frame_cm
    return Camera(
        at=(float(at[0]), float(at[1]), float(at[2])),
        target=(float(target[0]), float(target[1]), float(target[2])),
        frame_cm=float(phone_camera.frame_cm * rng.uniform(0.95, 1.35)),
        roll_deg=float(rng.normal(0, 1.5)),
    )
