"""`acquire calibrate colour`: measure how a device shows colours under a light."""

import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from jsonargparse import Namespace

from acquisition.arguments import new_parser, parse
from acquisition.errors import UsageError

if TYPE_CHECKING:
    from acquisition.colour.measure import Measured

_LIGHTS = ("flash", "torch", "screen", "studio")
_TONES = {"auto": None, "fit": True, "none": False}
_MOST_DELTA_E = 6.0


def main(argv: Sequence[str]) -> int:
    """Runs `acquire calibrate colour` with the words after it; returns 0.

    Raises:
        UsageError: an argument makes no sense, or the result's file exists.
        CalibrationError: no chart is found, it is badly exposed, or it does not fit.
        StoreError: a picture cannot be read.
    """
    options = _parse(argv)
    output = Path(options.output or f"colour/{_file_name(options.device)}-{options.light}.json")
    if output.suffix != ".json":
        raise UsageError(f"-o is {output}: its name must end in .json, or it will not be found")
    proof = output.with_name(f"{output.stem}-proof.png")
    for path in (output, proof):
        if path.exists():
            raise UsageError(f"{path} exists already: choose another name with -o")
    measured = _measure(options)
    _write(measured, output, proof)
    sys.stdout.write(report(measured) + f"{output}\n")
    return 0


def report(measured: "Measured") -> str:
    """Returns what was measured as lines of text."""
    made, fit = measured.calibration, measured.fit
    lines = [f"{made.device} under {made.light}, by {made.method.replace('_', ' ')}, {made.id}"]
    if fit is not None:
        from acquisition.colour.reference import NAMES

        lines.append(
            f"CIEDE2000: {made.delta_e_before:.1f} before, {made.delta_e_mean:.1f} after "
            f"correction, {made.delta_e_max:.1f} at most"
        )
        lines.append(f"light across the chart: {100 * (made.light_fall or 0):.0f} % uneven")
        lines += [
            f"  {name:14} {before:5.1f} -> {after:4.1f}" if after == after else f"  {name:14} out"
            for name, before, after in zip(NAMES, fit.before, fit.delta_e, strict=True)
        ]
    rows = ["  ".join(f"{value:7.4f}" for value in row) for row in made.matrix]
    lines += ["matrix: " + rows[0], "        " + rows[1], "        " + rows[2]]
    return "".join(f"{line}\n" for line in (*lines, *measured.notes))


def _parse(argv: Sequence[str]) -> Namespace:
    parser = new_parser(
        "calibrate colour",
        "Photograph a ColorChecker Classic (24 patches) in place of the face, once with each "
        "device under the light it is used with. Fill at least a tenth of the picture's width.",
    )
    add = parser.add_argument
    add("pictures", nargs="+", type=Path, help="JPEG or raw; of several, the best is kept")
    add("--device", required=True, help="model, as the sessions' records name it")
    add("--light", required=True, choices=_LIGHTS, help="what lit the chart")
    add("-o", "--output", default="", help="file; default colour/DEVICE-LIGHT.json")
    add("--grey-card", default="", help="white balance only: x,y,width,height or `centre`")
    add("--tone", default="auto", choices=tuple(_TONES), help="the device's tone curve")
    add("--most", type=float, default=_MOST_DELTA_E, help="refuse a worse mean CIEDE2000")
    options = parse(parser, argv)
    if not options.device.strip():
        raise UsageError("--device is empty; name the model as the sessions' records do")
    if options.grey_card and len(options.pictures) > 1:
        raise UsageError("--grey-card takes one picture")
    return options


def _measure(options: Namespace) -> "Measured":
    from acquisition.colour.calibration import Light
    from acquisition.colour.grey_card import parse_region
    from acquisition.colour.measure import measure_chart, measure_grey_card

    lights: tuple[Light, ...] = get_args(Light)
    light = lights[lights.index(options.light)]
    if options.grey_card:
        centre = options.grey_card in ("centre", "center")
        region = None if centre else parse_region(options.grey_card)
        return measure_grey_card(
            options.pictures[0], device=options.device, light=light, region=region
        )
    return measure_chart(
        options.pictures,
        device=options.device,
        light=light,
        tone=_TONES[options.tone],
        most=options.most,
    )


def _write(measured: "Measured", output: Path, proof: Path) -> None:
    from acquisition.colour.calibration import write_calibration, write_new
    from acquisition.colour.proof import proof_png

    # The proof first: the calibration's presence means that all of it is there.
    if measured.fit is not None:
        write_new(proof_png(measured.fit), proof)
    write_calibration(measured.calibration, output)


def _file_name(device: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", device.lower()).strip("-") or "device"
