import math

import pytest
import torch
from jaxtyping import TypeCheckError
from torch.autograd import gradcheck

from deepflash import difference
from deepflash.errors import UsageError
from deepflash.losses import (
    DifferenceLoss,
    VGGFeatures,
    charbonnier,
    l1,
    mean_removed_mse,
    perceptual,
    picture_mse,
    ssim_loss,
)
from deepflash.metrics import ssim

ENCODED_LOSSES = [mean_removed_mse, l1, charbonnier]
VGG_CHANNELS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256)}
VGG_CHANNELS |= {12: (256, 256), 14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512)}
VGG_CHANNELS |= {24: (512, 512), 26: (512, 512), 28: (512, 512)}


def random_pictures(seed, *, count=2, height=12, width=14):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(count, 3, height, width, generator=generator)


def half_mask(pictures):
    mask = torch.zeros_like(pictures[:, :1], dtype=torch.bool)
    mask[..., : pictures.shape[-1] // 2] = True
    return mask


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory):
    """Weights of VGG-16's shape, drawn at random."""
    generator = torch.Generator().manual_seed(0)
    state = {}
    for index, (inputs, outputs) in VGG_CHANNELS.items():
        # Deeper layers are not looked at; a stride of 0 keeps them from filling the disk.
        scale = math.sqrt(2 / (9 * inputs))
        if index <= 14:
            weight = scale * torch.randn(outputs, inputs, 3, 3, generator=generator)
        else:
            weight = torch.zeros(1).expand(outputs, inputs, 3, 3)
        state[f"features.{index}.weight"] = weight
        state[f"features.{index}.bias"] = torch.full((outputs,), 0.01)
    path = tmp_path_factory.mktemp("weights") / "vgg16.pth"
    torch.save(state, path)
    return str(path)


def test_mean_removed_mse_by_hand():
    # t - y is (0, 0.4) in one channel: less its mean (-0.2, 0.2), squared 0.04, times 4 is 0.16;
    # the two other channels are off by a constant, which costs nothing.
    y = torch.full((1, 3, 1, 2), 0.5)
    t = y.clone()
    t[0, 0, 0, 1] = 0.9
    t[0, 1] = 0.8
    assert mean_removed_mse(y, t).item() == pytest.approx(0.16 / 3)
    # w = 1: squares are (0, 0.16), (0.09, 0.09) and 0, times 4, over 6.
    assert mean_removed_mse(y, t, mean_weight=1.0).item() == pytest.approx(4 * 0.34 / 6)
    # w = 0.5: (-0.1, 0.3) and (0.15, 0.15).
    expected = 4 * (0.01 + 0.09 + 2 * 0.0225) / 6
    assert mean_removed_mse(y, t, mean_weight=0.5).item() == pytest.approx(expected)


def test_mean_removed_mse_is_that_of_the_reconstructed_pictures():
    for seed in range(5):
        flash_low, y, t = (random_pictures(seed + k) for k in (0, 100, 200))
        y_d, t_d = difference.reconstruct(flash_low, y), difference.reconstruct(flash_low, t)
        error = (y_d - t_d).double()
        expected = (error - error.mean((2, 3), keepdim=True)).square().mean()
        result = mean_removed_mse(y, t)
        assert result.item() == pytest.approx(expected.item(), rel=1e-6)
        plain = mean_removed_mse(y, t, mean_weight=1.0)
        assert plain.item() == pytest.approx(error.square().mean().item(), rel=1e-6)
        assert l1(y, t).item() == pytest.approx(error.abs().mean().item(), rel=1e-6)


def test_mean_removed_mse_is_the_seed_formula():
    y, t = random_pictures(0, count=1).double(), random_pictures(1, count=1).double()
    pixels = y[0, 0].numel()
    total = 0.0
    for channel in range(3):
        y_c, t_c = y[0, channel].flatten(), t[0, channel].flatten()
        expectation = (y_c - t_c).mean()
        total += ((t_c - y_c + expectation) ** 2).sum()
    assert mean_removed_mse(y, t).item() == pytest.approx((4 / (3 * pixels) * total).item())


def test_any_colour_cast_is_free_until_the_mean_has_weight():
    t = random_pictures(2) * 0.5
    y = t + torch.rand(2, 3, 1, 1, generator=torch.Generator().manual_seed(3)) * 0.5
    assert mean_removed_mse(y, t).item() < 1e-12
    assert mean_removed_mse(y, t, mean_weight=0.1).item() > 1e-4


def test_picture_mse_by_hand():
    # Errors 0.4 and 0: their mean 0.2 counts a quarter, so 0.25 * 0.2 + (+-0.2) is left.
    y_d, t_d = torch.tensor([0.9, 0.5]), torch.tensor([0.5, 0.5])
    y_d, t_d = (values.view(1, 1, 1, 2).expand(1, 3, 1, 2) for values in (y_d, t_d))
    expected = (0.25**2 + 0.15**2) / 2
    assert float(picture_mse(y_d, t_d, mean_weight=0.25)) == pytest.approx(expected, rel=1e-5)


