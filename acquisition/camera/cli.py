"""`acquire camera`: find the studio camera, look at its settings, check a profile, take a shot."""

import contextlib
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import Namespace

from acquisition.arguments import new_parser, parse
from acquisition.camera.address import FORMS, Address, parse_address
from acquisition.camera.client import GPhotoCamera
from acquisition.camera.contract import CameraFile, Profile
from acquisition.camera.detect import detect_cameras
from acquisition.camera.process import Deadlines
from acquisition.camera.profile import profile_of, read_profile, shipped_profiles, write_profile
from acquisition.camera.protocol import Setting
from acquisition.errors import CameraError, DownloadError, UsageError

COLLECT_S = 8.0
_SHOWN_CHOICES = 16


def main(argv: Sequence[str]) -> int:
    """Runs `acquire camera`; returns 0.

    Raises:
        UsageError: a wrong option, address or profile.
        CameraError: no camera, or one that did not do as asked.
    """
    options = _parse(argv)
    address = parse_address(options.address)
    profile = read_profile(options.check) if options.check else None
    if options.save_profile and Path(options.save_profile).exists():
        raise UsageError(f"{options.save_profile} exists; name another file for the profile")
    wanted = options.settings or options.check or options.save_profile or options.test_shot
    if not wanted and address.kind != "ptpip":
        _list_cameras()
        return 0
    _with_camera(address, profile, options)
    return 0


def _parse(argv: Sequence[str]) -> Namespace:
    parser = new_parser(
        "camera", "List the cameras within reach, or look at one and try it out before a session."
    )
    parser.add_argument("--address", default="usb", help=f"which camera: {FORMS}")
    parser.add_argument("--settings", action="store_true", help="show all settings and choices")
    parser.add_argument(
        "--check",
        metavar="PROFILE",
        help="set a profile and read it back; a YAML file, or one of "
        + ", ".join(shipped_profiles()),
    )
    parser.add_argument(
        "--save-profile", metavar="FILE", help="write the present settings as a profile"
    )
    parser.add_argument(
        "--test-shot", action="store_true", help="take one shot, download and verify its files"
    )
    parser.add_argument(
        "--folder", help="keep the files of the test shot here; default: throw them away"
    )
    return parse(parser, argv)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _list_cameras() -> None:
    cameras = detect_cameras()
    for found in cameras:
        serial = f"  serial:{found.serial}" if found.serial else ""
        _say(
            f"{found.model}  {found.port}{serial}" + (f"\n  {found.problem}" * bool(found.problem))
        )
    if not cameras:
        raise CameraError(
            "found no camera on the USB; switch it on, look at cable and hub, wake it by half a "
            "press; for one in the network give --address ptpip:HOST:PORT"
        )


def _with_camera(address: Address, profile: Profile | None, options: Namespace) -> None:
    deadlines = Deadlines(collect_s=COLLECT_S)
    with contextlib.closing(GPhotoCamera(address, deadlines=deadlines)) as camera:
        identity = camera.connect()
        _say(f"{identity.model}, serial {identity.serial or 'unknown'} ({identity.library})")
        if options.settings:
            for setting in camera.describe():
                _say(_setting_line(setting))
        if profile is not None:
            _check(camera, profile)
        if options.save_profile:
            path = Path(options.save_profile)
            found = profile_of(camera.describe(), path.stem)
            write_profile(found, path, identity.model)
            _say(f"wrote {path} with {len(found.settings)} settings")
        if options.test_shot:
            _test_shot(camera, options.folder)


def _setting_line(setting: Setting) -> str:
    value = "(no value)" if setting.value is None else setting.value
    line = f"{setting.name} = {value}" + (" (read only)" if setting.readonly else "")
    if setting.choices and not setting.readonly:
        shown = ", ".join(setting.choices[:_SHOWN_CHOICES])
        more = len(setting.choices) - _SHOWN_CHOICES
        line += f"   [{shown}" + (f", and {more} more]" if more > 0 else "]")
    return line


def _check(camera: GPhotoCamera, profile: Profile) -> None:
    for name, value in camera.apply(profile).items():
        _say(f"{name} = {value}")
    for note in camera.notes:
        _say(f"note: {note}")
    _say(f"the camera is set as the profile {profile.name!r} says")


def _test_shot(camera: GPhotoCamera, folder: str | None) -> None:
    status = camera.heartbeat()
    free = "unknown" if status.free_bytes is None else f"{status.free_bytes / 1e9:.1f} GB"
    _say(f"battery {status.battery or 'unknown'}, free on the card: {free}")
    exposure = camera.trigger().exposure
    _say(
        f"released; the driver came back after {(exposure.end_ns - exposure.start_ns) / 1e6:.0f} ms"
    )
    collected = camera.collect()
    waited = (time.monotonic_ns() - exposure.start_ns) / 1e9
    _say(f"{len(collected.files)} files announced after {waited:.2f} s")
    with tempfile.TemporaryDirectory(prefix="acquire-shot-") as scratch:
        for file in collected.files:
            _download(camera, file, Path(folder or scratch))
    if collected.missing or not collected.files:
        missing = " and ".join(collected.missing) or "picture"
        raise CameraError(
            f"the shot brought no {missing} file in time; set the quality to RAW + JPEG and the "
            "capture target to the card, look at the card, try again"
        )
    _say("the test shot is whole; what the camera keeps on its card is still there")


def _download(camera: GPhotoCamera, file: CameraFile, folder: Path) -> None:
    if "/" in file.name or file.name.startswith("."):
        raise DownloadError(f"the camera calls a file {file.name!r}, which is no name; look at it")
    found = camera.download(file, folder / file.name)
    _say(f"{file.path}: {found.mime}, {found.bytes} bytes, whole")
