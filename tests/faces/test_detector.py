"""BlazeFace without its network: anchors, decoding and merging by hand."""

import numpy as np
import pytest

from deepflash.faces.detector import Detection, anchors, decode, merge, overlap

SURE, UNSURE = 3.0, -3.0


def detection(x0, y0, x1, y1, score):
    box = np.array([x0, y0, x1, y1], np.float32)
    keys = np.full((6, 2), (x0 + x1) / 2, np.float32)
    return Detection(box=box, keys=keys, score=float(score))


def test_anchors_are_the_middles_of_two_grids():
    points = anchors()
    assert points.shape == (896, 2)
    np.testing.assert_allclose(points[0], [0.5 / 16, 0.5 / 16])
    np.testing.assert_allclose(points[2], [1.5 / 16, 0.5 / 16])  # x runs first, two per place
    np.testing.assert_allclose(points[2 * 16], [0.5 / 16, 1.5 / 16])
    np.testing.assert_allclose(points[511], [15.5 / 16, 15.5 / 16])
    np.testing.assert_allclose(points[512], [0.5 / 8, 0.5 / 8])
    np.testing.assert_allclose(points[512 + 6], [1.5 / 8, 0.5 / 8])
    np.testing.assert_allclose(points[895], [7.5 / 8, 7.5 / 8])


def test_an_answer_is_counted_from_its_anchor():
    answers = np.zeros((896, 16), np.float32)
    logits = np.full(896, UNSURE, np.float32)
    answers[512] = [10, 20, 30, 40, 1, 2, *[0] * 10]  # anchor: 8 pixels from both edges
    logits[512] = SURE
    (found,) = decode(answers, logits, 0.5)
    np.testing.assert_allclose(found.box, [18 - 15.5, 28 - 20.5, 18 + 14.5, 28 + 19.5])
    np.testing.assert_allclose(found.keys[0], [8.5, 9.5])
    np.testing.assert_allclose(found.keys[5], [7.5, 7.5])
    assert found.score == pytest.approx(1 / (1 + np.exp(-SURE)))


def test_decoding_keeps_what_is_sure_enough_best_first_and_takes_any_logit():
    answers = np.ones((896, 16), np.float32)
    logits = np.full(896, -1e30, np.float32)
    logits[[5, 7, 9]] = [0.1, 1e30, -0.1]
    assert [round(one.score, 2) for one in decode(answers, logits, 0.5)] == [1.0, 0.52]


def test_overlap_by_hand():
    one = np.array([0, 0, 10, 10], np.float32)
    others = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [2, 2, 4, 4]], np.float32)
    np.testing.assert_allclose(overlap(one, others), [1, 1 / 3, 0, 0.04], rtol=1e-6)
    np.testing.assert_allclose(overlap(one, others, "smaller"), [1, 0.5, 0, 1], rtol=1e-6)


def test_a_box_without_area_overlaps_nothing():
    one = np.array([3, 3, 3, 3], np.float32)
    assert overlap(one, np.array([[3, 3, 3, 3]], np.float32))[0] == 0


def test_merging_averages_one_face_by_score_and_keeps_the_other():
    near, same, apart = (
        detection(0, 0, 10, 10, 0.9),
        detection(1, 0, 11, 10, 0.3),
        detection(50, 50, 60, 60, 0.6),
    )
    first, second = merge([same, apart, near], least_overlap=0.3)
    np.testing.assert_allclose(first.box, [0.25, 0, 10.25, 10], rtol=1e-6)
    assert (first.score, second.score) == (0.9, 0.6)
    np.testing.assert_array_equal(second.box, apart.box)
    assert merge([], least_overlap=0.3) == []


def test_a_box_inside_another_is_the_same_face_only_by_the_smaller():
    pair = [detection(0, 0, 10, 10, 0.9), detection(2, 2, 5, 5, 0.8)]
    assert len(merge(pair, least_overlap=0.3)) == 2
    assert len(merge(pair, least_overlap=0.3, of="smaller")) == 1


def test_boxes_without_area_are_merged_without_end():
    assert len(merge([detection(3, 3, 3, 3, 0.9)] * 3, least_overlap=0.3)) == 3
