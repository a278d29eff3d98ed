"""What a network is taught to predict: three encodings of "how flash becomes studio".

All share one interface. A *correction* is what a prediction says about the low frequencies,
decoded; 0 means "change nothing" for every target, so a scaled correction is a strength, and
`without_mean` keeps the photograph's own exposure and colour.

Targets have neither parameters nor state. They are no `nn.Module`, because `Module.apply`
already means something else.
"""

import math
from abc import ABC, abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from deepflash import difference
from deepflash.errors import UsageError


class Target(ABC):
    """An encoding of the target, on any device and under any autocast.

    Pictures are sRGB-encoded RGB in [0,1]. Encoded values lie in [0,1], where a sigmoid can
    reach them.
    """

    @abstractmethod
    def encode(
        self, flash_low: Float[Tensor, "b 3 h w"], studio_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns t, in [0,1], for the filtered flash and the filtered studio photograph."""

    @abstractmethod
    def decode(
        self, y: Float[Tensor, "b 3 h w"], flash_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns the correction for y, in [0,1], that was predicted from `flash_low`."""

    @abstractmethod
    def apply(
        self, photo: Float[Tensor, "b 3 h w"], correction: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns the corrected picture, not clipped."""

    def low(
        self, y: Float[Tensor, "b 3 h w"], flash_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns y_d, or t_d when `y` is t: the result's low frequencies, not clipped."""
        return self.apply(flash_low, self.decode(y, flash_low))


class Difference(Target):
    """The paper's target: t = (BL(x) - BL(o) + 1) / 2. A correction lies in [-1,1]."""

    def encode(
        self, flash_low: Float[Tensor, "b 3 h w"], studio_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns t, in [0,1]."""
        return difference.encode(flash_low, studio_low)

    def decode(
        self,
        y: Float[Tensor, "b 3 h w"],
        flash_low: Float[Tensor, "b 3 h w"],  # noqa: ARG002 - one interface
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns 2y - 1."""
        return difference.decode(y)

    def apply(
        self, photo: Float[Tensor, "b 3 h w"], correction: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns `photo` - `correction`."""
        return photo - correction


class DirectImage(Target):
    """The filtered studio photograph itself: t = BL(o).

    The correction is still a difference, BL(x) - y in [-1,1], so that the high frequencies
    come back from the photograph as they do for the paper's target.
    """

    def encode(
        self,
        flash_low: Float[Tensor, "b 3 h w"],  # noqa: ARG002 - one interface
        studio_low: Float[Tensor, "b 3 h w"],
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns `studio_low`."""
        return studio_low

    def decode(
        self, y: Float[Tensor, "b 3 h w"], flash_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns BL(x) - y."""
        return flash_low - y

    def apply(
        self, photo: Float[Tensor, "b 3 h w"], correction: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns `photo` - `correction`."""
        return photo - correction


class LogRatio(Target):
    """The ratio of the photographs in stops: t = (log2(BL(x) / BL(o)) / max_stops + 1) / 2.

    A ratio of light changes a shadow as much as a highlight; a difference does not. The
    correction is the natural logarithm of the ratio and the result is photo * exp(-correction),
    so black stays black. Stops count doublings of the sRGB-encoded value, about 2.2 times as
    many in light.

    Args:
        epsilon: smallest value whose ratio is believed, in (0,1). 1/64 is 4 of 255: below it
            8-bit pictures hold noise and quantisation.
        max_stops: larger ratios are cut, > 0. A factor of 8 either way covers nearly the whole
            range that epsilon leaves (6 stops) without spending the sigmoid on it.

    Raises:
        UsageError: an argument is out of its range.
    """

    def __init__(self, epsilon: float = 1 / 64, max_stops: float = 3.0) -> None:
        if not 0 < epsilon < 1:
            raise UsageError(f"LogRatio: epsilon is {epsilon}; choose a value between 0 and 1")
        if not 0 < max_stops < math.inf:
            raise UsageError(f"LogRatio: max_stops is {max_stops}; choose a value above 0")
        self.epsilon = epsilon
        self.max_stops = max_stops

    def encode(
        self, flash_low: Float[Tensor, "b 3 h w"], studio_low: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns t, in [0,1].

        `low` undoes it where both pictures are at least epsilon and their ratio is within
        max_stops; elsewhere the encoded ratio is the nearest that can be said.
        """
        # The floor keeps the round trip exact above epsilon; adding epsilon would bias it.
        ratio = flash_low.clamp(min=self.epsilon) / studio_low.clamp(min=self.epsilon)
        return ((torch.log2(ratio) / self.max_stops).clamp(-1, 1) + 1) / 2

    def decode(
        self,
        y: Float[Tensor, "b 3 h w"],
        flash_low: Float[Tensor, "b 3 h w"],  # noqa: ARG002 - one interface
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns the natural logarithm of the ratio, within max_stops * ln 2 either way."""
        return difference.decode(y) * (self.max_stops * math.log(2))

    def apply(
        self, photo: Float[Tensor, "b 3 h w"], correction: Float[Tensor, "b 3 h w"]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns `photo` * exp(-`correction`)."""
        return photo * torch.exp(-correction)


def without_mean(correction: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
    """Returns `correction` less its mean, per channel of each image.

    The method's loss does not supervise that mean. Without it the result keeps the photograph's
    own mean per channel: exactly for a difference, before clipping; for a log-ratio it is the
    mean factor, in stops, that becomes one.
    """
    return correction - correction.mean(dim=(-2, -1), keepdim=True)
