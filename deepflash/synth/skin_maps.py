"""Textures of one person's skin: colour, shine and relief at the texels of the head."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float32

from deepflash.synth.geometry import Noise, smoothstep
from deepflash.synth.head import HeadRig
from deepflash.synth.materials import Material
from deepflash.synth.skin import skin_reflectance

Map = Float32[np.ndarray, "h w"]
Picture = Float32[np.ndarray, "h w 3"]

_LIPSTICKS = ((0.45, 0.06, 0.07), (0.50, 0.16, 0.16), (0.30, 0.04, 0.10), (0.55, 0.24, 0.20))
_EYESHADOWS = ((0.16, 0.09, 0.07), (0.10, 0.10, 0.13), (0.22, 0.14, 0.12))


@dataclass(frozen=True, kw_only=True)
class Skin:
    """One person's skin."""

    seed: int
    melanin: float
    """Melanosome fraction of the epidermis; see `deepflash.synth.skin`."""
    blood: float
    """Blood fraction of the dermis."""
    flush: float
    """How much redder cheeks, nose and ears are; 0 to 1."""
    oil: float
    """Shine of forehead, nose and cheeks; 0 matt to 1 wet."""
    age: float
    """Lines and unevenness; 0 young to 1 old."""
    freckles: float
    """0 none to 1 many."""
    makeup: float
    """Lipstick, eye shadow and an even ground; 0 none to 1 heavy."""


@dataclass(frozen=True, eq=False)
class Undertones:
    """What hair leaves on the skin below it: weights in [0,1] at the texels, and its colour."""

    scalp: Map
    beard: Map
    brows: Map
    colour: tuple[float, float, float]


