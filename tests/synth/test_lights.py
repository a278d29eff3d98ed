"""Lamps where they should be, aimed and as strong as promised."""

import numpy as np
import pytest

from deepflash.synth.layout import LAYERS
from deepflash.synth.lens import Camera
from deepflash.synth.lights import HEAD, PHONES, aimed, draw_lighting, lamp_at, lamps

CAMERA = np.array([2.0, 6.0, 60.0])
RIGHT = np.array([1.0, 0.0, 0.0])


def drawn(seed):
    return draw_lighting(np.random.default_rng(seed))


def test_every_layer_but_the_surround_has_a_lamp_that_faces_the_head():
    lit = lamps(drawn(0), CAMERA, RIGHT)
    assert set(lit) == set(LAYERS) - {"surround"}
    for name, lamp in lit.items():
        towards = np.array(HEAD) - lamp.centre
        assert lamp.normal == pytest.approx(towards / np.linalg.norm(towards), abs=1e-6), name
        assert lamp.across @ lamp.up == pytest.approx(0, abs=1e-6), name
        # Paper at the head: radiance x area / distance^2 / pi = 1.
        paper = lamp.radiance * lamp.area / (towards @ towards) / np.pi
        assert paper == pytest.approx(1), name


def test_azimuth_and_elevation_are_those_of_the_picture():
    right = lamp_at(90.0, 0.0, 100.0, (10.0, 20.0))
    assert right.centre == pytest.approx([100, 1, 4])
    above = lamp_at(0.0, 90.0, 50.0, (10.0, 20.0))
    assert above.centre == pytest.approx([0, 51, 4])
    ahead = lamp_at(0.0, 0.0, 80.0, (10.0, 20.0))
    assert ahead.centre == pytest.approx([0, 1, 84])
    assert ahead.normal == pytest.approx([0, 0, -1])
    assert ahead.area == pytest.approx(200)
    assert np.abs(ahead.up / 20) == pytest.approx([0, 1, 0], abs=0.02)


def test_left_and_right_mirror_each_other():
    lit = lamps(drawn(0), CAMERA, RIGHT)
    for kind in ("key", "rim"):
        left, right = lit[f"{kind}_left"], lit[f"{kind}_right"]
        assert left.centre[0] < 0 < right.centre[0]
        assert left.centre == pytest.approx(right.centre * [-1, 1, 1])
    assert lit["rim_left"].centre[2] < HEAD[2] < lit["key_left"].centre[2]
    assert lit["low"].centre[1] < HEAD[1] < lit["high"].centre[1]


def test_the_flash_lies_beside_the_lens_by_the_phones_offset():
    lighting = drawn(3)
    camera = Camera(at=(2.0, 6.0, 60.0), target=HEAD, frame_cm=30.0)
    right, up, _ = camera.axes()
    flash = lamps(lighting, CAMERA, right)["flash"]
    offset = flash.centre - CAMERA
    assert (offset @ right, offset @ up) == pytest.approx(lighting.flash_offset_cm)
    assert flash.area == pytest.approx(lighting.flash_size_cm**2)


def test_drawn_lights_vary_within_their_ranges_and_follow_the_seed():
    many = [drawn(seed) for seed in range(400)]
    assert many[5] == drawn(5)
    assert {light.phone for light in many} == {phone.name for phone in PHONES}
    by_name = {phone.name: phone for phone in PHONES}
    turned = set()
    for light in many:
        phone = by_name[light.phone]
        assert np.hypot(*light.flash_offset_cm) == pytest.approx(np.hypot(*phone.offset_cm))
        assert light.flash_falloff == phone.falloff
        assert light.window_side in (-1, 1)
        assert -10 <= light.window_depth_cm <= 150
        assert light.room_at[1] >= 95
        turned.add((light.phone, light.flash_offset_cm))
    assert len(turned) > 2 * len(PHONES), "phones are turned too"
    assert {light.window_side for light in many} == {-1, 1}


def test_a_lamp_straight_above_or_below_has_a_width():
    for y in (101.0, -99.0):
        lamp = aimed(np.array([0.0, y, 4.0]), (10.0, 10.0))
        assert lamp.area == pytest.approx(100)
        assert np.isfinite(lamp.across).all()
