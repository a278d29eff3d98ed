"""Participant and consent ids: random, derived from nothing, easy to read out.

Six characters of Crockford base32 hold about a billion ids. Every id has a digit and a letter
beyond F, so that neither a number nor a word nor a hexadecimal digest is taken for one when
places are searched for it.
"""

import re
import secrets
from collections.abc import Callable

from acquisition.errors import ConsentError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 6
_BEYOND_HEX = ALPHABET[16:]
_PARTICIPANT = re.compile(rf"P-[{ALPHABET}]{{{LENGTH}}}")


def new_code(taken: Callable[[str], bool]) -> str:
    """Returns six random characters for which `taken` is false."""
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        mixed = any(c.isdigit() for c in code) and any(c in _BEYOND_HEX for c in code)
        if mixed and not taken(code):
            return code


def check_participant(participant: str) -> str:
    """Returns `participant` if it has the form of an id. Raises ConsentError."""
    if not _PARTICIPANT.fullmatch(participant):
        raise ConsentError(
            f"{participant!r} is no participant id; one looks like P-4Q7ZK2, see "
            "`acquire consent list`"
        )
    return participant


def spellings(participant: str) -> set[str]:
    """Returns the ways in which folders, journals and manifests write the id."""
    code = check_participant(participant).removeprefix("P-")
    return {participant, f"sub-{code}", code}


def pattern(participant: str) -> re.Pattern[bytes]:
    """Returns what finds the id in any spelling, but not inside of a longer word."""
    code = check_participant(participant).removeprefix("P-").encode()
    return re.compile(rb"(?<![A-Za-z0-9])" + code + rb"(?![A-Za-z0-9])", re.IGNORECASE)
