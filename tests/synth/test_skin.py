"""Skin tones: pigments to reflectance, the typology angle, and its inverse."""

import numpy as np
import pytest

from deepflash.synth.person import GROUPS, _draw_skin
from deepflash.synth.skin import (
    MONK_LIMITS_DEG,
    melanin_for,
    monk_group,
    skin_reflectance,
    to_lab,
    typology_angle_deg,
)


def test_lab_of_grey_by_hand():
    # Y = 0.184187 is L* = 50; grey has no a* and b*.
    lab = to_lab(np.full(3, 0.184187))
    assert lab == pytest.approx([50, 0, 0], abs=0.02)


def test_typology_angle_by_hand():
    # With L* = 50 the numerator is 0, whatever b* is.
    yellowish = np.array([0.215, 0.180, 0.110])
    lightness = to_lab(yellowish)[0]
    yellowish = yellowish * (0.184187 / (((lightness + 16) / 116) ** 3))
    assert float(typology_angle_deg(yellowish)) == pytest.approx(0, abs=0.2)


def test_more_pigment_reflects_less():
    melanin = np.geomspace(0.005, 1.2, 12)
    light = skin_reflectance(melanin, np.full(12, 0.012))
    assert (np.diff(light, axis=0) < 0).all()
    blood = np.linspace(0.002, 0.05, 12)
    red = skin_reflectance(np.full(12, 0.03), blood)
    assert (np.diff(red, axis=0) < 0).all()
    # Blood takes green first: skin that flushes turns redder.
    assert (np.diff(red[:, 1] / red[:, 0]) < 0).all()


def test_skin_is_redder_than_green_than_blue():
    melanin, blood = np.meshgrid(np.geomspace(0.005, 1.2, 9), np.linspace(0.004, 0.03, 5))
    light = skin_reflectance(melanin, blood)
    assert (light[..., 0] > light[..., 1]).all()
    assert (light[..., 1] > light[..., 2]).all()


@pytest.mark.parametrize("angle", [66.0, 40.0, 0.0, -31.0, -60.0])
def test_melanin_for_an_angle_gives_it_back(angle):
    melanin = melanin_for(angle, 0.010)
    found = typology_angle_deg(skin_reflectance(np.asarray(melanin), np.asarray(0.010)))
    assert float(found) == pytest.approx(angle, abs=0.3)


def test_table_is_followed_beyond_opencvs_rows():
    # 40,000 values in one column: more rows than OpenCV's remap takes.
    melanin = np.geomspace(0.01, 1, 40_000)
    light = skin_reflectance(melanin, np.full(40_000, 0.01))
    assert light.shape == (40_000, 3)
    one = skin_reflectance(melanin[39_000:39_001], np.array([0.01]))
    assert light[39_000] == pytest.approx(one[0], abs=1e-6)


def test_groups_partition_the_angles():
    assert [monk_group(a) for a in (70.0, 62.0, 61.9, 41.0, 0.0, -29.0, -31.0, -50.1)] == [
        1, 1, 2, 4, 7, 8, 9, 10,
    ]  # fmt: skip
    assert len(MONK_LIMITS_DEG) + 1 == GROUPS == 10


def test_drawn_people_cover_the_range_of_skin():
    rng = np.random.default_rng(0)
    angles = {}
    for group in range(1, GROUPS + 1):
        for _ in range(8):
            skin = _draw_skin(rng, group, masculine=0.5, age=0.5)
            light = skin_reflectance(np.asarray(skin.melanin), np.asarray(skin.blood))
            angle = float(typology_angle_deg(light))
            angles.setdefault(group, []).append(angle)
            assert monk_group(angle) in {group - 1, group, group + 1}
    everything = np.concatenate(list(angles.values()))
    assert everything.min() < -50
    assert everything.max() > 60
