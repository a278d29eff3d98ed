"""Profiles in YAML: read with clear errors, or written from a camera as it is set."""

import re
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import yaml

from acquisition.camera.contract import Files, Profile
from acquisition.camera.protocol import Setting
from acquisition.errors import UsageError, one_line

LONGEST_INTERVAL_S = 120.0
_LONGEST_FILE = 65_536
CARD = "Memory card"
SAVED = (
    "capturetarget",
    "imageformat",
    "imagequality",
    "autoexposuremode",
    "expprogram",
    "focusmode",
    "isoauto",
    "autoiso",
    "iso",
    "shutterspeed",
    "f-number",
    "aperture",
    "exposurecompensation",
    "whitebalance",
    "colortemperature",
    "flashmode",
    "capturemode",
    "drivemode",
)
"""Settings that a picture depends on, in the order in which they are set."""


class _Strings(yaml.BaseLoader):
    """Reads every scalar as it is written: `100` and `off` are no number and no `False`."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [key.value for key, _ in node.value]
        if twice := {str(name) for name in names if names.count(name) > 1}:
            raise yaml.MarkedYAMLError(
                problem=f"{', '.join(sorted(twice))} stands there twice",
                problem_mark=node.start_mark,
            )
        return super().construct_mapping(node, deep)


def shipped_profiles() -> dict[str, Path]:
    """Returns the profiles that come with the program, by name."""
    folder = Path(str(files("acquisition.camera") / "profiles"))
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def read_profile(source: str | Path) -> Profile:
    """Reads a profile from a file, or one that comes with the program by its name.

    Raises:
        UsageError: no such file, no YAML, or something in it that no profile has.
    """
    path = Path(source)
    if not path.exists():
        path = shipped_profiles().get(str(source), path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read the profile {path} ({error.strerror}); give a file, or one of "
            f"{', '.join(shipped_profiles())}"
        ) from error
    if len(data) > _LONGEST_FILE:
        raise UsageError(f"{path} has {len(data)} bytes, which is no profile; give another file")
    try:
        # Strict in names and forms; a number is written like everything else.
        return _checked(msgspec.convert(_load(data), Profile, strict=False), path)
    except (yaml.YAMLError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise UsageError(
            f"{path} is not a profile: {one_line(error)}; see the comments in "
            f"{shipped_profiles()['studio']}"
        ) from error


def profile_of(settings: Sequence[Setting], name: str) -> Profile:
    """Returns a profile that sets a camera as it is set now."""
    there = {setting.name: setting for setting in settings}
    values: dict[str, str] = {}
    for key in SAVED:
        setting = there.get(key)
        if setting is None or setting.readonly or setting.value is None:
            continue
        if setting.kind == "choice" and setting.value not in setting.choices:
            continue
        values[key] = setting.value
    target = there.get("capturetarget")
    if target is not None and CARD in target.choices:
        # As found it is often the camera's memory, which keeps nothing when the cable breaks.
        values["capturetarget"] = CARD
    quality = values.get("imageformat") or values.get("imagequality") or ""
    return Profile(name=name, files=guess_files(quality), settings=values)


def guess_files(quality: str) -> Files:
    """Returns which files a quality setting brings, from its name: `NEF+Fine` brings both."""
    raw = re.search(r"raw|nef|cr2|cr3|arw|dng", quality, re.IGNORECASE)
    jpeg = re.search(r"\+|jpe?g|fine|normal|basic|large", quality, re.IGNORECASE)
    if raw and not jpeg:
        return "raw"
    return "jpeg" if jpeg and not raw else "raw+jpeg"


def write_profile(profile: Profile, path: Path, camera: str) -> None:
    """Writes a profile to a new file.

    Args:
        profile: what to write.
        path: must not exist.
        camera: which body it was read from, for the comment.

    Raises:
        UsageError: the file exists or cannot be written.
    """
    lines = [
        f"# Read from {camera}; `acquire camera --check` sets a camera like this again.",
        yaml.safe_dump({"name": profile.name, "files": profile.files}, sort_keys=False).strip(),
        f"minimum_interval_s: {profile.minimum_interval_s:g}",
        "settings:" if profile.settings else "settings: {}",
        *(f"  {name}: {_quoted(value)}" for name, value in profile.settings.items()),
    ]
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except OSError as error:
        raise UsageError(
            f"cannot write the profile to {path} ({error.strerror}); name another file"
        ) from error


def _load(data: bytes) -> Any:
    # The loader builds nothing but strings, lists and maps.
    return yaml.load(data.decode("utf-8"), Loader=_Strings)


def _checked(profile: Profile, path: Path) -> Profile:
    if not 0 <= profile.minimum_interval_s <= LONGEST_INTERVAL_S:
        raise UsageError(
            f"{path}: minimum_interval_s is {profile.minimum_interval_s:g}; it must be from 0 to "
            f"{LONGEST_INTERVAL_S:g} seconds"
        )
    if strange := [name for name in profile.leave if name not in profile.settings]:
        raise UsageError(
            f"{path}: leave names {', '.join(strange)}, which settings does not set; add the value "
            "there, or take the name away"
        )
    return profile


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
