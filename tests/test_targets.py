import math

import pytest
import torch
from jaxtyping import TypeCheckError
from jsonargparse import ArgumentParser

from deepflash import difference
from deepflash.errors import UsageError
from deepflash.targets import Difference, DirectImage, LogRatio, Target, without_mean

ALL = [Difference(), DirectImage(), LogRatio()]


def name(target):
    return type(target).__name__


def random_pictures(seed, *, low=0.0):
    generator = torch.Generator().manual_seed(seed)
    return low + (1 - low) * torch.rand(2, 3, 6, 5, generator=generator)


@pytest.mark.parametrize("target", ALL, ids=name)
def test_low_undoes_encode(target):
    # Above 1/8 every ratio is within LogRatio's three stops.
    flash, studio = random_pictures(0, low=0.125), random_pictures(1, low=0.125)
    restored = target.low(target.encode(flash, studio), flash)
    torch.testing.assert_close(restored, studio, rtol=0, atol=2e-6)


@pytest.mark.parametrize("target", ALL, ids=name)
def test_encoding_lies_within_the_reach_of_a_sigmoid(target):
    flash, studio = random_pictures(2).round(), random_pictures(3).round()
    t = target.encode(flash, studio)
    assert t.min() >= 0
    assert t.max() <= 1


@pytest.mark.parametrize("target", ALL, ids=name)
def test_zero_correction_changes_nothing(target):
    photo = random_pictures(4)
    assert torch.equal(target.apply(photo, torch.zeros_like(photo)), photo)


@pytest.mark.parametrize("target", ALL, ids=name)
def test_equal_photographs_need_no_correction(target):
    flash = random_pictures(5)
    correction = target.decode(target.encode(flash, flash), flash)
    assert torch.equal(correction, torch.zeros_like(flash))


@pytest.mark.parametrize("target", ALL, ids=name)
def test_correction_of_a_smooth_picture_lights_the_detailed_one(target):
    # Flash 0.5 and studio 0.25: every target must bring a pixel of 0.5 to 0.25.
    flash, studio = torch.full((1, 3, 1, 1), 0.5), torch.full((1, 3, 1, 1), 0.25)
    correction = target.decode(target.encode(flash, studio), flash)
    torch.testing.assert_close(target.apply(flash, correction), studio)
    brighter = target.apply(flash + 0.125, correction)
    expected = 0.3125 if isinstance(target, LogRatio) else 0.375
    torch.testing.assert_close(brighter, torch.full_like(brighter, expected))


def test_difference_is_the_paper():
    flash, studio = random_pictures(6), random_pictures(7)
    t = Difference().encode(flash, studio)
    assert torch.equal(t, difference.encode(flash, studio))
    assert torch.equal(Difference().low(t, flash), difference.reconstruct(flash, t))


def test_difference_does_not_clip():
    dark = torch.full((1, 3, 1, 1), 0.25)
    assert (Difference().low(torch.ones_like(dark), dark) == -0.75).all()


def test_log_ratio_counts_stops():
    target = LogRatio(epsilon=1 / 64, max_stops=2.0)
    flash = torch.full((1, 3, 1, 1), 0.5)
    for studio, expected in [(0.25, 0.75), (1.0, 0.25), (0.125, 1.0), (1 / 64, 1.0)]:
        t = target.encode(flash, torch.full_like(flash, studio))
        torch.testing.assert_close(t, torch.full_like(t, expected))
    correction = target.decode(torch.full_like(flash, 0.75), flash)
    torch.testing.assert_close(correction, torch.full_like(flash, math.log(2)))


def test_log_ratio_survives_black():
    black = torch.zeros(1, 3, 2, 2)
    target = LogRatio()
    assert (target.encode(black, black) == 0.5).all()
    assert (target.low(target.encode(black, black + 1), black) == 0).all()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"epsilon": 0.0}, "epsilon"),
        ({"epsilon": math.nan}, "epsilon"),
        ({"max_stops": -1.0}, "max_stops"),
    ],
)
def test_log_ratio_refuses_impossible_arguments(arguments, named):
    with pytest.raises(UsageError, match=named):
        LogRatio(**arguments)


@pytest.mark.parametrize("target", [Difference(), DirectImage()], ids=name)
def test_without_mean_keeps_the_mean_of_each_channel(target):
    flash, studio = random_pictures(8), random_pictures(9)
    correction = without_mean(target.decode(target.encode(flash, studio), flash))
    result = target.apply(flash, correction)
    torch.testing.assert_close(result.mean((2, 3)), flash.mean((2, 3)))
    assert not torch.allclose(result, flash, atol=0.1)


def test_without_mean_takes_each_channel_of_each_image_alone():
    correction = torch.tensor([0.0, 1.0]).view(1, 1, 1, 2) * torch.arange(6.0).view(2, 3, 1, 1)
    expected = torch.tensor([-0.5, 0.5]).view(1, 1, 1, 2) * torch.arange(6.0).view(2, 3, 1, 1)
    assert torch.equal(without_mean(correction), expected)


@pytest.mark.parametrize("target", ALL, ids=name)
def test_gradient_reaches_the_prediction(target):
    flash = random_pictures(10).double()[:1, :, :2, :2]
    y = (flash / 2 + 0.2).requires_grad_()
    assert torch.autograd.gradcheck(lambda y: target.low(y, flash), (y,))


def test_yaml_builds_a_target():
    parser = ArgumentParser(exit_on_error=False)
    parser.add_argument("--target", type=Target)
    text = '{"class_path": "deepflash.targets.LogRatio", "init_args": {"max_stops": 2}}'
    target = parser.instantiate(parser.parse_args([f"--target={text}"])).target
    assert isinstance(target, LogRatio)
    assert target.max_stops == 2


def test_refuses_other_shapes():
    with pytest.raises(TypeCheckError):
        Difference().encode(torch.zeros(1, 3, 4, 4), torch.zeros(1, 3, 4, 5))
