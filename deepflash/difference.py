"""The method's formulas, and nothing else: difference, its encoding, and what is built from it.

Symbols are those of Capece et al., "DeepFlash: Turning a flash selfie into a studio portrait",
Signal Processing: Image Communication 77 (2019): x is the flash photograph, o the studio
photograph, BL the low-pass filter, t the target, y the prediction of t. Every picture is
sRGB-encoded RGB with values in [0,1].
"""

from jaxtyping import Float
from torch import Tensor


def encode(
    flash_low: Float[Tensor, "*batch 3 h w"], studio_low: Float[Tensor, "*batch 3 h w"]
) -> Float[Tensor, "*batch 3 h w"]:
    """Returns the target t = (BL(x) - BL(o) + 1) / 2, in [0,1].

    Args:
        flash_low: BL(x), in [0,1].
        studio_low: BL(o), in [0,1].
    """
    return (flash_low - studio_low + 1) / 2


def decode(encoded: Float[Tensor, "*batch 3 h w"]) -> Float[Tensor, "*batch 3 h w"]:
    """Returns the difference 2y - 1, in [-1,1], of an encoded one in [0,1].

    A value of 0.5 decodes to 0: the picture stays as it is.
    """
    return 2 * encoded - 1


def reconstruct(
    picture: Float[Tensor, "*batch 3 h w"], encoded: Float[Tensor, "*batch 3 h w"]
) -> Float[Tensor, "*batch 3 h w"]:
    """Returns `picture` - (2y - 1), not clipped: the range is [-1,2].

    Args:
        picture: BL(x) with y gives y_d and with t gives t_d = BL(o), the caption of Fig. 3;
            the unfiltered photograph x with y gives the portrait before clipping.
        encoded: y or t, in [0,1].
    """
    return picture - decode(encoded)


def portrait(
    photograph: Float[Tensor, "*batch 3 h w"], encoded: Float[Tensor, "*batch 3 h w"]
) -> Float[Tensor, "*batch 3 h w"]:
    """Returns the method's result, x - (2y - 1) clipped to [0,1].

    Args:
        photograph: x, the *unfiltered* photograph, in [0,1]: its high frequencies stay.
        encoded: the prediction y, in [0,1].
    """
    return reconstruct(photograph, encoded).clamp(0, 1)
