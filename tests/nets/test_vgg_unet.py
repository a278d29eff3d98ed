from pathlib import Path

import pytest
import torch
from torchvision.models import vgg16

from deepflash.errors import UsageError, WeightsError
from deepflash.nets.vgg_unet import VGGUNet
from deepflash.nets.vgg_weights import read_vgg16


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def small(**changes) -> VGGUNet:
    return VGGUNet(weights="none", decoder_channels=(4, 4, 8, 8, 8), **changes).eval()


@pytest.mark.parametrize(("height", "width"), [(32, 64), (33, 47), (1, 1), (70, 31)])
def test_output_has_the_size_of_any_input(height, width):
    y = small()(torch.rand(2, 3, height, width))
    assert y.shape == (2, 3, height, width)
    assert y.min() >= 0
    assert y.max() <= 1


def test_padding_leaves_a_multiple_of_32_alone():
    net = small()
    picture = torch.rand(1, 3, 64, 64)
    bottom_repeated = torch.cat((picture, picture[:, :, -1:].expand(-1, -1, 5, -1)), dim=2)
    # 69 rows are padded to 96 by repeating the last row, which is what is there already.
    by_hand = torch.cat((picture, picture[:, :, -1:].expand(-1, -1, 32, -1)), dim=2)
    torch.testing.assert_close(net(bottom_repeated), net(by_hand)[:, :, :69])


def test_encoder_is_vgg16():
    net, reference = small(), vgg16(weights=None).features.eval()
    state = reference.state_dict()
    own = iter(state.values())
    for block in net.blocks:
        for layer in block:
            if isinstance(layer, torch.nn.Conv2d):
                layer.weight.data, layer.bias.data = next(own), next(own)
    assert next(own, None) is None
    x = torch.randn(1, 3, 64, 64)
    y = x
    for block in net.blocks:
        y = torch.nn.functional.max_pool2d(block(y), 2)
    torch.testing.assert_close(y, reference(x))


def bottleneck_only(net: VGGUNet, picture: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Output for `picture` when the bottleneck is that of `other`."""
    with torch.no_grad():
        kept = {}

        def keep(_module, inputs, _output):
            kept["bottleneck"] = inputs[0]

        def put(_module, inputs):
            return (kept["bottleneck"], *inputs[1:])

        handle = net.stages[4].register_forward_hook(keep)
        net(other)
        handle.remove()
        handle = net.stages[4].register_forward_pre_hook(put)
        out = net(picture)
        handle.remove()
        return out


def test_without_skips_only_the_bottleneck_reaches_the_decoder():
    a, b = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    net = small(skips=())
    torch.testing.assert_close(bottleneck_only(net, a, b), net(b), rtol=0, atol=0)


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5])
def test_each_skip_is_a_path_of_its_own(block):
    a, b = torch.rand(1, 3, 64, 64), torch.rand(1, 3, 64, 64)
    net = small(skips=(block,))
    assert (bottleneck_only(net, a, b) - net(b)).abs().max() > 0


def test_training_starts_from_no_difference():
    y = small()(torch.rand(1, 3, 64, 64))
    assert (y - 0.5).abs().max() < 0.2


def test_frozen_encoder_keeps_weights_and_statistics():
    net = VGGUNet(
        weights="none", freeze_encoder=True, batch_norm=True, decoder_channels=(4, 4, 4, 4, 4)
    ).train()
    before = {k: v.clone() for k, v in net.blocks.state_dict().items()}
    decoder = net.stages[0].up.convolution.weight.detach().clone()
    optimizer = torch.optim.SGD([p for p in net.parameters() if p.requires_grad], lr=1.0)
    net(torch.rand(2, 3, 32, 32)).square().mean().backward()
    optimizer.step()
    for name, value in net.blocks.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert not torch.equal(net.stages[0].up.convolution.weight, decoder)


def test_decoder_kinds_differ_in_their_layers():
    kinds = {
        kind: {type(s.up.convolution) for s in small(decoder=kind).stages}
        for kind in ("transposed", "resize")
    }
    assert kinds == {"transposed": {torch.nn.ConvTranspose2d}, "resize": {torch.nn.Conv2d}}


def test_paper_parameters():
    net = VGGUNet(weights="none")
    # VGG-16's 13 convolutions have 14,714,688 parameters (Simonyan 2014).
    assert sum(p.numel() for p in net.blocks.parameters()) == 14_714_688


@pytest.mark.parametrize("changes", [{"skips": (0,)}, {"skips": (6,)}])
def test_unknown_blocks_are_refused(changes):
    with pytest.raises(UsageError, match=r"blocks 1\.\.5"):
        small(**changes)


def original_naming(state: dict) -> dict:
    blocks = [(b, n) for b, count in enumerate((2, 2, 3, 3, 3), 1) for n in range(1, count + 1)]
    indices = sorted({int(name.split(".")[1]) for name in state})
    return {
        f"conv{b}_{n}.{part}": state[f"features.{i}.{part}"]
        for (b, n), i in zip(blocks, indices, strict=True)
        for part in ("weight", "bias")
    }


def test_both_namings_give_the_same_weights_and_their_own_normalisation(imagenet, tmp_path: Path):
    state = torch.load(imagenet, weights_only=True)
    torch.save(original_naming(state), tmp_path / "face.pth")
    torchvision, face = read_vgg16("imagenet"), read_vgg16(str(tmp_path / "face.pth"))
    assert torchvision.state.keys() == face.state.keys()
    for name, value in torchvision.state.items():
        assert torch.equal(value, face.state[name])
    assert torchvision.std == (0.229, 0.224, 0.225)
    # 0..255 less VGG-Face's mean, written for [0,1].
    mid_grey = (0.5 - torch.tensor(face.mean)) / torch.tensor(face.std)
    torch.testing.assert_close(mid_grey, 127.5 - torch.tensor([129.1863, 104.7624, 93.594]))


def test_network_takes_weights_and_normalisation_over(imagenet):
    net = VGGUNet(weights=str(imagenet), decoder_channels=(4, 4, 4, 4, 4))
    state = torch.load(imagenet, weights_only=True)
    assert torch.equal(net.blocks[0][0].weight, state["features.0.weight"])
    assert torch.equal(net.blocks[4][4].bias, state["features.28.bias"])
    assert net.mean.flatten().tolist() == pytest.approx([0.485, 0.456, 0.406])


def test_missing_file_says_what_to_put_where(tmp_path):
    with pytest.raises(WeightsError, match=r"no weights at .*face\.pth; put a VGG-16"):
        VGGUNet(weights=str(tmp_path / "face.pth"))


def test_incomplete_file_names_the_layer(tmp_path, imagenet):
    state = torch.load(imagenet, weights_only=True)
    del state["features.17.weight"]
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(WeightsError, match=r"lacks features\.17\.weight"):
        read_vgg16(str(tmp_path / "part.pth"))


def test_impossible_download_says_which_file_to_put_where(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    # A closed port on this machine stands for a network that is not there.
    monkeypatch.setattr(
        "deepflash.nets.vgg_weights.VGG16_Weights.IMAGENET1K_V1.value.url",
        "http://127.0.0.1:9/vgg16-397923af.pth",
        raising=False,
    )
    with pytest.raises(WeightsError, match=r"put vgg16-397923af\.pth .* into .*checkpoints"):
        read_vgg16("imagenet")
    assert not list((tmp_path / "hub" / "checkpoints").glob("*"))