def test_picture_mse_is_the_papers_loss_for_the_papers_target():
    y, t, flash_low = (random_pictures(seed) for seed in (1, 2, 3))
    y_d, t_d = flash_low - 2 * y + 1, flash_low - 2 * t + 1
    ours = picture_mse(y_d, t_d, mean_weight=0.3)
    torch.testing.assert_close(ours, mean_removed_mse(y, t, mean_weight=0.3))


def test_l1_and_charbonnier_by_hand():
    y = torch.full((1, 3, 2, 2), 0.5)
    t = y + 0.15
    assert l1(y, t).item() == pytest.approx(0.3)
    assert charbonnier(y, t, epsilon=0.4).item() == pytest.approx(0.1)
    assert charbonnier(y, t, epsilon=1e-6).item() == pytest.approx(0.3, abs=1e-5)


def test_ssim_loss_is_one_less_the_metric():
    a, b = random_pictures(4, width=30), random_pictures(5, width=30)
    assert ssim_loss(a, b).item() == pytest.approx(1 - ssim(a, b).mean().item(), abs=1e-6)
    valid = half_mask(a)
    expected = 1 - ssim(a, b, valid=valid).mean().item()
    assert ssim_loss(a, b, valid=valid).item() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("loss", [*ENCODED_LOSSES, ssim_loss])
class TestEveryPixelLoss:
    def test_zero_when_equal(self, loss):
        t = random_pictures(6)
        assert loss(t, t).item() == pytest.approx(0, abs=1e-6)
        assert loss(1 - t, t).item() > 0.01

    def test_gradient(self, loss):
        y = random_pictures(7, count=1, height=6, width=6).double().requires_grad_()
        t = random_pictures(8, count=1, height=6, width=6).double()
        assert gradcheck(lambda y: loss(y, t), (y,))

    def test_batch_is_the_mean_of_its_pictures(self, loss):
        y, t = random_pictures(9, count=3), random_pictures(10, count=3)
        single = torch.stack([loss(y[i : i + 1], t[i : i + 1]) for i in range(3)]).mean()
        assert loss(y, t).item() == pytest.approx(single.item(), rel=1e-5)

    def test_pixels_outside_the_mask_change_nothing(self, loss):
        y, t = random_pictures(11, width=30), random_pictures(12, width=30)
        valid = half_mask(y)
        before = loss(y, t, valid=valid)
        changed = torch.where(valid, y, 1 - y)
        assert torch.equal(loss(changed, t, valid=valid), before)
        assert torch.equal(loss(y, t, valid=valid.float()), before)
        assert not torch.isclose(loss(changed, t), before)

    def test_full_mask_is_no_mask(self, loss):
        y, t = random_pictures(13), random_pictures(14)
        full = torch.ones_like(y[:, :1])
        assert loss(y, t, valid=full).item() == pytest.approx(loss(y, t).item(), rel=1e-6)

    def test_picture_without_valid_pixels_counts_nothing(self, loss):
        y, t = random_pictures(15), random_pictures(16)
        valid = torch.ones_like(y[:, :1])
        valid[1] = 0
        y.requires_grad_()
        value = loss(y, t, valid=valid)
        assert value.item() == pytest.approx(loss(y[:1], t[:1]).item(), rel=1e-6)
        value.backward()
        assert y.grad.isfinite().all()
        assert (y.grad[1] == 0).all()
        assert loss(y, t, valid=torch.zeros_like(valid)).item() == 0

    def test_half_precision_is_summed_in_single(self, loss):
        y, t = random_pictures(17), random_pictures(18)
        y, t = y.bfloat16(), t.bfloat16()
        with torch.autocast("cpu", torch.bfloat16):
            value = loss(y, t)
        assert value.dtype == torch.float32
        assert value.item() == pytest.approx(loss(y.double(), t.double()).item(), rel=1e-5)

    def test_refuses_other_shapes(self, loss):
        with pytest.raises(TypeCheckError):
            loss(torch.zeros(1, 3, 8, 8), torch.zeros(1, 3, 8, 9))


def test_vgg_features_are_those_of_torchvision(vgg_file):
    torchvision_models = pytest.importorskip("torchvision.models")
    state = torch.load(vgg_file, weights_only=True)
    network = torchvision_models.vgg16(init_weights=False).features
    network.load_state_dict({name.removeprefix("features."): v for name, v in state.items()})
    pictures = random_pictures(19, height=16, width=12)
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    responses = VGGFeatures(vgg_file)(pictures)
    # relu1_2, relu2_2 and relu3_3 stand at these places of torchvision's list.
    for response, last in zip(responses, (3, 8, 15), strict=True):
        expected = network[: last + 1]((pictures - mean) / std)
        torch.testing.assert_close(response, expected)


