"""The paper's network: VGG-16's convolutions, and a decoder with shortcuts from its blocks.

    input ─ block 1 ─ pool ─ block 2 ─ pool ─ ... ─ block 5 ─ pool ─┐
              │                │                      │             │ bottleneck, 1/32
    output ─ stage 1 ─ up ── stage 2 ── up ─ ... ─── stage 5 ─ up ──┘

Source: DeepFlash (Capece et al. 2019), Fig. 2: the first 13 convolutions are VGG-16's, the
decoder has convolutions and transposed convolutions, shortcuts start at VGG's blocks. Channels
of the decoder are not published; they mirror the encoder here.
"""

import itertools
from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Float
from torch import Tensor, nn

from deepflash.errors import UsageError
from deepflash.nets.padding import pad_to_multiple
from deepflash.nets.vgg_weights import BLOCK_CONVOLUTIONS, read_vgg16

_BLOCK_CHANNELS = (64, 128, 256, 512, 512)


def convolutions(sizes: Sequence[int], *, batch_norm: bool) -> nn.Sequential:
    """Returns 3x3 convolutions from `sizes[0]` through to `sizes[-1]` channels, each with ReLU."""
    layers: list[nn.Module] = []
    for channels_in, channels_out in itertools.pairwise(sizes):
        layers.append(nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=True))
        if batch_norm:
            layers.append(nn.BatchNorm2d(channels_out))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Upsampling(nn.Module):
    """Doubles the size, by a transposed convolution (paper) or by resizing and convolving."""

    def __init__(self, channels_in: int, channels_out: int, *, transposed: bool) -> None:
        super().__init__()
        self.transposed = transposed
        # Kernel = stride: every output pixel is reached by exactly one input pixel, so there is
        # no checkerboard of unequal overlaps (Odena 2016).
        self.convolution = (
            nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2)
            if transposed
            else nn.Conv2d(channels_in, channels_out, 3, padding=1)
        )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d 2*h 2*w"]:
        """Returns features of twice the size."""
        if not self.transposed:
            x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        return self.convolution(x)


class Stage(nn.Module):
    """One step of the decoder: up, join the shortcut if there is one, two convolutions."""

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        shortcut: int,
        transposed: bool,
        batch_norm: bool,
    ) -> None:
        super().__init__()
        self.up = Upsampling(channels_in, channels_out, transposed=transposed)
        self.fuse = convolutions(
            (channels_out + shortcut, channels_out, channels_out), batch_norm=batch_norm
        )

    def forward(
        self, x: Float[Tensor, "b c h w"], shortcut: Float[Tensor, "b s 2*h 2*w"] | None
    ) -> Float[Tensor, "b d 2*h 2*w"]:
        """Returns features of twice the size."""
        x = self.up(x)
        if shortcut is not None:
            x = torch.cat((x, shortcut), dim=1)
        return self.fuse(x)


class VGGUNet(nn.Module):
    """VGG-16 U-Net from the filtered flash photograph to the encoded difference.

    Args:
        skips: blocks (1..5) whose output reaches the decoder directly. Paper: all of them.
        weights: of the encoder: `none`, `imagenet`, or the path of a VGG-16 state dict; see
            `deepflash.nets.vgg_weights.read_vgg16`.
        freeze_encoder: keeps the encoder's weights as they are.
        batch_norm: normalises after every convolution; for training from scratch.
        decoder: `transposed` (paper) or `resize` (bilinear, then a convolution).
        decoder_channels: of the stages 1..5, from full size down.

    Raises:
        UsageError: a block outside 1..5, or not five decoder channels.
        WeightsError: the weights cannot be had; the message says which file to put where.
    """

    multiple = 32
    """Both sides of the input are padded to a multiple of this inside."""

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        skips: tuple[int, ...] = (1, 2, 3, 4, 5),
        weights: str = "imagenet",
        freeze_encoder: bool = False,
        batch_norm: bool = False,
        decoder: Literal["transposed", "resize"] = "transposed",
        decoder_channels: tuple[int, ...] = (32, 64, 128, 256, 512),
    ) -> None:
        super().__init__()
        if not set(skips) <= set(range(1, 6)):
            raise UsageError(f"skips are VGG blocks 1..5, got {list(skips)}")
        if len(decoder_channels) != 5:
            raise UsageError(f"decoder_channels takes five numbers, got {list(decoder_channels)}")
        self.skips = frozenset(skips)
        self.freeze_encoder = freeze_encoder
        sizes = (3, *_BLOCK_CHANNELS)
        self.blocks = nn.ModuleList(
            convolutions((sizes[i], *[sizes[i + 1]] * count), batch_norm=batch_norm)
            for i, count in enumerate(BLOCK_CONVOLUTIONS)
        )
        below = (*decoder_channels[1:], _BLOCK_CHANNELS[-1])
        self.stages = nn.ModuleList(
            Stage(
                below[i],
                decoder_channels[i],
                shortcut=_BLOCK_CHANNELS[i] if i + 1 in self.skips else 0,
                transposed=decoder == "transposed",
                batch_norm=batch_norm,
            )
            for i in range(5)
        )
        self.head = nn.Conv2d(decoder_channels[0], 3, 1)
        self.register_buffer("mean", torch.full((1, 3, 1, 1), 0.5))
        self.register_buffer("std", torch.full((1, 3, 1, 1), 0.5))
        self._initialise(weights)

    def _initialise(self, weights: str) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        # Sigmoid of about 0 is 0.5, the encoding of "no difference": training starts from there.
        nn.init.normal_(self.head.weight, std=0.01)
        if weights != "none":
            self.load_encoder(weights)
        if self.freeze_encoder:
            self.blocks.requires_grad_(False)

    def load_encoder(self, weights: str) -> None:
        """Fills the encoder from `weights`, and takes over their normalisation."""
        source = read_vgg16(weights)
        values = iter(source.state.values())
        for block in self.blocks:
            for layer in block.modules():
                if isinstance(layer, nn.Conv2d) and layer.bias is not None:
                    layer.weight.data.copy_(next(values))
                    layer.bias.data.copy_(next(values))
        self.mean.copy_(torch.tensor(source.mean).view(1, 3, 1, 1))
        self.std.copy_(torch.tensor(source.std).view(1, 3, 1, 1))

    def train(self, mode: bool = True) -> "VGGUNet":
        """Keeps a frozen encoder in evaluation mode, so that its batch statistics stay too."""
        super().train(mode)
        if self.freeze_encoder:
            self.blocks.eval()
        return self

    def forward(self, flash_low: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns y, the encoded difference in [0,1].

        Args:
            flash_low: filtered flash photograph, sRGB-encoded in [0,1], any size.
        """
        height, width = flash_low.shape[-2:]
        x = (pad_to_multiple(flash_low, self.multiple) - self.mean) / self.std
        shortcuts = []
        for block in self.blocks:
            x = block(x)  # (b, 64..512, h / 2^i, w / 2^i)
            shortcuts.append(x)
            x = F.max_pool2d(x, 2)
        for i in reversed(range(5)):
            x = self.stages[i](x, shortcuts[i] if i + 1 in self.skips else None)
        return self.head(x).float().sigmoid()[..., :height, :width]
