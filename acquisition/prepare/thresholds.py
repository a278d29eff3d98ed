"""What a pair must keep to in order to be part of a dataset."""

import msgspec


class Thresholds(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Limits of the figures of a pair; None judges nothing by that figure.

    Luminance is linear, from 0 (black) to 1 (white); shares are from 0 to 1; distances in a face
    are shares of the inter-ocular distance, which is that of the outer corners of the eyes. The
    values were chosen from rendered heads: flash and studio pictures of one moment keep to them,
    planted faults do not.
    """

    most_skew_ms: float | None = 1500.0
    """Time between the two exposures, either way round."""
    most_exif_disagreement_ms: float | None = 2500.0
    """Between the measured skew and that of both files' EXIF; beyond it one file is of another
    moment. EXIF is good for about one second."""
    least_bright: float | None = 0.05
    """Luminance that a twentieth of the face exceeds; below it a light did not work."""
    most_clipped_face: float | None = 0.04
    """Share of the face with two channels at white. The highlights of a flash on skin take up
    to 3 %."""
    least_sharpness: float | None = 0.48
    """Slopes of fine over coarse structure around the eyes, at a fixed size of the face; a blur by
    3 % of the inter-ocular distance stays below 0.4."""
    least_relative_sharpness: float | None = 0.5
    """Of the upper quartile of the same person's pictures by the same device."""
    least_eye_openness: float | None = 0.18
    """Height by width of the eye that is open less: about 0.3 for open eyes. The points of closed
    eyes often stay apart by more, hence the next limits."""
    least_eye_detail: float | None = 0.0047
    """Openness times the structure between the lids, of the eye that shows less."""
    least_relative_eye_detail: float | None = 0.35
    """Of the same person's median."""
    least_eye_detail_ratio: float | None = 0.38
    """Between the picture that shows less of the eyes and the other one."""
    least_relative_eye_openness: float | None = 0.6
    """Of the same person's median."""
    most_eye_difference: float | None = 0.06
    """Of one eye's openness between both pictures."""
    least_pairs_of_person: int = 4
    """Before a person's pictures are compared with each other."""
    most_expression_iod: float | None = 0.025
    """Mean shift of eyes and brows, or the mouth, once the faces lie on each other. The change of
    light alone moves the points by 1 to 2 %, a beginning smile by 2.5 to 4 %."""
    least_likeness: float | None = 0.36
    """Correlation of local structure in both faces; that of another person is mostly below 0.3."""
    most_leak: float | None = 0.05
    """Light of the room in the phone's picture, over the face at equal exposure."""
    most_motion_iod: float | None = 0.02
    """Shift of the face between the references before and after, scaled to the skew."""
    most_motion_one_iod: float | None = 0.04
    """Shift between the only reference and the flash picture; light moves the points too."""
    least_valid_share_face: float | None = 0.2
    """Of the face that the registration trusts. Another person's face is below 0.01, hard light
    may leave 0.3; what is not trusted is masked anyway."""
    most_registration_residual_iod: float | None = 0.03
    """Of the landmarks after registration; holds the 1 % that the change of light causes."""
