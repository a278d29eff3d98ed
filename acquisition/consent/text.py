"""The text that a person reads and agrees to, versioned, filled in, and known by its SHA-256.

The package brings `consent-1` in English and Italian as templates. A studio puts its own, as
checked by its data protection officer, into the registry: `templates/consent-2.it.md`; the
highest number of a language is used. `{controller}` and `{contact}` are filled in.
"""

import hashlib
import re
from importlib.resources import files
from pathlib import Path

import msgspec

from acquisition.consent.types import Controller
from acquisition.errors import ConsentError

TEMPLATES = "templates"
CONTROLLER = "controller.yaml"
_NAME = re.compile(r"(consent-(\d+))\.([a-z]{2,3})\.md")


class ConsentText(msgspec.Struct, frozen=True, kw_only=True):
    """A text as it is shown."""

    version: str
    language: str
    body: str
    """Markdown, filled in."""
    sha256: str
    """Of the body in UTF-8."""


def read_controller(folder: Path) -> Controller:
    """Reads `controller.yaml` of the registry in `folder`. Raises ConsentError."""
    path = folder / CONTROLLER
    try:
        data = path.read_bytes()
        controller = msgspec.yaml.decode(data, type=Controller)
    except FileNotFoundError:
        raise ConsentError(
            "the consent text lacks who answers for the pictures; run `acquire consent "
            "controller --name NAME --contact ADDRESS` once"
        ) from None
    except (OSError, msgspec.MsgspecError) as error:
        raise ConsentError(f"cannot read {path}: {error}") from error
    return check_controller(controller)


def check_controller(controller: Controller) -> Controller:
    """Returns `controller` if both fields are one line of text. Raises ConsentError."""
    for name, value in (("controller", controller.controller), ("contact", controller.contact)):
        if not value.strip() or not value.isprintable():
            raise ConsentError(f"{name} is {value!r}, expected one line of text")
    return controller


def languages(folder: Path) -> list[str]:
    """Returns the languages that there is a text for."""
    return sorted({language for _, language in _templates(folder)})


def fill(folder: Path, language: str, controller: Controller) -> ConsentText:
    """Returns the newest text in `language` with the controller's name and address in it.

    Raises:
        ConsentError: there is no text in that language, or it cannot be read.
    """
    templates = _templates(folder)
    numbers = [number for number, known in templates if known == language]
    if not numbers:
        raise ConsentError(
            f"there is no consent text in {language!r}, only in {', '.join(languages(folder))}; "
            f"put one into {folder / TEMPLATES}"
        )
    version, template = templates[max(numbers), language]
    # One pass, so that a name with braces in it is not filled in again.
    values = {"{controller}": controller.controller, "{contact}": controller.contact}
    body = re.sub(r"\{controller\}|\{contact\}", lambda match: values[match[0]], template)
    return ConsentText(version=version, language=language, body=body, sha256=digest(body))


def digest(body: str) -> str:
    """Returns the SHA-256 of a text."""
    return hashlib.sha256(body.encode()).hexdigest()


def _templates(folder: Path) -> dict[tuple[int, str], tuple[str, str]]:
    """Returns version and template by number and language; the registry's own win."""
    found: dict[tuple[int, str], tuple[str, str]] = {}
    own = folder / TEMPLATES
    try:
        for path in files("acquisition.consent").joinpath("texts").iterdir():
            if match := _NAME.fullmatch(path.name):
                found[int(match[2]), match[3]] = (match[1], path.read_text(encoding="utf-8"))
        for path in sorted(own.iterdir()) if own.is_dir() else []:
            if match := _NAME.fullmatch(path.name):
                found[int(match[2]), match[3]] = (match[1], path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConsentError(f"cannot read the consent texts in {own}: {error}") from error
    return found
