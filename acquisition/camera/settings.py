"""The camera's settings (inside its process): read without a crash, set, read back, compare."""

import ctypes
import difflib
import re
import sys
import time
from typing import Literal

from acquisition.camera.contract import Profile
from acquisition.camera.library import Camera, Widget, gp
from acquisition.camera.library_log import LibraryLog
from acquisition.camera.protocol import Setting
from acquisition.errors import CameraError

Kind = Literal["choice", "text", "range", "toggle", "date", "button"]
_KINDS: dict[int, Kind] = {
    gp.GP_WIDGET_RADIO: "choice",
    gp.GP_WIDGET_MENU: "choice",
    gp.GP_WIDGET_TEXT: "text",
    gp.GP_WIDGET_RANGE: "range",
    gp.GP_WIDGET_TOGGLE: "toggle",
    gp.GP_WIDGET_DATE: "date",
    gp.GP_WIDGET_BUTTON: "button",
}
_SWITCH = {"0": 0, "off": 0, "no": 0, "false": 0, "1": 1, "on": 1, "yes": 1, "true": 1}
_READ_BACK_S = 1.5
_SHOWN_CHOICES = 12
_NEAR = 0.05
_EXPOSURE = re.compile(r"(f/)?(\d+(?:\.\d+)?)(?:(/)(\d+(?:\.\d+)?))?(s)?")


def read_setting(camera: Camera, name: str, log: LibraryLog) -> Setting | None:
    """Returns the setting as the camera has it now, None if it has no such setting."""
    try:
        return _described(camera.get_single_config(name, log.context))
    except gp.GPhoto2Error as error:
        if error.code in (gp.GP_ERROR_BAD_PARAMETERS, gp.GP_ERROR_NOT_SUPPORTED):
            return None
        raise


def all_settings(camera: Camera, log: LibraryLog) -> list[Setting]:
    """Returns every setting that can be read, in the camera's order."""
    names = camera.list_config(log.context)
    # Some bodies list a name twice.
    unique = dict.fromkeys(names.get_name(index) for index in range(len(names)))
    found = (read_setting(camera, name, log) for name in unique)
    return [setting for setting in found if setting]


def apply_profile(
    camera: Camera, profile: Profile, log: LibraryLog
) -> tuple[dict[str, str], list[str]]:
    """Checks, sets, reads back and compares each setting of a profile, in its order.

    Returns:
        The values read back, and notes on settings of `leave` that this body does not offer.

    Raises:
        CameraError: a setting or value that the camera does not offer, or does not keep.
    """
    values: dict[str, str] = {}
    notes: list[str] = []
    for name, wanted in profile.settings.items():
        try:
            values[name] = _change(camera, name, wanted, log)
        except _NotOffered as error:
            if name not in profile.leave:
                raise CameraError(
                    f"{error}; change the profile {profile.name!r} (`acquire camera --settings` "
                    "shows what there is), or name it under `leave` if only some bodies have it"
                ) from error
            notes.append(f"{error}; left as it is")
    # Setting one can move another (automatic ISO, exposure programs): look at all once more.
    for name, value in values.items():
        _compare(camera, name, value, log)
    return values, notes


class _NotOffered(Exception):  # noqa: N818 - turned into an error or a note
    """The camera has no such setting or value."""


def _change(camera: Camera, name: str, wanted: str, log: LibraryLog) -> str:
    setting = read_setting(camera, name, log)
    if setting is None:
        raise _NotOffered(f"the camera has no setting {name}")
    value = _offered(setting, wanted)
    if setting.value == value:
        return value
    if setting.readonly:
        raise _NotOffered(
            f"{name} shall be {wanted!r}, is {setting.value!r} and can only be set on the camera"
        )
    widget = camera.get_single_config(name, log.context)
    widget.set_value(_typed(setting.kind, value))
    try:
        camera.set_single_config(name, widget, log.context)
    except gp.GPhoto2Error as error:
        if error.code != gp.GP_ERROR_BAD_PARAMETERS:
            raise
        raise _NotOffered(f"{name} refuses {wanted!r} ({log.said() or error.string})") from error
    _compare(camera, name, value, log)
    return value


