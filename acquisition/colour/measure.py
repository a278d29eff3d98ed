"""From pictures of a chart or a grey card to a calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from jaxtyping import Float64

from acquisition.calibration.latency import new_calibration_id
from acquisition.colour.calibration import ColourCalibration, Light, Method, full_scale
from acquisition.colour.chart import read_chart
from acquisition.colour.fit import Fit, fit_chart
from acquisition.colour.grey_card import Region, centre_region, white_balance
from acquisition.colour.picture import Picture, open_picture
from acquisition.errors import CalibrationError

# A curve that gains less than this is noise.
_LEAST_GAIN = 0.1
_DOUBTFUL = 3.0


@dataclass(frozen=True, eq=False)
class Measured:
    """A calibration, the fit behind it (None for a grey card) and what to say about it."""

    calibration: ColourCalibration
    fit: Fit | None
    notes: list[str]


def measure_chart(
    paths: Sequence[Path], *, device: str, light: Light, tone: bool | None, most: float
) -> Measured:
    """Measures the chart in each picture and keeps the one that fits best.

    Args:
        paths: pictures by one device under one light.
        device: its model, as records name it.
        light: which one.
        tone: whether a tone curve is fitted; None: for all but raw files, where it helps.
        most: mean CIEDE2000 above which the chart is refused.

    Raises:
        CalibrationError: a picture shows no chart, is badly exposed, or the chart does not fit.
    """
    tried = [_one_chart(path, tone) for path in paths]
    picture, fit, clipped, notes = min(tried, key=lambda one: one[1].mean)
    if len(paths) > 1:
        notes = [f"best of {len(paths)} pictures: {fit.mean:.2f}", *notes]
    if fit.mean > most:
        raise CalibrationError(
            f"the chart's colours miss by CIEDE2000 {fit.mean:.1f} on average (at most {most:g}) "
            "even after correction: use a ColorChecker Classic, switch all other light off and "
            "keep reflections from it"
        )
    if fit.mean > _DOUBTFUL:
        notes.append("the fit is poor: look at the proof for a reflection, a shadow or mixed light")
    calibration = _calibration(
        picture,
        device,
        light,
        "chart",
        fit.matrix,
        tone=fit.tone,
        delta_e_mean=fit.mean,
        delta_e_max=float(np.nanmax(fit.delta_e)),
        delta_e_before=float(np.nanmean(fit.before)),
        left_out=clipped,
        light_fall=fit.light_fall,
    )
    return Measured(calibration=calibration, fit=fit, notes=notes)


def measure_grey_card(path: Path, *, device: str, light: Light, region: Region | None) -> Measured:
    """Measures a grey card; `region` is None for the picture's middle.

    Raises:
        UsageError: the region is not inside the picture.
        CalibrationError: the picture cannot be read, or the card is clipped, dark or uneven.
    """
    picture = open_picture(path)
    region = region or centre_region(*picture.linear.shape[:2])
    matrix = white_balance(picture.linear, region)
    calibration = _calibration(picture, device, light, "grey_card", matrix)
    notes = ["a grey card sets the white balance alone; a chart also corrects the colours"]
    return Measured(calibration=calibration, fit=None, notes=notes + _other_model(picture, device))


def _one_chart(path: Path, tone: bool | None) -> tuple[Picture, Fit, list[str], list[str]]:
    picture = open_picture(path)
    try:
        patches = read_chart(picture.linear)
    except CalibrationError as error:
        raise CalibrationError(f"{path.name}: {error}") from error
    plain = fit_chart(patches, tone=False)
    notes = []
    if patches.clipped:
        notes.append(f"left out, clipped: {', '.join(patches.clipped)}")
    if not (picture.has_tone_curve if tone is None else tone):
        return picture, plain, patches.clipped, notes
    curved = fit_chart(patches, tone=True)
    if tone is None and plain.mean - curved.mean < _LEAST_GAIN:
        return picture, plain, patches.clipped, notes
    notes.append(f"tone curve: mean {plain.mean:.2f} without, {curved.mean:.2f} with it")
    return picture, curved, patches.clipped, notes


def _calibration(
    picture: Picture,
    device: str,
    light: Light,
    method: Method,
    matrix: Float64[np.ndarray, "3 3"],
    **figures: Any,
) -> ColourCalibration:
    rows = [(float(r), float(g), float(b)) for r, g, b in matrix]
    made = ColourCalibration(
        id=new_calibration_id(),
        date=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        device=device,
        light=light,
        method=method,
        matrix=(rows[0], rows[1], rows[2]),
        source_sha256=picture.sha256,
        **figures,
    )
    full = np.array(made.matrix) @ full_scale(made)
    return msgspec.structs.replace(made, white=float(full[1]))


def _other_model(picture: Picture, device: str) -> list[str]:
    if not picture.model or picture.model == device:
        return []
    return [f"the picture is by {picture.model!r}; the calibration is kept for {device!r}"]
