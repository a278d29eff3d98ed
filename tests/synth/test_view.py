"""Views: alike for one seed, of ordinary selfies' variety, eyes towards the lens."""

import json
from dataclasses import asdict

import numpy as np
import pytest

from deepflash.synth.geometry import rotation
from deepflash.synth.head import PIVOT, HeadRig
from deepflash.synth.view import FRAMES_CM, _towards, draw_view


def drawn(seed, **settings):
    return draw_view(np.random.default_rng(seed), **settings)


def test_the_same_seed_is_the_same_view():
    assert drawn(2) == drawn(2)
    assert drawn(2) != drawn(3)
    assert json.loads(json.dumps(asdict(drawn(2))))["seed"] == drawn(2).seed


def test_views_vary_within_their_ranges():
    views = [drawn(seed) for seed in range(300)]
    frames = [view.camera.frame_cm for view in views]
    assert FRAMES_CM[0] <= min(frames) < 30
    assert 60 < max(frames) <= FRAMES_CM[1]
    for view in views:
        assert abs(view.pose.yaw_deg) <= 32
        assert abs(view.pose.pitch_deg) <= 14
        assert abs(view.pose.roll_deg) <= 14
        assert view.camera.distance_cm > 34
        assert view.camera.field_deg < 62, "no lens of a phone sees more"
        assert 0.3 <= view.pupil <= 0.6
        face = view.camera.project(np.array([0.0, 0.0, 9.0]))
        assert (face > 0.05).all(), "the middle of the face is in the picture"
        assert (face < 0.95).all(), "the middle of the face is in the picture"
    near = np.mean([view.camera.distance_cm < 80 for view in views])
    assert 0.6 < near < 0.95
    assert len({view.backdrop.kind for view in views}) > 4


def test_red_eyes_need_a_flash_close_to_the_lens():
    always = [drawn(seed, red_eyes=1.0) for seed in range(200)]
    for view in always:
        near = np.hypot(*view.lighting.flash_offset_cm) / view.camera.distance_cm
        assert (view.red_eyes > 0) == (np.degrees(np.arctan(near)) < 3)
    assert any(view.red_eyes for view in always)
    assert not any(drawn(seed, red_eyes=0.0).red_eyes for seed in range(50))
    share = np.mean([drawn(seed, red_eyes=0.1).red_eyes > 0 for seed in range(300)])
    assert 0.02 < share < 0.2


def test_the_backdrop_can_be_chosen_without_changing_the_rest():
    plain, other = drawn(5, backdrop="plain_wall"), drawn(5)
    assert plain.backdrop.kind == "plain_wall"
    assert plain.camera == other.camera
    assert plain.pose == other.pose
    assert plain.lighting == other.lighting


def test_eyes_look_at_the_lens_however_the_head_is_turned():
    for yaw, pitch, roll in ((25.0, 0.0, 0.0), (0.0, 12.0, 0.0), (-20.0, 8.0, 10.0)):
        lens = np.array([3.0, 8.0, 60.0])
        turn = rotation("y", yaw) @ rotation("x", -pitch) @ rotation("z", roll)
        eyes = turn @ (np.array([0.0, 3.2, 9.0]) - PIVOT) + PIVOT
        found = turn @ _towards(lens, yaw, pitch, roll)
        expected = (lens - eyes) / np.linalg.norm(lens - eyes)
        assert found == pytest.approx(expected)
    # A face turned to the right of the picture looks back to its own right.
    assert _towards(np.array([0.0, 3.2, 60.0]), 20.0, 0.0, 0.0)[0] < -0.2


@pytest.mark.local
def test_the_real_models_eyes_turn_to_the_lens(head_model_path):
    from deepflash.synth.head_model import load_head_model

    rig = HeadRig(load_head_model(head_model_path), texture_px=64)
    misses = []
    for seed in range(20):
        view = drawn(seed)
        meshes = rig.pose(np.zeros(100), view.pose)
        for eye in (meshes.eye_left, meshes.eye_right):
            away = np.linalg.norm(eye.uv - 0.5, axis=1)
            pole, centre = eye.vertices[away < 0.05].mean(0), eye.vertices[away > 0.4].mean(0)
            looking = (pole - centre) / np.linalg.norm(pole - centre)
            lens = np.array(view.camera.at) - pole
            cosine = looking @ lens / np.linalg.norm(lens)
            misses.append(np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    assert np.median(misses) < 8
    assert max(misses) < 20
