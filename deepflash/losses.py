"""What training minimises: the method's mean-removed MSE, and the terms it is compared with.

y and t are a prediction and its target, encoded, in [0,1] (see `targets`); y_d and t_d are the
low-frequency pictures they stand for, sRGB-encoded RGB of about [0,1]. `valid` marks the pixels
that count; each picture counts the same however many it has, and one without any counts nothing.
Everything is computed in float32 at least, whatever the autocast.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Bool, Float
from torch import Tensor, nn

from deepflash.errors import UsageError
from deepflash.metrics import ssim_map, whole_windows
from deepflash.precision import at_least_single


def mean_removed_mse(
    y: Float[Tensor, "b 3 h w"],
    t: Float[Tensor, "b 3 h w"],
    *,
    mean_weight: float = 0.0,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns 4 mean((d - (1 - w) E[d])^2) with d = t - y, E per channel of each image.

    For w = 0 it is L(y,t) of Capece et al. (2019), Fig. 3: with y_d = BL(x) - 2y + 1 the 4 is
    the square of the 2, which makes it the mean-removed MSE between y_d and t_d. The mean is
    then unsupervised: any colour cast costs nothing.

    Args:
        y: the prediction.
        t: the target.
        mean_weight: w in [0,1]; 1 is the plain MSE between y_d and t_d.
        valid: the pixels that count.
    """
    residual = at_least_single(t) - y
    residual = residual - (1 - mean_weight) * _picture_mean(residual, valid)
    return 4 * _batch_mean(residual.square(), valid)


