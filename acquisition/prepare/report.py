"""Writes the report of a dataset, `report.html`, into its folder."""

from datetime import UTC, datetime
from pathlib import Path

from acquisition.prepare.report_data import gather
from acquisition.prepare.report_page import build_page
from acquisition.store.publish import replace_bytes

REPORT = "report.html"


def write_report(folder: Path) -> Path:
    """Writes the report of a prepared dataset in one step; returns its path.

    It holds small pictures of the people who are in the dataset now, so it has to be written
    again whenever somebody leaves.

    Args:
        folder: of the dataset, with `prepared.jsonl`.

    Raises:
        StoreError: there is no prepared dataset, or the disk failed; an old report is still there.
        SessionError: a file of the dataset is damaged or newer than this program.
    """
    page = build_page(gather(folder), datetime.now(UTC).date())
    path = folder / REPORT
    replace_bytes(page.encode(), path, scratch=folder)
    return path
