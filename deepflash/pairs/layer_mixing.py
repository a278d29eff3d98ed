"""Layers of light become flash pictures and targets on the training device.

The formulas are those of `deepflash.synth.mixing` and `deepflash.synth.camera`, for a batch; of the
camera, sharpness is left out, because the filter before the network takes it away.
"""

from typing import Any

import torch
from jaxtyping import Float, Int16, Int64, UInt8
from torch import Tensor
from torch.nn import functional

from deepflash.pairs.layers import CAMERA, EXPOSURE, LARGEST_ROOT
from deepflash.synth.camera import GREEN_KERNEL, KNEE_RANGE, LUMA, RED_BLUE_KERNEL
from deepflash.synth.lamps import LUMINANCE
from deepflash.synth.layer_file import BRIGHTEST
from deepflash.synth.mixing import FAINT, FRAME_KEY, FRAME_LIMIT

Pictures = Float[Tensor, "b h w 3"]
Masks = Float[Tensor, "b h w"]
_VEIL_CELLS = 8


def mixed(batch: dict[str, Any]) -> dict[str, Any]:
    """Returns the `deepflash.pairs.dataset.Batch` of a batch of `LayerSample`, on its device."""
    flash, target = compose_pairs(
        batch["roots"], batch["masks"], batch["weights"], batch["exposure"]
    )
    seeds = batch["noise_seed"]
    cameras = batch["cameras"]
    pictures = {
        # The target's noise must not be the flash picture's, which would teach to keep it.
        "flash": photograph(flash, cameras[:, 0], seeds),
        "studio": photograph(target, cameras[:, 1], seeds + 1),
    }
    valid = torch.ones_like(flash[..., :1])
    pictures = {n: p.permute(0, 3, 1, 2) for n, p in (pictures | {"valid": valid}).items()}
    return {**pictures, "name": batch["name"]}


def compose_pairs(
    roots: Int16[Tensor, "b n h w 3"],
    masks: UInt8[Tensor, "b h w 2"],
    weights: Float[Tensor, "b 3 n 3"],
    exposure: Float[Tensor, "b 6"],
) -> tuple[Pictures, Pictures]:
    """Returns flash pictures and targets, exposed; see `deepflash.synth.mixing.compose_pair`.

    Args:
        roots: of the layers' light; see `deepflash.pairs.layers.LARGEST_ROOT`.
        masks: coverage of person and skin.
        weights: of the layers in flash picture, target and kept background.
        exposure: columns of `EXPOSURE`.
    """
    # One scene after the other: a batch of layers in 32 bits would not fit beside the network.
    flash, target, kept = torch.stack(
        [_mix(*one) for one in zip(roots, weights, strict=True)], dim=1
    )
    drawn: dict[str, Tensor] = dict(zip(EXPOSURE, exposure.unbind(1), strict=True))
    person, skin = (masks.float() / 255).unbind(-1)
    face, behind = skin + 1e-3 * person + FAINT, 1 - person + FAINT
    gain = drawn["face"] / (_level(flash, face) + FAINT)
    frame = FRAME_KEY / (gain * _level(flash, torch.ones_like(person)) + FAINT)
    moved = (frame ** drawn["frame_weight"]).clamp(1 / FRAME_LIMIT, FRAME_LIMIT)
    flash = flash * _spread(gain * moved * drawn["flash"])
    target = target * _spread(drawn["face"] / (_level(target, face) + FAINT) * drawn["target"])
    bright = drawn["background"] * (_level(flash, behind) + FAINT)
    kept = kept * _spread(bright / (_level(kept, behind) + FAINT))
    own = (1 - person[..., None]) * _spread(drawn["kept"])
    return flash, target + own * (kept - target)


def _mix(roots: Int16[Tensor, "n h w 3"], weights: Float[Tensor, "3 n 3"]) -> Pictures:
    light = (roots.float() / LARGEST_ROOT).square() * BRIGHTEST
    # Not as a product of matrices, which some cards round to ten bits.
    return torch.stack([(light * rows[:, None, None]).sum(0) for rows in weights])


def _level(pictures: Pictures, weight: Masks) -> Float[Tensor, " b"]:
    roots = _weighted(pictures, LUMINANCE).clamp(min=0).sqrt()
    return ((roots * weight).sum((1, 2)) / weight.sum((1, 2))).square()


