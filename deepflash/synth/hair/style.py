"""What hair somebody has, as plain values, and the distribution they are drawn from."""

from dataclasses import dataclass

import numpy as np

from deepflash.synth.materials import Colour

CUTS = (
    "bald",
    "receding",
    "buzz",
    "crop",
    "side_part",
    "slick_back",
    "medium",
    "long_straight",
    "long_wavy",
    "curly",
    "tight_curls",
    "afro",
    "cornrows",
    "box_braids",
    "locs",
    "ponytail",
    "bun",
    "fringe",
)
"""Names of the haircuts."""

# Shares of the cuts before darkness of skin and age: masculine, feminine, and for coily hair.
_SHARES = {
    "bald": (0.05, 0.003, 0.05),
    "receding": (0.04, 0.0, 0.03),
    "buzz": (0.13, 0.01, 0.16),
    "crop": (0.27, 0.04, 0.0),
    "side_part": (0.19, 0.05, 0.0),
    "slick_back": (0.12, 0.03, 0.0),
    "medium": (0.06, 0.14, 0.01),
    "long_straight": (0.02, 0.19, 0.02),
    "long_wavy": (0.02, 0.17, 0.02),
    "curly": (0.05, 0.11, 0.08),
    "tight_curls": (0.02, 0.01, 0.2),
    "afro": (0.005, 0.005, 0.13),
    "cornrows": (0.002, 0.002, 0.08),
    "box_braids": (0.002, 0.004, 0.11),
    "locs": (0.003, 0.003, 0.06),
    "ponytail": (0.01, 0.1, 0.03),
    "bun": (0.01, 0.07, 0.04),
    "fringe": (0.01, 0.09, 0.01),
}
# Longest hairs in centimetres, from the scalp, smallest to greatest.
_LENGTHS = {
    "bald": (0.0, 0.0),
    "receding": (0.4, 2.5),
    "buzz": (0.25, 0.9),
    "crop": (2.5, 5.0),
    "side_part": (5.0, 8.5),
    "slick_back": (7.0, 12.0),
    "medium": (17.0, 21.5),
    "long_straight": (26.0, 44.0),
    "long_wavy": (26.0, 42.0),
    "curly": (20.0, 32.0),
    "tight_curls": (1.2, 3.0),
    "afro": (4.0, 9.5),
    "cornrows": (14.0, 30.0),
    "box_braids": (24.0, 42.0),
    "locs": (16.0, 36.0),
    "ponytail": (22.0, 38.0),
    "bun": (24.0, 34.0),
    "fringe": (20.0, 40.0),
}
WHITE_PIGMENT = (0.01, 0.003)
"""Eumelanin and pheomelanin of white hairs."""
_COILY = ("tight_curls", "afro", "cornrows", "box_braids", "locs")


@dataclass(frozen=True, kw_only=True)
class HairStyle:
    """One person's hair. Growing it depends on these values only."""

    seed: int
    cut: str
    """One of `CUTS`."""
    length_cm: float
    """Of the longest hairs."""
    sides_cm: float
    """Of the hairs at the sides of a short cut."""
    wave: float
    """0 straight, 1 as wavy as the cut allows."""
    volume: float
    """How far the hair stands away from the head, about 1."""
    part_cm: float
    """Where the hair is parted; positive towards the picture's right when facing the camera."""
    hairline_cm: float
    """How much higher than usual the hairline is."""
    recession_cm: float
    """How far the temples have receded."""
    peak_cm: float
    """How far the widow's peak reaches down."""
    thinning: float
    """0 full hair on top, 1 none."""
    density: float
    """Share of the usual number of hairs, about 1."""
    sideburn_cm: float
    """How far sideburns reach below the middle of the ear."""
    eumelanin: float
    pheomelanin: float
    grey: float
    """Share of white hairs."""
    beard: float
    """Coverage of the cheeks and the chin, 0 none to 1 full."""
    beard_cm: float
    moustache: float
    """Coverage of the upper lip, 0 none to 1 full."""
    stubble: float
    """Strength of shaven hairs showing through the skin, 0 to 1."""
    brow_width_cm: float
    brow_density: float
    """0 hardly any to 1 bushy."""
    lash_cm: float
    """Length of the lashes relative to the usual, about 1."""


def draw_hair_style(
    rng: np.random.Generator, *, masculine: float, age: float, melanin: float
) -> HairStyle:
    """Draws hair that is plausible for somebody.

    Args:
        rng: source of all randomness.
        masculine: 0 to 1.
        age: 0 young to 1 old.
        melanin: the skin's melanin fraction, 0.01 pale to 0.5 very dark.
    """
    dark = float(np.clip(np.log(melanin / 0.01) / np.log(50), 0, 1))
    cut = _draw_cut(rng, masculine, age, dark)
    coily = cut in _COILY or rng.random() < 0.7 * max(0.0, dark - 0.6) / 0.4
    low, high = _LENGTHS[cut]
    thinning = _draw_thinning(rng, cut, masculine, age)
    eumelanin, pheomelanin, grey = _draw_pigment(rng, age, dark)
    return HairStyle(
        seed=int(rng.integers(2**31)),
        cut=cut,
        length_cm=float(rng.uniform(low, high)),
        sides_cm=float(rng.choice([0.4, 0.9, 1.6, 2.4]) * rng.uniform(0.8, 1.25)),
        wave=float(rng.beta(2.5, 1.5) if coily else rng.beta(1.2, 2.2)),
        volume=float(np.clip(rng.normal(1, 0.22), 0.55, 1.6)),
        part_cm=float(rng.choice([-1, 1]) * rng.choice([0.3, 2.4, 3.4])),
        hairline_cm=float(rng.normal(0, 0.35) + 0.3 * masculine * age),
        recession_cm=float(
            np.clip(rng.normal(0.15, 0.25) + masculine * (0.35 + 1.6 * age * rng.random()), 0, 2.6)
        ),
        peak_cm=float(max(0.0, rng.normal(0.1, 0.3))),
        thinning=thinning,
        density=float(np.clip(rng.normal(1.02 - 0.2 * age, 0.1), 0.6, 1.2)),
        sideburn_cm=float(rng.uniform(-1.2, 1.0) + 1.3 * masculine - 0.5),
        eumelanin=eumelanin,
        pheomelanin=pheomelanin,
        grey=grey,
        **_draw_face(rng, masculine),
    )


