"""A drawn person under two lights: the flash of a phone, and a studio's large soft lamps."""

from typing import NamedTuple

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.pairs.drawing.paint import Colours, Paint, paint
from deepflash.pairs.drawing.person import Person, View
from deepflash.pairs.drawing.shape import Figure, Maps, Point, Points, Values, hit, open_to
from deepflash.pairs.drawing.wall import wall_colours

Picture = Float32[np.ndarray, "s s 3"]
Mask = Float32[np.ndarray, "s s"]

_FLASH_TINT = np.array([0.93, 1.0, 1.13], np.float32)[:, None]
_ROOM_TINT = np.array([1.25, 1.0, 0.70], np.float32)[:, None]
_STUDIO_TINT = np.array([1.03, 1.0, 0.95], np.float32)[:, None]
# Light that enters skin comes out a little further on, red farthest: the edge of the shadow of
# a form is softer and redder than on paper.
_FLASH_WRAP = np.array([0.16, 0.07, 0.05], np.float32)[:, None]
_STUDIO_WRAP = np.array([0.45, 0.38, 0.36], np.float32)[:, None]


class Lamp(NamedTuple):
    """A large soft light of the studio."""

    at: tuple[float, float, float]
    """Its centre, in metres from the head's centre; x is towards the key side."""
    strength: float
    """Irradiance that it gives at the head when it shines straight on."""
    radius_m: float


# The usual portrait: key above one side, weaker fill on the other, a little light from above.
_LAMPS = (
    Lamp((0.85, 0.55, 1.05), 0.74, 0.35),
    Lamp((-0.95, 0.10, 1.15), 0.26, 0.45),
    Lamp((0.00, 1.30, 0.35), 0.18, 0.40),
)
_STUDIO_AMBIENT = 0.15


class Render(NamedTuple):
    """One pose under both lights, in linear light before the camera, and what is where."""

    flash: Picture
    studio: Picture
    person: Mask
    face: Mask
    skin: Mask


class _Surface(NamedTuple):
    """Points of one surface with what shading needs."""

    points: Points
    normals: Points
    colour: Colours
    openness: Values
    """How much of the surroundings a point sees, 0 to 1."""


def _rays(view: View, size: int) -> tuple[Point, Points]:
    half = view.frame_m / 2
    centre = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
    right = np.broadcast_to((centre - 2 * view.shift[0]) * half, (size, size)).reshape(1, -1)
    up = np.broadcast_to((-centre - 2 * view.shift[1])[:, None] * half, (size, size))
    ahead = np.full((1, size * size), -view.distance_m, np.float32)
    direction = np.concatenate([right, up.reshape(1, -1), ahead])
    origin = np.array([[0], [0], [view.distance_m]], np.float32)
    return origin, direction / np.linalg.norm(direction, axis=0)


def render(person: Person, view: View, *, size: int) -> Render:
    """Draws a person in one pose under the flash and under the studio's lamps.

    Args:
        person: who.
        view: pose, camera and wall.
        size: width and height of the pictures in pixels.
    """
    figure = Figure(person, view)
    origin, rays = _rays(view, size)
    pixel_m = view.frame_m / size
    points, met = hit(figure, origin=origin, direction=rays)
    points = points[:, met]
    made_of = paint(figure, points, view, pixel_m=pixel_m)
    normals = figure.normals(points) + made_of.ball
    normals /= np.linalg.norm(normals, axis=0)
    openness = np.clip(figure.nearest(points + 0.018 * normals) / 0.018, 0.0, 1)
    body = _Surface(points, normals, made_of.colour, openness)
    wall = _wall(view, origin, rays, pixel_m=pixel_m)

    flash, studio = (np.empty((3, size * size), np.float32) for _ in range(2))
    flash[:] = _flash(wall, figure, view)
    flash[:, met] = _flash(body, figure, view) + _flash_shine(body, made_of, view)
    studio[:] = _studio_wall(wall, figure, view, size=size)
    studio[:, met] = _studio(body, figure, view) + _studio_shine(body, made_of, view)

    def mask(values: Values) -> Mask:
        whole = np.zeros(size * size, np.float32)
        whole[met] = values
        return whole.reshape(size, size)

    pictures = (p.T.reshape(size, size, 3) for p in (flash, studio))
    return Render(
        *pictures,
        person=mask(np.ones_like(made_of.face)),
        face=mask(made_of.face),
        skin=mask(made_of.skin),
    )


def _wall(view: View, origin: Point, rays: Points, *, pixel_m: float) -> _Surface:
    points = origin + rays * ((-view.wall_m - origin[2]) / rays[2])
    scale = (view.distance_m + view.wall_m) / view.distance_m
    colour = wall_colours(points[0], points[1], view, pixel_m=pixel_m * scale)
    normals = np.zeros_like(points)
    normals[2] = 1
    return _Surface(points, normals, colour, np.ones(points.shape[1], np.float32))


