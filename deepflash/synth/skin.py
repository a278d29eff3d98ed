"""The colour of skin from its pigments: melanin above, haemoglobin below.

A two-layer reflectance: light passes the epidermis twice, where melanin absorbs (Jacques, "Optical
properties of biological tissues", Phys. Med. Biol. 58, 2013), and returns diffusely from the
dermis, where blood absorbs (diffusion dipole of Jensen et al., SIGGRAPH 2001; haemoglobin
extinction tabulated by Prahl, Oregon Medical Laser Center). Spectra become linear sRGB under D65
with the CIE 1931 observer (Wyman et al., JCGT 2013, multi-lobe fit).
"""

from functools import cache

import cv2
import numpy as np
from jaxtyping import Float, Float32

# Melanosome fraction of the epidermis and blood fraction of the dermis that the table covers.
MELANIN_RANGE = (0.004, 1.3)
BLOOD_RANGE = (0.0005, 0.10)
_TABLE_SIDE = 48
_WAVELENGTHS_NM = np.arange(400, 701, 10).astype(float)
# Molar extinction of oxygenated and deoxygenated haemoglobin, 400 to 700 nm in steps of 10, in
# 1/(cm mol/l).
# fmt: off
_OXY = np.array([
    266232, 466840, 480360, 246072, 102580, 62816, 44480, 33209, 26629, 23684, 20932, 20035, 24202,
    39956, 53236, 43016, 32613, 44496, 50104, 14400, 3200, 1506, 942, 610, 442, 368, 320, 294, 278,
    276, 290,
], float)
_DEOXY = np.array([
    223296, 303956, 407560, 528600, 413280, 103292, 23388, 16156, 14550, 16684, 20862, 25773, 31589,
    39036, 46592, 53412, 53788, 45072, 37020, 28324, 14677, 9443, 6509, 5148, 4345, 3750, 3226,
    2795, 2407, 2051, 1794,
], float)
# fmt: on
# Lower ends of the groups 1 to 9 in degrees of typology angle; 55, 41, 28, 10 and -30 are the
# limits of the classes very light, light, intermediate, tan, brown and dark (Chardon et al. 1991).
MONK_LIMITS_DEG = (62.0, 55.0, 48.0, 41.0, 28.0, 10.0, -10.0, -30.0, -50.0)
_XYZ_TO_RGB = np.array(
    [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
)
_RGB_TO_XYZ = np.linalg.inv(_XYZ_TO_RGB)
_WHITE_XYZ = np.array([0.95047, 1.0, 1.08883])


def skin_reflectance(
    melanin: Float[np.ndarray, "*shape"], blood: Float[np.ndarray, "*shape"]
) -> Float32[np.ndarray, "*shape 3"]:
    """Returns the diffuse reflectance of skin, linear sRGB in [0,1].

    Args:
        melanin: melanosome fraction of the epidermis: 0.01 very pale, 0.1 tan, 0.6 and more dark.
        blood: blood fraction of the dermis: 0.005 pale, 0.02 flushed, 0.06 lips.
    """
    table = _table()
    log_range = np.log(MELANIN_RANGE)
    rows = (np.log(np.clip(melanin, *MELANIN_RANGE)) - log_range[0]) / np.diff(log_range)[0]
    # The blood axis is quadratic: most skin has little.
    columns = np.sqrt(
        (np.clip(blood, *BLOOD_RANGE) - BLOOD_RANGE[0]) / (BLOOD_RANGE[1] - BLOOD_RANGE[0])
    )
    last = _TABLE_SIDE - 1
    shape = np.shape(rows)
    flat = (np.reshape(a * last, (-1, 1)).astype(np.float32) for a in (columns, rows))
    # OpenCV's remap takes at most 32767 rows.
    parts = [
        cv2.remap(table, x, y, cv2.INTER_LINEAR)
        for x, y in zip(*(np.array_split(a, 1 + a.size // 30000) for a in flat), strict=True)
    ]
    return np.concatenate(parts).reshape(*shape, 3)


@cache
def _table() -> Float32[np.ndarray, "melanin blood 3"]:
    nm = _WAVELENGTHS_NM
    absorb_melanin = 6.6e11 * nm**-3.33
    absorb_base = 0.0244 + 8.53 * np.exp(-(nm - 154) / 66.2)
    # 150 g/l of haemoglobin of 64500 g/mol, three quarters of it oxygenated.
    absorb_blood = 2.303 * (0.75 * _OXY + 0.25 * _DEOXY) * 150 / 64500
    scatter = 2e5 * nm**-1.5 + 2e12 * nm**-4
    melanin = np.geomspace(*MELANIN_RANGE, _TABLE_SIDE)[:, None, None]
    blood = BLOOD_RANGE[0] + np.linspace(0, 1, _TABLE_SIDE)[None, :, None] ** 2 * (
        BLOOD_RANGE[1] - BLOOD_RANGE[0]
    )
    # 60 micrometres of epidermis, crossed twice and obliquely. Melanin lies in grains, so thick
    # pigment absorbs less than Beer and Lambert say: a power in place of the exponential.
    depth = (melanin * absorb_melanin + (1 - melanin) * absorb_base) * 0.006 * 2 * 1.6
    through = (1 + depth / 1.1) ** -1.1
    absorb = blood * absorb_blood + (1 - blood) * absorb_base
    albedo = scatter / (scatter + absorb)
    root = np.sqrt(3 * (1 - albedo))
    back = albedo / 2 * (1 + np.exp(-4 / 3 * 2.2 * root)) * np.exp(-root)
    # Scaled so that pale skin meets measured luminances; a hundredth is lost in no layer.
    return np.clip(_to_rgb(through * back * 1.12 + 0.010), 1e-3, 1).astype(np.float32)


def _to_rgb(spectra: Float[np.ndarray, "*shape n"]) -> Float[np.ndarray, "*shape 3"]:
    nm = _WAVELENGTHS_NM

    def lobe(height: float, centre: float, below: float, above: float) -> np.ndarray:
        width = np.where(nm < centre, below, above)
        return height * np.exp(-0.5 * ((nm - centre) / width) ** 2)

    observer = np.stack(
        [
            lobe(1.056, 599.8, 37.9, 31.0)
            + lobe(0.362, 442.0, 16.0, 26.7)
            - lobe(0.065, 501.1, 20.4, 26.2),
            lobe(0.821, 568.8, 46.9, 40.5) + lobe(0.286, 530.9, 16.3, 31.1),
            lobe(1.217, 437.0, 11.8, 36.0) + lobe(0.681, 459.0, 26.0, 13.8),
        ],
        -1,
    )
    daylight = 1 / (nm**5 * (np.exp(1.4388e7 / (nm * 6504)) - 1))
    weights = daylight[:, None] * observer
    return (spectra @ weights @ _XYZ_TO_RGB.T) / (weights.sum(0) @ _XYZ_TO_RGB.T)


def to_lab(linear: Float[np.ndarray, "*shape 3"]) -> Float[np.ndarray, "*shape 3"]:
    """Returns CIE L*a*b* (D65) of linear sRGB."""
    relative = linear @ _RGB_TO_XYZ.T / _WHITE_XYZ
    f = np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116)
    return np.stack(
        [
            116 * f[..., 1] - 16,
            500 * (f[..., 0] - f[..., 1]),
            200 * (f[..., 1] - f[..., 2]),
        ],
        -1,
    )


def typology_angle_deg(linear: Float[np.ndarray, "*shape 3"]) -> Float[np.ndarray, "*shape"]:
    """Returns the individual typology angle, atan((L* - 50) / b*), of linear sRGB skin.

    Above 55 degrees skin counts as very light, below -30 as dark (Chardon et al., Int. J. Cosmet.
    Sci. 13, 1991).
    """
    lab = to_lab(linear)
    return np.asarray(np.degrees(np.arctan2(lab[..., 0] - 50, lab[..., 2])))


def monk_group(angle_deg: float) -> int:
    """Returns 1 (lightest) to 10 (darkest), the group of the Monk skin tone scale.

    The scale publishes swatches, not limits, and its ends are lighter and darker than skin
    reflects; so its ten groups are taken as ten steps of the typology angle.
    """
    return 1 + sum(angle_deg < limit for limit in MONK_LIMITS_DEG)


def melanin_for(angle_deg: float, blood: float) -> float:
    """Returns the melanin that gives skin this typology angle, within the table's range."""
    low, high = np.log(MELANIN_RANGE)
    for _ in range(40):
        middle = (low + high) / 2
        found = typology_angle_deg(skin_reflectance(np.asarray(np.exp(middle)), np.asarray(blood)))
        low, high = (middle, high) if found > angle_deg else (low, middle)
    return float(np.exp((low + high) / 2))
