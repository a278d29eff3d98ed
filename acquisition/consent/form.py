"""From what the operator enters to a consent; what must not pass is refused here."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import Any

from acquisition.consent.text import ConsentText
from acquisition.consent.types import SCOPES, Consent, Scope, stamp, years_later
from acquisition.console.state import ConsentForm
from acquisition.errors import ConsentError

DEFAULT_YEARS = 5
MOST_YEARS = 30
MOST_SIGNATURE_BYTES = 50_000_000
_SIGNATURE_TYPES = {".jpg", ".jpeg", ".png", ".pdf", ".heic", ".tif", ".tiff"}


def agree(
    form: ConsentForm,
    text: ConsentText,
    *,
    participant: str,
    consent: str,
    at: datetime,
    years: int,
) -> Consent:
    """Returns the consent that `form` gives to `text` from `at` on.

    Raises:
        ConsentError: under age, no operator, no or unknown scopes, another text than the one
            that is in force, or a time outside of 1 to 30 years.
    """
    if not form.is_adult:
        raise ConsentError(
            "the person did not say to be at least 18 years old; no pictures can be taken"
        )
    if not form.operator.strip() or not form.operator.isprintable():
        raise ConsentError(
            f"the operator's name is {form.operator!r}; enter who showed the text to the person"
        )
    if form.text_sha256 != text.sha256:
        raise ConsentError(
            f"the person was shown a text with SHA-256 {form.text_sha256[:12] or '(none)'}…, but "
            f"{text.version} ({text.language}) is {text.sha256[:12]}…; show the present text"
        )
    if not 1 <= years <= MOST_YEARS:
        raise ConsentError(f"a consent for {years} years; choose from 1 to {MOST_YEARS}")
    scopes = check_scopes(form.scopes)
    chosen: dict[str, Any] = {scope: scope in scopes for scope in SCOPES}
    return Consent(
        participant=participant,
        consent=consent,
        text_version=text.version,
        text_sha256=text.sha256,
        language=text.language,
        is_adult=True,
        operator=form.operator.strip(),
        given=stamp(at),
        expires=stamp(years_later(at, years)),
        **chosen,
    )


def check_scopes(scopes: list[str]) -> list[Scope]:
    """Returns `scopes` in the usual order. Raises ConsentError for unknown ones and for none."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        raise ConsentError(
            f"{', '.join(unknown) or 'nothing'} is no scope of use; choose from {', '.join(SCOPES)}"
        )
    return [scope for scope in SCOPES if scope in scopes]


def read_signature(path: Path) -> tuple[str, bytes, str]:
    """Returns suffix, content and SHA-256 of a signed form. Raises ConsentError."""
    suffix = path.suffix.lower()
    if suffix not in _SIGNATURE_TYPES:
        raise ConsentError(
            f"the signed form {path} is no {', '.join(sorted(_SIGNATURE_TYPES))}; scan it as one"
        )
    try:
        size = path.stat().st_size
        if not 0 < size <= MOST_SIGNATURE_BYTES:
            raise ConsentError(
                f"the signed form {path} has {size} bytes, expected 1 to {MOST_SIGNATURE_BYTES}"
            )
        data = path.read_bytes()
    except OSError as error:
        raise ConsentError(f"cannot read the signed form {path}: {error.strerror}") from error
    return suffix, data, hashlib.sha256(data).hexdigest()
