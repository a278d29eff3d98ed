"""From a camera's own linear colours to linear sRGB, through the matrix stored in the file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32

from deepflash.errors import PictureError

# EXIF CalibrationIlluminant code -> tristimulus values of the illuminant for Y = 1
# (CIE 1931 2-degree observer, ASTM E308).
WHITE_POINTS = {
    17: (1.09850, 1.0, 0.35585),  # A
    19: (0.98074, 1.0, 1.18232),  # C
    20: (0.95682, 1.0, 0.92149),  # D55
    21: (0.95047, 1.0, 1.08883),  # D65
    23: (0.96422, 1.0, 0.82521),  # D50
}
_D65 = 21

# Cone responses of the Bradford transform (K. M. Lam, PhD thesis, University of Bradford, 1985).
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)
# Chromaticities x, y of the sRGB primaries, one a row (IEC 61966-2-1).
_SRGB_PRIMARIES = np.array([[0.64, 0.33], [0.30, 0.60], [0.15, 0.06]])

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class CameraColour:
    """How a picture's camera sees colour."""

    xyz_to_camera: tuple[float, ...]
    """Nine numbers, row by row: camera RGB = matrix x CIE XYZ."""
    illuminant: int
    """EXIF CalibrationIlluminant code of the light that the matrix was measured under."""


def parse_camera_colour(text: Mapping[str, str]) -> CameraColour | None:
    """Returns the camera's colour from FAID's PNG text, or None if the picture carries none.

    Args:
        text: the PNG's text chunks by keyword; `Comment` holds the matrix, `Description` the
            illuminant. A `Comment` of words is some program's remark, not a matrix.

    Raises:
        PictureError: there are numbers, but not a usable matrix with a known illuminant.
    """
    comment = text.get("Comment", "")
    if _NUMBER.sub("", comment).strip(" \t\r\n,;[]()") or not comment.strip():
        return None
    matrix = tuple(float(number) for number in _NUMBER.findall(comment))
    if len(matrix) != 9 or abs(np.linalg.det(np.reshape(matrix, (3, 3)))) < 1e-6:
        raise PictureError(
            f"PNG text `Comment` must hold the 9 numbers of an invertible XYZ-to-camera matrix, "
            f"found {comment.strip()[:60]!r}"
        )
    illuminant = text.get("Description", "").strip()
    if illuminant not in {str(code) for code in WHITE_POINTS}:
        raise PictureError(
            "PNG text `Description` must hold the illuminant of the matrix, one of "
            f"{', '.join(str(code) for code in WHITE_POINTS)}; found {illuminant[:60]!r}"
        )
    colour = CameraColour(xyz_to_camera=matrix, illuminant=int(illuminant))
    if _camera_white(colour).min() <= 0:
        raise PictureError("the matrix in PNG text `Comment` gives white a dark channel")
    return colour


def camera_to_srgb(
    picture: Float32[np.ndarray, "h w 3"], colour: CameraColour
) -> Float32[np.ndarray, "h w 3"]:
    """Returns linear sRGB for linear camera RGB in [0,1].

    Camera -> XYZ by the inverse of the stored matrix; the illuminant's white -> D65 by the
    Bradford transform; XYZ -> linear sRGB. A neutral surface under the illuminant becomes
    R = G = B.

    Exposure: the neutral at which the first camera channel saturates becomes 1.0, since no
    brighter neutral can be recorded. The other channels are cut at their value there before the
    matrix is applied; otherwise a highlight that saturates all channels would come out tinted.

    Colours outside the sRGB gamut have channels below 0 or above 1; the caller clips them when
    it encodes.
    """
    white = _camera_white(colour)
    balanced = np.minimum(picture / white.astype(np.float32), np.float32(1))
    return balanced @ _balanced_to_srgb(colour).T.astype(np.float32)


def _camera_white(colour: CameraColour) -> Float[np.ndarray, " 3"]:
    """Returns the camera's RGB of the illuminant, its largest channel 1."""
    white = np.reshape(colour.xyz_to_camera, (3, 3)) @ np.array(WHITE_POINTS[colour.illuminant])
    return white / white.max()


def _balanced_to_srgb(colour: CameraColour) -> Float[np.ndarray, "3 3"]:
    """Returns the matrix from camera RGB divided by the camera's white to linear sRGB."""
    white = np.array(WHITE_POINTS[colour.illuminant])
    xyz_to_camera = np.reshape(colour.xyz_to_camera, (3, 3))
    to_xyz = np.linalg.inv(xyz_to_camera) @ np.diag(xyz_to_camera @ white)
    return np.linalg.inv(_srgb_to_xyz()) @ _adaptation(white) @ to_xyz


def _adaptation(white: Float[np.ndarray, " 3"]) -> Float[np.ndarray, "3 3"]:
    """Returns the Bradford matrix that takes XYZ under `white` to XYZ under D65."""
    gains = (_BRADFORD @ np.array(WHITE_POINTS[_D65])) / (_BRADFORD @ white)
    return np.linalg.inv(_BRADFORD) @ np.diag(gains) @ _BRADFORD


def _srgb_to_xyz() -> Float[np.ndarray, "3 3"]:
    """Returns linear sRGB -> XYZ, derived so that (1,1,1) is exactly the D65 used here."""
    x, y = _SRGB_PRIMARIES.T
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    return primaries * np.linalg.solve(primaries, np.array(WHITE_POINTS[_D65]))
