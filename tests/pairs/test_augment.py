import numpy as np
import pytest

from deepflash.errors import UsageError
from deepflash.pairs.augment import Augmentation, AugmentSettings, fit_square

GEOMETRY_ONLY = {"exposure_ev": 0.0, "white_balance": 0.0, "noise": 0.0, "jpeg": 0.0}
PHOTOMETRY_ONLY = {"crop_area": 1.0, "flip": 0.0, "rotate_deg": 0.0}


def coordinates(height: int = 60, width: int = 80) -> np.ndarray:
    """Each pixel holds where it is."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack((rows * 3, columns * 3, (rows + columns) % 256), axis=2).astype(np.uint8)


def test_geometry_moves_both_pictures_and_the_mask_alike():
    augment = Augmentation(AugmentSettings(**GEOMETRY_ONLY), 32)
    picture = coordinates()
    mask = np.where(picture[..., 1] > 120, 255, 0).astype(np.uint8)
    moved = 0
    for seed in range(30):
        flash, studio, valid = augment(picture, picture, mask, seed=seed)
        np.testing.assert_array_equal(flash, studio)
        # A mask pixel is set where the coordinate it came from lies right of the line, up to the
        # pixel that smooth and nearest interpolation may disagree by.
        assert set(np.unique(valid)) <= {0, 255}
        column = flash[..., 1].astype(int)
        clear = np.abs(column - 121) > 15
        assert ((column > 121) == (valid == 255))[clear].mean() > 0.99
        moved += not np.array_equal(flash, fit_square(picture, 32))
    assert moved > 25


def test_photometry_touches_the_flash_picture_only():
    augment = Augmentation(AugmentSettings(**PHOTOMETRY_ONLY), 60)
    picture = coordinates(60, 60)
    changed = 0
    for seed in range(20):
        flash, studio, _ = augment(picture, picture, None, seed=seed)
        np.testing.assert_array_equal(studio, picture)
        changed += not np.array_equal(flash, picture)
    assert changed >= 15  # a small exposure alone may round to nothing


def test_inputs_stay_as_they_are_and_a_seed_repeats():
    augment = Augmentation(AugmentSettings(jpeg=1.0), 48)
    flash, studio = coordinates(), coordinates()[::-1].copy()
    kept = flash.copy(), studio.copy()
    first = augment(flash, studio, None, seed=5)
    augment(flash, studio, None, seed=6)
    again = augment(flash, studio, None, seed=5)
    np.testing.assert_array_equal(flash, kept[0])
    np.testing.assert_array_equal(studio, kept[1])
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert not np.array_equal(first[0], augment(flash, studio, None, seed=6)[0])


def test_results_do_not_share_memory_with_the_inputs():
    augment = Augmentation(
        AugmentSettings(**PHOTOMETRY_ONLY, exposure_ev=0.0, white_balance=0.0, noise=0.0, jpeg=0.0),
        60,
    )
    picture = coordinates(60, 60)
    flash, studio, _ = augment(picture, picture, None, seed=0)
    np.testing.assert_array_equal(flash, picture)
    assert not np.shares_memory(flash, picture)
    assert not np.shares_memory(studio, picture)


def test_exposure_is_a_gain_in_linear_light():
    settings = AugmentSettings(
        **PHOTOMETRY_ONLY, exposure_ev=1.0, white_balance=0.0, noise=0.0, jpeg=0.0
    )
    augment = Augmentation(settings, 32)
    # sRGB 188 is 0.5029 of linear light, 137 is 0.2502: one stop apart.
    picture = np.full((32, 32, 3), 188, np.uint8)
    values = {int(augment(picture, picture, None, seed=s)[0][0, 0, 0]) for s in range(200)}
    assert 137 <= min(values) <= 140
    assert max(values) >= 250


def test_white_balance_moves_red_and_blue_apart():
    settings = AugmentSettings(
        **PHOTOMETRY_ONLY, exposure_ev=0.0, white_balance=0.2, noise=0.0, jpeg=0.0
    )
    augment = Augmentation(settings, 32)
    grey = np.full((32, 32, 3), 128, np.uint8)
    for seed in range(20):
        red, green, blue = augment(grey, grey, None, seed=seed)[0][0, 0].astype(int)
        assert green == 128
        assert (red - 128) * (blue - 128) <= 0


def test_noise_has_the_promised_strength_and_no_bias():
    settings = AugmentSettings(
        **PHOTOMETRY_ONLY, exposure_ev=0.0, white_balance=0.0, noise=0.04, jpeg=0.0
    )
    augment = Augmentation(settings, 256)
    grey = np.full((256, 256, 3), 128, np.uint8)
    noises = [augment(grey, grey, None, seed=s)[0].astype(float) - 128 for s in range(40)]
    spreads = [noise.std() for noise in noises]
    # Four levels up to 0.04 of 255, about 10.2; half of the pictures have none.
    assert 8 < sum(s == 0 for s in spreads) < 32
    assert max(spreads) == pytest.approx(10.2, rel=0.03)
    assert abs(np.mean([noise.mean() for noise in noises])) < 0.05


def test_pictures_larger_than_the_noise_field():
    settings = AugmentSettings(**PHOTOMETRY_ONLY, noise=0.04)
    picture = np.full((900, 900, 3), 100, np.uint8)
    out = Augmentation(settings, 900)(picture, picture, None, seed=1)[0]
    assert out.shape == (900, 900, 3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"crop_area": 0.0}, "crop_area"), ({"flip": 1.5}, "flip"), ({"noise": -1.0}, "noise")],
)
def test_impossible_settings_are_refused_by_name(changes, named):
    with pytest.raises(UsageError, match=f"data.augment.{named}"):
        AugmentSettings(**changes)


def test_fit_square_takes_the_centre():
    picture = coordinates(40, 80)
    np.testing.assert_array_equal(fit_square(picture, 40), picture[:, 20:60])
    assert fit_square(picture, 20).shape == (20, 20, 3)


def test_exposure_does_not_follow_the_crop():
    """With one random stream for both, closer crops would be the darker ones."""
    settings = AugmentSettings(flip=0.0, rotate_deg=0.0, noise=0.0, jpeg=0.0, white_balance=0.0)
    augment = Augmentation(settings, 64)
    # Columns are brighter by one level a pixel in the studio picture; the flash is grey.
    ramp = np.repeat(np.arange(100, dtype=np.uint8)[None, :, None], 100, 0).repeat(3, 2)
    grey = np.full((100, 100, 3), 128, np.uint8)
    widths, levels = [], []
    for seed in range(400):
        flash, studio, _ = augment(grey, ramp, None, seed=seed)
        widths.append(int(studio[0, -1, 0]) - int(studio[0, 0, 0]))
        levels.append(int(flash[0, 0, 0]))
    assert np.std(widths) > 2
    assert np.std(levels) > 5
    # Of 400 independent pairs, a correlation beyond 0.15 has a chance of 0.3 %.
    assert abs(np.corrcoef(widths, levels)[0, 1]) < 0.15


def test_seeds_of_neighbouring_runs_share_no_stream():
    augment = Augmentation(AugmentSettings(), 48)
    picture = coordinates()
    first = [augment(picture, picture, None, seed=(0, i))[0].tobytes() for i in range(20)]
    other = [augment(picture, picture, None, seed=(2, i))[0].tobytes() for i in range(20)]
    assert not set(first) & set(other)
