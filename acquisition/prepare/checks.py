"""Which figure is held against which limit, and the words for a figure that misses it."""

from typing import Literal, NamedTuple

from acquisition.prepare.thresholds import Thresholds

Unit = Literal["share", "ms", "number", "small"]


class Check(NamedTuple):
    """One figure against one limit."""

    figure: str
    limit: str
    """A field of `Thresholds`."""
    label: str
    """Short, for tables and diagrams."""
    unit: Unit
    wrong: str
    """What is wrong."""
    advice: str
    """What to do next time."""

    @property
    def is_least(self) -> bool:
        """Whether the figure must not be below its limit; otherwise not above it."""
        return self.limit.startswith("least_")

    def missed(self, figures: dict[str, float], thresholds: Thresholds) -> bool:
        """Returns whether the figure is known, has a limit, and does not keep to it."""
        value, limit = self.value(figures), self.bound(thresholds)
        if value is None or limit is None:
            return False
        return value < limit if self.is_least else value > limit

    def value(self, figures: dict[str, float]) -> float | None:
        """Returns what is compared; None where it was not measured."""
        value = figures.get(self.figure)
        return abs(value) if value is not None and self.unit == "ms" else value

    def bound(self, thresholds: Thresholds) -> float | None:
        """Returns the limit; None where nothing is judged by this figure."""
        return getattr(thresholds, self.limit)

    def reason(self, figures: dict[str, float], thresholds: Thresholds) -> str:
        """Returns a sentence: what is wrong, the figure, its limit, and what to do."""
        value, limit = self.value(figures), self.bound(thresholds)
        words = "at least" if self.is_least else "at most"
        return (
            f"{self.wrong} ({shown(value, self.unit)}, {words} {shown(limit, self.unit)}): "
            f"{self.advice}."
        )


def shown(value: float | None, unit: Unit) -> str:
    """Returns a figure with its unit, for people."""
    if value is None:
        return "not set"
    if unit == "ms":
        return f"{value:.0f} ms"
    if unit == "share":
        return f"{100 * value:.1f} %"
    return f"{value:.4f}" if unit == "small" else f"{value:.2f}"


def _sides(figure: str, limit: str, label: str, unit: Unit, wrong: str, advice: str) -> list[Check]:
    """Returns the same check for both pictures; `{}` stands for which one."""
    return [
        Check(f"{side}_{figure}", limit, f"{label}, {side}", unit, wrong.format(name), advice)
        for side, name in (("flash", "phone's picture"), ("studio", "studio picture"))
    ]


EYES_ADVICE = (
    "take the pair again, and ask the person to keep the eyes open until both lights fired"
)

CHECKS: tuple[Check, ...] = (
    *_sides(
        "bright",
        "least_bright",
        "brightness of the face",
        "number",
        "The {} is nearly black",
        "see that its light fires and nothing covers the lens, and expose longer",
    ),
    *_sides(
        "clipped_face",
        "most_clipped_face",
        "clipped part of the face",
        "share",
        "A part of the face in the {} is white without detail",
        "expose less, or move this light further away",
    ),
    *_sides(
        "sharpness",
        "least_sharpness",
        "sharpness",
        "number",
        "The face in the {} is not sharp",
        "focus on the eyes, clean the lens, and ask the person to hold still",
    ),
    *_sides(
        "sharpness_relative",
        "least_relative_sharpness",
        "sharpness by the person's best",
        "share",
        "The face in the {} is much less sharp than in this person's others",
        "focus on the eyes again, and ask the person to hold still",
    ),
    *_sides(
        "eye_openness",
        "least_eye_openness",
        "openness of the eyes",
        "number",
        "An eye is closed in the {}",
        EYES_ADVICE,
    ),
    *_sides(
        "eye_openness_relative",
        "least_relative_eye_openness",
        "openness by the person's median",
        "share",
        "The eyes are open much less in the {} than in this person's others",
        EYES_ADVICE,
    ),
    *_sides(
        "eye_detail",
        "least_eye_detail",
        "detail in the eyes",
        "small",
        "An eye is closed or hidden in the {}",
        EYES_ADVICE,
    ),
    *_sides(
        "eye_detail_relative",
        "least_relative_eye_detail",
        "detail in the eyes by the person's median",
        "share",
        "The eyes are open much less in the {} than in this person's others",
        EYES_ADVICE,
    ),
    Check(
        "eye_detail_ratio",
        "least_eye_detail_ratio",
        "detail in the eyes, one by the other",
        "share",
        "An eye is open in one picture and not, or less, in the other",
        EYES_ADVICE,
    ),
    Check(
        "eye_difference",
        "most_eye_difference",
        "difference of openness",
        "number",
        "An eye is open in one picture and not, or less, in the other",
        EYES_ADVICE,
    ),
    Check(
        "expression_iod",
        "most_expression_iod",
        "change of expression",
        "share",
        "The face has another expression in the studio picture, or is another face",
        "ask the person to keep the expression until both lights fired; compare the two pictures",
    ),
    Check(
        "likeness",
        "least_likeness",
        "likeness of both faces",
        "number",
        "The studio picture seems to show another face",
        "compare the two pictures: a file of another pair may have got in",
    ),
    Check(
        "leak",
        "most_leak",
        "light of the room",
        "share",
        "The phone's picture has much light of the room on the face",
        "dim the room, switch the modelling lamps off, and see that the phone's light fires",
    ),
    Check(
        "motion_iod",
        "most_motion_iod",
        "motion",
        "share",
        "The face moved between the two exposures, by the distance of the eyes",
        "fix the phone, let the person lean on something, and shorten the skew",
    ),
    Check(
        "motion_one_iod",
        "most_motion_one_iod",
        "motion, from one reference",
        "share",
        "The face moved between the reference and the flash picture, by the distance of the eyes",
        "fix the phone, and let the person lean on something",
    ),
    Check(
        "registration_valid_share_face",
        "least_valid_share_face",
        "registered part of the face",
        "share",
        "Too little of the studio picture's face could be laid onto the phone's",
        "mount the phone closer to the lens, and see that both devices show the same face",
    ),
    Check(
        "registration_landmark_residual_iod",
        "most_registration_residual_iod",
        "registration error",
        "share",
        "The faces do not lie on each other after registration, by the distance of the eyes",
        "mount the phone closer to the lens, and ask the person to hold still",
    ),
    Check(
        "skew_ms",
        "most_skew_ms",
        "skew",
        "ms",
        "The two exposures lie too far apart",
        "look at what was slow, phone or camera; `acquire calibrate latency` measures both",
    ),
    Check(
        "exif_disagreement_ms",
        "most_exif_disagreement_ms",
        "skew against EXIF",
        "ms",
        "The files' own times say that they are of different moments",
        "compare the two pictures: a file of another pair may have got in",
    ),
)
