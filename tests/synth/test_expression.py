"""Faces that are made, and where the eyes look."""

import numpy as np
import pytest

from deepflash.synth.expression import draw_expression, eye_turns, gaze
from deepflash.synth.ict_facekit import EXPRESSIONS


def test_expressions_follow_the_seed_and_speak_the_models_language():
    names = set()
    for seed in range(300):
        name, weights = draw_expression(np.random.default_rng(seed))
        assert (name, weights) == draw_expression(np.random.default_rng(seed))
        assert set(weights) <= set(EXPRESSIONS)
        assert all(0 <= weight <= 1 for weight in weights.values())
        assert all(type(weight) is float for weight in weights.values())
        names.add(name)
    assert names == {"neutral", "smile", "laugh", "serious", "surprise", "talk", "wry"}


def test_a_wry_smile_is_uneven_and_a_laugh_stronger_than_a_smile():
    found: dict[str, list] = {}
    for seed in range(400):
        name, weights = draw_expression(np.random.default_rng(seed))
        found.setdefault(name, []).append(weights)
    wry = [abs(w["mouthSmile_L"] - w["mouthSmile_R"]) for w in found["wry"]]
    assert np.mean(wry) > 0.3
    smile, laugh = (np.mean([w["mouthSmile_L"] for w in found[n]]) for n in ("smile", "laugh"))
    assert laugh > smile + 0.2
    assert all("jawOpen" not in w for w in found["neutral"])


def test_straight_ahead_turns_nothing():
    assert max(abs(w) for w in gaze(np.array([0.0, 0.0, 1.0])).values()) == 0


def test_looking_to_the_pictures_right_turns_the_left_eye_out_and_the_right_eye_in():
    # A person's left is on the right of the picture.
    weights = gaze(np.array([np.sin(np.radians(19)), 0.0, np.cos(np.radians(19))]))
    assert weights["eyeLookOut_L"] == pytest.approx(0.5, abs=0.01)
    assert weights["eyeLookIn_R"] == pytest.approx(0.5, abs=0.01)
    mirrored = gaze(np.array([-np.sin(np.radians(19)), 0.0, np.cos(np.radians(19))]))
    assert mirrored["eyeLookIn_L"] == mirrored["eyeLookOut_R"] == weights["eyeLookOut_L"]


def test_looking_up_and_down():
    up = gaze(np.array([0.0, np.sin(np.radians(15)), np.cos(np.radians(15))]))
    assert up["eyeLookUp_L"] == up["eyeLookUp_R"] == pytest.approx(0.5, abs=0.01)
    down = gaze(np.array([0.0, -np.sin(np.radians(15)), np.cos(np.radians(15))]))
    assert down["eyeLookDown_L"] == pytest.approx(0.5, abs=0.01)
    assert "eyeLookUp_L" not in down
    assert set(up) | set(down) <= set(EXPRESSIONS)


def test_eyes_turn_no_further_than_eyes_can():
    weights = gaze(np.array([1.0, 1.0, 0.01]))
    assert max(weights.values()) == 0.8


@pytest.mark.parametrize("towards", [(0.3, 0.2, 0.9), (-0.2, -0.3, 0.9), (0.0, 0.0, 1.0)])
def test_eyeballs_turn_to_where_the_gaze_goes(towards):
    direction = np.array(towards) / np.linalg.norm(towards)
    for turn in eye_turns(gaze(direction)).values():
        assert turn @ [0, 0, 1] == pytest.approx(direction)
        assert turn @ turn.T == pytest.approx(np.eye(3))


def test_near_things_turn_both_eyes_inwards():
    turns = eye_turns(gaze(np.array([0.0, 0.0, 1.0]), 31.0))
    left, right = (turns[side] @ [0, 0, 1] for side in "LR")
    # 3.1 cm to each side of the middle at 31 cm: the left eye, on the right, looks to the left.
    assert left == pytest.approx([-0.0995, 0, 0.995], abs=1e-3)
    assert right == pytest.approx([0.0995, 0, 0.995], abs=1e-3)


def test_without_a_gaze_eyes_rest():
    for turn in eye_turns({"mouthSmile_L": 0.5}).values():
        assert np.array_equal(turn, np.eye(3))
