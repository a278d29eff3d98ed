"""Expressions and where the eyes look, in the head model's own terms."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from deepflash.synth.geometry import rotation

_NAMES = ("neutral", "smile", "laugh", "serious", "surprise", "talk", "wry")
_SHARES = (0.27, 0.29, 0.18, 0.09, 0.04, 0.07, 0.06)
# Degrees that eyes turn at weight 1.
_SIDEWAYS_DEG, _UPWARDS_DEG = 38.0, 30.0
_FURTHEST = 0.8
_HALF_BETWEEN = 3.1


def draw_expression(rng: np.random.Generator) -> tuple[str, dict[str, float]]:
    """Returns the name of an expression, and weights in [0,1] by the head model's names."""
    name = str(rng.choice(_NAMES, p=_SHARES))
    weights = _weights(rng, name)
    blink = float(rng.uniform(0, 0.10))
    weights |= {"eyeBlink_L": blink, "eyeBlink_R": blink}
    return name, {key: round(float(np.clip(w, 0, 1)), 4) for key, w in weights.items()}


def _weights(rng: np.random.Generator, name: str) -> dict[str, float]:
    if name in ("smile", "laugh", "wry"):
        strength = rng.uniform(0.6, 0.9) if name == "laugh" else rng.uniform(0.25, 0.55)
        uneven = rng.normal(0, 0.06) + (0.25 * rng.choice([-1, 1]) if name == "wry" else 0)
        weights = _both("mouthSmile", strength + uneven, strength - uneven)
        weights |= _both("cheekSquint", 0.6 * strength) | _both("eyeSquint", 0.3 * strength)
        if name == "laugh":
            weights |= {"jawOpen": rng.uniform(0.02, 0.2)} | _both("mouthUpperUp", 0.3)
        return weights
    if name == "serious":
        return _both("browDown", 0.35) | _both("mouthPress", 0.3)
    if name == "surprise":
        raised = _both("browOuterUp", 0.5) | _both("browInnerUp", 0.6)
        return raised | _both("eyeWide", 0.4) | {"jawOpen": 0.25}
    if name == "talk":
        return {"jawOpen": rng.uniform(0.05, 0.2), "mouthFunnel": 0.2}
    return {}


def _both(name: str, left: float, right: float | None = None) -> dict[str, float]:
    return {f"{name}_L": left, f"{name}_R": left if right is None else right}


def gaze(towards: Float[np.ndarray, " 3"], distance_cm: float = np.inf) -> dict[str, float]:
    """Returns weights that turn lids and eyes; see also `eye_turns`.

    Args:
        towards: direction from between the eyes, in the coordinates of the unturned head.
        distance_cm: of what they look at: near things turn both eyes inwards.
    """
    x, y, z = towards
    angle, inwards = (
        np.degrees(np.arctan2(x, z)),
        np.degrees(np.arctan(_HALF_BETWEEN / distance_cm)),
    )
    weights = {}
    # Out for one eye is in for the other.
    for side, outwards in (("L", angle - inwards), ("R", -angle - inwards)):
        weight = float(np.clip(outwards / _SIDEWAYS_DEG, -_FURTHEST, _FURTHEST))
        weights[f"eyeLook{'Out' if weight > 0 else 'In'}_{side}"] = abs(weight)
    upwards = np.degrees(np.arctan2(y, np.hypot(x, z))) / _UPWARDS_DEG
    upwards = float(np.clip(upwards, -_FURTHEST, _FURTHEST))
    if upwards > 0:
        return weights | _both("eyeLookUp", upwards)
    # The model's lids fall with the gaze, further than those of somebody who looks at a lens.
    return weights | _both("eyeLookDown", -upwards) | _both("eyeWide", -0.45 * upwards)


def eye_turns(expression: Mapping[str, float]) -> dict[str, Float[np.ndarray, "3 3"]]:
    """Returns how far each eyeball is turned, by side: L is on the right of the picture.

    The model's own shapes move lids and leave the eyeballs where they are.
    """
    turns = {}
    for side, out in (("L", 1.0), ("R", -1.0)):
        of = {
            way: expression.get(f"eyeLook{way}_{side}", 0.0) for way in ("Out", "In", "Up", "Down")
        }
        sideways = out * (of["Out"] - of["In"]) * _SIDEWAYS_DEG
        upwards = (of["Up"] - of["Down"]) * _UPWARDS_DEG
        turns[side] = rotation("y", sideways) @ rotation("x", -upwards)
    return turns
