"""The learning curves of several runs, thinned for the page."""

import math
from collections.abc import Sequence

import numpy as np
from jaxtyping import Float64

from deepflash.runs import Curve, Run

TITLES = {
    "train/loss": "Training loss, by each run's own measure",
    "val/ssim": "SSIM, validation",
    "val/ssim_lowfreq": "SSIM of low frequencies, validation",
    "val/psnr": "PSNR in dB, validation",
}

# More points than a chart has pixels only make the page larger.
POINTS = 400


def charts(runs: Sequence[Run]) -> list[dict]:
    """Returns one chart for each known figure that any run logged, ready for JSON.

    A chart is `{"name", "title", "series": [{"run": index, "epoch": [...], "step": [...],
    "value": [...]}]}`; a position that was not logged is null.
    """
    found = []
    for name, title in TITLES.items():
        thinned = [
            {"run": k} | _lists(thin(spread(run.metrics[name]), points=POINTS))
            for k, run in enumerate(runs)
            if name in run.metrics
        ]
        if series := [one for one in thinned if one["value"]]:
            found.append({"name": name, "title": title, "series": series})
    return found


def spread(curve: Curve) -> Curve:
    """Returns the curve with the points of one epoch spread evenly over that epoch.

    Lightning logs the number of the epoch, so all steps of an epoch would stand above one
    another. A point alone in its epoch stays where it is.
    """
    _, inverse, counts = np.unique(curve.epochs, return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    rank = np.empty(len(order))
    rank[order] = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    return Curve(curve.epochs + rank / counts[inverse], curve.steps, curve.values)


def thin(curve: Curve, *, points: int) -> Curve:
    """Returns a curve of at most `points` points, each the mean of equally many neighbours.

    Values that are not finite are left out.
    """
    table = np.stack([curve.epochs, curve.steps, curve.values])
    table = table[:, np.isfinite(curve.values)]
    size = max(1, math.ceil(table.shape[1] / points))
    starts = np.arange(0, table.shape[1], size)
    if not len(starts):
        return Curve(*table)
    return Curve(*(np.add.reduceat(table, starts, axis=1) / _sizes(starts, table.shape[1])))


def _sizes(starts: np.ndarray, length: int) -> Float64[np.ndarray, " n"]:
    return np.diff(np.append(starts, length)).astype(np.float64)


def _lists(curve: Curve) -> dict[str, list[float | None]]:
    columns = {"epoch": curve.epochs, "step": curve.steps, "value": curve.values}
    return {
        key: [float(f"{number:.6g}") if math.isfinite(number) else None for number in column]
        for key, column in columns.items()
    }
