import math
import subprocess
import sys

import cv2
import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from deepflash import difference
from deepflash.errors import UsageError
from deepflash.filters import (
    Bilateral,
    Gaussian,
    Guided,
    NoFilter,
    bilateral_opencv,
    bilateral_torch,
)

ONE_LEVEL = 1 / 255


def random_pictures(seed, *shape):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def step_edge(height, width):
    pictures = torch.full((1, 3, height, width), 0.25)
    pictures[..., width // 2 :] = torch.tensor([0.75, 0.5, 0.3]).view(3, 1, 1)
    return pictures


def natural(height, width):
    """Smooth shading, an edge and a little noise."""
    y = torch.linspace(0, 3, height)[:, None]
    x = torch.linspace(0, 4, width)
    shading = 0.4 + 0.25 * torch.sin(y) * torch.cos(x)
    face = ((y - 1.5) ** 2 + (x - 2) ** 2 < 1) * 0.2
    tint = torch.tensor([1.0, 0.8, 0.7]).view(1, 3, 1, 1)
    noise = 0.03 * torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    return ((shading + face) * tint + noise).clamp(0, 1)


def bilateral_by_definition(picture, sigma_s, sigma_r, radius):
    """One pixel after the other, in float64."""
    height, width = picture.shape[1:]
    values = np.pad(picture.double().numpy(), ((0, 0), (radius,) * 2, (radius,) * 2), "reflect")
    result = np.zeros((3, height, width))
    for y, x in np.ndindex(height, width):
        total, weight = np.zeros(3), 0.0
        for dy, dx in np.ndindex(2 * radius + 1, 2 * radius + 1):
            squared = (dy - radius) ** 2 + (dx - radius) ** 2
            if squared > radius**2:
                continue
            neighbour = values[:, y + dy, x + dx]
            apart = np.abs(neighbour - values[:, y + radius, x + radius]).sum()
            w = math.exp(-squared / (2 * sigma_s**2) - apart**2 / (2 * sigma_r**2))
            total, weight = total + w * neighbour, weight + w
        result[:, y, x] = total / weight
    return torch.from_numpy(result)


@pytest.mark.parametrize("implementation", [bilateral_torch, bilateral_opencv])
def test_bilateral_is_its_definition(implementation):
    picture = random_pictures(0, 3, 9, 7)
    expected = bilateral_by_definition(picture, 2.0, 0.4, 3)
    result = implementation(picture[None], sigma_s=2.0, sigma_r=0.4, radius=3)
    # OpenCV looks its range weights up in a table.
    torch.testing.assert_close(result[0].double(), expected, rtol=0, atol=2e-5)


@pytest.mark.parametrize("sigmas", [(1.0, 0.1), (3.0, 0.4), (4.0, 2.0)])
@pytest.mark.parametrize(
    "pictures",
    [
        random_pictures(1, 2, 3, 33, 21),
        step_edge(24, 31),
        natural(41, 32),
        random_pictures(2, 1, 3, 4, 3),
    ],
    ids=["random", "step", "natural", "smaller than the window"],
)
def test_both_bilaterals_agree(pictures, sigmas):
    sigma_s, sigma_r = sigmas
    ours = bilateral_torch(pictures, sigma_s=sigma_s, sigma_r=sigma_r)
    opencv = bilateral_opencv(pictures, sigma_s=sigma_s, sigma_r=sigma_r)
    assert (ours - opencv).abs().max() < ONE_LEVEL / 50


def test_both_bilaterals_agree_at_the_defaults():
    pictures = natural(25, 23)
    ours = bilateral_torch(pictures, sigma_s=7.0, sigma_r=0.4)
    assert (ours - Bilateral()(pictures)).abs().max() < ONE_LEVEL / 50


@pytest.mark.parametrize("sigma_s", [0.3, 1.0, 2.5, 3.0, 7.0])
def test_default_radius_is_the_one_opencv_takes(sigma_s):
    picture = random_pictures(8, 3, 24, 26)
    rows = np.ascontiguousarray(picture.permute(1, 2, 0).numpy())
    expected = cv2.bilateralFilter(rows, 0, 0.4, sigma_s)
    result = Bilateral(sigma_s=sigma_s)(picture[None])[0].permute(1, 2, 0)
    np.testing.assert_array_equal(result.numpy(), expected)


@pytest.mark.parametrize("height", [1, 2])
def test_bilateral_takes_pictures_of_hardly_any_pixels(height):
    pictures = random_pictures(3, 1, 3, height, 1)
    ours = bilateral_torch(pictures, sigma_s=2.0, sigma_r=0.4)
    opencv = bilateral_opencv(pictures, sigma_s=2.0, sigma_r=0.4)
    torch.testing.assert_close(ours, opencv, rtol=0, atol=1e-5)


def test_bilateral_keeps_an_edge_that_the_gaussian_blurs():
    pictures = step_edge(16, 32)
    bilateral = Bilateral(sigma_s=3.0, sigma_r=0.05)(pictures)
    assert (bilateral - pictures).abs().max() < 1e-3
    assert (Gaussian(sigma_s=3.0)(pictures) - pictures).abs().max() > 0.2


def test_bilateral_keeps_the_precision_of_its_input():
    pictures = natural(12, 12)
    exact = bilateral_torch(pictures, sigma_s=2.0, sigma_r=0.4)
    for implementation in (bilateral_torch, bilateral_opencv):
        rough = implementation(pictures.bfloat16(), sigma_s=2.0, sigma_r=0.4)
        assert rough.dtype == torch.bfloat16
        # Rounding the input and the output once each; sums in bf16 would lose far more.
        assert (rough.float() - exact).abs().max() < 2**-8
        double = implementation(pictures.double(), sigma_s=2.0, sigma_r=0.4)
        assert double.dtype == torch.float64


def test_bilateral_under_autocast_is_the_same():
    pictures = natural(12, 12)
    exact = bilateral_torch(pictures, sigma_s=2.0, sigma_r=0.4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(bilateral_torch(pictures, sigma_s=2.0, sigma_r=0.4), exact)


COMPILED_PARITY = """
import sys
import torch
from deepflash.filters import bilateral_torch

device = sys.argv[1]
compiled = torch.compile(bilateral_torch, fullgraph=True)
for size in (17, 20):
    pictures = torch.rand(2, 3, size, 13, generator=torch.Generator().manual_seed(size))
    pictures = pictures.to(device)
    eager = bilateral_torch(pictures, sigma_s=2.0, sigma_r=0.4)
    result = compiled(pictures, sigma_s=2.0, sigma_r=0.4)
    torch.testing.assert_close(result, eager, rtol=0, atol=2e-6)
print("the same")
"""


@pytest.mark.parametrize(
    "device",
    [pytest.param("cpu", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.gpu)],
)
def test_compiled_bilateral_is_the_same(device):
    # In a process of its own, because the compiler cannot see through the checks of shapes that
    # the tests put around every function.
    command = [sys.executable, "-c", COMPILED_PARITY, device]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "the same\n", done.stderr


@pytest.mark.gpu
@pytest.mark.parametrize("pictures", [random_pictures(4, 2, 3, 65, 47), natural(96, 64)])
def test_bilateral_on_cuda_is_that_of_the_processor(pictures):
    expected = Bilateral()(pictures)
    on_gpu = Bilateral(compiled=False)(pictures.cuda())
    assert (on_gpu.cpu() - expected).abs().max() < ONE_LEVEL


@pytest.mark.gpu
@pytest.mark.parametrize("low_pass", [Gaussian(), Guided()])
def test_other_filters_on_cuda_are_those_of_the_processor(low_pass):
    pictures = natural(96, 64)
    assert (low_pass(pictures.cuda()).cpu() - low_pass(pictures)).abs().max() < ONE_LEVEL / 50


@pytest.mark.parametrize("size", [(40, 33), (5, 4)])
def test_gaussian_is_that_of_opencv(size):
    picture = random_pictures(5, 3, *size)
    rows = np.ascontiguousarray(picture.permute(1, 2, 0).numpy())
    expected = cv2.GaussianBlur(rows, (13, 13), 2.0, borderType=cv2.BORDER_REFLECT_101)
    result = Gaussian(sigma_s=2.0)(picture[None])[0].permute(1, 2, 0)
    np.testing.assert_allclose(result.numpy(), expected, rtol=0, atol=1e-6)


def guided_by_definition(picture, radius, epsilon):
    """He et al., eq. 19-21 and 16, with a solver at each window."""
    _, height, width = picture.shape
    values = picture.double()

    def window(y, x):
        rows = slice(max(y - radius, 0), y + radius + 1)
        return rows, slice(max(x - radius, 0), x + radius + 1)

    slopes = torch.zeros(height, width, 3, 3, dtype=torch.float64)
    offsets = torch.zeros(height, width, 3, dtype=torch.float64)
    for y, x in np.ndindex(height, width):
        inside = values[:, *window(y, x)].flatten(1)
        mean = inside.mean(1)
        sigma = torch.cov(inside, correction=0)
        slopes[y, x] = torch.linalg.solve(sigma + epsilon * torch.eye(3), sigma).T
        offsets[y, x] = mean - slopes[y, x] @ mean
    result = torch.zeros_like(values)
    for y, x in np.ndindex(height, width):
        rows, columns = window(y, x)
        slope = slopes[rows, columns].mean((0, 1))
        result[:, y, x] = slope @ values[:, y, x] + offsets[rows, columns].mean((0, 1))
    return result


def test_guided_is_its_definition():
    picture = natural(11, 9)[0]
    result = Guided(radius=2, epsilon=0.01)(picture[None])[0]
    expected = guided_by_definition(picture.double(), 2, 0.01)
    torch.testing.assert_close(result.double(), expected, rtol=0, atol=1e-5)


def test_guided_keeps_strong_edges_and_smooths_weak_ones():
    pictures = step_edge(16, 32)
    strong = Guided(radius=3, epsilon=1e-5)(pictures)
    assert (strong - pictures).abs().max() < 1e-2
    weak = Guided(radius=3, epsilon=10.0)(pictures)
    assert weak[0, 0, 8, 15] > 0.3


FILTERS = [Bilateral(2.0, 0.4), Gaussian(2.0), Guided(3, 0.02), NoFilter()]


@pytest.mark.parametrize("low_pass", FILTERS, ids=lambda f: type(f).__name__)
class TestEveryFilter:
    def test_constant_picture_stays(self, low_pass):
        pictures = torch.tensor([0.0, 0.3, 1.0]).view(1, 3, 1, 1).expand(1, 3, 9, 11)
        torch.testing.assert_close(low_pass(pictures), pictures, rtol=0, atol=1e-6)

    def test_batch_is_the_stack_of_its_pictures(self, low_pass):
        pictures = random_pictures(6, 3, 3, 13, 10)
        single = torch.cat([low_pass(picture[None]) for picture in pictures])
        torch.testing.assert_close(low_pass(pictures), single, rtol=0, atol=1e-6)

    def test_does_not_favour_a_direction(self, low_pass):
        pictures = random_pictures(7, 1, 3, 12, 9)
        turned = low_pass(pictures.flip(-1).mT).mT.flip(-1)
        torch.testing.assert_close(turned, low_pass(pictures), rtol=0, atol=1e-5)

    def test_gives_no_gradient_and_leaves_its_input_alone(self, low_pass):
        pictures = natural(10, 12).requires_grad_()
        before = pictures.detach().clone()
        assert not low_pass(pictures).requires_grad
        assert torch.equal(pictures, before)
        assert not low_pass.state_dict()

    def test_refuses_other_shapes(self, low_pass):
        with pytest.raises(TypeCheckError):
            low_pass(torch.zeros(1, 4, 8, 8))


@pytest.mark.parametrize("low_pass", [Gaussian(2.0), NoFilter()], ids=lambda f: type(f).__name__)
def test_filtered_result_of_a_perfect_prediction_is_the_filtered_studio_when_linear(low_pass):
    # BL(x - (BL(x) - BL(o))) = BL(o) needs BL linear and idempotent; what linearity alone gives
    # is BL(result) - BL(o) = BL(x) - BL(BL(x)) - (BL(o) - BL(BL(o))).
    flash, studio = natural(20, 24) * 0.5 + 0.25, natural(20, 24).flip(-1) * 0.5 + 0.25
    flash_low, studio_low = low_pass(flash), low_pass(studio)
    result = difference.portrait(flash, difference.encode(flash_low, studio_low))
    left_over = (flash_low - low_pass(flash_low)) - (studio_low - low_pass(studio_low))
    torch.testing.assert_close(low_pass(result), studio_low + left_over, rtol=0, atol=1e-6)


@pytest.mark.parametrize("low_pass", FILTERS, ids=lambda f: type(f).__name__)
def test_perfect_prediction_turns_the_filtered_flash_into_the_filtered_studio(low_pass):
    flash_low, studio_low = low_pass(natural(20, 24)), low_pass(natural(20, 24).flip(-1))
    t = difference.encode(flash_low, studio_low)
    torch.testing.assert_close(difference.reconstruct(flash_low, t), studio_low, rtol=0, atol=3e-7)


@pytest.mark.parametrize(
    ("build", "named"),
    [
        (lambda: Bilateral(sigma_s=0.0), "sigma_s"),
        (lambda: Bilateral(sigma_r=-1.0), "sigma_r"),
        (lambda: Bilateral(radius=0), "radius"),
        (lambda: Gaussian(sigma_s=math.nan), "sigma_s"),
        (lambda: Guided(radius=0), "radius"),
        (lambda: Guided(epsilon=0.0), "epsilon"),
    ],
)
def test_refuses_impossible_arguments(build, named):
    with pytest.raises(UsageError, match=named):
        build()
