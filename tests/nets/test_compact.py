import pytest
import torch

from deepflash.errors import UsageError
from deepflash.nets.compact import CompactUNet


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def test_at_most_one_and_a_half_million_parameters():
    assert sum(p.numel() for p in CompactUNet().parameters()) <= 1_500_000


@pytest.mark.parametrize(("height", "width"), [(64, 32), (33, 47), (1, 1)])
def test_output_has_the_size_of_any_input(height, width):
    y = CompactUNet((4, 4, 4), skips=(1, 2)).eval()(torch.rand(2, 3, height, width))
    assert y.shape == (2, 3, height, width)
    assert y.min() >= 0
    assert y.max() <= 1


def with_bottleneck_of(net: CompactUNet, picture: torch.Tensor, other: torch.Tensor):
    """Output for `picture` when the bottleneck is that of `other`."""
    with torch.no_grad():
        kept = []
        handle = net.down[-1].register_forward_hook(lambda *call: kept.append(call[2]))
        net(other)
        handle.remove()
        handle = net.down[-1].register_forward_hook(lambda *_: kept[0])
        out = net(picture)
        handle.remove()
    return out


def test_without_skips_only_the_bottleneck_reaches_the_decoder():
    a, b = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    net = CompactUNet(skips=()).eval()
    torch.testing.assert_close(with_bottleneck_of(net, a, b), net(b), rtol=0, atol=0)


@pytest.mark.parametrize("level", [0, 1, 2, 3, 4])
def test_each_skip_is_a_path_of_its_own(level):
    a, b = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    net = CompactUNet(skips=(level,)).eval()
    assert (with_bottleneck_of(net, a, b) - net(b)).abs().max() > 0


def test_training_starts_from_no_difference():
    y = CompactUNet().eval()(torch.rand(1, 3, 64, 64))
    assert (y - 0.5).abs().max() < 0.2


@pytest.mark.parametrize("skips", [(-1,), (5,)])
def test_unknown_levels_are_refused(skips):
    with pytest.raises(UsageError, match=r"levels 0\.\.4"):
        CompactUNet(skips=skips)