def _compare(camera: Camera, name: str, value: str, log: LibraryLog) -> None:
    """Waits a moment for the setting to be `value`; some bodies take a while."""
    deadline = time.monotonic() + _READ_BACK_S
    while True:
        setting = read_setting(camera, name, log)
        found = setting.value if setting else None
        if found == value:
            return
        if time.monotonic() > deadline:
            raise CameraError(
                f"set {name} to {value!r}, read back {found!r}; look at the camera's dials and "
                "exposure program (M), they can forbid it"
            )
        time.sleep(0.1)


def _offered(setting: Setting, wanted: str) -> str:
    """Returns `wanted` in the camera's own spelling."""
    if setting.kind == "choice":
        return _choice(setting, wanted)
    if setting.kind == "toggle" and wanted.lower() in _SWITCH:
        return str(_SWITCH[wanted.lower()])
    if setting.kind == "range" and re.fullmatch(r"-?\d+(\.\d+)?", wanted):
        return _plain(float(wanted))
    if setting.kind == "text":
        return wanted
    if setting.kind in ("date", "button"):
        raise _NotOffered(f"{setting.name} is a {setting.kind}, which a profile cannot set")
    raise _NotOffered(f"{setting.name} shall be {wanted!r}, which is no value of a {setting.kind}")


def _choice(setting: Setting, wanted: str) -> str:
    # Never another value than the choices: the library takes it and crashes at the next read.
    if wanted in setting.choices:
        return wanted
    same = [choice for choice in setting.choices if choice.casefold() == wanted.casefold()]
    same = same or _nearest_exposure(setting.choices, wanted)
    if len(same) == 1:
        return same[0]
    close = difflib.get_close_matches(wanted, setting.choices, _SHOWN_CHOICES, 0.3)
    shown = (close or setting.choices)[:_SHOWN_CHOICES]
    raise _NotOffered(
        f"{setting.name} {wanted!r} is not offered, but {', '.join(shown)}"
        + (f" (of {len(setting.choices)})" if len(shown) < len(setting.choices) else "")
    )


def _nearest_exposure(choices: list[str], wanted: str) -> list[str]:
    """Returns the choice that is the same shutter time or aperture: 1/125 is 0.0080s."""
    target = _exposure(wanted)
    if target is None:
        return []
    near: list[tuple[float, str]] = []
    for choice in choices:
        other = _exposure(choice)
        if other and other[0] == target[0] and abs(other[1] / target[1] - 1) < _NEAR:
            near.append((abs(other[1] / target[1] - 1), choice))
    return [min(near)[1]] if near else []


def _exposure(text: str) -> tuple[str, float] | None:
    """Returns what the text measures and how much: `f/8`, `1/125`, `0.0080s`; no bare numbers."""
    match = _EXPOSURE.fullmatch(text.strip())
    if not match or (match[1] and match[3]) or not float(match[4] or 1) or not float(match[2]):
        return None
    if match[1]:
        return "aperture", float(match[2])
    if match[3] or match[5]:
        return "time", float(match[2]) / float(match[4] or 1)
    return None


def _typed(kind: Kind, value: str) -> str | int | float:
    if kind == "toggle":
        return int(value)
    return float(value) if kind == "range" else value


def _described(widget: Widget) -> Setting:
    kind = _KINDS.get(widget.get_type(), "text")
    choices: list[str] = []
    if kind == "choice":
        choices = [widget.get_choice(index) for index in range(widget.count_choices())]
    return Setting(
        name=widget.get_name(),
        kind=kind,
        value=_value(widget, kind),
        choices=choices,
        readonly=bool(widget.get_readonly()),
    )


def _value(widget: Widget, kind: Kind) -> str | None:
    if kind in ("choice", "text"):
        return _safe_text(widget)
    if kind == "button":
        return None
    value = widget.get_value()
    return _plain(value) if kind == "range" else str(value)


def _plain(number: float) -> str:
    return f"{number:.6g}"


def _safe_text(widget: Widget) -> str | None:
    """Returns the text of a widget, None where the library has a null pointer.

    The binding's own `get_value` reads that pointer and takes the process down: a manual lens, or
    a current value that is not among the choices.
    """
    # The extension module is linked to the library in use, wherever that lies.
    library = ctypes.CDLL(sys.modules["gphoto2._widget"].__file__)
    pointer = ctypes.c_void_p()
    library.gp_widget_get_value(ctypes.c_void_p(int(widget.this)), ctypes.byref(pointer))
    if pointer.value is None:
        return None
    return ctypes.string_at(pointer.value).decode("utf-8", "replace")
