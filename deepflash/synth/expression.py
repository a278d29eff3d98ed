"""Expressions and where the eyes look, in the head model's own terms."""

import numpy as np
from jaxtyping import Float

_NAMES = ("neutral", "smile", "laugh", "serious", "surprise", "talk", "wry")
_SHARES = (0.27, 0.29, 0.18, 0.09, 0.04, 0.07, 0.06)
# Degrees that the model's eyes turn at weight 1.
_SIDEWAYS_DEG, _UPWARDS_DEG = 38.0, 30.0


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


def gaze(towards: Float[np.ndarray, "3"]) -> dict[str, float]:
    """Returns weights that turn the eyes.

    Args:
        towards: direction from the eyes, in the coordinates of the unturned head.
    """
    x, y, z = towards
    sideways = np.degrees(np.arctan2(x, z)) / _SIDEWAYS_DEG
    upwards = np.degrees(np.arctan2(y, np.hypot(x, z))) / _UPWARDS_DEG
    sideways, upwards = (float(np.clip(v, -0.8, 0.8)) for v in (sideways, upwards))
    # Out for one eye is in for the other.
    left, right = ("Out", "In") if sideways > 0 else ("In", "Out")
    weights = {f"eyeLook{left}_L": abs(sideways), f"eyeLook{right}_R": abs(sideways)}
    if upwards > 0:
        return weights | _both("eyeLookUp", upwards)
    # The model's lids fall with the gaze, further than those of somebody who looks at a lens.
    return weights | _both("eyeLookDown", -upwards) | _both("eyeWide", -0.45 * upwards)
