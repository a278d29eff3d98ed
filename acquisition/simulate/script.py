"""Faults on demand: what goes wrong at which shot, written by hand, in YAML, or drawn by chance."""

import random
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal, get_args

import msgspec

from acquisition.errors import UsageError

CameraFault = Literal[
    "busy",
    "autofocus_fails",
    "card_full",
    "silent",
    "file_late",
    "file_never",
    "stall",
    "cut",
    "half_jpeg",
    "size_lie",
    "wrong_content",
    "slow",
    "drops",
    "drops_and_denies",
    "dies",
    "dial_turned",
]
PhoneFault = Literal[
    "never_exposes",
    "exposes_late",
    "upload_cut",
    "upload_corrupt",
    "disconnects",
    "no_flash",
    "reload",
]
CAMERA_FAULTS: tuple[CameraFault, ...] = get_args(CameraFault)
PHONE_FAULTS: tuple[PhoneFault, ...] = get_args(PhoneFault)
Which = Literal["raw", "jpeg", "both"]
Moment = Literal["at_release", "after_exposure", "in_transfer"]


class CameraShot(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One shot of the simulated camera; without arguments one at which all goes well."""

    busy: int = 0
    """Times that the release is answered with `busy` before it is taken."""
    autofocus_fails: bool = False
    """The release is refused: out of focus. No exposure."""
    card_full: bool = False
    """The release is refused: card full. No exposure."""
    lag_s: float = 0.03
    """From the release to the opening of the shutter."""
    shutter_s: float | None = None
    """How long the shutter stays open; None: as the shutter speed says."""
    store_s: float = 0.1
    """From the closing of the shutter until the files are on the card."""
    answers_early: bool = False
    """Without Nikon's operations: the release is answered before the shutter opens."""
    silent: bool = False
    """The files appear on the card without any event."""
    withhold: Literal["raw", "jpeg"] | None = None
    """This file is missing at first."""
    withhold_s: float | None = None
    """How much later it appears, with its event; None: never."""
    fault_on: Which = "jpeg"
    """Which files the following fields mean."""
    half: bool = False
    """Only half of the file is on the card."""
    size_lie: int = 0
    """Bytes that the camera announces beyond the true size."""
    wrong_content: bool = False
    """The file holds something that is no picture."""
    stall_s: float = 0.0
    """Pause in the middle of its transfer."""
    cut_after: int | None = None
    """Both connections close after so many bytes of its transfer."""
    transfers: int = 1
    """How many transfers of the file stall, are cut or end the process; later ones are sound."""
    drops: bool = False
    """Both connections close when the shutter has closed; the files reach the card."""
    dies: Moment | None = None
    """The camera's process ends."""
    deny: int = 0
    """Connections that are refused after `drops` or `cut_after`."""
    turns: dict[str, int] = {}
    """Dials that somebody turns after the exposure, by name, and their new values."""


class ShotScript(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What goes wrong at one pair."""

    camera: CameraShot = CameraShot()
    camera_fault: CameraFault | None = None
    """Names what `camera` does, for reports."""
    phone: PhoneFault | None = None


def read_script(path: Path) -> list[ShotScript]:
    """Reads a YAML list of scripts, one an entry; `{}` is a shot without faults.

    Raises:
        UsageError: unreadable, or not such a list.
    """
    try:
        return msgspec.yaml.decode(path.read_bytes(), type=list[ShotScript])
    except OSError as error:
        raise UsageError(f"cannot read the script {path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise UsageError(
            f"{path} is not a list of shots ({error}); see `acquire --help`"
        ) from error


def camera_shot(fault: CameraFault, chance: random.Random | None = None) -> CameraShot:
    """Returns a shot with the named fault; `chance` varies its strength."""
    chance = chance or random.Random(0)
    which: Which = chance.choice(("raw", "jpeg"))
    shots: dict[CameraFault, CameraShot] = {
        "busy": CameraShot(busy=chance.randint(1, 5)),
        "autofocus_fails": CameraShot(autofocus_fails=True),
        "card_full": CameraShot(card_full=True),
        "silent": CameraShot(silent=True),
        "file_late": CameraShot(withhold=which, withhold_s=chance.uniform(0.3, 1.5)),
        "file_never": CameraShot(withhold=which),
        "stall": CameraShot(fault_on=which, stall_s=chance.uniform(3.0, 4.0)),
        "cut": CameraShot(fault_on=which, cut_after=chance.randrange(1, 40_000)),
        "half_jpeg": CameraShot(half=True),
        "size_lie": CameraShot(fault_on=which, size_lie=chance.choice((-500, 1, 1000))),
        "wrong_content": CameraShot(fault_on=which, wrong_content=True),
        "slow": CameraShot(lag_s=0.3, store_s=chance.uniform(0.5, 1.5)),
        "drops": CameraShot(drops=True),
        "drops_and_denies": CameraShot(drops=True, deny=chance.randint(1, 2)),
        "dies": CameraShot(dies=chance.choice(get_args(Moment)), fault_on=which),
        "dial_turned": CameraShot(turns={"iso": chance.choice((200, 800))}),
    }
    return shots[fault]


def random_faults(seed: int, rates: Mapping[str, float]) -> Iterator[ShotScript]:
    """Yields scripts without end, the same ones for the same arguments.

    Args:
        seed: of the chance.
        rates: how often a fault strikes, from 0 to 1, by its name in CAMERA_FAULTS or
            PHONE_FAULTS. At most one of each device strikes at a pair.

    Raises:
        UsageError: an unknown fault, a negative rate, or rates of a device beyond 1 in all.
    """
    for name, rate in rates.items():
        if name not in CAMERA_FAULTS + PHONE_FAULTS or rate < 0:
            known = ", ".join(CAMERA_FAULTS + PHONE_FAULTS)
            raise UsageError(f"no fault {name!r} with rate {rate}; rates from 0 to 1 for: {known}")
    for names in (CAMERA_FAULTS, PHONE_FAULTS):
        if (total := sum(rates.get(name, 0.0) for name in names)) > 1:
            raise UsageError(f"the rates of one device add up to {total}, at most 1 makes sense")
    return _draw_faults(seed, rates)


def _draw_faults(seed: int, rates: Mapping[str, float]) -> Iterator[ShotScript]:
    chance = random.Random(seed)
    while True:
        camera = _draw(chance, CAMERA_FAULTS, rates)
        phone = _draw(chance, PHONE_FAULTS, rates)
        yield ShotScript(
            camera=CameraShot() if camera is None else camera_shot(CAMERA_FAULTS[camera], chance),
            camera_fault=None if camera is None else CAMERA_FAULTS[camera],
            phone=None if phone is None else PHONE_FAULTS[phone],
        )


def _draw(chance: random.Random, names: tuple[str, ...], rates: Mapping[str, float]) -> int | None:
    point = chance.random()
    for index, name in enumerate(names):
        point -= rates.get(name, 0.0)
        if point < 0:
            return index
    return None
