"""A U-Net of 1.4 million parameters for CPUs and phones, with the interface of the paper's.

Works at half the picture's size inside, where four pixels are channels of one (Shi et al. 2016),
because the difference that it predicts is smooth and convolutions at full size would take half
of the time. Two narrow convolutions at full size, which also see the input, bring the edges
back; taking the channels apart again instead would leave a grid of two pixels in the result.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Float
from torch import Tensor, nn

from deepflash.errors import UsageError
from deepflash.nets.padding import pad_to_multiple

_EDGE_CHANNELS = 8


def _pair(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Sequential:
    # A bias in front of batch normalisation would be subtracted again.
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class CompactUNet(nn.Module):
    """Small U-Net from the filtered flash photograph to the encoded difference.

    Args:
        channels: of the levels, from half size down to 1/32.
        skips: levels (1 .. number of levels - 1) whose output reaches the decoder directly; 0 is
            the input itself, which the edge stage sees.

    Raises:
        UsageError: fewer than two levels, or a skip that is not one of them.
    """

    def __init__(
        self,
        channels: tuple[int, ...] = (24, 40, 80, 120, 160),
        skips: tuple[int, ...] = (0, 1, 2, 3, 4),
    ) -> None:
        super().__init__()
        levels = len(channels)
        if levels < 2:
            raise UsageError(f"channels takes at least two levels, got {list(channels)}")
        if not set(skips) <= set(range(levels)):
            raise UsageError(f"skips are levels 0..{levels - 1}, got {list(skips)}")
        self.skips = frozenset(skips)
        self.multiple = 2**levels
        sizes = (12, *channels)
        self.down = nn.ModuleList(
            _pair(sizes[i], sizes[i + 1], stride=1 if i == 0 else 2) for i in range(levels)
        )
        self.narrow = nn.ModuleList(
            nn.Conv2d(channels[i + 1], channels[i], 1) for i in range(levels - 1)
        )
        self.up = nn.ModuleList(
            _pair(channels[i] * (2 if i + 1 in self.skips else 1), channels[i])
            for i in range(levels - 1)
        )
        self.bridge = nn.Conv2d(channels[0], _EDGE_CHANNELS, 1)
        self.edges = nn.Sequential(
            nn.Conv2d(
                _EDGE_CHANNELS + (3 if 0 in skips else 0),
                _EDGE_CHANNELS,
                3,
                padding=1,
                padding_mode="replicate",
            ),
            nn.ReLU(inplace=True),
        )
        # Zeros around the picture would show as a frame in the result.
        self.head = nn.Conv2d(_EDGE_CHANNELS, 3, 3, padding=1, padding_mode="replicate")
        # Sigmoid of about 0 is 0.5, the encoding of "no difference": training starts from there.
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # pyright: ignore[reportArgumentType] - has a bias

    def forward(self, flash_low: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns y, the encoded difference in [0,1].

        Args:
            flash_low: filtered flash photograph, sRGB-encoded in [0,1], any size.
        """
        height, width = flash_low.shape[-2:]
        full = pad_to_multiple(flash_low, self.multiple) * 2 - 1
        x = F.pixel_unshuffle(full, 2)  # (b, 12, h/2, w/2)
        shortcuts = []
        for level in self.down:
            x = level(x)
            shortcuts.append(x)
        for i in reversed(range(len(self.up))):
            x = _doubled(self.narrow[i](x))
            if i + 1 in self.skips:
                x = torch.cat((x, shortcuts[i]), dim=1)
            x = self.up[i](x)
        x = _doubled(self.bridge(x))  # (b, 8, h, w)
        if 0 in self.skips:
            x = torch.cat((x, full), dim=1)
        return self.head(self.edges(x)).float().sigmoid()[..., :height, :width]


def _doubled(x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c 2*h 2*w"]:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