def test_perceptual_is_the_mean_squared_difference_of_responses(vgg_file):
    features = VGGFeatures(vgg_file)
    a, b = random_pictures(20), random_pictures(21)
    assert perceptual(a, a, features=features).item() == 0
    expected = torch.stack(
        [(x - y).square().mean() for x, y in zip(features(a), features(b), strict=True)]
    ).mean()
    torch.testing.assert_close(perceptual(a, b, features=features), expected)


def test_perceptual_does_not_see_outside_the_mask(vgg_file):
    features = VGGFeatures(vgg_file)
    a, b = random_pictures(22), random_pictures(23)
    valid = half_mask(a)
    before = perceptual(a, b, features=features, valid=valid)
    changed = torch.where(valid, a, 1 - a)
    assert torch.equal(perceptual(changed, b, features=features, valid=valid), before)
    assert perceptual(a, b, features=features, valid=valid & False).item() == 0


def test_perceptual_gradient(vgg_file):
    features = VGGFeatures(vgg_file).double()
    a = random_pictures(24, count=1, height=4, width=4).double().requires_grad_()
    b = random_pictures(25, count=1, height=4, width=4).double()
    assert gradcheck(lambda a: perceptual(a, b, features=features), (a,), fast_mode=True)


def test_module_is_the_weighted_sum_of_the_functions(vgg_file):
    y, t, y_d, t_d = (random_pictures(seed) for seed in (26, 27, 28, 29))
    valid = half_mask(y)
    valid[..., :12] = True
    loss = DifferenceLoss(
        mse=1.0,
        mean_weight=0.25,
        picture=0.75,
        l1=0.5,
        charbonnier=2.0,
        ssim=3.0,
        perceptual=0.125,
        perceptual_weights=vgg_file,
    )
    values = loss(y, t, y_d=y_d, t_d=t_d, valid=valid)
    assert loss.features is not None
    expected = {
        "mse": mean_removed_mse(y, t, mean_weight=0.25, valid=valid),
        "picture": picture_mse(y_d, t_d, mean_weight=0.25, valid=valid),
        "l1": l1(y, t, valid=valid),
        "charbonnier": charbonnier(y, t, valid=valid),
        "ssim": ssim_loss(y_d, t_d, valid=valid),
        "perceptual": perceptual(y_d, t_d, features=loss.features, valid=valid),
    }
    assert values.keys() == {"loss", *expected}
    for name, term in expected.items():
        assert torch.equal(values[name], term), name
    weights = {
        "mse": 1.0,
        "picture": 0.75,
        "l1": 0.5,
        "charbonnier": 2.0,
        "ssim": 3.0,
        "perceptual": 0.125,
    }
    total = sum(weights[name] * term for name, term in expected.items())
    torch.testing.assert_close(values["loss"], total)


def test_default_is_the_paper():
    y, t, y_d, t_d = (random_pictures(seed) for seed in (30, 31, 32, 33))
    values = DifferenceLoss()(y, t, y_d=y_d, t_d=t_d)
    assert values.keys() == {"loss", "mse"}
    assert torch.equal(values["loss"], mean_removed_mse(y, t))


def test_frozen_network_stays_out_of_checkpoints_and_optimizers(vgg_file):
    loss = DifferenceLoss(perceptual=1.0, perceptual_weights=vgg_file)
    assert not loss.state_dict()
    assert not list(loss.parameters())
    moved = loss.to(torch.float64).features
    assert moved is not None
    assert moved.get_buffer("weight_0").dtype == torch.float64


def test_gradient_goes_to_the_prediction_only(vgg_file):
    loss = DifferenceLoss(mse=0.0, perceptual=1.0, perceptual_weights=vgg_file)
    y_d, t_d = random_pictures(34).requires_grad_(), random_pictures(35).requires_grad_()
    loss(y_d, t_d, y_d=y_d, t_d=t_d, valid=half_mask(y_d))["loss"].backward()
    assert y_d.grad is not None
    assert y_d.grad.abs().sum() > 0
    assert t_d.grad is None


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"l1": -1.0}, "l1 is -1.0"),
        ({"ssim": math.nan}, "ssim is nan"),
        ({"mse": math.inf}, "mse is inf"),
        ({"mse": 0.0}, "mse, picture, l1, charbonnier, ssim, perceptual are all 0"),
        ({"mean_weight": 1.5}, "mean_weight is 1.5"),
        ({"mean_weight": -0.1}, "mean_weight is -0.1"),
    ],
)
def test_refuses_impossible_weights(arguments, named):
    with pytest.raises(UsageError, match=named):
        DifferenceLoss(**arguments)
