"""Looks at the pictures of a pair that is in the store."""

from acquisition.exif import read_exif
from acquisition.quality import Picture, decode, judge
from acquisition.quality_limits import Verdict
from acquisition.record import FileKind, FlashKind
from acquisition.taking.studio import Studio


def judge_pair(studio: Studio, pair: str, participant: str, flash_kind: FlashKind) -> Verdict:
    """Returns figures and reasons for the pictures of `pair`.

    A pair that is accepted becomes a measure of sharpness for those after it.

    Raises:
        StoreError: a picture cannot be read.
    """
    folder = studio.folder.pair_folder(pair)
    paths = {file.kind: folder / file.name for file in studio.folder.files(pair)}

    def picture(*kinds: FileKind) -> Picture | None:
        found = [paths[kind] for kind in kinds if kind in paths]
        return decode(found[0]) if found else None

    verdict = judge(
        decode(paths["phone_flash"]),
        picture("phone_reference"),
        picture("studio_jpeg", "studio_raw"),
        picture("phone_reference_after"),
        studio.options.quality,
        flash_kind=flash_kind,
        flash_exif=read_exif(paths["phone_flash"]),
        reference_exif=(
            read_exif(paths["phone_reference"]) if "phone_reference" in paths else None
        ),
        memory=studio.sharpness,
        person=participant,
    )
    if not verdict.reasons:
        studio.sharpness.learn(participant, verdict.figures)
    return verdict
