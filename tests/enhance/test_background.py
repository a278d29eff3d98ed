"""Backgrounds: what stays, what goes, and that nothing of the old one is left in hair."""

import cv2
import numpy as np
import pytest

from deepflash.enhance import background
from deepflash.enhance.background import replace_background

HEIGHT, WIDTH, REDUCTION = 420, 560, 5
PERSON, WALL = np.array((120, 70, 40)), np.array((60, 200, 230))


def scene(dtype: type = np.uint8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns a picture of a blob with a fine comb of hair, the true matte and the small matte."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    alpha = np.clip(120.5 - np.hypot(columns - 280, (rows - 230) * 0.8), 0, 1)
    hairs = (rows > 120) & (rows < 240) & (columns > 150) & (columns < 300) & (rows % 12 < 3)
    alpha = cv2.GaussianBlur(np.maximum(alpha, hairs), (0, 0), 0.8).astype(np.float32)
    picture = alpha[..., None] * PERSON + (1 - alpha[..., None]) * WALL
    size = (WIDTH // REDUCTION, HEIGHT // REDUCTION)
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    scale = np.iinfo(dtype).max // 255
    return (np.rint(picture * scale)).astype(dtype), alpha, small


def wall_share(pixels: np.ndarray, new: np.ndarray, chosen: np.ndarray) -> float:
    """Returns how much of the wall's colour is left, told by what only the wall has: blue."""
    left = pixels[chosen].astype(float) - np.maximum(PERSON, new[chosen])
    return float(np.clip(left[:, 2] / (WALL - PERSON)[2], 0, 1).mean())


@pytest.mark.parametrize("kind", ["studio", "blur"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_person_stays_bit_for_bit_and_the_wall_goes(kind, dtype):
    picture, alpha, small = scene(dtype)
    noise = np.random.default_rng(0).integers(0, 3, picture.shape, dtype)
    picture = picture + noise
    before = picture.copy()
    result = replace_background(picture, small, kind)
    assert result.dtype == dtype
    assert result.shape == picture.shape
    assert np.array_equal(picture, before)
    reach = 2 * (5 * REDUCTION + REDUCTION) + 1
    inner = cv2.erode(alpha, np.ones((reach, reach), np.uint8)) >= 1
    assert inner.sum() > 10_000
    assert np.array_equal(result[inner], picture[inner])
    outer = cv2.dilate(alpha, np.ones((41, 41), np.uint8)) <= 0
    if kind == "studio":
        assert (result[outer] != picture[outer]).any(axis=-1).mean() > 0.99


def test_the_studio_is_a_smooth_warm_grey_lit_from_above():
    picture, alpha, small = scene()
    result = replace_background(picture, small, "studio").astype(float)
    outer = cv2.dilate(alpha, np.ones((41, 41), np.uint8)) <= 0
    red, green, blue = result[outer].mean(axis=0)
    assert 1.0 < red / green < 1.05
    assert 0.92 < blue / green < 1.0
    assert 0.2 < green / 255 < 0.65
    assert result[20, 280].mean() > 1.1 * result[HEIGHT - 5, 280].mean()
    assert result[20, 280].mean() > 1.1 * result[20, 3].mean()
    # Smooth, but for the dither of one step that keeps it from banding.
    top = result[:40, :, 1]
    assert np.abs(top - cv2.GaussianBlur(top, (0, 0), 4))[8:-8, 12:-12].max() < 1.6
    assert len(np.unique(top)) > 5


def test_a_brighter_wall_gets_a_brighter_studio():
    picture, _, small = scene()
    dark = np.where((picture == WALL).all(axis=-1, keepdims=True), 10, picture).astype(np.uint8)
    tones = [replace_background(one, small, "studio")[5, 5].mean() for one in (dark, picture)]
    assert tones[0] + 15 < tones[1]


@pytest.mark.parametrize("kind", ["studio", "blur"])
def test_nothing_of_the_wall_is_left_between_hairs(kind):
    picture, alpha, small = scene()
    if kind == "blur":
        # Half of the wall red: behind the hair that shows green-blue, nothing may be red.
        picture[:, 400:] = np.where(alpha[:, 400:, None] > 0, picture[:, 400:], (250, 0, 0))
    result = replace_background(picture, small, kind)
    comb = np.zeros_like(alpha, bool)
    comb[125:235, 155:180] = True
    between, on = comb & (alpha < 0.02), comb & (alpha > 0.98)
    if kind == "studio":
        new = result[5, 5].astype(float)
        assert np.abs(result[between].astype(float).mean(axis=0) - new).max() < 45
        edge = comb & (alpha > 0.3) & (alpha < 0.7)
        assert wall_share(result, np.broadcast_to(new, result.shape), edge) < 0.1
    else:
        assert np.abs(result[between].astype(float) - WALL).mean() < 12
    assert np.abs(result[on].astype(float) - PERSON).mean() < 30


def test_blur_takes_texture_away_and_leaves_an_even_wall_alone():
    picture, alpha, small = scene()
    outer = cv2.dilate(alpha, np.ones((9, 9), np.uint8)) <= 0
    even = replace_background(picture, small, "blur")
    # Nothing of the person's colour gets into the wall beside it.
    assert np.abs(even[outer].astype(int) - WALL).max() <= 2
    stripes = picture.copy()
    stripes[outer & (np.indices(alpha.shape)[1] % 6 < 3)] = 20
    blurred = replace_background(stripes, small, "blur")
    assert blurred[10:60].std(axis=1).mean() < 0.2 * stripes[10:60].std(axis=1).mean()


def test_blur_adds_light_up_so_that_lamps_stay_bright():
    picture, _, small = scene()
    picture[:] = 30
    picture[40:60, 40:60] = 255
    lamp = replace_background(picture, small, "blur")[40:60, 40:60].mean()
    # A mean of encoded values would give at most the lamp's share of the disc; light gives more.
    share = 400 / (np.pi * (0.02 * WIDTH) ** 2)
    assert lamp > 255 * min(share, 1) * 0.7
    assert lamp > 140


@pytest.mark.parametrize("axis", [0, 1])
def test_a_slope_in_the_wall_stays_where_it_was(axis):
    picture, alpha, small = scene()
    slope = np.indices(alpha.shape)[axis] * (200 / alpha.shape[axis]) + 30
    wall = alpha < 0.02
    picture[wall] = np.rint(slope[wall])[:, None]
    result = replace_background(picture, small, "blur").astype(float)
    free = cv2.dilate(alpha, np.ones((61, 61), np.uint8)) <= 0
    free[:30], free[-30:], free[:, :30], free[:, -30:] = False, False, False, False
    assert abs((result[..., 1] - slope)[free].mean()) < 0.4


def test_a_single_hair_in_an_empty_corner_stays():
    picture, _, _ = scene()
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[240:400, 200:340] = 1
    alpha[60, 450:540] = 1
    picture[:] = np.where(alpha[..., None] > 0, PERSON, WALL)
    size = (WIDTH // REDUCTION, HEIGHT // REDUCTION)
    small = cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
    result = replace_background(picture, small, "studio").astype(float)
    hair, beside = result[60, 460:530], result[40, 460:530]
    assert np.abs(hair - beside).mean() > 8


def test_what_the_person_looks_like_at_the_outline_stays():
    # Fine stripes that no mean colour of the surroundings tells.
    _, alpha, small = scene()
    stripes = np.where(np.indices(alpha.shape)[1] % 8 < 4, 0.6, 1.4)[..., None] * PERSON
    mixed = alpha[..., None] * stripes + (1 - alpha[..., None]) * WALL
    result = replace_background(np.rint(mixed).astype(np.uint8), small, "studio").astype(float)
    inner = (alpha > 0.98) & (cv2.erode(alpha, np.ones((13, 13), np.uint8)) < 0.5)
    inner[:, :300] = False
    assert np.abs(result - stripes)[inner].mean() < 0.5 * np.abs(stripes - PERSON)[inner].mean()


def test_flat_gradients_do_not_band(monkeypatch):
    # Small tiles, so that the corner's show no person at all.
    monkeypatch.setattr(background, "_TILE_PX", 40)
    picture, _, small = scene()
    corner = replace_background(picture, small, "studio")[:60, :100, 1].astype(float)
    # Towards the light it gets brighter; without dither no pixel would be darker than the last.
    assert (np.diff(corner, axis=1) < 0).mean() > 0.05


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_nobody_or_no_background_changes_nothing(value):
    picture, _, small = scene()
    result = replace_background(picture, np.full_like(small, value), "studio")
    assert np.array_equal(result, picture)
    assert result is not picture


@pytest.mark.parametrize("shape", [(61, 43), (193, 385), (192, 192)])
def test_odd_sizes_and_a_matte_as_large_as_the_picture(shape):
    picture, _, small = scene()
    resized = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_AREA)
    for matte in (small, cv2.resize(small, shape[::-1])):
        result = replace_background(resized, matte, "blur")
        assert result.shape == resized.shape
        assert not np.array_equal(result, resized)


def test_the_matte_lies_where_the_photograph_has_it():
    # Brought up without a shift: the outline's middle stays on the outline of the full picture.
    picture, alpha, small = scene()
    result = replace_background(picture, small, "studio").astype(float)
    row = 330
    person = np.abs(result[row] - PERSON).sum(axis=-1) < 25
    truth = alpha[row] > 0.5
    assert abs(int(person.argmax()) - int(truth.argmax())) <= 2
    assert abs(int(person[::-1].argmax()) - int(truth[::-1].argmax())) <= 2


def test_the_same_picture_gives_the_same_result():
    picture, _, small = scene()
    first, second = (replace_background(picture, small, "studio") for _ in range(2))
    assert np.array_equal(first, second)
