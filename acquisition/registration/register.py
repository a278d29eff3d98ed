"""From two pictures of a face to the map between them."""

from dataclasses import dataclass

import msgspec
import numpy as np
from jaxtyping import UInt8

from acquisition.errors import AcquisitionError
from acquisition.registration import coarse, flow, piecewise, refine, validity
from acquisition.registration.contract import Mode, Registration, Settings
from acquisition.registration.flow import Level
from acquisition.registration.grid import (
    Affine,
    Map,
    SizeHW,
    affine_map,
    inside_of,
    inverse,
    moved,
    sampled_at,
    scaling,
)
from acquisition.registration.luminance import linear_light
from deepflash.faces.finder import Face
from deepflash.faces.points import inter_ocular

LEAST_IOD_PX = 24.0
"""Eyes that are closer together than this show too little to register."""
LEAST_SHARE_INSIDE = 0.7
"""Of a face's points that have to lie in its picture."""

_SHORT_RETURN_LEVELS = 1


@dataclass(frozen=True, eq=False)
class _View:
    """One picture of a face, and its normalised sizes."""

    hw: SizeHW
    points: np.ndarray
    iod_px: float
    levels: list[Level]


def register(
    phone: UInt8[np.ndarray, "h w 3"],
    studio: UInt8[np.ndarray, "i j 3"],
    phone_face: Face,
    studio_face: Face,
    mode: Mode = "full",
    settings: Settings | None = None,
) -> Registration:
    """Returns where each pixel of the phone's picture lies in the studio's.

    The same input gives the same result.

    Args:
        phone: 8-bit sRGB; head and shoulders at about 768 to 1024 pixels is best.
        studio: the same of the studio's; may have another size.
        phone_face: in the phone's picture.
        studio_face: in the studio's picture.
        mode: see `Mode`.
        settings: see `Settings`.

    Raises:
        AcquisitionError: a face is too small, or not in its picture.
    """
    settings = _for_mode(mode, settings or Settings())
    _check("phone", phone, phone_face)
    _check("studio", studio, studio_face)
    own_iod, its_iod = inter_ocular(phone_face), inter_ocular(studio_face)
    finest = min(settings.finest_iod_px, own_iod, its_iod)
    own = _view(phone, phone_face, own_iod, finest)
    its = _view(studio, studio_face, its_iod, finest)
    affine, correlation = _affine(own, its, settings)
    map_xy = affine_map(affine, own.hw)
    if settings.warp:
        # Only what no affine map explains: of the rest the points know less than `ecc` does.
        bend = its.points - moved(own.points, coarse.affine(own.points, its.points))
        map_xy = map_xy + piecewise.smooth_displacement(own.points, bend, own.hw, own.iod_px)
    if settings.flow:
        map_xy = _bent(own, its, map_xy, settings)
    back = _way_back(own, its, affine, settings)
    valid, return_error_iod = _valid(own, its, map_xy, back, settings)
    figures = _figures(own, its, map_xy, affine, valid)
    figures["ecc_correlation"] = correlation
    if return_error_iod is not None:
        figures["return_error_iod"] = return_error_iod
    return Registration(mode=mode, map_xy=map_xy, valid=valid, figures=figures)


def _for_mode(mode: Mode, settings: Settings) -> Settings:
    if mode == "full":
        return settings
    off = {"warp": False, "flow": False}
    if mode == "none":
        off |= {"coarse": False, "ecc": False}
    return msgspec.structs.replace(settings, **off)


def _check(name: str, picture: np.ndarray, face: Face) -> None:
    height, width = picture.shape[:2]
    points = face.points
    inside = ((points >= -0.5) & (points <= (width - 0.5, height - 0.5))).all(axis=1).mean()
    if not np.isfinite(points).all() or inside < LEAST_SHARE_INSIDE:
        raise AcquisitionError(
            f"registration: only {inside:.0%} of the face's points lie in the {name} picture "
            f"({width} x {height}); at least {LEAST_SHARE_INSIDE:.0%} are needed: take the pair "
            "again with the whole face in both pictures"
        )
    apart = inter_ocular(face)
    if apart < LEAST_IOD_PX:
        raise AcquisitionError(
            f"registration: the eyes are {apart:.0f} pixels apart in the {name} picture "
            f"({width} x {height}); at least {LEAST_IOD_PX:.0f} are needed: use a larger picture "
            "or go nearer"
        )


