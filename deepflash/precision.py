"""The precision that sums of pixels need."""

import torch
from torch import Tensor


def at_least_single(values: Tensor) -> Tensor:
    """Returns `values` as float32, or as they are if they are float64.

    bf16 holds 8 bits: the mean of a picture, or the difference of two close ones, is lost in it.
    """
    return values if values.dtype == torch.float64 else values.float()
