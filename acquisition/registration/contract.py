"""What registration takes and gives.

Places are x, y in pixels; the middle of the first pixel is (0, 0). Lengths are in shares of the
inter-ocular distance (iod: outer corner of one eye to that of the other), so that they mean the
same at every size.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
import numpy as np
from jaxtyping import Float32, UInt8

Mode = Literal["none", "affine", "full"]
"""`none` only scales; `affine` has no parallax; `full` bends."""

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Positive = Annotated[float, msgspec.Meta(gt=0.0)]


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Stages, each of which can be switched off, and limits.

    The mode decides first: `affine` has no `warp` and no `flow`, `none` only has `validity`.
    """

    coarse: bool = True
    """An affine map from the points of both faces; without it both pictures are only scaled."""
    ecc: bool = True
    """The affine map that makes the normalised faces most alike."""
    warp: bool = True
    """Parallax as far as the points tell it; smooth, and fades out around the face."""
    flow: bool = True
    """Dense refinement on the normalised pictures."""
    validity: bool = True
    """Without it only what lies outside of the studio's picture is invalid."""
    finest_iod_px: Positive = 128.0
    """The inter-ocular distance at which the pictures are compared; larger ones are reduced."""
    stiffness: Positive = 0.08
    """Of the flow: how much structure outweighs the flow of the surroundings."""
    flow_limit_iod: Positive = 0.15
    """The flow moves nothing farther than this."""
    ecc_limit_iod: Positive = 0.08
    """A result that moves a point of the face farther than this is not believed."""
    least_distinctness: float = 0.12
    """See `validity.distinctness`."""
    most_return_error_iod: Positive = 0.03
    """How far from its start a pixel may come back that is mapped there and back again."""


@dataclass(frozen=True, eq=False)
class Registration:
    """Where each pixel of the phone's picture lies in the studio's."""

    mode: Mode
    map_xy: Float32[np.ndarray, "h w 2"]
    """For each pixel of the phone's picture its x, y in the studio's; may lie outside of it."""
    valid: UInt8[np.ndarray, "h w"]
    """255 where the map can be trusted, else 0."""
    figures: dict[str, float]
    """`valid_share_face`, `valid_share`: of the pixels. `scale`, `rotation_deg`: of the similarity
    between the points. `landmark_residual_iod`: median distance between the phone's points, mapped,
    and the studio's. `ecc_correlation`: of the normalised faces, 0 where it was not believed.
    `flow_iod`, `flow_px`: median length of all bending in the face, and 95th percentile of it in
    `flow_p95_iod`. `return_error_iod`: median in the face."""
