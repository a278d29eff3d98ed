import subprocess
import sys

import numpy as np
import pytest
import torch

from deepflash import filters
from deepflash.enhance.low_pass import bilateral, gaussian, guided, low_pass_of
from deepflash.errors import ModelFileError

SPECS = {
    "Bilateral": {"sigma_s": 3.0, "sigma_r": 0.2, "radius": None, "compiled": True},
    "Bilateral with a radius": {"sigma_s": 2.0, "sigma_r": 0.6, "radius": 6},
    "Bilateral as it is": {},
    "Gaussian": {"sigma_s": 2.3},
    "Gaussian as it is": {},
    "Guided": {"radius": 4, "epsilon": 0.001},
    "Guided as it is": None,
    "NoFilter": {},
}


def spec_of(name, arguments):
    return {"class_path": f"deepflash.filters.{name.split()[0]}", "init_args": arguments}


def random_picture(height, width, seed=0):
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def shaded(height, width):
    """Smooth shading, one edge and a little noise: what variances of float32 lose themselves in."""
    y, x = np.mgrid[:height, :width] / 30
    shading = 0.7 + 0.1 * np.sin(y) * np.cos(x)
    shading[:, width // 2 :] -= 0.4
    noisy = shading[..., None] + np.random.default_rng(1).normal(0, 0.003, (height, width, 3))
    return (noisy * (1.0, 0.9, 0.8)).astype(np.float32)


@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize(
    "picture",
    [random_picture(37, 52), shaded(61, 40), random_picture(5, 3), random_picture(1, 9)],
    ids=["random", "shaded", "smaller than the window", "one row"],
)
def test_is_the_filter_that_training_uses(name, picture):
    arguments = SPECS[name]
    theirs = getattr(filters, name.split()[0])(**arguments or {})
    expected = theirs(torch.from_numpy(picture.transpose(2, 0, 1).copy())[None])
    result = low_pass_of(spec_of(name, arguments), "m.onnx")(picture)
    assert (result.dtype, result.shape) == (np.float32, picture.shape)
    # A step of an 8-bit picture is 4e-3; rounding alone is far less, borders included.
    expected = expected[0].permute(1, 2, 0).numpy()
    np.testing.assert_allclose(result, expected, rtol=0, atol=3e-5)


@pytest.mark.parametrize("function", [bilateral, gaussian, guided])
def test_takes_any_layout_in_memory_and_leaves_it_alone(function):
    picture = random_picture(20, 30)
    turned = picture[:, ::-1]
    before = turned.copy()
    np.testing.assert_allclose(function(turned), function(picture)[:, ::-1], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(turned, before)


def test_gaussian_by_hand():
    picture = np.zeros((1, 9, 3), np.float32)
    picture[0, 4] = 1
    # exp(-d^2 / 2 / 0.5^2) for d = 0, 1, 2, cut there, and divided by the sum.
    weights = np.array([1.0, 0.1353353, 0.0003355])
    expected = weights / (weights[0] + 2 * weights[1:].sum())
    np.testing.assert_allclose(gaussian(picture, sigma_s=0.5)[0, 4:7, 0], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"class_path": "deepflash.filters.Median"}, "filter deepflash.filters.Median"),
        ({"class_path": "os.system", "init_args": {}}, "filter os.system"),
        (spec_of("Bilateral", {"sigma": 3.0}), "sigma=3.0"),
        (spec_of("Bilateral", {"sigma_s": -1.0}), "sigma_s=-1.0"),
        (spec_of("Bilateral", {"sigma_r": "a"}), "sigma_r='a'"),
        (spec_of("Bilateral", {"radius": 0}), "radius=0"),
        (spec_of("Bilateral", {"radius": 2.5}), "radius=2.5"),
        (spec_of("Gaussian", {"sigma_s": float("inf")}), "sigma_s=inf"),
        (spec_of("Gaussian", {"sigma_r": 0.1}), "sigma_r=0.1"),
        (spec_of("Guided", {"radius": None}), "radius=None"),
        (spec_of("Guided", {"epsilon": True}), "epsilon=True"),
        (spec_of("Guided", [7]), "names no class"),
        ("Bilateral", "names no class"),
    ],
)
def test_what_is_wrong_with_a_header_is_said(spec, said):
    with pytest.raises(ModelFileError, match=r"m\.onnx") as caught:
        low_pass_of(spec, "m.onnx")
    assert said in str(caught.value)


def test_needs_no_torch():
    code = "import sys, deepflash.enhance.low_pass; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
