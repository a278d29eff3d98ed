"""People: alike for one seed, different otherwise, of the tone that was asked for."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from deepflash.synth.eyes import IRISES
from deepflash.synth.person import GROUPS, draw_person


def drawn(seed, group=5):
    return draw_person(np.random.default_rng(seed), group=group)


def test_the_same_seed_is_the_same_person():
    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


@pytest.mark.parametrize("group", range(1, GROUPS + 1))
def test_a_person_has_the_tone_of_the_group(group):
    people = [drawn(seed, group) for seed in range(12)]
    assert {person.monk_group for person in people} == {group}
    for person in people:
        assert all(0 < channel < 1 for channel in person.skin_reflectance)
        assert person.skin_reflectance[0] > person.skin_reflectance[2], "skin is never bluish"


def test_groups_together_cover_the_range_of_human_skin():
    angles = [drawn(s, g).typology_angle_deg for g in range(1, GROUPS + 1) for s in range(12)]
    assert min(angles) < -30
    assert max(angles) > 55


def test_values_lie_within_their_ranges_and_vary():
    people = [drawn(seed, 1 + seed % GROUPS) for seed in range(200)]
    for person in people:
        assert len(person.identity) == 100
        assert np.abs(person.identity).max() <= 2.2 * 0.85 + 1e-3
        assert 0 <= person.masculine <= 1
        assert 0 <= person.age <= 1
        assert person.iris in IRISES
        assert 0 <= person.skin.oil <= 1
    assert {person.iris for person in people} == set(IRISES)
    assert np.std([person.identity[0] for person in people]) == pytest.approx(0.85, abs=0.15)
    assert 0.35 < np.mean([person.masculine > 0.5 for person in people]) < 0.65
    assert len({person.hair.cut for person in people}) > 8
    assert len({person.seed for person in people}) == 200


def test_light_eyes_come_with_light_skin():
    light = ("blue", "green", "grey")
    shares = [
        np.mean([drawn(seed, group).iris in light for seed in range(60)]) for group in (1, 10)
    ]
    assert shares[0] > 0.3
    assert shares[1] < 0.05


def test_a_person_can_be_written_as_json():
    text = json.dumps(asdict(drawn(3)))
    assert json.loads(text)["iris"] == drawn(3).iris
