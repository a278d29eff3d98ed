import pytest
import torch
import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by

from deepflash.errors import UsageError
from deepflash.nets.bilateral_grid import BilateralGrid, Guide, apply_grid, reduced


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def tiny(**options) -> BilateralGrid:
    return BilateralGrid(side=32, depth=4, channels=(4, 4, 8, 8), ramps=4, **options).eval()


def test_between_half_a_million_and_a_million_parameters():
    assert 5e5 < sum(p.numel() for p in BilateralGrid().parameters()) < 1e6


@pytest.mark.parametrize(("height", "width"), [(64, 32), (33, 47), (1, 1), (1, 90)])
def test_output_has_the_size_of_any_input(height, width):
    y = tiny()(torch.rand(2, 3, height, width))
    assert y.shape == (2, 3, height, width)
    assert y.min() >= 0
    assert y.max() <= 1


def test_training_starts_from_no_difference():
    y = BilateralGrid().eval()(torch.rand(1, 3, 64, 64))
    assert (y - 0.5).abs().max() < 0.05


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((256, 256), (256, 256)),
        ((512, 384), (256, 192)),
        ((384, 512), (192, 256)),
        ((100, 50), (256, 128)),
        ((400, 301), (256, 208)),  # 192.6, and the next multiple of 16
        ((5, 2000), (16, 256)),
    ],
)
def test_reduced_picture_keeps_the_proportions_in_whole_cells(size, expected):
    assert reduced(torch.rand(1, 3, *size), side=256).shape[-2:] == expected


def test_guide_starts_as_the_mean_of_the_colours():
    pictures = torch.rand(2, 3, 9, 11)
    mean = pictures.mean(1, keepdim=True)
    torch.testing.assert_close(Guide(12)(pictures), mean, rtol=0, atol=1e-6)


def test_guide_stays_within_the_grid():
    guide = Guide(4)
    torch.nn.init.constant_(guide.mix.weight, 3.0)
    pictures = torch.rand(1, 3, 8, 8) + 0.5
    assert guide(pictures).max() == 1
    torch.nn.init.constant_(guide.mix.bias, -30.0)
    assert guide(pictures).max() == 0


def constant(*transforms: torch.Tensor, rows: int = 2, columns: int = 3) -> torch.Tensor:
    """A grid with one 3 x 4 transform a depth, the same all over the picture."""
    cells = torch.stack([transform.flatten() for transform in transforms])
    return cells[None, :, :, None, None].expand(1, -1, -1, rows, columns)


MATRIX = torch.tensor([[0.5, 0.2, 0.0, 0.1], [0.0, 1.0, 0.0, 0.0], [0.3, 0.0, -1.0, 0.25]])


def test_transform_by_hand():
    picture = torch.tensor([0.2, 0.6, 0.4]).view(1, 3, 1, 1).expand(1, 3, 5, 7)
    result = apply_grid(constant(MATRIX, MATRIX), torch.rand(1, 1, 5, 7), picture)
    # 0.5 * 0.2 + 0.2 * 0.6 + 0.1, then 0.6, then 0.3 * 0.2 - 0.4 + 0.25
    expected = torch.tensor([0.32, 0.6, -0.09]).view(1, 3, 1, 1).expand(1, 3, 5, 7)
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-6)


def test_guide_chooses_the_depth_by_hand():
    offsets = [torch.zeros(3, 4) for _ in range(3)]
    for value, offset in zip((0.0, 1.0, 5.0), offsets, strict=True):
        offset[:, 3] = value
    guide = torch.tensor([0.0, 0.25, 0.5, 0.6, 1.0]).view(1, 1, 1, 5)
    result = apply_grid(constant(*offsets), guide, torch.rand(1, 3, 1, 5))
    # Depths lie at 0, 0.5 and 1: 0.6 is a fifth of the way from the second to the third.
    expected = torch.tensor([0.0, 0.5, 1.0, 1.8, 5.0]).expand(3, 5)
    torch.testing.assert_close(result[0, :, 0], expected, rtol=0, atol=1e-6)