def _flash_lamp(view: View) -> Point:
    x, y = view.flash_m
    return np.array([[x], [y], [view.distance_m]], np.float32)


def _flash(surface: _Surface, figure: Figure, view: View) -> Colours:
    lamp = _flash_lamp(view)
    way = lamp - surface.points
    distance = np.linalg.norm(way, axis=0)
    facing = (surface.normals * way).sum(axis=0) / distance
    lit = np.clip((facing + _FLASH_WRAP) / (1 + _FLASH_WRAP), 0, None)
    # Inverse squares, measured from the head, where the flash gives 1.
    lit = lit * (view.distance_m / distance) ** 2
    lit = lit * open_to(figure, surface.points, light=lamp, sharpness=90.0, steps=18)
    room = view.room_light * surface.openness * _ROOM_TINT
    return surface.colour * (lit * _FLASH_TINT + room)


def _half_way(surface: _Surface, view: View, lamp: Point) -> tuple[Points, Values]:
    """Returns half vectors between lens and lamp, and the cosine to the lamp."""
    to_lamp = lamp - surface.points
    to_lamp = to_lamp / np.linalg.norm(to_lamp, axis=0)
    to_lens = np.array([[0], [0], [view.distance_m]], np.float32) - surface.points
    half = to_lamp + to_lens / np.linalg.norm(to_lens, axis=0)
    facing = np.clip((surface.normals * to_lamp).sum(axis=0), 0, 1)
    return half / np.linalg.norm(half, axis=0), facing


def _flash_shine(surface: _Surface, made_of: Paint, view: View) -> Colours:
    half, facing = _half_way(surface, view, _flash_lamp(view))
    aligned = np.clip((surface.normals * half).sum(axis=0), 0, 1)
    oil = made_of.shine * facing * (0.34 * aligned**26 + 0.22 * aligned**90)
    hair = made_of.hair * facing * 0.05 * aligned**8
    eye = made_of.eye * 3.0 * aligned**700
    return (oil + hair + eye) * _FLASH_TINT


def _lamps(view: View) -> list[tuple[Point, Lamp]]:
    places = [
        np.array([[lamp.at[0] * view.key_side], *([c] for c in lamp.at[1:])]) for lamp in _LAMPS
    ]
    return [(place.astype(np.float32), lamp) for place, lamp in zip(places, _LAMPS, strict=True)]


def _studio(surface: _Surface, figure: Figure, view: View, *, ways: int = 12) -> Colours:
    ambient = _STUDIO_AMBIENT * surface.openness
    total = np.zeros_like(surface.points)
    for place, lamp in _lamps(view):
        way = place - surface.points
        distance = np.linalg.norm(way, axis=0)
        facing = (surface.normals * way).sum(axis=0) / distance
        lit = np.clip((facing + _STUDIO_WRAP) / (1 + _STUDIO_WRAP), 0, None)
        home = float(np.linalg.norm(place))
        seen = open_to(
            figure, surface.points, light=place, sharpness=home / lamp.radius_m, steps=ways
        )
        # The nearest half of a large lamp still shines where its centre is hidden.
        total += lamp.strength * (home / distance) ** 2 * lit * (0.25 + 0.75 * seen)
    return surface.colour * (total * (0.6 + 0.4 * surface.openness) + ambient) * _STUDIO_TINT


def _studio_wall(wall: _Surface, figure: Figure, view: View, *, size: int) -> Colours:
    # Soft shadows on the wall are smooth, so a quarter of the resolution shows them as well.
    step = 4 if size >= 64 else 1
    keep = np.arange(size * size).reshape(size, size)[::step, ::step].reshape(-1)
    coarse = _Surface(
        wall.points[:, keep],
        wall.normals[:, keep],
        np.ones((3, keep.size), np.float32),
        wall.openness[keep],
    )
    light = _studio(coarse, figure, view).T.reshape(-(-size // step), -(-size // step), 3)
    whole = cv2.resize(light, (size, size), interpolation=cv2.INTER_LINEAR)
    return wall.colour * whole.reshape(-1, 3).T


def _studio_shine(surface: _Surface, made_of: Paint, view: View) -> Colours:
    shine = np.zeros_like(made_of.eye)
    for place, lamp in _lamps(view)[:2]:
        half, facing = _half_way(surface, view, place)
        aligned = np.clip((surface.normals * half).sum(axis=0), 0, 1)
        # The eye mirrors the whole lamp; hair has a broad sheen; powdered skin has none.
        shine += lamp.strength * made_of.eye * 0.8 * _disc(aligned)
        shine += lamp.strength * made_of.hair * facing * 0.06 * aligned**10
    return shine * _STUDIO_TINT


def _disc(aligned: Maps) -> Maps:
    return np.clip((aligned - 0.988) / 0.006, 0, 1)
