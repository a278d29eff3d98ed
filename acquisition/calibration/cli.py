"""`acquire calibrate latency`: how long each device takes from the call to the exposure."""

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from jsonargparse import Namespace

from acquisition.arguments import new_parser, parse
from acquisition.calibration.latency import LatencyStatistics, write_calibration
from acquisition.calibration.measure import MeasuredCamera, MeasuredPhone
from acquisition.calibration.shots import MeasuredLatencies, calibrate_folder
from acquisition.errors import CalibrationError, PhoneError, UsageError

_PAGE_DEADLINE_S = 300.0
_PHONE_DEADLINE_S = 300.0
_LEAST_SHOTS = 3
_HELP = """usage: acquire calibrate WHAT ...

  latency   how long each device takes from the call to the exposure; narrows the skew
  colour    a device's colours under one light, from a picture of a ColorChecker or grey card

acquire calibrate WHAT --help   what it takes
"""


def main(argv: Sequence[str]) -> int:
    """Runs `acquire calibrate`; returns 0.

    Raises:
        UsageError: another word than `latency` and `colour`, or an argument that makes no sense.
        CalibrationError: too few pictures can be read, or the result cannot be written.
        AcquisitionError: a device is missing or fails.
    """
    if not argv or argv[0] in ("-h", "--help"):
        sys.stdout.write(_HELP)
        return 0
    if argv[0] == "colour":
        from acquisition.colour.cli import main as calibrate_colour

        calibrate_colour(argv[1:])
        return 0
    if argv[0] != "latency":
        raise UsageError(f"acquire calibrate measures latency or colour, not {argv[0]!r}")
    options = _parse(argv[1:])
    output = Path(options.output)
    if output.exists():
        raise UsageError(f"{output} exists already: choose another name with -o")
    if options.from_folder is not None:
        measured = calibrate_folder(options.from_folder, _say)
    else:
        measured = asyncio.run(_with_devices(options))
    write_calibration(measured.calibration, output)
    sys.stdout.write(report(measured) + f"{output}\n")
    return 0


def report(measured: MeasuredLatencies) -> str:
    """Returns what was measured as lines of text."""
    calibration = measured.calibration

    def line(device: str, found: LatencyStatistics) -> str:
        return (
            f"{device}: {found.median_ms:.0f} ms, spread {found.spread_ms:.1f} ms, "
            f"from {found.min_ms:.0f} to {found.max_ms:.0f} ms, {found.n} pictures\n"
        )

    return (
        line(f"phone {calibration.phone_device} ({calibration.flash_kind})", calibration.phone)
        + line(f"camera {calibration.camera_model}", calibration.studio)
        + f"one reading of the clock: {calibration.display_resolution_ms:.1f} ms\n"
        + "".join(f"{note}\n" for note in measured.notes)
    )


def _parse(argv: Sequence[str]) -> Namespace:
    parser = new_parser(
        "calibrate latency",
        "Both devices photograph a clock on a monitor; the difference to the moment of the call "
        "is their latency. Point both at the monitor, switch the strobes off, focus by hand.",
    )
    add = parser.add_argument
    add("-o", "--output", default="calibration.json", help="file for the result")
    add("--shots", type=int, default=20, help="pictures with each device")
    add("--from-folder", type=Path | None, default=None, help="read pictures and shots.json again")
    add("--keep", type=Path | None, default=None, help="new folder that keeps the pictures")
    add("--clock-host", default="127.0.0.1", help="address on which the clock's page is served")
    add("--clock-port", type=int, default=0, help="port of the clock's page, 0 for any")
    add("--camera", default="usb", help="which camera, as for `acquire camera --address`")
    add("--profile", default="", help="profile that sets the camera first")
    add("--phone", default="wifi", help="how the phone is reached: wifi, cable or adb")
    add("--phone-port", type=int, default=8443, help="port of the phone's page")
    add("--phone-address", default="", help="this computer's address for the phone")
    add("--phone-serial", default="", help="which phone, where several hang on cables")
    options = parse(parser, argv)
    if options.shots < _LEAST_SHOTS:
        raise UsageError(f"--shots is {options.shots}; it must be {_LEAST_SHOTS} or more")
    return options


async def _with_devices(options: Namespace) -> MeasuredLatencies:
    if options.keep is None:
        with tempfile.TemporaryDirectory(prefix="deepflash-clock-") as folder:
            return await _measure(options, Path(folder))
    try:
        options.keep.mkdir(parents=True)
    except OSError as error:
        raise CalibrationError(
            f"{options.keep} cannot be made ({error.strerror}): name a new folder with --keep"
        ) from error
    return await _measure(options, options.keep)


async def _measure(options: Namespace, folder: Path) -> MeasuredLatencies:
    from acquisition.calibration.display import ClockDisplay
    from acquisition.calibration.measure import measure

    clock = ClockDisplay()
    try:
        url = await clock.start(options.clock_host, options.clock_port)
        _say(f"Open {url} on a monitor, full screen (F11), in view of both devices.")
        async with _open_devices(options, folder) as (phone, camera):
            await clock.ready(_PAGE_DEADLINE_S)
            await _phone_there(phone)
            return await measure(phone, camera, options.shots, folder=folder, clock=clock, say=_say)
    finally:
        await clock.close()


@asynccontextmanager
async def _open_devices(
    options: Namespace, folder: Path
) -> AsyncIterator[tuple[MeasuredPhone, MeasuredCamera]]:
    """Opens both devices; what they are is decided where a session opens them, too."""
    from acquisition.calibration.measure import CalibrationFolder
    from acquisition.camera.address import parse_address
    from acquisition.camera.client import GPhotoCamera
    from acquisition.camera.profile import read_profile
    from acquisition.opening import PhoneRequest, open_phone, phone_way
    from deepflash.serving.qr import terminal_code

    profile = read_profile(options.profile) if options.profile else None
    request = PhoneRequest(
        way=phone_way(options.phone),
        port=options.phone_port,
        address=options.phone_address,
        serial=options.phone_serial,
    )
    camera = GPhotoCamera(parse_address(options.camera), profile=profile)
    try:
        await asyncio.to_thread(camera.connect)
        opened = await open_phone(request, CalibrationFolder(folder), on_refused=_say)
        try:
            _say(opened.advice)
            if opened.url:
                _say(f"{terminal_code(opened.url)}\n{opened.url}")
            yield opened.phone, camera
        finally:
            await opened.phone.close()
    finally:
        await asyncio.to_thread(camera.close)


async def _phone_there(phone: MeasuredPhone) -> None:
    deadline = asyncio.get_running_loop().time() + _PHONE_DEADLINE_S
    while not phone.status().connected:
        if asyncio.get_running_loop().time() > deadline:
            raise PhoneError(f"no phone came within {_PHONE_DEADLINE_S:.0f} s: open its page")
        await asyncio.sleep(0.2)
    await phone.check()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