def _weighted(pictures: Pictures, weights: tuple[float, float, float]) -> Masks:
    return sum(w * pictures[..., c] for c, w in enumerate(weights))  # pyright: ignore[reportReturnType]


def _spread(values: Float[Tensor, " b"]) -> Float[Tensor, "b 1 1 1"]:
    return values[:, None, None, None]


def photograph(
    linear: Pictures, cameras: Float[Tensor, "b 11"], seeds: Int64[Tensor, " b"]
) -> Pictures:
    """Returns sRGB-encoded pictures in [0,1]; see `deepflash.synth.camera.photograph`.

    Args:
        linear: exposed light.
        cameras: columns of `CAMERA`.
        seeds: of the noise of each picture, so that it does not depend on its batch.
    """
    columns = (_spread(column) for column in cameras.unbind(1))
    camera: dict[str, Tensor] = dict(zip(CAMERA, columns, strict=True))
    light = linear * torch.cat([camera[n] for n in ("red", "green", "blue")], dim=-1)
    light = light * _vignette(light, camera["vignetting"])
    light = light + camera["veil"] * (_veil(light) - light)
    light = (light + _noise(light, camera, seeds)).clamp(min=0)
    encoded = _encode(_tone(light, camera["shoulder"]))
    encoded = encoded + camera["contrast"] * (2 * encoded - 1) * encoded * (1 - encoded)
    luma = _weighted(encoded, LUMA)[..., None]
    return (luma + camera["saturation"] * (encoded - luma)).clamp(0, 1)


def _vignette(light: Pictures, strength: Float[Tensor, "b 1 1 1"]) -> Float[Tensor, "b h w 1"]:
    rows, columns = (torch.linspace(-1, 1, s, device=light.device) ** 2 for s in light.shape[1:3])
    return 1 - strength / 2 * (rows[:, None] + columns)[None, ..., None]


def _veil(light: Pictures) -> Pictures:
    small = functional.adaptive_avg_pool2d(light.permute(0, 3, 1, 2), _VEIL_CELLS)
    for _ in range(2):  # together as wide as the Gaussian of `deepflash.synth.camera`
        small = functional.avg_pool2d(small, 3, stride=1, padding=1, count_include_pad=False)
    size = list(light.shape[1:3])
    return functional.interpolate(small, size, mode="bilinear").permute(0, 2, 3, 1)


def _noise(light: Pictures, camera: dict[str, Tensor], seeds: Int64[Tensor, " b"]) -> Pictures:
    generator = torch.Generator(light.device)
    grain = torch.stack(
        [
            torch.randn(light.shape[1:], device=light.device, generator=generator.manual_seed(seed))
            for seed in seeds.tolist()
        ]
    ).permute(0, 3, 1, 2)
    kernels = torch.tensor([RED_BLUE_KERNEL, GREEN_KERNEL, RED_BLUE_KERNEL], device=light.device)
    kernels = kernels / kernels.norm(dim=1, keepdim=True)
    kernels = (kernels[:, :, None] * kernels[:, None])[:, None]
    padded = functional.pad(grain, (1, 1, 1, 1), mode="reflect")
    grain = functional.conv2d(padded, kernels, groups=3).permute(0, 2, 3, 1)
    variance = camera["shot_noise"] * light + camera["read_variance"]
    grain = grain * variance.clamp(min=0).sqrt()
    return grain + camera["chroma_denoise"] * (_weighted(grain, LUMA)[..., None] - grain)


def _tone(light: Pictures, shoulder: Float[Tensor, "b 1 1 1"]) -> Pictures:
    # Without a shoulder the bend is so narrow that it is a clip.
    width = (KNEE_RANGE * shoulder).clamp(min=1e-6)
    knee = 1 - width
    bent = knee - width * torch.expm1(-(light - knee).clamp(min=0) / width)
    return torch.where(light <= knee, light, bent)


def _encode(light: Pictures) -> Pictures:
    light = light.clamp(0, 1)
    high = 1.055 * light.clamp(min=1e-6) ** (1 / 2.4) - 0.055
    return torch.where(light <= 0.0031308, light * 12.92, high)
