"""What is asked of the result: everything that can change without asking the network again."""

from dataclasses import dataclass
from typing import Literal

from deepflash.errors import UsageError

STRONGEST = 1.5

Offset = Literal["face", "predicted", "input"]
Region = Literal["picture", "face"]
Background = Literal["keep", "studio", "blur"]


@dataclass(frozen=True)
class Look:
    """How a photograph is to look.

    Raises:
        UsageError: the strength is out of its range.
    """

    strength: float = 1.0
    """Factor on the correction: 0 (unchanged) to 1.5."""
    offset: Offset = "face"
    """The method's loss does not supervise mean colour and exposure (Capece et al. 2019, Fig. 3):
    `face` keeps those of the faces, `input` those of the whole photograph, `predicted` takes what
    the network says."""
    region: Region = "picture"
    """`face` leaves every pixel outside of the faces as it is, bit for bit."""
    background: Background = "keep"
    """`studio` puts a smooth one in its place, `blur` throws it out of focus."""
    red_eyes: bool = True
    """Repairs pupils that the flash turned red."""

    def __post_init__(self) -> None:
        """Refuses strengths that no photograph survives."""
        if not 0 <= self.strength <= STRONGEST:
            raise UsageError(f"--strength must be from 0 to {STRONGEST}, not {self.strength}")
