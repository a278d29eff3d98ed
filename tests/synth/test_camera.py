import dataclasses
import json

import numpy as np
import pytest

from deepflash.pictures import from_unit, linear_to_srgb
from deepflash.synth.camera import (
    PhoneResponse,
    Response,
    StudioResponse,
    draw_phone,
    draw_responses,
    draw_studio,
    finish,
    noise,
    phone_camera,
    photograph,
    studio_camera,
    through_lens,
    tone,
    vignette,
)


def random(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(value: float, side: int = 32) -> np.ndarray:
    return np.full((side, side, 3), value, np.float32)


def light() -> np.ndarray:
    return random(5).uniform(0, 1.4, (32, 40, 3)).astype(np.float32)


def test_a_neutral_camera_is_the_srgb_encoding():
    expected = from_unit(linear_to_srgb(light()))
    np.testing.assert_array_equal(phone_camera(light(), random(), PhoneResponse()), expected)
    np.testing.assert_array_equal(studio_camera(light(), random(), StudioResponse()), expected)


def test_exposure_and_white_balance_are_gains_of_light():
    response = Response(exposure_ev=1.0, white_balance=(1.5, 1.0, 0.5))
    found = photograph(flat(0.2), random(), response)[0, 0]
    np.testing.assert_array_equal(found, from_unit(linear_to_srgb(np.float32([0.6, 0.4, 0.2]))))


@pytest.mark.parametrize("shoulder", [0.0, 0.3, 0.8, 1.0])
def test_the_tone_curve_rises_and_bends_smoothly(shoulder):
    x = np.linspace(0, 3, 3001, dtype=np.float32)[:, None, None].repeat(3, 2)
    y = tone(x, shoulder)[:, 0, 0]
    assert (np.diff(y) >= 0).all()
    assert np.diff(y).max() <= 0.00101
    np.testing.assert_array_equal(y[:300], x[:300, 0, 0])
    if shoulder:
        assert y.max() <= 1
        assert y[1000] < 0.95


def test_the_shoulder_by_hand():
    # Knee at 1 - 0.7 = 0.3, so 1 becomes 0.3 + 0.7 (1 - 1/e).
    assert tone(flat(1.0), 1.0)[0, 0, 0] == pytest.approx(0.3 + 0.7 * (1 - np.exp(-1)), abs=1e-6)


@pytest.mark.parametrize("contrast", [0.1, 0.4, 0.9])
def test_contrast_keeps_black_grey_and_white_and_never_falls(contrast):
    grey = np.linspace(0, 1, 1001, dtype=np.float32)[:, None, None].repeat(3, 2)
    y = finish(grey, Response(contrast=contrast))[:, 0, 0]
    assert (y[0], y[500], y[1000]) == pytest.approx((0, 0.5, 1), abs=1e-6)
    assert (np.diff(y) > 0).all()
    assert y[750] > 0.75


def test_saturation_turns_about_the_luma():
    colour = np.zeros((1, 1, 3), np.float32)
    colour[0, 0] = (0.8, 0.4, 0.2)
    luma = 0.299 * 0.8 + 0.587 * 0.4 + 0.114 * 0.2
    found = finish(colour, Response(saturation=0.5))[0, 0]
    np.testing.assert_allclose(found, (luma + colour[0, 0]) / 2, atol=1e-3)


def test_noise_variance_grows_linearly_with_light():
    response = Response(shot_noise=1e-3, read_noise=0.01)
    for level in (0.0, 0.1, 0.2, 0.8):
        grain = noise(flat(level, 256), random(1), response)
        assert grain.mean() == pytest.approx(0, abs=4e-4)
        # By hand: 0.001 times the light, plus 0.01 squared.
        np.testing.assert_allclose(grain.var((0, 1)), 1e-3 * level + 1e-4, rtol=0.04)


def test_noise_is_smeared_by_demosaicing():
    grain = noise(flat(0.5, 256), random(1), Response(shot_noise=1e-3))
    red, green = grain[..., 0], grain[..., 1]
    # Of the kernel (1, 2, 1)/4: (1*2 + 2*1) / (1 + 4 + 1) = 2/3.
    assert np.corrcoef(red[:, 1:].ravel(), red[:, :-1].ravel())[0, 1] == pytest.approx(
        2 / 3, abs=0.02
    )
    assert np.corrcoef(green[1:].ravel(), green[:-1].ravel())[0, 1] < 0.55
    assert abs(np.corrcoef(red.ravel(), green.ravel())[0, 1]) < 0.02


def test_chroma_denoise_leaves_grey_noise():
    grain = noise(flat(0.5), random(1), Response(shot_noise=1e-3, chroma_denoise=1.0))
    np.testing.assert_allclose(grain[..., 0], grain[..., 2], atol=1e-6)
    assert grain.std() > 0.005


def test_vignetting_darkens_the_corners_alone():
    factor = vignette(33, 65, 0.2)
    assert (factor[16, 32], factor[0, 0], factor[-1, -1]) == pytest.approx((1, 0.8, 0.8))
    # Half-way to a side: 1 - 0.1 * 0.25.
    assert factor[16, 16] == pytest.approx(0.975)


def test_veil_and_blur_move_light_and_lose_none():
    for response in (Response(veil=0.1), Response(blur_px=1.0)):
        np.testing.assert_allclose(through_lens(flat(0.3), response), 0.3, rtol=1e-5)
    spot = flat(0.0, 48)
    spot[20:28, 20:28] = 4
    veiled = through_lens(spot, Response(veil=0.1))
    assert veiled[2, 24, 0] > 1e-4
    assert veiled.mean() == pytest.approx(spot.mean(), rel=0.03)


def test_sharpening_lifts_edges_and_leaves_flat_places():
    step = flat(0.2)
    step[:, 16:] = 0.6
    sharp = finish(step, Response(sharpening=0.5))
    assert sharp[16, 16, 0] > 0.62
    assert sharp[16, 15, 0] < 0.18
    assert sharp[16, 2, 0] == pytest.approx(0.2, abs=1e-5)


def test_same_state_same_picture_and_the_light_is_left_alone():
    response, linear = draw_phone(random(2)), light()
    first = phone_camera(linear, random(3), response)
    np.testing.assert_array_equal(linear, light())
    np.testing.assert_array_equal(first, phone_camera(linear, random(3), response))
    assert (first != phone_camera(linear, random(4), response)).any()


def test_drawn_responses_are_plain_values_and_phones_are_noisier():
    assert draw_phone(random(7)) == draw_phone(random(7))
    for seed in range(20):
        phone, studio = draw_phone(random(seed)), draw_studio(random(seed))
        values = dataclasses.asdict(phone)
        assert json.loads(json.dumps(values)) | {"white_balance": ()} == values | {
            "white_balance": ()
        }
        assert phone.shot_noise > studio.shot_noise
        assert 50 <= phone.jpeg_quality <= studio.jpeg_quality == 95


def test_a_kept_background_is_seen_by_the_same_curves():
    phone, target = draw_responses(random(1), studio_target=False)
    shared = ("exposure_ev", "white_balance", "shoulder", "contrast", "saturation")
    assert all(getattr(phone, name) == getattr(target, name) for name in shared)
    assert target.shot_noise < phone.shot_noise
    phone, target = draw_responses(random(1), studio_target=True)
    assert target.exposure_ev == 0 != phone.exposure_ev
