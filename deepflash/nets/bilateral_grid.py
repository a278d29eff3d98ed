"""A bilateral grid of local colour transforms, with the interface of the other networks.

    input ─ reduced to `side` ─ four strided levels ─┬─ local ──┬─ grid of 3 x 4 transforms
      │                                              └─ global ─┘            │
      └─ guide (one value a pixel) ──────────────────────────────────── slice ─ apply ─ y

Source: Gharbi et al., "Deep Bilateral Learning for Real-Time Image Enhancement" (HDRNet), ACM
TOG 36(4), 2017. The transforms are predicted from a small picture, one for each cell of a coarse
grid over place and brightness; each pixel takes those of its own place and brightness, so the
result follows the edges of the full picture although nothing heavy runs at full size.

Other than there, the transform gives the difference of flash and studio rather than the studio
picture, and sides of any proportion keep it in the reduced picture.
"""

import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Float
from torch import Tensor, nn

from deepflash.errors import UsageError

_COEFFICIENTS = 12  # three outputs, each of red, green, blue and a constant


def _layer(channels_in: int, channels_out: int, *, stride: int = 1) -> nn.Sequential:
    # A bias in front of batch normalisation would be subtracted again.
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class Guide(nn.Module):
    """One value in [0,1] a pixel, by which it finds its transforms: a learnt brightness.

    A sum of learnt ramps of the colours (Gharbi et al. 2017, section 3.4.1); it starts as the
    mean of red, green and blue.
    """

    def __init__(self, ramps: int) -> None:
        super().__init__()
        self.colour = nn.Conv2d(3, ramps, 1)
        self.mix = nn.Conv2d(ramps, 1, 1)
        # Slightly unequal, or all ramps would learn the same.
        nn.init.normal_(self.colour.weight, 1 / 3, 0.02)
        nn.init.zeros_(self.mix.weight)
        with torch.no_grad():
            self.colour.weight[0] = 1 / 3
            self.mix.weight[0, 0] = 1
        self.colour.bias = nn.Parameter(-torch.arange(ramps) / ramps)
        self.mix.bias = nn.Parameter(torch.zeros(1))

    def forward(self, flash_low: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 1 h w"]:
        """Returns the guide in [0,1]."""
        return self.mix(self.colour(flash_low).relu()).clamp(0, 1)


class BilateralGrid(nn.Module):
    """HDRNet's idea, from the filtered flash photograph to the encoded difference.

    Args:
        side: long side in pixels of the reduced picture, a multiple of 16. Smaller pictures are
            enlarged to it, so that the grid always has side / 16 cells along the long side.
        depth: cells of the grid over brightness.
        channels: of the four levels that go down to the grid.
        ramps: of the guide.

    Raises:
        UsageError: a side that is no multiple of 16, fewer than two cells or one ramp, or not
            four levels.
    """

    def __init__(
        self,
        side: int = 256,
        depth: int = 8,
        channels: tuple[int, ...] = (16, 32, 64, 128),
        ramps: int = 12,
    ) -> None:
        super().__init__()
        if side < 16 or side % 16:
            raise UsageError(f"side is {side}; choose a multiple of 16")
        if depth < 2 or ramps < 1:
            raise UsageError(f"depth is {depth} and ramps {ramps}; choose at least 2 and 1")
        if len(channels) != 4:
            raise UsageError(f"channels takes four numbers, got {list(channels)}")
        self.side = side
        self.depth = depth
        last = channels[-1]
        sizes = (3, *channels)
        self.down = nn.Sequential(*(_layer(sizes[i], sizes[i + 1], stride=2) for i in range(4)))
        self.local = nn.Sequential(
            _layer(last, last), nn.Conv2d(last, last, 3, padding=1, bias=False)
        )
        self.whole = nn.Sequential(_layer(last, last, stride=2), _layer(last, last, stride=2))
        self.summary = nn.Sequential(
            nn.Conv2d(last, last, 1), nn.ReLU(inplace=True), nn.Conv2d(last, last, 1)
        )
        self.head = nn.Conv2d(last, _COEFFICIENTS * depth, 1)
        self.guide = Guide(ramps)
        # Transforms of about 0 give "no difference": training starts from there.
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)  # pyright: ignore[reportArgumentType] - has a bias

    def forward(self, flash_low: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns y, the encoded difference in [0,1].

        Args:
            flash_low: filtered flash photograph, sRGB-encoded in [0,1], any size.
        """
        grid = self.transforms(flash_low)
        difference = apply_grid(grid, self.guide(flash_low).float(), flash_low)
        # (difference + 1) / 2 where differences are small, without a kink where they are not.
        return (2 * difference).sigmoid()

    def transforms(
        self, flash_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b depth 12 rows columns"]:
        """Returns the grid: a 3 x 4 colour transform, row by row, for each cell."""
        x = reduced(flash_low, side=self.side)
        x = self.down(x * 2 - 1)  # (b, 128, rows, columns)
        whole = self.summary(self.whole(x).mean((-2, -1), keepdim=True))
        x = self.head(F.relu(self.local(x) + whole)).float()
        return x.unflatten(1, (self.depth, _COEFFICIENTS))


def reduced(
    pictures: Float[Tensor, "b 3 h w"], *, side: int
) -> Float[Tensor, "b 3 reduced_h reduced_w"]:
    """Returns the pictures with their long side at `side`, the other one in proportion.

    Both become multiples of 16. Neighbours are not averaged first: a filtered photograph has
    next to nothing that could alias.
    """
    height, width = pictures.shape[-2:]
    # The larger one without a comparison, which a traced graph would not repeat for other sizes.
    longer = 16 * (height + width + abs(height - width)) // 2
    rows = (height * side + longer - 1) // longer
    columns = (width * side + longer - 1) // longer
    return F.interpolate(
        pictures, size=(16 * rows, 16 * columns), mode="bilinear", align_corners=False
    )


def apply_grid(
    grid: Float[Tensor, "b depth 12 rows columns"],
    guide: Float[Tensor, "b 1 h w"],
    picture: Float[Tensor, "b 3 h w"],
) -> Float[Tensor, "b 3 h w"]:
    """Returns each pixel's colour after the transform that the grid holds for it.

    The transform is interpolated linearly between the eight cells around a pixel: by place
    between their centres, the outermost reaching to the border, and by `guide` between depths,
    where 0 is the first and 1 the last. That is slicing by trilinear interpolation (Chen et al.,
    "Real-time edge-aware image processing with the bilateral grid", ACM TOG 26(3), 2007).

    Args:
        grid: 3 x 4 transforms; three rows of factors of red, green, blue and a constant.
        guide: in [0,1].
        picture: colours.
    """
    height, width = picture.shape[-2:]
    depths = grid.unbind(1)
    position = guide * (len(depths) - 1)
    transform = torch.zeros((), device=grid.device, dtype=grid.dtype)
    for k, cells in enumerate(depths):
        placed = F.interpolate(cells, size=(height, width), mode="bilinear", align_corners=False)
        transform = transform + placed * (1 - (position - k).abs()).relu()
    transform = transform.unflatten(1, (3, 4))  # (b, 3, 4, h, w)
    return (transform[:, :, :3] * picture[:, None]).sum(2) + transform[:, :, 3]