def picture_mse(
    y_d: Float[Tensor, "b 3 h w"],
    t_d: Float[Tensor, "b 3 h w"],
    *,
    mean_weight: float = 0.0,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns mean((e - (1 - w) E[e])^2) with e = y_d - t_d, in squares of the picture's unit.

    The same as `mean_removed_mse` for the paper's target. For a log-ratio it weighs errors as
    they are seen: a wrong factor on black costs nothing.

    Args:
        y_d: the low-frequency picture that the prediction stands for.
        t_d: its target.
        mean_weight: w in [0,1].
        valid: the pixels that count.
    """
    residual = at_least_single(y_d) - t_d
    residual = residual - (1 - mean_weight) * _picture_mean(residual, valid)
    return _batch_mean(residual.square(), valid)


def l1(
    y: Float[Tensor, "b 3 h w"],
    t: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns 2 mean(|t - y|): for the paper's target the mean of |y_d - t_d|."""
    return 2 * _batch_mean((at_least_single(t) - y).abs(), valid)


def charbonnier(
    y: Float[Tensor, "b 3 h w"],
    t: Float[Tensor, "b 3 h w"],
    *,
    epsilon: float = 1e-3,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns the mean of sqrt(e^2 + epsilon^2) - epsilon with e = 2 (t - y): L1, rounded at 0.

    Args:
        y: the prediction.
        t: the target.
        epsilon: where it turns from square to linear; 1e-3 after Lai et al. (CVPR 2017).
        valid: the pixels that count.
    """
    error = 2 * (at_least_single(t) - y)
    return _batch_mean((error.square() + epsilon**2).sqrt() - epsilon, valid)


def ssim_loss(
    y_d: Float[Tensor, "b 3 h w"],
    t_d: Float[Tensor, "b 3 h w"],
    *,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns the mean of 1 - SSIM, the metric's own map, in [0,2].

    Raises:
        PictureError: the pictures are smaller than 6 pixels a side.
    """
    windows = None if valid is None else whole_windows(valid)
    return _batch_mean(1 - ssim_map(y_d, t_d), windows)


class VGGFeatures(nn.Module):
    """VGG-16 up to relu3_3, frozen: the responses that the perceptual loss compares.

    Its weights are buffers that no state dict holds, so checkpoints stay small and no optimizer
    finds them; `.to()` moves them all the same.

    Args:
        weights: as for `deepflash.nets.vgg_weights.read_vgg16`: `imagenet` or a file.

    Raises:
        WeightsError: the weights cannot be had.
    """

    # Convolutions by their place in torchvision's `vgg16().features`, block by block. The last
    # response of each block is compared: relu1_2, relu2_2, relu3_3.
    _BLOCKS = ((0, 2), (5, 7), (10, 12, 14))

    def __init__(self, weights: str = "imagenet") -> None:
        super().__init__()
        from deepflash.nets.vgg_weights import read_vgg16  # torchvision only where it is asked for

        read = read_vgg16(weights)
        for index in (index for block in self._BLOCKS for index in block):
            for part in ("weight", "bias"):
                values = read.state[f"{index}.{part}"].detach().clone()
                self.register_buffer(f"{part}_{index}", values, persistent=False)
        for name, values in (("mean", read.mean), ("std", read.std)):
            self.register_buffer(name, torch.tensor(values).view(1, 3, 1, 1), persistent=False)

    def forward(self, pictures: Float[Tensor, "b 3 h w"]) -> list[Float[Tensor, "b _ _ _"]]:
        """Returns the responses of the three blocks, at full, half and quarter size.

        Args:
            pictures: sRGB-encoded RGB of about [0,1], at least 4 pixels a side. The
                convolutions follow the autocast, which they are worth.
        """
        response = (pictures - self.get_buffer("mean")) / self.get_buffer("std")
        responses = []
        for number, block in enumerate(self._BLOCKS):
            if number:
                response = F.max_pool2d(response, 2)
            for index in block:
                weight, bias = self.get_buffer(f"weight_{index}"), self.get_buffer(f"bias_{index}")
                response = F.relu(F.conv2d(response, weight, bias, padding=1))
            responses.append(response)
        return responses


def perceptual(
    y_d: Float[Tensor, "b 3 h w"],
    t_d: Float[Tensor, "b 3 h w"],
    *,
    features: VGGFeatures,
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
) -> Float[Tensor, ""]:
    """Returns the mean squared difference of VGG-16's responses, averaged over three layers.

    The feature reconstruction loss of Johnson et al. (ECCV 2016), eq. 2. With a mask, what lies
    outside is taken from t_d, so that it differs in nothing. The responses are no pictures:
    expect values of a few units, and choose the weight accordingly.
    """
    t_d = t_d.detach()
    if valid is not None:
        y_d = torch.where(valid != 0, y_d, t_d)
    with torch.no_grad():
        goals = features(t_d)
    distances = [
        (at_least_single(response) - goal).square().mean()
        for response, goal in zip(features(y_d), goals, strict=True)
    ]
    return torch.stack(distances).mean()


class DifferenceLoss(nn.Module):
    """A weighted sum of the terms of this file. The defaults are the paper's loss.

    Args:
        mse: weight of `mean_removed_mse`.
        picture: weight of `picture_mse`.
        mean_weight: w of both, in [0,1]: 0 leaves the mean free, 1 is the plain MSE.
        l1: weight of `l1`.
        charbonnier: weight of `charbonnier`.
        ssim: weight of `ssim_loss`.
        perceptual: weight of `perceptual`.
        perceptual_weights: what VGG-16 was trained on: `imagenet` or a file. Read only if the
            term has a weight.

    Raises:
        UsageError: a weight is negative or not finite, all are 0, or mean_weight is not in
            [0,1].
        WeightsError: the weights of VGG-16 cannot be had.
    """

    def __init__(
        self,
        mse: float = 1.0,
        mean_weight: float = 0.0,
        picture: float = 0.0,
        l1: float = 0.0,
        charbonnier: float = 0.0,
        ssim: float = 0.0,
        perceptual: float = 0.0,
        perceptual_weights: str = "imagenet",
    ) -> None:
        super().__init__()
        self.weights = {
            "mse": mse,
            "picture": picture,
            "l1": l1,
            "charbonnier": charbonnier,
            "ssim": ssim,
            "perceptual": perceptual,
        }
        for name, weight in self.weights.items():
            if not 0 <= weight < math.inf:
                raise UsageError(f"loss: {name} is {weight}; a weight is 0 or more")
        if not any(self.weights.values()):
            raise UsageError(
                f"loss: {', '.join(self.weights)} are all 0; give one of them a weight above 0"
            )
        if not 0 <= mean_weight <= 1:
            raise UsageError(f"loss: mean_weight is {mean_weight}; choose a value from 0 to 1")
        self.mean_weight = mean_weight
        self.features = VGGFeatures(perceptual_weights) if perceptual else None

    def forward(
        self,
        y: Float[Tensor, "b 3 h w"],
        t: Float[Tensor, "b 3 h w"],
        *,
        y_d: Float[Tensor, "b 3 h w"],
        t_d: Float[Tensor, "b 3 h w"],
        valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None = None,
    ) -> dict[str, Float[Tensor, ""]]:
        """Returns `loss`, the weighted sum, and each term that has a weight, without it."""
        terms: dict[str, Tensor] = {}
        if self.weights["mse"]:
            terms["mse"] = mean_removed_mse(y, t, mean_weight=self.mean_weight, valid=valid)
        if self.weights["picture"]:
            terms["picture"] = picture_mse(y_d, t_d, mean_weight=self.mean_weight, valid=valid)
        if self.weights["l1"]:
            terms["l1"] = l1(y, t, valid=valid)
        if self.weights["charbonnier"]:
            terms["charbonnier"] = charbonnier(y, t, valid=valid)
        if self.weights["ssim"]:
            terms["ssim"] = ssim_loss(y_d, t_d, valid=valid)
        if self.features is not None:
            terms["perceptual"] = perceptual(y_d, t_d, features=self.features, valid=valid)
        total = torch.stack([self.weights[name] * term for name, term in terms.items()]).sum()
        return {"loss": total, **terms}


def _picture_mean(
    values: Float[Tensor, "b c h w"],
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None,
) -> Float[Tensor, "b c 1 1"]:
    """Returns the mean per channel of each picture over the pixels that count, 0 if none do."""
    if valid is None:
        return values.mean(dim=(2, 3), keepdim=True)
    inside = valid != 0
    total = torch.where(inside, values, 0).sum(dim=(2, 3), keepdim=True)
    return total / inside.sum(dim=(2, 3), keepdim=True).clamp(min=1)


def _batch_mean(
    values: Float[Tensor, "b c h w"],
    valid: Bool[Tensor, "b 1 h w"] | Float[Tensor, "b 1 h w"] | None,
) -> Float[Tensor, ""]:
    """Returns the mean over the pictures of which any pixel counts, 0 if there is none."""
    if valid is None:
        return values.mean()
    counting = (valid != 0).flatten(1).any(dim=1).sum().clamp(min=1)
    return _picture_mean(values, valid).mean(dim=1).sum() / counting
