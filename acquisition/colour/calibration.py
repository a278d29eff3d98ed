"""What a colour calibration is, its file, the choice among many, and how it is applied."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import cv2
import msgspec
import numpy as np
from jaxtyping import Float32, Float64

from acquisition.errors import CalibrationError, StoreError
from acquisition.store.publish import make_folder, publish_bytes

SCHEMA = 1
Light = Literal["flash", "torch", "screen", "studio"]
Method = Literal["chart", "grey_card"]
Row = tuple[float, float, float]
Date = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$")]

_LEVELS = 65536
# OpenCV takes four numbers as one for each channel.
_ALL_LEVELS = np.full(4, _LEVELS - 1, np.float64)
_ROWS = 32
"""Rows at a time, so that they stay in the processor's cache."""


class ColourCalibration(msgspec.Struct, frozen=True, kw_only=True):
    """From one device's linear light under one light to linear sRGB under D65.

    A colour is first passed through the tone curve, where there is one, then through the matrix.
    """

    schema: int = SCHEMA
    id: str
    """`K-` and six characters."""
    date: Date
    """ISO 8601 in UTC."""
    device: str
    """The device's model, as records and EXIF name it."""
    light: Light
    method: Method
    matrix: tuple[Row, Row, Row]
    """White balance included; a grey of reflectance 0.2 keeps its green value."""
    tone: list[float] = []
    """Coefficients a, b, … of v · exp(a·u + b·u² + …), u = the cube root of v; empty for none."""
    white: float = 1.0
    """What the brightest white that no channel clips becomes; above 1, an 8-bit file loses it."""
    delta_e_mean: float | None = None
    """CIEDE2000 of the chart's patches after correction; None for a grey card."""
    delta_e_max: float | None = None
    delta_e_before: float | None = None
    """The same mean with the exposure alone adjusted."""
    left_out: list[str] = []
    """Patches that were clipped."""
    light_fall: float | None = None
    """How much the light changes across the chart, as a share; taken out before the fit."""
    source_sha256: str
    """Of the picture that was measured."""


class Calibrations(NamedTuple):
    """The calibrations of a folder, and in words what of it could not be used."""

    found: list[ColourCalibration]
    notes: list[str]


class Choice(NamedTuple):
    """The calibration for a device and light, None where there is none, and why."""

    calibration: ColourCalibration | None
    note: str


def tone_curve(
    linear: Float64[np.ndarray, "*shape"], tone: Sequence[float]
) -> Float64[np.ndarray, "*shape"]:
    """Returns linear light with the device's tone curve undone, values 0 and up."""
    root = np.cbrt(np.maximum(linear, 0))
    exponent = sum((factor * root**power for power, factor in enumerate(tone, 1)), np.zeros(()))
    return linear * np.exp(exponent)


def apply(
    linear: Float32[np.ndarray, "h w 3"], calibration: ColourCalibration | None
) -> Float32[np.ndarray, "h w 3"]:
    """Returns the picture in linear sRGB under D65; without a calibration the picture itself.

    Colours outside sRGB are cut off at 0: a soft limit would also move dark colours that are
    right. Before the matrix each channel is limited to where the first one is full for a white
    thing, or balanced highlights would turn pink. Colours may come out above 1. The given array
    stays as it is.
    """
    if calibration is None:
        return linear
    full = full_scale(calibration).astype(np.float32)
    matrix, table = np.array(calibration.matrix), None
    if calibration.tone:
        # A table with more steps than an 8-bit file has; values above 1 do not occur there.
        curve = tone_curve(np.linspace(0, 1, _LEVELS), calibration.tone).astype(np.float32)
        table = np.minimum(curve[:, None], full)[None]
    out = np.empty(linear.shape, np.float32)
    for top in range(0, len(linear), _ROWS):
        band, goal = linear[top : top + _ROWS], out[top : top + _ROWS]
        if table is None:
            limited = np.minimum(band, full)
        else:
            steps = cv2.multiply(band, _ALL_LEVELS, dtype=cv2.CV_16U)
            limited = np.asarray(cv2.LUT(steps, table))
        np.maximum(cv2.transform(limited, matrix), 0, out=goal)
    return out


def full_scale(calibration: ColourCalibration) -> Float64[np.ndarray, "3"]:
    """Returns the brightest white that no channel clips, in the device's linear light."""
    top = tone_curve(np.ones(1), calibration.tone)[0]
    white = np.linalg.solve(np.array(calibration.matrix), np.ones(3))
    return white * (top / white.max())


def write_calibration(calibration: ColourCalibration, path: Path) -> None:
    """Writes the calibration as JSON to a new file, whole or not at all.

    Raises:
        CalibrationError: the file exists or cannot be written.
    """
    data = msgspec.json.format(msgspec.json.encode(calibration), indent=2) + b"\n"
    write_new(data, path)


def write_new(data: bytes, path: Path) -> None:
    """Writes a new file, whole or not at all, and its folder where it is missing.

    Raises:
        CalibrationError: the file exists or cannot be written.
    """
    if path.exists():
        raise CalibrationError(f"{path} exists already: choose another name with -o")
    try:
        make_folder(path.parent)
        publish_bytes(data, path, scratch=path.parent)
    except StoreError as error:
        raise CalibrationError(str(error)) from error


def read_calibration(path: Path) -> ColourCalibration:
    """Reads the file that `acquire calibrate colour` wrote.

    Raises:
        CalibrationError: no such file, not a colour calibration, or one of a newer version.
    """
    try:
        data = path.read_bytes()
        schema = msgspec.json.decode(data, type=dict[str, Any]).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise CalibrationError(
                f"{path} has version {schema}, this program reads up to {SCHEMA}; update acquire"
            )
        return _sound(msgspec.json.decode(data, type=ColourCalibration))
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be read ({error.strerror}); make it with `acquire calibrate colour`"
        ) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, np.linalg.LinAlgError) as error:
        raise CalibrationError(
            f"{path} is not a colour calibration ({error}); make it again with `acquire calibrate "
            "colour`"
        ) from error


def _sound(calibration: ColourCalibration) -> ColourCalibration:
    """Returns a calibration with which `apply` works; raises LinAlgError for another."""
    full = full_scale(calibration)
    if not (np.isfinite(full).all() and full.min() > 0):
        raise np.linalg.LinAlgError("no white of the device becomes a white")
    return calibration


def read_calibrations(folder: Path) -> Calibrations:
    """Reads every `.json` file of a folder; what cannot be read becomes a note, one line each."""
    if not folder.is_dir():
        return Calibrations(
            [], [f"there is no folder {folder}; make one with `acquire calibrate colour -o`"]
        )
    found, notes = [], []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(read_calibration(path))
        except CalibrationError as error:
            notes.append(str(error))
    return Calibrations(found, notes)


def choose(calibrations: Sequence[ColourCalibration], device: str, light: str) -> Choice:
    """Returns the newest calibration for exactly this device's model and this light."""
    fitting = [one for one in calibrations if (one.device, one.light) == (device, light)]
    if fitting:
        best = max(fitting, key=lambda one: (one.date, one.id))
        return Choice(best, f"colour of {device} under {light} by {best.method} {best.id}")
    others = sorted({one.light for one in calibrations if one.device == device})
    known = f"only for {', '.join(others)}" if others else "none for this device"
    return Choice(
        None,
        f"no colour calibration for {device!r} under {light} ({known}): the picture's own white "
        "balance is kept",
    )
