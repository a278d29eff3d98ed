"""One rendered scene, any light: drawn mixtures of its layers as a flash and a target picture.

Everything here is linear light with sRGB primaries; `deepflash.synth.camera` makes pictures of it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Float32

from deepflash.errors import UsageError
from deepflash.synth.lamps import (
    LUMINANCE,
    SET_UPS,
    draw_room,
    draw_studio,
    layer_weights,
    mean_kelvin,
    white_between,
)

TargetKind = Literal["studio", "studio_kept", "room"]
TARGET_KINDS: tuple[TargetKind, ...] = ("studio", "studio_kept", "room")
LayerWeights = tuple[tuple[float, float, float], ...]
Layers = Float32[np.ndarray, "n h w 3"]
Picture = Float32[np.ndarray, "h w 3"]
Mask = Float32[np.ndarray, "h w"]

FACE_KEY, MEAN_REFLECTANCE = 0.28, 0.30
"""Linear level at which skin of this reflectance is exposed; as portraits are printed."""
FRAME_KEY, FRAME_LIMIT = 0.18, 2**0.5
"""What a meter makes of the whole frame, and how far the frame may move a face's exposure."""
FAINT = 1e-5
"""Keeps the metering of black pictures and empty masks finite."""


@dataclass(frozen=True, kw_only=True)
class MixSettings:
    """Which mixtures are drawn; the shares need not sum to 1."""

    studio: float = 0.45
    """Share of targets under studio light altogether."""
    studio_kept: float = 0.35
    """Share of targets in which the person is under studio light and the background under the
    light that the room has without the flash, about as bright as in the flash picture."""
    room: float = 0.2
    """Share of targets in the room's own light."""
    darkest_room: float = 0.003
    """Least light of the room on the face, relative to the flash."""
    brightest_room: float = 1.0
    """Most light of the room on the face, relative to the flash."""
    unlit: float = 0.0
    """Share of pictures that no flash lit and that are their own target: a network that has seen
    them leaves such pictures alone."""

    def __post_init__(self) -> None:
        """Refuses shares and ratios that nothing can be drawn from."""
        shares = (self.studio, self.studio_kept, self.room)
        if min(shares) < 0 or sum(shares) <= 0:
            raise UsageError(
                f"data.mixing: shares are at least 0 and one is above; got studio {self.studio}, "
                f"studio_kept {self.studio_kept}, room {self.room}"
            )
        if not 0 <= self.unlit <= 1:
            raise UsageError(f"data.mixing: unlit is a share in [0,1], got {self.unlit}")
        if not 0 < self.darkest_room <= self.brightest_room:
            raise UsageError(
                "data.mixing: 0 < darkest_room <= brightest_room; got "
                f"{self.darkest_room}, {self.brightest_room}"
            )


@dataclass(frozen=True, kw_only=True)
class Mix:
    """One pair's light and exposure. Weights are linear RGB factors in the order of `LAYERS`."""

    flash_weights: LayerWeights
    """Of the flash picture: flash and room light, balanced by the phone."""
    target_weights: LayerWeights
    background_weights: LayerWeights
    """Of the background of a `studio_kept` target: the room as the flash picture balances it."""
    target_kind: TargetKind
    set_up: str
    """Of the studio, or `room`."""
    mirrored: bool
    """The key lamp is on the right."""
    room_ratio: float
    """Room light on white paper at the head, relative to the flash."""
    flash_kelvin: float
    room_kelvin: float
    """Of the room's lights together."""
    studio_kelvin: float
    flash_white_kelvin: float
    """What the flash picture is balanced for."""
    target_white_kelvin: float
    adaptation: float
    """How far exposure makes dark and pale skin alike: 0 not at all, 1 altogether."""
    frame_weight: float
    """How far the flash picture's whole frame moves its exposure."""
    flash_ev: float
    """Stops by which the face in the flash picture is brighter than metered."""
    target_ev: float
    background_gain: float
    """Brightness of a kept background relative to that in the flash picture."""
    unlit: bool = False
    """No flash: picture and target are one photograph but for the noise."""


def mix_from_json(values: Mapping[str, Any]) -> Mix:
    """Returns the mix whose `dataclasses.asdict` went through JSON, which has no tuples."""
    weights = {
        name: tuple((float(r), float(g), float(b)) for r, g, b in values[name])
        for name in ("flash_weights", "target_weights", "background_weights")
    }
    return Mix(**{**values, **weights})


