"""All hostile files, always the same ones."""

from functools import cache
from random import Random

from tests.enhance.hostile.case import Case
from tests.enhance.hostile.claims import claims
from tests.enhance.hostile.damage import damaged
from tests.enhance.hostile.metadata import metadata
from tests.enhance.hostile.odd import odd


@cache
def all_cases() -> tuple[Case, ...]:
    """Returns more than 3,000 files, mixed, so that any part holds some of every kind."""
    random = Random(6)
    cases = [*damaged(random), *metadata(random), *claims(), *odd(random)]
    random.shuffle(cases)
    return tuple(cases)
