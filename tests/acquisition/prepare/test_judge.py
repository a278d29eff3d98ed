"""Judging by figures alone: each limit, the words, a person's usual figures, other thresholds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.prepare.checks import CHECKS
from acquisition.prepare.judge import judge, person_figures, rejudge, with_relative
from acquisition.prepare.settings import Prepared
from acquisition.prepare.thresholds import Thresholds

LIMITS = Thresholds()
GOOD = {
    "flash_faces": 1.0,
    "studio_faces": 1.0,
    "flash_bright": 0.5,
    "studio_bright": 0.4,
    "flash_eye_detail": 0.012,
    "flash_eye_openness": 0.3,
    "flash_sharpness": 1.0,
    "skew_ms": 620.0,
}


def pair(index, figures=None, **fields):
    name = f"20261122T1415{index:02d}Z-7f3a"
    known = GOOD | (figures or {})
    base = Prepared(pair=name, participant="P-4Q7ZK2", pose="frontal", session="s", figures=known)
    return msgspec.structs.replace(base, **fields)


def test_good_figures_and_no_figures_give_no_reason():
    assert judge(GOOD, LIMITS) == []
    assert judge({}, LIMITS) == []


def test_every_check_has_a_limit_of_its_own_kind():
    fields = set(Thresholds.__struct_fields__) - {"least_pairs_of_person"}
    assert {check.limit for check in CHECKS} == fields
    assert len({check.figure for check in CHECKS}) == len(CHECKS)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.figure)
def test_each_limit_rejects_beyond_it_and_not_at_it(check):
    limit = getattr(LIMITS, check.limit)
    person = {}
    name, at, beyond = check.figure, limit, limit * (0.9 if check.is_least else 1.1)
    if name.endswith("_relative"):
        # Twice the usual figure, so that the figure itself keeps to its own limit.
        name = name.removesuffix("_relative")
        person = {name: 8.0}
        at, beyond = 8.0 * at, 8.0 * beyond
    assert judge({name: at}, LIMITS, person) == []
    (reason,) = judge({name: beyond}, LIMITS, person)
    assert reason.startswith(check.wrong)
    assert ("at least" in reason) is check.is_least
    assert reason.endswith(f"{check.advice}.")
    off = msgspec.structs.replace(LIMITS, **{check.limit: None})
    assert judge({name: beyond}, off, person) == []


def test_the_words_name_figure_and_limit():
    (reason,) = judge(GOOD | {"motion_iod": 0.0312}, LIMITS)
    assert "(3.1 %, at most 2.0 %)" in reason
    (reason,) = judge(GOOD | {"skew_ms": -1700.0}, LIMITS)
    assert "(1700 ms, at most 1500 ms)" in reason


def test_faces_are_counted():
    assert "No face was found in the studio" in judge(GOOD | {"studio_faces": 0.0}, LIMITS)[0]
    assert "3 faces were found in the phone's" in judge(GOOD | {"flash_faces": 3.0}, LIMITS)[0]


def test_a_dark_picture_is_the_only_reason_for_what_is_not_seen_in_it():
    dark = {"flash_bright": 0.01, "flash_faces": 0.0, "leak": 0.9, "likeness": 0.0}
    (reason,) = judge(GOOD | dark, LIMITS)
    assert "nearly black" in reason
    others = judge(GOOD | dark | {"studio_sharpness": 0.1, "skew_ms": 9000.0}, LIMITS)
    assert len(others) == 3


def test_an_unsharp_picture_is_not_said_to_have_closed_eyes():
    (reason,) = judge(GOOD | {"flash_sharpness": 0.2, "flash_eye_detail": 0.001}, LIMITS)
    assert "not sharp" in reason
    (reason,) = judge(GOOD | {"flash_eye_detail": 0.001}, LIMITS)
    assert "closed" in reason


def test_a_flash_that_says_it_did_not_fire():
    assert "did not fire" in judge(GOOD | {"flash_fired": 0.0}, LIMITS)[0]


def test_a_person_s_usual_figures_by_hand():
    pairs = [{"flash_eye_openness": v, "flash_sharpness": v} for v in (0.1, 0.2, 0.3, 0.4, 0.5)]
    assert person_figures(pairs, 5) == pytest.approx(
        {"flash_eye_openness": 0.3, "flash_sharpness": 0.4}
    )
    assert person_figures(pairs, 6) == {}
    relative = with_relative({"flash_eye_openness": 0.15}, person_figures(pairs, 5))
    assert relative["flash_eye_openness_relative"] == pytest.approx(0.5)


def test_eyes_are_compared_with_the_same_person_once_there_are_enough_pairs():
    narrow = pair(9, {"flash_eye_openness": 0.19})
    wide = {"flash_eye_openness": 0.34}
    few = [*(pair(k, wide) for k in range(2)), narrow]
    assert rejudge(few, LIMITS)[-1].accepted
    many = [*(pair(k, wide) for k in range(4)), narrow]
    judged = rejudge(many, LIMITS)
    assert [one.accepted for one in judged] == [True] * 4 + [False]
    assert "than in this person's others" in judged[-1].reasons[0]
    assert judged[-1].figures["flash_eye_openness_relative"] == pytest.approx(0.19 / 0.34)
    # Once the others are gone, nothing is left of the comparison.
    (alone,) = rejudge(judged[-1:], LIMITS)
    assert alone.accepted
    assert "flash_eye_openness_relative" not in alone.figures
    # Another session of the same person has other light and another lens.
    elsewhere = [*many[:4], msgspec.structs.replace(narrow, session="t")]
    assert rejudge(elsewhere, LIMITS)[-1].accepted


def test_other_thresholds_need_no_picture_and_can_be_taken_back():
    pairs = [pair(k, {"motion_iod": 0.01 * k}) for k in range(5)]
    judged = rejudge(pairs, LIMITS)
    assert [one.accepted for one in judged] == [True, True, True, False, False]
    wider = rejudge(judged, msgspec.structs.replace(LIMITS, most_motion_iod=0.1))
    assert all(one.accepted for one in wider)
    assert rejudge(wider, LIMITS) == judged


def test_what_could_not_be_read_stays_as_it_is():
    broken = pair(1, unreadable="studio.nef is cut short", reasons=["studio.nef is cut short"])
    assert rejudge([broken], LIMITS) == [broken]


def test_unregistered_pairs_are_not_rejected_for_it():
    far = {"registration_landmark_residual_iod": 0.4, "registration_valid_share_face": 0.0}
    assert rejudge([pair(1, far, registration="none")], LIMITS)[0].accepted
    assert len(rejudge([pair(1, far, registration="affine")], LIMITS)[0].reasons) == 2


def test_thresholds_survive_json_and_unknown_ones_are_refused():
    changed = Thresholds(most_leak=None, most_skew_ms=900.0)
    assert msgspec.json.decode(msgspec.json.encode(changed), type=Thresholds) == changed
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.json.decode(b'{"most_leek": 1}', type=Thresholds)


@given(st.dictionaries(st.sampled_from([c.figure for c in CHECKS]), st.floats(0, 5)))
def test_judging_twice_says_the_same_and_wider_limits_never_add_a_reason(figures):
    one = pair(1, figures)
    judged = rejudge([one], LIMITS)
    assert rejudge(judged, LIMITS) == judged
    none = Thresholds(**{c.limit: None for c in CHECKS})
    assert rejudge(judged, none)[0].accepted