def _draw_cut(rng: np.random.Generator, masculine: float, age: float, dark: float) -> str:
    shares = np.array([_SHARES[cut] for cut in CUTS])
    gendered = masculine * shares[:, 0] + (1 - masculine) * shares[:, 1]
    coily = float(np.clip((dark - 0.45) / 0.45, 0, 1)) * 0.85 + 0.03
    short = np.array([_LENGTHS[cut][1] < 14 for cut in CUTS])
    coily_shares = shares[:, 2] * np.where(short, 0.4 + masculine, 0.4 + 1.2 * (1 - masculine))
    total = (1 - coily) * gendered + coily * coily_shares
    baldness = masculine * np.clip((age - 0.3) / 0.6, 0, 1)
    total[CUTS.index("receding")] *= 0.15 + 5 * baldness
    total[CUTS.index("bald")] *= (0.1 + 0.9 * masculine) * (0.8 + 1.2 * baldness)
    return str(rng.choice(CUTS, p=total / total.sum()))


def _draw_thinning(rng: np.random.Generator, cut: str, masculine: float, age: float) -> float:
    if cut == "receding":
        return float(rng.uniform(0.75, 1.0))
    if cut == "bald":
        return float(rng.choice([0.0, 1.0]))
    usual = masculine * max(0.0, age - 0.25) * rng.beta(1.0, 2.0)
    return float(min(0.6, usual)) if cut in ("buzz", "crop", "side_part", "slick_back") else 0.0


def _draw_pigment(rng: np.random.Generator, age: float, dark: float) -> tuple[float, float, float]:
    """Returns eumelanin, pheomelanin and the share of white hairs."""
    fair = max(0.0, 1 - dark / 0.45)
    shares = np.array([0.55 + dark, 0.35, 0.22 * fair + 0.03, 0.28 * fair, 0.07 * fair])
    shade = rng.choice(["black", "dark_brown", "brown", "blond", "red"], p=shares / shares.sum())
    low, high, red = {
        "black": (1.9, 3.2, 0.1),
        "dark_brown": (1.0, 1.8, 0.25),
        "brown": (0.45, 0.9, 0.25),
        "blond": (0.07, 0.3, 0.12),
        "red": (0.06, 0.3, 0.9),
    }[str(shade)]
    onset = rng.normal(0.55, 0.14)
    grey = float(np.clip((age - onset) * 2.4, 0, 0.97)) if age > onset else 0.0
    return float(rng.uniform(low, high)), float(red * rng.uniform(0.6, 1.4)), grey


def _draw_face(rng: np.random.Generator, masculine: float) -> dict[str, float]:
    """Returns beard, moustache, stubble, brows and lashes."""
    bearded = rng.random() < 0.55 * max(0.0, 2 * masculine - 1)
    kind = str(rng.choice(["full", "goatee", "moustache"], p=[0.72, 0.16, 0.12]))
    beard = {"full": 1.0, "goatee": 0.35, "moustache": 0.0}[kind] if bearded else 0.0
    length = float(rng.choice([0.15, 0.4, 0.9, 2.0, 4.0], p=[0.3, 0.28, 0.22, 0.14, 0.06]))
    stubble = float(rng.beta(1.5, 2.0)) * max(0.0, 2 * masculine - 1)
    return {
        "beard": beard * float(rng.uniform(0.8, 1.0)),
        "beard_cm": length * float(rng.uniform(0.8, 1.25)),
        "moustache": float(rng.uniform(0.8, 1.0)) if bearded else 0.0,
        "stubble": stubble,
        "brow_width_cm": float(rng.uniform(0.5, 0.85) + 0.25 * masculine),
        "brow_density": float(np.clip(rng.normal(0.5 + 0.15 * masculine, 0.18), 0.1, 1)),
        "lash_cm": float(rng.uniform(0.75, 1.05) + 0.2 * (1 - masculine)),
    }


def hair_colour(style: HairStyle) -> Colour:
    """Returns about the colour of the hair as a whole: linear sRGB reflectance."""
    pigmented = pigment_reflectance(style.eumelanin, style.pheomelanin)
    white = pigment_reflectance(*WHITE_PIGMENT)
    look = [(1 - style.grey) * p + style.grey * w for p, w in zip(pigmented, white, strict=True)]
    return look[0], look[1], look[2]


def pigment_reflectance(eumelanin: float, pheomelanin: float) -> Colour:
    """Returns about what many hairs with these pigments reflect together, linear sRGB.

    It counts all the light that goes from hair to hair. A renderer that follows few bounces
    would show blond and white hair much too dark, and may use this as a plain colour.
    """
    absorbed = eumelanin * np.array([0.41, 0.78, 1.4])
    absorbed = absorbed + pheomelanin * np.array([0.187, 0.4, 1.05])
    look = 0.006 + 0.7 * np.exp(-3.4 * np.sqrt(absorbed) - 0.6 * absorbed)
    return float(look[0]), float(look[1]), float(look[2])
