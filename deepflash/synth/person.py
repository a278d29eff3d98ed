"""People who never existed: everything that stays the same from picture to picture."""

from dataclasses import dataclass

import numpy as np

from deepflash.synth.accessories.accessories import Accessories, draw_accessories
from deepflash.synth.clothes.outfit import Garment, Outfit, draw_outfit
from deepflash.synth.eyes import IRISES
from deepflash.synth.hair.style import HairStyle, draw_hair_style
from deepflash.synth.skin import (
    MONK_LIMITS_DEG,
    melanin_for,
    monk_group,
    skin_reflectance,
    typology_angle_deg,
)
from deepflash.synth.skin_maps import Skin

_IDENTITY_SPREAD, _IDENTITY_LIMIT = 0.85, 2.2
_LIGHTEST_DEG, _DARKEST_DEG = 67.0, -62.0
GROUPS = len(MONK_LIMITS_DEG) + 1
"""Steps of skin tone that people are balanced over."""


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person. Everything random in a picture of them follows from these values and a view."""

    seed: int
    masculine: float
    """0 feminine to 1 masculine, for hair, clothes and beard."""
    age: float
    """0 young adult to 1 old."""
    identity: tuple[float, ...]
    """Weights of the head model's directions, about standard normal."""
    skin: Skin
    iris: str
    hair: HairStyle
    outfit: Outfit
    accessories: Accessories

    @property
    def skin_reflectance(self) -> tuple[float, float, float]:
        """Mean diffuse reflectance of the skin, linear sRGB."""
        melanin, blood = np.asarray(self.skin.melanin), np.asarray(self.skin.blood)
        r, g, b = skin_reflectance(melanin, blood)
        return float(r), float(g), float(b)

    @property
    def typology_angle_deg(self) -> float:
        """Individual typology angle of the skin; see `deepflash.synth.skin`."""
        return float(typology_angle_deg(np.array(self.skin_reflectance)))

    @property
    def monk_group(self) -> int:
        """1 (lightest) to 10 (darkest)."""
        return monk_group(self.typology_angle_deg)


def draw_person(rng: np.random.Generator, *, group: int, directions: int = 100) -> Person:
    """Returns a random person.

    Args:
        rng: decides everything.
        group: step of skin tone, 1 (lightest) to 10 (darkest), so that a dataset can be balanced.
        directions: of identity that the head model has.
    """
    seed = int(rng.integers(2**31))
    masculine = float(np.clip(rng.choice([0.1, 0.9]) + rng.normal(0, 0.12), 0, 1))
    age = float(rng.beta(1.1, 1.5))
    weights = rng.standard_normal(directions).clip(-_IDENTITY_LIMIT, _IDENTITY_LIMIT)
    skin = _draw_skin(rng, group, masculine=masculine, age=age)
    dark = (group - 1) / (GROUPS - 1)
    if rng.random() < np.clip(1.1 * dark + 0.25, 0, 0.97):
        iris = rng.choice(["brown", "dark", "hazel"], p=[0.42, 0.50, 0.08])
    else:
        iris = rng.choice(list(IRISES), p=[0.16, 0.06, 0.18, 0.30, 0.14, 0.16])
    accessories = draw_accessories(rng, masculine=masculine, age=age)
    return Person(
        seed=seed,
        masculine=masculine,
        age=age,
        identity=tuple(round(float(w) * _IDENTITY_SPREAD, 4) for w in weights),
        skin=skin,
        iris=str(iris),
        hair=draw_hair_style(rng, masculine=masculine, age=age, melanin=skin.melanin),
        outfit=_draw_outfit(rng, accessories, masculine=masculine),
        accessories=accessories,
    )


def _draw_outfit(rng: np.random.Generator, worn: Accessories, *, masculine: float) -> Outfit:
    # Collars and hoods would come through what is wound round the neck.
    plain: tuple[Garment, ...] = ("t_shirt", "v_neck", "turtleneck")
    garment = plain[int(rng.integers(len(plain)))]
    wound = worn.scarf or worn.hat == "headscarf"
    return draw_outfit(rng, masculine=masculine, garment=garment if wound else None)


def _draw_skin(rng: np.random.Generator, group: int, *, masculine: float, age: float) -> Skin:
    limits = (_LIGHTEST_DEG, *MONK_LIMITS_DEG, _DARKEST_DEG)
    angle = rng.uniform(limits[group], limits[group - 1])
    dark = (group - 1) / (GROUPS - 1)
    # Blood shows through little pigment; with as much of it dark skin would look orange.
    blood = rng.uniform(0.006, 0.018) * (1 - 0.45 * dark)
    # With more blood than that, skin without any pigment is darker than the palest people's.
    blood = min(blood, 0.0172 - (angle - 61.0) / 800)
    is_made_up = rng.random() < 0.6 * (1 - masculine)
    has_freckles = dark < 0.5 and rng.random() < 0.3
    return Skin(
        seed=int(rng.integers(2**31)),
        melanin=melanin_for(float(angle), float(blood)),
        blood=float(blood),
        flush=float(rng.uniform(0.1, 0.75)),
        oil=float(rng.beta(1.4, 2.2)),
        age=age,
        freckles=float(rng.uniform(0.3, 1)) if has_freckles else 0.0,
        makeup=float(rng.uniform(0.2, 1)) if is_made_up else 0.0,
    )