def test_place_chooses_the_cells_by_hand():
    offset = torch.zeros(2, 12, 1, 2)
    offset[:, 7] = torch.tensor([0.0, 1.0])  # the constant of green
    result = apply_grid(offset[None], torch.rand(1, 1, 1, 8), torch.rand(1, 3, 1, 8))
    # Centres of the cells are at pixels 1.5 and 5.5; outside of them nothing changes.
    expected = torch.tensor([0, 0, 0.125, 0.375, 0.625, 0.875, 1, 1])
    torch.testing.assert_close(result[0, 1, 0], expected, rtol=0, atol=1e-6)
    assert result[0, [0, 2]].abs().max() == 0


def test_slices_as_trilinear_sampling_does():
    grid, guide = torch.randn(2, 5, 12, 4, 3), torch.rand(2, 1, 19, 14)
    picture = torch.rand(2, 3, 19, 14)
    y = (torch.arange(19) + 0.5) / 19 * 2 - 1
    x = (torch.arange(14) + 0.5) / 14 * 2 - 1
    # grid_sample counts depth from centre to centre here, and height and width between borders.
    z = guide[:, 0] * (2 * 4 / 5) - 4 / 5
    where = torch.stack((x.expand(2, 19, 14), y[:, None].expand(2, 19, 14), z), dim=-1)
    sampled = F.grid_sample(
        grid.transpose(1, 2), where[:, None], padding_mode="border", align_corners=False
    )[:, :, 0]
    transform = sampled.unflatten(1, (3, 4))
    colours = torch.cat((picture, torch.ones(2, 1, 19, 14)), dim=1)
    expected = torch.einsum("bijhw,bjhw->bihw", transform, colours)
    torch.testing.assert_close(apply_grid(grid, guide, picture), expected, rtol=0, atol=2e-5)


def test_small_differences_are_encoded_as_the_paper_does():
    net = tiny()
    torch.nn.init.zeros_(net.head.weight)
    bias = torch.zeros(4, 3, 4)
    bias[:, :, 3] = torch.tensor([0.02, 0.0, -0.02])
    net.head.bias = torch.nn.Parameter(bias.flatten())
    y = net(torch.rand(1, 3, 20, 30))
    expected = torch.tensor([0.51, 0.5, 0.49]).view(1, 3, 1, 1).expand_as(y)
    torch.testing.assert_close(y, expected, rtol=0, atol=1e-5)


def test_an_edge_of_the_full_picture_is_an_edge_of_the_result():
    net = tiny()
    torch.nn.init.zeros_(net.head.weight)
    bias = torch.zeros(4, 3, 4)
    bias[:2, :, 3], bias[2:, :, 3] = -1.0, 1.0
    net.head.bias = torch.nn.Parameter(bias.flatten())
    picture = torch.full((1, 3, 40, 400), 0.1)
    picture[..., 201:] = 0.9  # in the middle of a cell, which is 200 pixels wide
    y = net(picture)
    assert y[..., :201].max() < 0.2
    assert y[..., 201:].min() > 0.8


def test_the_whole_picture_reaches_every_cell():
    net = BilateralGrid(channels=(4, 4, 8, 8)).eval()
    torch.nn.init.normal_(net.head.weight)
    picture = torch.rand(1, 3, 256, 256)
    other = picture.clone()
    other[..., 224:, 224:] = 1.0
    change = (net.transforms(picture) - net.transforms(other)).abs().amax((0, 1, 2))
    # The convolutions of the first cell do not reach the last ones, sixteen cells away.
    assert change.shape == (16, 16)
    assert change.min() > 0


@pytest.mark.parametrize("name", ["guide.colour.weight", "down.0.0.weight", "head.weight"])
def test_every_part_learns(name):
    net = tiny().train()
    torch.nn.init.normal_(net.head.weight)
    net(torch.rand(2, 3, 32, 32)).square().mean().backward()
    assert dict(net.named_parameters())[name].grad.abs().max() > 0


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"side": 100}, "side is 100; choose a multiple of 16"),
        ({"side": 0}, "side is 0"),
        ({"depth": 1}, "depth is 1 and ramps 12; choose at least 2 and 1"),
        ({"ramps": 0}, "depth is 8 and ramps 0"),
        ({"channels": (8, 8)}, r"takes four numbers, got \[8, 8\]"),
    ],
)
def test_impossible_arguments_are_refused(options, said):
    with pytest.raises(UsageError, match=said):
        BilateralGrid(**options)
