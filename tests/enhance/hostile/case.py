"""One file to be fed to the command line, and what may come of it."""

from typing import Literal, NamedTuple

Expected = Literal["picture", "refused", "either"]


class Case(NamedTuple):
    kind: str
    """What was done to the file; the report counts by it."""
    suffix: str
    data: bytes
    expected: Expected = "either"
    size: tuple[int, int] | None = None
    """Width and height of the upright picture, where they are known."""
    name: str | None = None
    """The file's whole name, where it matters."""