def _view(picture: np.ndarray, face: Face, iod_px: float, finest_iod_px: float) -> _View:
    return _View(
        hw=(picture.shape[0], picture.shape[1]),
        points=face.points,
        iod_px=iod_px,
        levels=flow.levels(linear_light(picture), iod_px, finest_iod_px),
    )


def _affine(own: _View, its: _View, settings: Settings) -> tuple[Affine, float]:
    if settings.coarse:
        start = coarse.affine(own.points, its.points)
    else:
        start = scaling(own.hw, its.hw)
    if not settings.ecc:
        return start, 0.0
    one, other = own.levels[-1], its.levels[-1]
    down, up = scaling(own.hw, one.size_hw), scaling(other.size_hw, its.hw)
    found = refine.refined(
        np.ascontiguousarray(one.planes[..., 0]),
        np.ascontiguousarray(other.planes[..., 0]),
        moved(own.points, down),
        moved(its.points, inverse(up)),
        _after(_after(inverse(down), start), inverse(up)),
        settings.ecc_limit_iod * one.iod_px,
    )
    return _after(_after(down, found.affine), up), found.correlation


def _after(first: Affine, second: Affine) -> Affine:
    whole = np.vstack([first, np.array([[0, 0, 1]], np.float32)])
    return (second @ whole).astype(np.float32)


def _bent(own: _View, its: _View, start: Map, settings: Settings, skip: int = 0) -> Map:
    return flow.refined(
        own.levels,
        its.levels,
        start,
        stiffness=settings.stiffness,
        limit_iod=settings.flow_limit_iod,
        skip_finest=skip,
    )


def _way_back(own: _View, its: _View, affine: Affine, settings: Settings) -> Map | None:
    if not (settings.flow and settings.validity):
        return None
    start = affine_map(inverse(affine), its.hw)
    return _bent(its, own, start, settings, skip=_SHORT_RETURN_LEVELS)


def _valid(
    own: _View, its: _View, map_xy: Map, back: Map | None, settings: Settings
) -> tuple[UInt8[np.ndarray, "h w"], float | None]:
    possible = inside_of(map_xy, its.hw)
    error_iod = None
    if back is not None:
        apart = validity.return_error(map_xy, back) / np.float32(own.iod_px)
        possible &= apart <= settings.most_return_error_iod
        error_iod = float(np.median(apart[refine.hull_mask(own.points, own.hw) > 0]))
    trusted = possible
    if settings.validity:
        distinct = validity.distinctness(own.levels[-1], its.levels[-1], map_xy)
        trusted = possible & (distinct >= settings.least_distinctness)
        trusted = validity.cleaned(trusted, possible, own.iod_px)
    return np.where(trusted, 255, 0).astype(np.uint8), error_iod


def _figures(
    own: _View, its: _View, map_xy: Map, affine: Affine, valid: UInt8[np.ndarray, "h w"]
) -> dict[str, float]:
    face = refine.hull_mask(own.points, own.hw) > 0
    scale, rotation_deg = coarse.scale_and_rotation(coarse.similarity(own.points, its.points))
    left_over = coarse.residual(sampled_at(map_xy, own.points), its.points)
    bent = np.linalg.norm(map_xy - affine_map(affine, own.hw), axis=2)[face] / its.iod_px
    return {
        "valid_share_face": float((valid[face] > 0).mean()),
        "valid_share": float((valid > 0).mean()),
        "scale": scale,
        "rotation_deg": rotation_deg,
        "landmark_residual_iod": float(np.median(left_over)) / its.iod_px,
        "flow_iod": float(np.median(bent)),
        "flow_p95_iod": float(np.percentile(bent, 95)),
        "flow_px": float(np.median(bent)) * its.iod_px,
    }
