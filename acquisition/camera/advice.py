"""What a failure of the camera's library means, and what to do: one line for the operator.

The library's numbers are too coarse to act on (a missed focus, a full card and a cut cable are
all -1), so the words that it says to the user are read as well.
"""

import re

import msgspec

CLAIMED = -53
BUSY = -110
NOT_SUPPORTED = -6
LOST = frozenset({-7, -10, -34, -35, -52, -105})
"""I/O, timeout, read, write, not on the USB, no such model: the connection is of no more use."""
_SILENT = frozenset({-1, -2, -7, -10})
HARMLESS = frozenset({BUSY, NOT_SUPPORTED, -3, -103, -107, -108, -114, -115})
"""Busy, not supported, no memory, name taken, no folder, no file, no storage space."""


class _Case(msgspec.Struct, frozen=True):
    codes: frozenset[int]
    words: str
    """Pattern on what the library said; empty: the code alone decides."""
    means: str
    do: str


_CASES = (
    _Case(
        frozenset({CLAIMED}),
        "",
        "another program holds the camera",
        "close it; on GNOME run `gio mount -s gphoto2` (for good: `systemctl --user mask "
        "gvfs-gphoto2-volume-monitor.service`), on KDE close Dolphin and the device notifier",
    ),
    _Case(
        frozenset(),
        r"out of focus|auto-?focus fail|focus.*fail|0x[aA]002",
        "the autofocus found nothing",
        "set the lens to MF and focus by hand; it is too dark between the shots for autofocus",
    ),
    _Case(
        frozenset({-115}),
        r"store full|card full|memory full|no space|0x200[cC]",
        "the card is full",
        "put another card in (nothing is deleted by this program), then restart the camera",
    ),
    _Case(
        frozenset(),
        r"no (memory )?card|store (not available|read.?only)|card.*(lock|protect|not format)",
        "the card is missing, locked or not formatted",
        "look at the card, then try again",
    ),
    _Case(
        frozenset(),
        r"mirror",
        "mirror lock-up is on",
        "switch mirror lock-up and exposure delay off in the camera's menu",
    ),
    _Case(
        frozenset(),
        r"battery|power",
        "the battery is low",
        "use the mains adapter; a tethered camera empties a battery in an hour or two",
    ),
    _Case(
        frozenset({BUSY}),
        r"busy",
        "the camera stays busy",
        "wait until its card light is out; then look for mirror lock-up, live view, a self-timer "
        "or a menu on its display; last, switch it off and on",
    ),
    _Case(
        frozenset({-52, -105}),
        "",
        "there is no such camera",
        "switch it on, look at cable and hub, wake it by half a press; `acquire camera` lists "
        "what is there",
    ),
    _Case(
        frozenset({-10}),
        r"time ?out",
        "it did not answer in time",
        "wake it by half a press and set auto power off to never; then look at cable and hub",
    ),
    _Case(
        frozenset({-7, -34, -35}),
        r"i/o|broken pipe",
        "the connection broke",
        "look at cable, hub and power (asleep? set auto power off to never); the next call "
        "connects again",
    ),
    _Case(
        frozenset({-107, -108}),
        "",
        "there is no such file on the card",
        "look at the card; was it changed or formatted?",
    ),
    _Case(
        frozenset({-2, NOT_SUPPORTED}),
        "",
        "this body cannot do that",
        "see the list of tested bodies, or choose another setting (`acquire camera --settings`)",
    ),
)
_UNREACHABLE = _Case(
    frozenset(),
    "",
    "no camera answers there",
    "switch it on, look at cable or network, address and port; on the USB unplug it and plug it in "
    "again",
)
_LOST = _Case(
    frozenset(),
    "",
    "the connection is lost",
    "look at cable, hub and power (asleep? set auto power off to never); the next call connects "
    "again",
)
_REFUSED = _Case(
    frozenset(),
    "",
    "it refused without a reason",
    "mostly the autofocus: set the lens to MF; else look at the camera's display (card, menu, "
    "self-timer)",
)


def advise(
    asked: str, code: int, name: str, said: str, *, lost: bool, connected: bool = True
) -> str:
    """Returns one line: what was asked, what came, what to do.

    Args:
        asked: words after `asked the camera to`.
        code: the library's number, for example -110.
        name: the library's name for it, for example `I/O in progress`.
        said: the library's words to the user during the call.
        lost: whether the camera answers nothing any more.
        connected: False while it was being opened.
    """
    case = _case(code, said, _LOST if lost else _REFUSED)
    if not connected and code in _SILENT:
        case = _UNREACHABLE
    came = f"{name}, {code}" + (f": {said}" if said else "")
    return f"asked the camera to {asked}; {case.means} ({' '.join(came.split())}); {case.do}"


def _case(code: int, said: str, otherwise: _Case) -> _Case:
    # Words first: they name the reason where the number is -1 for everything.
    for case in _CASES:
        if case.words and re.search(case.words, said, re.IGNORECASE):
            return case
    for case in _CASES:
        if code in case.codes:
            return case
    return otherwise