def draw_mix(
    rng: np.random.Generator,
    settings: MixSettings = MixSettings(),
    *,
    kinds: Sequence[TargetKind] = TARGET_KINDS,
) -> Mix:
    """Returns a plausible flash picture's light and that of a target.

    Args:
        rng: decides everything; the same state gives the same mix.
        settings: shares of the kinds of target, range of the room's light.
        kinds: kinds that may come; for an ablation.

    Raises:
        UsageError: `kinds` have no share in `settings`, or are none.
    """
    shares = np.array([getattr(settings, k) if k in kinds else 0.0 for k in TARGET_KINDS])
    if not shares.sum():
        raise UsageError(f"no kind of target among {', '.join(kinds) or 'none'} has a share")
    kind = TARGET_KINDS[int(rng.choice(len(TARGET_KINDS), p=shares / shares.sum()))]
    set_up = SET_UPS[int(rng.integers(len(SET_UPS)))]
    mirrored = bool(rng.random() < 0.5)
    limits = np.log((settings.darkest_room, settings.brightest_room))
    ratio = float(np.exp(rng.uniform(limits[0], limits[1])))
    room, kelvins = draw_room(rng)
    room_kelvin = mean_kelvin(room, kelvins)
    kelvins |= {"flash": float(rng.triangular(4000, 5300, 6500))}
    flash = {"flash": 1.0} | {name: ratio * strength for name, strength in room.items()}
    # A phone knows its flash and balances for it; for a room it has to guess.
    flash_white = white_between(mean_kelvin(flash, kelvins), rng.uniform(0.7, 1.0))
    room_white = white_between(room_kelvin, rng.uniform(0.7, 1.0))
    studio_kelvin = float(rng.uniform(3200, 6500))
    studio_white = white_between(studio_kelvin, rng.uniform(0.9, 1.02))
    studio = draw_studio(rng, set_up, mirrored=mirrored)
    lamps = dict.fromkeys(studio, studio_kelvin)
    is_room = kind == "room"
    drawn = Mix(
        flash_weights=layer_weights(flash, kelvins, flash_white),
        target_weights=layer_weights(
            room if is_room else studio,
            kelvins if is_room else lamps,
            room_white if is_room else studio_white,
        ),
        background_weights=layer_weights(
            room, kelvins, white_between(room_kelvin, 0.85, flash_white)
        ),
        target_kind=kind,
        set_up="room" if is_room else set_up,
        mirrored=mirrored,
        room_ratio=ratio,
        flash_kelvin=kelvins["flash"],
        room_kelvin=room_kelvin,
        studio_kelvin=studio_kelvin,
        flash_white_kelvin=flash_white,
        target_white_kelvin=room_white if is_room else studio_white,
        **_draw_exposure(rng),
    )
    # Without the share nothing is drawn: pictures of earlier versions stay as they were.
    return _unlit(drawn) if settings.unlit and rng.random() < settings.unlit else drawn


def _unlit(mix_: Mix) -> Mix:
    """Returns the target as a photograph of its own, as bright as a meter makes it."""
    kind: TargetKind = "room" if mix_.target_kind == "room" else "studio"
    return replace(
        mix_,
        flash_weights=mix_.target_weights,
        target_kind=kind,
        frame_weight=0.0,
        flash_ev=mix_.target_ev,
        unlit=True,
    )


def _draw_exposure(rng: np.random.Generator) -> dict[str, Any]:
    # One flash picture in five has the burnt-out face that selfies are known for.
    burnt = rng.uniform(0.3, 0.9) if rng.random() < 0.2 else 0.0
    return {
        "adaptation": float(rng.uniform(0.25, 0.5)),
        "frame_weight": float(rng.uniform(0.0, 0.3)),
        "flash_ev": float(np.clip(rng.normal(0.05, 0.25) + burnt, -0.6, 1.1)),
        "target_ev": float(np.clip(rng.normal(0.0, 0.15), -0.4, 0.4)),
        "background_gain": float(np.exp(rng.normal(0.0, 0.12))),
    }


def mix(layers: Layers, weights: LayerWeights) -> Picture:
    """Returns the weighted sum of the layers, linear and not exposed."""
    if len(weights) != len(layers):
        raise UsageError(f"{len(weights)} weights do not fit {len(layers)} layers")
    total = np.zeros(layers.shape[1:], np.float32)
    for layer, weight in zip(layers, weights, strict=True):
        if any(weight):
            total += layer * np.asarray(weight, np.float32)
    return total


def face_level(skin_reflectance: float, adaptation: float) -> float:
    """Returns the linear level at which a meter puts a face of that reflectance.

    Automatic exposure brings dark and pale skin part of the way together, never all of it.
    """
    return FACE_KEY * (max(skin_reflectance, 1e-3) / MEAN_REFLECTANCE) ** (1 - adaptation)


def level(picture: Picture, weight: Mask) -> float:
    """Returns the mean luminance under a mask, averaged over roots: glints hardly count."""
    luminance = np.maximum(picture @ np.asarray(LUMINANCE, np.float32), 0)
    mean = float((np.sqrt(luminance) * weight).sum(dtype=np.float64))
    return (mean / float(weight.sum(dtype=np.float64))) ** 2


def compose_pair(
    layers: Layers, masks: Mapping[str, Mask], mix_: Mix, skin_reflectance: float
) -> tuple[Picture, Picture]:
    """Returns the exposed flash picture and target in linear light; 1 is where encoding clips.

    The face is metered like a phone does it: skin lands at `face_level`, moved in the flash
    picture by what the rest of the frame asks for. Without skin the person is metered, without
    a person the frame.

    Args:
        layers: of one scene, linear, in the order of `LAYERS`.
        masks: at least `person` and `skin`, coverage in [0,1].
        mix_: weights and exposure.
        skin_reflectance: mean linear reflectance of the skin.
    """
    person = masks["person"]
    face = masks["skin"] + np.float32(1e-3) * person + np.float32(FAINT)
    behind = 1 - person + np.float32(FAINT)
    wanted = face_level(skin_reflectance, mix_.adaptation)
    flash, target = mix(layers, mix_.flash_weights), mix(layers, mix_.target_weights)
    gain = wanted / (level(flash, face) + FAINT)
    frame = FRAME_KEY / (gain * level(flash, np.ones_like(person)) + FAINT)
    moved = float(np.clip(frame**mix_.frame_weight, 1 / FRAME_LIMIT, FRAME_LIMIT))
    flash *= np.float32(gain * moved * 2**mix_.flash_ev)
    target *= np.float32(wanted / (level(target, face) + FAINT) * 2**mix_.target_ev)
    if mix_.target_kind == "studio_kept":
        kept = mix(layers, mix_.background_weights)
        bright = mix_.background_gain * (level(flash, behind) + FAINT)
        kept *= np.float32(bright / (level(kept, behind) + FAINT))
        target = kept + person[..., None] * (target - kept)
    return flash, target
