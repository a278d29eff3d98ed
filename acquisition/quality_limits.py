"""What a pair must keep to right after the shot, and what the check found."""

import msgspec


class QualityLimits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the check right after the shot; all figures are of the picture's centre.

    Luminance is linear, from 0 (black) to 1 (white); shares are from 0 to 1.
    """

    most_leak: float = 0.05
    """Light of the room in the phone's flash picture."""
    least_rise: float = 1.5
    """Flash picture over reference at equal exposure; below it the light did not work."""
    darkest: float = 0.02
    """Luminance that a tenth of the pixels must exceed."""
    most_clipped: float = 0.2
    """Share of pixels with two channels at white; no face is told from a white shirt here."""
    least_sharpness: float = 0.035
    """Below it nothing is in focus, or the lens is covered."""
    least_relative_sharpness: float = 0.4
    """Of the sharpest pictures of the same person and device in the session."""
    most_motion_percent: float = 1.5
    """Shift between the references before and after, in percent of the picture's width."""
    least_motion_response: float = 0.12
    """Phase correlation below it says nothing about motion."""
    least_likeness: float = 0.3
    """Flash and studio picture below it are suspected to show different scenes; only noted."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the check found."""

    figures: dict[str, float]
    """For the record; only what could be measured."""
    reasons: list[str]
    """In words, why the pair is rejected and what to do; empty if it is accepted."""
    notes: list[str] = []
    """Worth a look, no reason to reject."""


class SharpnessMemory:
    """The sharpness of the pictures that a session has accepted, by person and device."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[float]] = {}

    def learn(self, person: str, figures: dict[str, float]) -> None:
        """Takes in the figures of an accepted pair."""
        for side in ("flash", "studio"):
            if (value := figures.get(f"{side}_sharpness")) is not None:
                self._seen.setdefault((person, side), []).append(value)

    def best(self, person: str, side: str) -> float | None:
        """Returns the upper quartile of what was seen; None before two pictures.

        One noisy picture looks sharper than it is, so the sharpest alone is no measure.
        """
        seen = sorted(self._seen.get((person, side), []))
        return seen[(3 * (len(seen) - 1)) // 4] if len(seen) >= 2 else None
