"""One pair through all stages: a function of its files and the settings."""

from pathlib import Path
from typing import Any

import cv2
import msgspec

from acquisition.colour.calibration import ColourCalibration
from acquisition.errors import AcquisitionError, StoreError, one_line
from acquisition.prepare.aligning import Parts, align, room_for
from acquisition.prepare.decode import decode_phone, decode_studio
from acquisition.prepare.figures import Evidence, Reference, figures_of, notes_of
from acquisition.prepare.inputs import Inputs, checked_inputs
from acquisition.prepare.settings import Prepared, PrepareSettings
from acquisition.prepare.views import Stages, View, view_of
from acquisition.prepare.write import write_pair
from acquisition.record import PairRecord
from deepflash.errors import DeepFlashError
from deepflash.faces.finder import FaceFinder

# What a damaged or strange picture can make a stage raise; the other pairs go on.
_TROUBLE = (
    AcquisitionError,
    DeepFlashError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
    cv2.error,
)


class PairJob(msgspec.Struct, frozen=True, kw_only=True):
    """All that is needed to prepare one pair, in any process."""

    record: PairRecord
    folder: str
    """Of the pair, in its session."""
    dataset: str
    settings: PrepareSettings
    phone_calibration: ColourCalibration | None = None
    studio_calibration: ColourCalibration | None = None
    notes: list[str] = []
    """On the calibrations."""
    key: str = ""
    made_with: str = ""
    simulated: bool = False


def prepare_pair(job: PairJob, finder: FaceFinder) -> Prepared:
    """Prepares one pair; writes its files into the dataset. Nothing of the session is changed.

    Whatever is wrong with the pair becomes its reason. Whether its figures are good enough is
    judged later, by `acquisition.prepare.judge.rejudge`: they are compared with those of the same
    person's other pairs.
    """
    stages, begun = Stages(), begin(job)
    try:
        return _prepared(job, finder, stages, begun)
    except _TROUBLE as error:
        return failed(job, in_words(error), stages.timings_s)


def failed(job: PairJob, why: str, timings_s: dict[str, float] | None = None) -> Prepared:
    """Returns what became of a pair that could not be prepared, `why` without any place in it."""
    for place in (str(Path(job.folder).parents[2]), job.dataset):
        why = why.replace(f"{place}/", "")
    return msgspec.structs.replace(
        begin(job), reasons=[why], unreadable=why, timings_s=timings_s or {}
    )


def in_words(error: BaseException) -> str:
    """Returns an error in a line that says what kind it is where its words do not."""
    if isinstance(error, AcquisitionError | DeepFlashError):
        return one_line(error)
    return f"it could not be prepared ({type(error).__name__}: {one_line(error)})"


def begin(job: PairJob) -> Prepared:
    """Returns what is known of a pair before its files are read."""
    record, settings = job.record, job.settings
    skew, phone = record.skew, record.phone
    return Prepared(
        pair=record.pair,
        participant=record.participant,
        pose=record.pose,
        session=record.session,
        key=job.key,
        made_with=job.made_with,
        flash_kind=phone.flash_kind if phone else "unknown",
        skew_ms=skew.ms if skew else None,
        skew_uncertainty_ms=skew.pm_ms if skew else None,
        order=record.order,
        registration=settings.registration,
        encoding=settings.encoding,
        colour={
            "phone": _method(job.phone_calibration),
            "studio": _method(job.studio_calibration),
        },
        notes=job.notes,
        simulated=job.simulated,
        tool=record.tool,
    )


def _method(calibration: ColourCalibration | None) -> str:
    return f"{calibration.method} {calibration.id}" if calibration else "none"


def _prepared(job: PairJob, finder: FaceFinder, stages: Stages, begun: Prepared) -> Prepared:
    with stages("check"):
        inputs = checked_inputs(Path(job.folder), job.record)
    evidence, parts = _seen(job, inputs, finder, stages)
    if parts is not None:
        begun, evidence["registration"] = _registered(job, parts, stages, begun)
        del parts
    return _measured(job, inputs, finder, stages, begun, evidence)


def _registered(
    job: PairJob, parts: Parts, stages: Stages, begun: Prepared
) -> tuple[Prepared, dict[str, float]]:
    """Registers and writes a pair; a pair that cannot be registered is told why."""
    try:
        aligned = align(parts, job.settings, stages)
    except StoreError:
        raise
    except AcquisitionError as error:
        return msgspec.structs.replace(begun, unregistered=one_line(error)), {}
    whose = begun.participant, begun.pair
    size, encoding = job.settings.size, job.settings.encoding
    with stages("write"):
        written = write_pair(Path(job.dataset), whose, aligned.pictures, size, encoding)
    files, width, height = written
    prepared = msgspec.structs.replace(begun, files=files, width=width, height=height)
    return prepared, aligned.figures


def _seen(
    job: PairJob, inputs: Inputs, finder: FaceFinder, stages: Stages
) -> tuple[dict[str, Any], Parts | None]:
    """Returns what both pictures say, and their parts where each has exactly one face."""
    with stages("decode"):
        decoded = decode_phone(inputs.phone)
    flash = view_of(decoded, finder, stages, whole=True)
    with stages("decode"):
        decoded = decode_studio(inputs.studio_raw, inputs.studio_jpeg)
    studio = view_of(decoded, finder, stages, whole=True)
    evidence: dict[str, Any] = {
        "flash": flash.small,
        "studio": studio.small,
        "flash_faces": flash.faces,
        "studio_faces": studio.faces,
        "flash_exif": flash.exif,
        "flash_kind": job.record.phone.flash_kind if job.record.phone else "unknown",
        "source": studio.source,
    }
    if len(flash.faces) != 1 or len(studio.faces) != 1:
        return evidence, None
    calibrations = job.phone_calibration, job.studio_calibration
    return evidence, Parts(flash, studio, calibrations, room_for(job.settings), stages)


def _measured(
    job: PairJob,
    inputs: Inputs,
    finder: FaceFinder,
    stages: Stages,
    begun: Prepared,
    evidence: dict[str, Any],
) -> Prepared:
    source = evidence.pop("source")
    for name, path in (("before", inputs.reference), ("after", inputs.reference_after)):
        if path is not None:
            evidence[name] = _reference(path, finder, stages)
    with stages("figures"):
        figures = figures_of(Evidence(skew=job.record.skew, **evidence))
    return msgspec.structs.replace(
        begun,
        figures=figures,
        notes=[*begun.notes, *notes_of(figures)],
        timings_s=stages.timings_s,
        studio_source=source,
    )


def _reference(path: Path, finder: FaceFinder, stages: Stages) -> Reference:
    with stages("decode"):
        decoded = decode_phone(path)
    view: View = view_of(decoded, finder, stages, whole=False)
    return Reference(picture=view.small, faces=view.faces, exif=view.exif)
