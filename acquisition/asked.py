"""What a session was asked for: every word and file is checked before anything is made."""

from pathlib import Path

import msgspec
from jsonargparse import Namespace

from acquisition.calibration.latency import LatencyCalibration, read_calibration
from acquisition.camera.address import Address, parse_address
from acquisition.camera.contract import Profile
from acquisition.camera.profile import read_profile
from acquisition.consent.registry import Registry
from acquisition.errors import UsageError
from acquisition.lights import LightsConfig, read_lights
from acquisition.opening import PhoneRequest, phone_way, read_yaml_file
from acquisition.plan import Pose
from acquisition.record import Order
from acquisition.session_cli import order_word
from acquisition.store.info import SessionInfo


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A session's command line in words that are known to make sense."""

    camera: Address
    phone: PhoneRequest
    lights: LightsConfig
    order: Order | None
    """None: the session's own, phone_first for a new one."""
    guard_ms: int
    profile: Profile | None
    calibration: LatencyCalibration | None
    poses: list[Pose]
    """Empty: those that the session has, or the usual ones."""
    people: list[str]
    mirror: str | None


def read_asked(arguments: Namespace) -> Asked:
    """Reads the files and words of the command line; makes and opens nothing.

    Raises:
        UsageError: a word that there is not, or a file that is missing or damaged.
        CalibrationError: the calibration's file is.
    """
    return Asked(
        camera=parse_address(arguments.camera),
        phone=PhoneRequest(
            way=phone_way(arguments.phone),
            port=arguments.phone_port,
            address=arguments.phone_address,
            serial=arguments.phone_serial,
            key=arguments.phone_key,
            folder=arguments.phone_folder,
        ),
        lights=read_lights(arguments.lights),
        order=order_word(arguments.order) if arguments.order else None,
        guard_ms=arguments.guard_ms,
        profile=read_profile(arguments.profile) if arguments.profile else None,
        calibration=read_calibration(arguments.calibration) if arguments.calibration else None,
        poses=_poses(arguments.poses),
        people=[word.strip() for word in arguments.people.split(",") if word.strip()],
        mirror=_mirror(arguments.mirror),
    )


def _mirror(folder: Path | None) -> str | None:
    if folder is not None and not folder.is_dir():
        raise UsageError(
            f"--mirror {folder} is not there: attach its disk, or make the folder first"
        )
    return str(folder) if folder else None


def _poses(path: Path | None) -> list[Pose]:
    if path is None:
        return []
    try:
        poses = msgspec.yaml.decode(read_yaml_file(path), type=list[Pose])
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path} is no list of poses ({error}); each has a name and an instruction"
        ) from error
    names = [pose.name for pose in poses]
    if not names or len(set(names)) != len(names):
        raise UsageError(f"{path} needs poses, each with a name of its own")
    return poses


def check_people(asked: Asked, registry: Registry) -> None:
    """Raises ConsentError where somebody who was named may not be photographed."""
    for participant in asked.people:
        registry.valid(participant)


def check_same(asked: Asked, info: SessionInfo, root: Path) -> None:
    """Raises UsageError where a session that goes on was asked for other poses or mirror."""
    if asked.poses and asked.poses != info.poses:
        names = ", ".join(pose.name for pose in info.poses)
        raise UsageError(
            f"{root} has other poses ({names}) than --poses; leave it out, or begin another session"
        )
    if asked.mirror and asked.mirror != info.mirror:
        has = f"the mirror {info.mirror}" if info.mirror else "no mirror"
        raise UsageError(f"{root} was begun with {has}; leave --mirror out, or begin another one")
