from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto
from torch import nn

from deepflash import onnx_export
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_header import encode_header
from deepflash.nets.bilateral_grid import BilateralGrid
from deepflash.nets.compact import CompactUNet
from deepflash.nets.vgg_unet import VGGUNet
from deepflash.onnx_export import export_onnx
from tests.enhance.model_files import HEADER, lively, small_net

# None of them is one that the export looks at itself.
SIZES = [(1, 96, 64), (1, 61, 122), (3, 77, 40), (1, 2, 2), (1, 130, 129)]


def answer(path: Path, pictures: torch.Tensor) -> np.ndarray:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return np.asarray(session.run(["y"], {"flash_low": pictures.numpy()})[0])


def assert_same(path: Path, net: nn.Module, *, within: float) -> None:
    for shape in SIZES:
        pictures = torch.rand(shape[0], 3, *shape[1:])
        with torch.no_grad():
            expected = net(pictures).numpy()
        np.testing.assert_allclose(answer(path, pictures), expected, rtol=0, atol=within)


def vgg(**options) -> VGGUNet:
    return VGGUNet(weights="none", decoder_channels=(4, 4, 8, 8, 8), **options)


NETS = {
    "compact": lambda: CompactUNet((8, 16, 24, 32), skips=(0, 1, 2, 3)),
    "compact without skips": lambda: CompactUNet((8, 16), skips=()),
    "bilateral grid": lambda: BilateralGrid(side=96),
    "vgg": vgg,
    "vgg with batch norm": lambda: vgg(batch_norm=True, decoder="resize", skips=(2, 4)),
}


@pytest.mark.parametrize("half", [False, True], ids=["single", "half"])
@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n.startswith("vgg") else n for n in NETS],
)
def test_every_network_answers_as_in_torch_at_any_size(name, half, tmp_path: Path):
    torch.manual_seed(0)
    net = lively(NETS[name]())
    with torch.no_grad():
        assert net(torch.rand(1, 3, 64, 64)).std() > 0.01
    told = export_onnx(tmp_path / "m.onnx", net, HEADER, half=half)
    assert_same(tmp_path / "m.onnx", net, within=1 / 255 if half else 5e-5)
    assert 0 < told < (1 / 255 if half else 5e-5)


@pytest.mark.parametrize("opset", [13, 17, 20])
def test_the_opset_is_the_one_asked_for(opset, tmp_path: Path):
    export_onnx(tmp_path / "m.onnx", small_net(), HEADER, opset=opset)
    (imported,) = onnx.load(tmp_path / "m.onnx").opset_import
    assert (imported.domain, imported.version) == ("", opset)


@pytest.mark.parametrize("opset", [12, 21])
def test_other_opsets_are_refused(opset, tmp_path: Path):
    with pytest.raises(UsageError, match=rf"--opset is {opset}; .* 13 to 20"):
        export_onnx(tmp_path / "m.onnx", small_net(), HEADER, opset=opset)


def test_the_compact_network_takes_less_than_four_megabytes_in_half(tmp_path: Path):
    export_onnx(tmp_path / "m.onnx", lively(CompactUNet()), HEADER, half=True)
    assert (tmp_path / "m.onnx").stat().st_size < 4e6


def test_half_weights_run_in_single_precision_without_casts(tmp_path: Path):
    net = lively(CompactUNet((8, 16, 24), skips=(0, 1, 2)))
    path = tmp_path / "m.onnx"
    export_onnx(path, net, HEADER, half=True)
    kinds = {w.name: w.data_type for w in onnx.load(path).graph.initializer}
    assert list(kinds.values()).count(TensorProto.FLOAT16) >= 5
    assert all(name.endswith(".half") for name, k in kinds.items() if k == TensorProto.FLOAT16)
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    loaded = onnx.load(tmp_path / "loaded.onnx").graph
    assert TensorProto.FLOAT16 not in {weight.data_type for weight in loaded.initializer}
    assert not [n for n in loaded.node if n.op_type == "Cast" and n.input[0].endswith(".half")]


