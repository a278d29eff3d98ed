"""The simulated camera's settings: what can be chosen, what is set, who turned it."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from acquisition.errors import UsageError
from acquisition.simulate.ptp_codec import DataType, pack_property

Quality = Literal["raw", "jpeg"]
CLOCK = 0x5011
RAW_ALONE = 4
"""Of the image quality; below are JPEGs, beyond are both."""
SHUTTER_UNIT_S = 1e-4


class Dial(msgspec.Struct, frozen=True, kw_only=True):
    """One setting."""

    code: int
    name: str
    kind: DataType
    start: int
    choices: tuple[int, ...] = ()
    span: tuple[int, int, int] | None = None
    settable: bool = True
    nikon: bool | None = None
    """Only with (True) or without (False) Nikon's extension; None: always."""


# Nikon bodies have both forms at once: ten-thousandths of a second, and fractions.
_PARTS = (8000, 4000, 2000, 1000, 500, 250, 200, 160, 125, 100, 80, 60, 30, 15, 8, 4, 2)
_TIMES = tuple(10_000 // part for part in _PARTS)
_NIKON_TIMES = tuple(1 << 16 | part for part in _PARTS)
SHUTTER, NIKON_SHUTTER = 0x500D, 0xD100
_APERTURES = (280, 320, 350, 400, 450, 500, 560, 630, 710, 800, 900, 1000, 1100, 1300, 1600)
_SPEEDS = (100, 125, 160, 200, 250, 320, 400, 500, 640, 800, 1600, 3200)

DIALS = (
    Dial(code=0x5001, name="battery", kind=DataType.UINT8, start=90, span=(0, 100, 1),
         settable=False),
    Dial(code=0x5004, name="imagequality", kind=DataType.UINT8, start=7,
         choices=(0, 1, 2, 4, 5, 6, 7)),
    Dial(code=0x5005, name="whitebalance", kind=DataType.UINT16, start=4, choices=(2, 4, 6, 7)),
    Dial(code=0x5007, name="f-number", kind=DataType.UINT16, start=800, choices=_APERTURES),
    Dial(code=0x500A, name="focusmode", kind=DataType.UINT16, start=1, choices=(1, 2)),
    Dial(code=SHUTTER, name="shutterspeed", kind=DataType.UINT32, start=80, choices=_TIMES),
    Dial(code=0x500E, name="expprogram", kind=DataType.UINT16, start=1, choices=(1, 2, 3, 4)),
    Dial(code=0x500F, name="iso", kind=DataType.UINT16, start=100, choices=_SPEEDS),
    Dial(code=NIKON_SHUTTER, name="nikon_shutterspeed", kind=DataType.UINT32, nikon=True,
         start=1 << 16 | 125, choices=_NIKON_TIMES),
)  # fmt: skip


class Dials:
    """All settings of one body; safe to use from several threads."""

    def __init__(self, *, nikon: bool, clock_offset_s: float = 0.0) -> None:
        self._lock = threading.Lock()
        self._dials = {d.code: d for d in DIALS if d.nikon is None or d.nikon is nikon}
        self._values = {code: dial.start for code, dial in self._dials.items()}
        self._nikon = nikon
        self.clock_offset_s = clock_offset_s
        """The body's calendar clock minus the host's."""

    def codes(self) -> list[int]:
        """Returns the codes of all properties."""
        return [*self._dials, CLOCK]

    def code_of(self, name: str) -> int:
        """Returns the code of a setting. Raises UsageError for an unknown name."""
        for code, dial in self._dials.items():
            if dial.name == name:
                return code
        known = ", ".join(dial.name for dial in self._dials.values())
        raise UsageError(f"the simulated camera has no setting {name!r}; it has {known}")

    def now(self) -> datetime:
        """Returns the body's calendar clock."""
        return datetime.now(UTC) + timedelta(seconds=self.clock_offset_s)

    def has(self, code: int) -> bool:
        """Returns whether there is such a property."""
        return code in self._dials or code == CLOCK

    def describe(self, code: int) -> bytes:
        """Returns the description of a property that the body has."""
        if code == CLOCK:
            clock = self.clock()
            return pack_property(CLOCK, DataType.STRING, clock, clock, ())
        dial = self._dials[code]
        return pack_property(
            code,
            dial.kind,
            self._values[code],
            dial.start,
            dial.choices,
            span=dial.span,
            settable=dial.settable,
        )

    def clock(self) -> str:
        """Returns the calendar clock as the protocol writes it."""
        return self.now().strftime("%Y%m%dT%H%M%S.0")

    def kind(self, code: int) -> DataType:
        """Returns the type of a property that the body has."""
        return DataType.STRING if code == CLOCK else self._dials[code].kind

    def value(self, code: int) -> int | str:
        """Returns the current value of a property that the body has."""
        return self.clock() if code == CLOCK else self._values[code]

    def turn(self, name: str, value: int) -> int:
        """Sets a dial by hand, also to a value that is not among its choices; returns its code."""
        code = self.code_of(name)
        self._store(code, value)
        return code

    def _store(self, code: int, value: int) -> None:
        twins = {SHUTTER: (_TIMES, NIKON_SHUTTER), NIKON_SHUTTER: (_NIKON_TIMES, SHUTTER)}
        with self._lock:
            self._values[code] = value
            values, twin = twins.get(code, ((), 0))
            if twin in self._values and value in values:
                self._values[twin] = self._dials[twin].choices[values.index(value)]

    def set(self, code: int, value: int | str) -> bool:
        """Sets what a host asked for; returns False if the body refuses it."""
        if code == CLOCK:
            return self._set_clock(str(value))
        dial = self._dials[code]
        if not dial.settable or (dial.choices and value not in dial.choices):
            return False
        self._store(code, int(value))
        return True

    def _set_clock(self, text: str) -> bool:
        try:
            wanted = datetime.strptime(text[:15], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
        except ValueError:
            return False
        self.clock_offset_s = (wanted - datetime.now(UTC)).total_seconds()
        return True

    def named(self) -> dict[str, int]:
        """Returns all values by name."""
        return {dial.name: self._values[code] for code, dial in self._dials.items()}

    def qualities(self) -> list[Quality]:
        """Returns which files a shot makes, in the order in which they are stored."""
        quality = self._values[self.code_of("imagequality")]
        made: dict[int, list[Quality]] = {RAW_ALONE: ["raw"]}
        return made.get(quality, ["raw", "jpeg"] if quality > RAW_ALONE else ["jpeg"])

    def shutter_s(self) -> float:
        """Returns how long the shutter stays open."""
        return self._values[SHUTTER] * SHUTTER_UNIT_S
