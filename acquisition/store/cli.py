"""`acquire verify`: is every byte of a session as recorded?"""

import sys
from collections.abc import Sequence
from pathlib import Path

from acquisition.arguments import new_parser, parse
from acquisition.errors import AcquisitionError, SessionError, one_line


def main(argv: Sequence[str]) -> None:
    """Runs `acquire verify SESSION...`; prints each difference and a line a session.

    Raises:
        SessionError: something is not as recorded, or a session cannot be read.
    """
    parser = new_parser("verify", "Read every file of a session; is it as it was recorded?")
    parser.add_argument("sessions", nargs="+", type=Path, help="session folders")
    parser.add_argument(
        "--mirror",
        type=Path,
        help="folder that holds copies of the sessions; default: the one that each session names",
    )
    chosen = parse(parser, argv)

    # Pictures are decoded with what this brings in; `--help` must not wait for it.
    from acquisition.store.verify import verify

    bad = 0
    for root in chosen.sessions:
        try:
            report = verify(root, mirror=chosen.mirror, progress=True)
        except AcquisitionError as error:
            sys.stdout.write(f"{one_line(error)}\n")
            bad += 1
            continue
        sys.stdout.writelines(f"{line}\n" for line in report.differences)
        sys.stdout.write(f"{report.summary()}\n")
        bad += bool(report.differences)
    if bad:
        raise SessionError(
            f"{bad} of {len(chosen.sessions)} session(s) not as recorded; see the lines above"
        )
