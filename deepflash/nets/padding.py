"""Padding that lets a network with strided levels take a picture of any size."""

import torch.nn.functional as F  # noqa: N812 - the name everybody knows it by
from jaxtyping import Float
from torch import Tensor


def pad_to_multiple(
    pictures: Float[Tensor, "b c h w"], multiple: int
) -> Float[Tensor, "b c padded_h padded_w"]:
    """Repeats the right and bottom border until both sides divide by `multiple`.

    The border is repeated, not mirrored, because mirroring needs a picture larger than the
    padding. Crop the output back with `[..., :h, :w]`.
    """
    height, width = pictures.shape[-2:]
    right, bottom = -width % multiple, -height % multiple
    if not right and not bottom:
        return pictures
    return F.pad(pictures, (0, right, 0, bottom), mode="replicate")
