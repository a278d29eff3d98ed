"""Bytes lost, changed, doubled and added, as disks, cables and people do it."""

from collections.abc import Iterator

from tests.enhance.hostile.bases import Base, bases
from tests.enhance.hostile.case import Case

_SUFFIXES = (".jpg", ".png", ".tif", ".webp", ".heic", ".gif", ".bmp", ".avif", ".cr2", ".dng")
_HEADER = 512


def damaged(random) -> Iterator[Case]:
    for base in bases():
        for data in _cut(base.data, random):
            yield Case("cut", base.suffix, data)
        for kind, change, times in _CHANGES:
            for _ in range(times):
                data = bytearray(base.data)
                change(data, random)
                yield Case(kind, base.suffix, bytes(data))
        yield from _renamed(base, random)


def _cut(data, random):
    yield from (data[:length] for length in (1, 2, 3, 4, 8, 12, 16, 24, 33, 64, 128))
    yield from (data[: len(data) * tenth // 10] for tenth in range(1, 10))
    yield from (data[:-length] for length in (1, 2, 5, 12))
    yield from (data[: random.randrange(1, len(data))] for _ in range(4))
    yield data[random.randrange(1, 40) :]


def _flip(data, random, end):
    for _ in range(random.choice((1, 1, 2, 4, 16, 64))):
        data[random.randrange(min(end, len(data)))] ^= 1 << random.randrange(8)


def _span(data, random):
    length = random.randrange(1, max(2, len(data) // random.choice((3, 10, 100))))
    start = random.randrange(len(data) - length)
    return slice(start, start + length)


def _flip_anywhere(data, random):
    _flip(data, random, len(data))


def _flip_early(data, random):
    _flip(data, random, _HEADER)


def _number(data, random):
    """Writes an extreme number where the header may hold one."""
    place = random.randrange(min(_HEADER, len(data) - 4))
    value = random.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF))
    order = random.choice(("little", "big"))
    length = 2 if value < 2**16 else 4
    data[place : place + length] = value.to_bytes(length, order)


def _fill(data, random):
    span, value = _span(data, random), random.choice((0, 0, 0xFF))
    data[span] = bytes([value]) * (span.stop - span.start)


def _double(data, random):
    span = _span(data, random)
    data[span.stop : span.stop] = data[span]


def _delete(data, random):
    del data[_span(data, random)]


def _add(data, random):
    place = random.randrange(len(data))
    data[place:place] = random.randbytes(random.choice((1, 2, 7, 64, 1000)))


def _swap(data, random):
    one, other = _span(data, random), _span(data, random)
    data[one], data[other] = data[other], data[one]


_CHANGES = [
    ("bits flipped", _flip_anywhere, 28),
    ("bits flipped in the header", _flip_early, 20),
    ("number in the header", _number, 14),
    ("block filled", _fill, 10),
    ("block doubled", _double, 8),
    ("block lost", _delete, 10),
    ("bytes added", _add, 8),
    ("blocks swapped", _swap, 6),
]


def _renamed(base: Base, random) -> Iterator[Case]:
    for suffix in random.sample([s for s in _SUFFIXES if s != base.suffix], 4):
        yield Case("wrong suffix", suffix, base.data)