class _Places:
    """Where things are on the head at rest, as smooth weights at the texels."""

    def __init__(self, rig: HeadRig) -> None:
        self.points = rig.texel_rest
        self.x, self.y, self.z = (rig.texel_rest[..., k] for k in range(3))
        self.height = rig.texture_px
        self.landmarks = rig.landmarks_uv * rig.texture_px
        self.scale = rig.texture_px / 1024
        self.lips = self.polygon(self.landmarks[48:60], 2.2)
        ear = smoothstep(7.4, 8.2, np.abs(self.x)) * smoothstep(-4.0, -3.0, self.y)
        self.ears = ear * smoothstep(5.5, 4.5, self.y) * smoothstep(-2.5, -1.5, self.z)

    def spot(self, x: float, y: float, z: float, radius_cm: float) -> Map:
        """Returns a Gaussian about a point and its mirror image."""
        away = (np.abs(self.x) - x) ** 2 + (self.y - y) ** 2 + (self.z - z) ** 2
        return np.exp(-0.5 * away / radius_cm**2).astype(np.float32)

    def blank(self) -> Map:
        return np.zeros((self.height, 2 * self.height), np.float32)

    def polygon(self, points: np.ndarray, blur: float) -> Map:
        drawn = self.blank()
        cv2.fillPoly(drawn, [np.round(points * 16).astype(np.int32)], 1.0, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(drawn, (0, 0), max(0.3, blur * self.scale))

    def line(self, points: np.ndarray, width: float, blur: float) -> Map:
        drawn = self.blank()
        dots = [np.round(points * 16).astype(np.int32)]
        thick = max(1, round(width * self.scale))
        cv2.polylines(drawn, dots, False, 1.0, thick, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(drawn, (0, 0), max(0.3, blur * self.scale))

    def dots(
        self, rng: np.random.Generator, count: int, radius: tuple[float, float], blur: float
    ) -> Map:
        """Returns small discs all over the face, with radii in texels of a 1024 texture."""
        drawn = self.blank()
        for _ in range(count):
            at = rng.uniform((0.12, 0.10), (0.88, 0.85)) * self.height * 16
            size = max(8, round(rng.uniform(*radius) * self.scale * 16))
            strength = float(rng.uniform(0.3, 1))
            centre = (int(at[0]), int(at[1]))
            cv2.circle(drawn, centre, size, strength, -1, cv2.LINE_AA, 4)
        return cv2.GaussianBlur(drawn, (0, 0), max(0.3, blur * self.scale))


class _Grain:
    """Random unevenness of three sizes, about normal."""

    def __init__(self, places: _Places, noise: Noise) -> None:
        self.broad = noise.octaves(places.points, 0.25, 3)
        self.middle = noise.octaves(places.points, 1.1, 3)
        self.fine = noise.octaves(places.points, 5.0, 3)


def skin_material(rig: HeadRig, skin: Skin, undertones: Undertones) -> Material:
    """Returns the skin of one person; the textures are (t, 2 t) with the face on the left."""
    rng = np.random.default_rng([skin.seed, 17])
    places = _Places(rig)
    grain = _Grain(places, Noise(rng))
    colour = _colour(rng, places, grain, skin)
    colour = _made_up(rng, places, skin, colour)
    colour = _under_hair(places, grain, undertones, colour)
    colour = _inside(rig, places, colour)
    roughness, coat = _shine(places, grain, skin, undertones)
    return Material(
        colour=np.clip(colour, 0.004, 0.95).astype(np.float32),
        roughness=roughness[..., None],
        specular=0.36,
        clearcoat=coat[..., None],
        clearcoat_gloss=0.82,
        bump=_relief(rng, places, grain, skin)[..., None],
    )


def _colour(rng: np.random.Generator, places: _Places, grain: _Grain, skin: Skin) -> Picture:
    p = places
    flush = (
        0.9 * p.spot(4.6, -0.6, 9.6, 1.7)
        + 0.9 * p.spot(0.0, 0.2, 12.6, 1.0)
        + 0.35 * p.spot(0.0, -6.8, 10.3, 1.3)
        + 0.35 * p.spot(0.0, 8.0, 10.0, 2.5)
        + 0.8 * p.ears
    )
    lids, below = p.spot(3.1, 3.4, 9.2, 1.0), p.spot(3.0, 1.7, 9.4, 0.75)
    even = 1 - 0.6 * skin.makeup
    blood = skin.blood * np.exp(even * (0.14 * grain.middle + 0.12 * grain.broad))
    blood *= 1 + even * (skin.flush * flush + 0.35 * lids + 0.35 * below)
    melanin = skin.melanin * np.exp(
        even * (0.07 * grain.broad + 0.07 * grain.middle + 0.06 * grain.fine)
    )
    # Lids and the hollows below the eyes are darker, lips lighter than the face on dark skin.
    melanin *= 1 + even * (0.2 * lids + 0.3 * below * (0.4 + skin.age)) - 0.1 * flush
    if skin.freckles > 0:
        freckles = p.dots(rng, int(900 * skin.freckles), (0.5, 1.7), 0.9)
        freckles *= p.spot(0.0, 1.0, 10.5, 5.0)
        melanin = melanin * (1 + 1.6 * freckles) + 0.02 * freckles
    moles = p.dots(rng, int(rng.integers(1, 8)), (1.0, 2.6), 0.8)
    melanin = melanin + (0.25 * even) * moles
    blemishes = p.dots(rng, int(rng.integers(0, 18)), (2.0, 5.0), 2.2)
    blood = blood * (1 + 1.1 * even * blemishes)
    full = np.exp(0.12 * grain.middle + 0.12 * grain.fine)
    blood = blood * (1 - p.lips) + p.lips * (0.030 + 0.6 * skin.blood) * full
    melanin = melanin * (1 - p.lips) + p.lips * (0.95 * melanin + 0.012)
    return skin_reflectance(melanin, blood)


def _over(below: Picture, colour: np.ndarray, weight: Map) -> Picture:
    return below + weight[..., None] * (colour - below)


def _made_up(rng: np.random.Generator, places: _Places, skin: Skin, colour: Picture) -> Picture:
    # The same lipstick is darker on dark lips, which show through.
    dark = float(np.clip(np.log(skin.melanin / 0.05) / np.log(20), 0, 1))
    lipstick = (1 - 0.65 * dark) * np.array(_LIPSTICKS[rng.integers(len(_LIPSTICKS))], np.float32)
    shadow = np.array(_EYESHADOWS[rng.integers(len(_EYESHADOWS))], np.float32)
    if skin.makeup <= 0.3:
        return colour
    colour = _over(colour, lipstick, 0.55 * skin.makeup * places.lips)
    above_eye = places.spot(3.1, 4.1, 9.4, 0.7)
    return _over(colour, shadow, np.float32(0.35 * (skin.makeup - 0.3)) * above_eye)


def _under_hair(places: _Places, grain: _Grain, undertones: Undertones, colour: Picture) -> Picture:
    hair = np.array(undertones.colour, np.float32)
    stubble = undertones.beard * (1 - places.lips) * np.clip(0.6 + 0.3 * grain.fine, 0, 1)
    colour = _over(colour, 0.6 * hair + 0.02 + 0.12 * colour, 0.75 * stubble)
    colour = _over(colour, 0.4 * hair + 0.35 * colour, 0.5 * undertones.brows)
    # Fewer hairs than in life would show a bare scalp between them.
    return _over(colour, 0.75 * hair + 0.03 * colour, np.clip(1.18 * undertones.scalp, 0, 1))


def _inside(rig: HeadRig, places: _Places, colour: Picture) -> Picture:
    """Returns the colour with mouth, eye sockets, nostrils and the rims of the lids painted."""
    colour = colour.copy()
    colour[rig.mouth_texels] = (0.15, 0.035, 0.035)
    colour[rig.socket_texels] = (0.35, 0.12, 0.10)
    nostrils = places.spot(1.0, -0.95, 11.2, 0.45)
    rims = np.maximum(
        places.line(places.landmarks[[36, 37, 38, 39, 40, 41, 36]], 3.0, 2.0),
        places.line(places.landmarks[[42, 43, 44, 45, 46, 47, 42]], 3.0, 2.0),
    )
    return colour * (1 - 0.65 * nostrils - 0.3 * np.clip(rims, 0, 1))[..., None]


def _shine(places: _Places, grain: _Grain, skin: Skin, undertones: Undertones) -> tuple[Map, Map]:
    """Returns roughness and the strength of the oily coat."""
    p = places
    zone = (
        p.spot(0.0, 6.8, 10.5, 2.6)
        + p.spot(0.0, 1.5, 12.2, 1.1)
        + 0.6 * p.spot(4.4, 0.8, 9.6, 1.3)
        + 0.5 * p.spot(0.0, -6.9, 10.6, 1.0)
    )
    hairy = undertones.scalp
    # The same oil reads as wet on dark skin, whose own reflection is weaker.
    oil = skin.oil * (1 - 0.45 * np.clip(skin.melanin / 0.5, 0, 1)) * (1 - 0.5 * skin.makeup)
    roughness = 0.50 + 0.04 * grain.middle + 0.05 * grain.fine - 0.15 * oil * zone
    roughness = roughness - 0.10 * p.lips + 0.10 * hairy + 0.08 * undertones.beard
    coat = oil * (0.04 + 0.30 * zone) * (1 + 0.3 * grain.middle)
    coat = coat + 0.2 * p.lips * (0.3 + skin.makeup) - 0.5 * hairy - 0.2 * undertones.beard
    return (
        np.clip(roughness, 0.25, 0.8).astype(np.float32),
        np.clip(coat, 0, 0.9).astype(np.float32),
    )


def _relief(rng: np.random.Generator, places: _Places, grain: _Grain, skin: Skin) -> Map:
    """Returns height in centimetres: pores, fine texture and the lines of age."""
    p, shape, s = places, places.x.shape, max(places.scale, 0.5)
    white = rng.standard_normal(shape, np.float32)
    pores = cv2.GaussianBlur(white, (0, 0), 1.1 * s) - cv2.GaussianBlur(white, (0, 0), 2.6 * s)
    pores = np.minimum(pores / pores.std(), 1.0)  # pits, not bumps
    coarse = []
    for shrink in (2, 4):
        small = rng.standard_normal((shape[0] // shrink, shape[1] // shrink), np.float32)
        smooth = cv2.resize(cv2.GaussianBlur(small, (0, 0), 5 * s), shape[::-1])
        coarse.append(smooth / smooth.std())
    height = (
        0.0032 * pores * (1 + 0.6 * p.spot(0.0, 0.5, 12.4, 1.2) + 0.5 * p.spot(4.0, 0.0, 10.0, 2.0))
    )
    height = height + 0.0034 * coarse[0] * (0.6 + skin.age) * (1 - 0.4 * skin.makeup)
    height = height + 0.005 * coarse[1] * (0.3 + 0.7 * skin.age)
    height = height - 0.006 * p.lips * np.abs(np.sin(p.x * (2 * np.pi / 0.17) + 2 * grain.fine))
    return (height - _lines_of_age(p, grain, skin.age)).astype(np.float32)


def _lines_of_age(places: _Places, grain: _Grain, age: float) -> Map:
    strength = max(0.0, (age - 0.35) / 0.65)
    x, y, z = np.abs(places.x), places.y, places.z
    bend = 0.35 * grain.broad
    forehead = np.exp(-0.5 * (x / 3.6) ** 2) * smoothstep(5.2, 6.0, y) * smoothstep(9.2, 8.3, y)
    forehead = 0.02 * forehead * np.maximum(0, np.sin((y + bend) * (2 * np.pi / 1.05))) ** 6
    angle, away = np.arctan2(y - 3.2, x - 4.7), np.hypot(y - 3.2, x - 4.7)
    feet = np.exp(-0.5 * ((away - 1.0) / 0.45) ** 2) * (np.abs(angle) < 0.9)
    feet = 0.028 * feet * np.maximum(0, np.sin(angle * 9 + bend * 2)) ** 4
    fold_x = np.interp(y, [-4.6, -3, -1.4, -0.4], [4.0, 3.7, 2.9, 2.2])
    fold = np.exp(-0.5 * ((x - fold_x) / 0.13) ** 2) * smoothstep(7.0, 9.0, z)
    fold = 0.05 * fold * smoothstep(-5.0, -4.3, y) * smoothstep(-0.3, -0.9, y)
    return (strength * (forehead + feet + fold)).astype(np.float32)