def test_batch_normalisation_is_folded_and_the_network_left_as_it_is(tmp_path: Path):
    net = lively(CompactUNet((8, 16, 24), skips=(0, 1, 2))).train()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    export_onnx(tmp_path / "m.onnx", net, HEADER, half=True)
    operators = [node.op_type for node in onnx.load(tmp_path / "m.onnx").graph.node]
    assert "BatchNormalization" not in operators
    # Two a level and a stage, three to the decoder, one each for the edges and the head.
    assert operators.count("Conv") == 2 * 3 + 2 * 2 + 3 + 2
    assert net.training
    assert all(torch.equal(net.state_dict()[name], value) for name, value in before.items())
    assert_same(tmp_path / "m.onnx", net.eval(), within=1 / 255)


def test_the_header_is_that_of_the_other_model_files_and_nothing_else_is_told(tmp_path: Path):
    header = HEADER | {"licence": "CC0", "training": {"epoch": 3}}
    export_onnx(tmp_path / "m.onnx", small_net(), header)
    model = onnx.load(tmp_path / "m.onnx")
    assert {p.key: p.value for p in model.metadata_props} == {"deepflash": encode_header(header)}
    assert model.producer_name == "deepflash"
    # Exporters like to write down where each operator came from, with folders of the machine.
    content = (tmp_path / "m.onnx").read_bytes()
    assert str(Path(onnx_export.__file__).parent).encode() not in content
    assert b"site-packages" not in content


@pytest.fixture
def earlier(tmp_path: Path) -> Path:
    path = tmp_path / "m.onnx"
    path.write_text("an earlier file")
    return path


def assert_untouched(path: Path) -> None:
    assert path.read_text() == "an earlier file"
    assert list(path.parent.iterdir()) == [path]


def test_a_network_that_diverged_is_refused(earlier: Path):
    net = small_net()
    nn.init.constant_(net.head.bias, float("nan"))
    with pytest.raises(ModelFileError, match="not finite; export another checkpoint"):
        export_onnx(earlier, net, HEADER)
    assert_untouched(earlier)


def test_weights_beyond_half_precision_are_refused(earlier: Path):
    net = CompactUNet((8, 16, 24), skips=(0, 1, 2)).eval()
    with torch.no_grad():
        net.down[2][0].weight[0, 0, 0, 0] = 1e6
    with pytest.raises(ModelFileError, match=r"reaches 1e\+06, .* without --fp16"):
        export_onnx(earlier, net, HEADER, half=True)
    assert_untouched(earlier)
    export_onnx(earlier, net, HEADER)


@pytest.mark.parametrize(("half", "advice"), [(False, "another --opset"), (True, "without --fp16")])
def test_a_file_that_differs_from_its_network_is_refused(earlier, half, advice, monkeypatch):
    traced = onnx_export._trace

    def worse(net, path, opset):
        # As if an operator had been written down wrongly: y is 0.02 too large, five steps.
        with torch.no_grad():
            net.head.bias += 0.1
        traced(net, path, opset)

    monkeypatch.setattr(onnx_export, "_trace", worse)
    with pytest.raises(ModelFileError, match=rf"differ .* by \d+\.\d of 255; .*{advice}"):
        export_onnx(earlier, small_net(), HEADER, half=half)
    assert_untouched(earlier)


class Fixed(nn.Module):
    """A network whose graph is right for one size only."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 3, 1)

    def forward(self, flash_low):
        height, width = int(flash_low.shape[-2]), int(flash_low.shape[-1])
        return nn.functional.interpolate(self.head(flash_low), size=(height, width)).sigmoid()


def test_a_graph_of_one_size_is_refused(earlier: Path):
    with pytest.raises(ModelFileError, match="differ"):
        export_onnx(earlier, Fixed(), HEADER)
    assert_untouched(earlier)
