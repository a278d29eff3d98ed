"""Command line of the phone without a browser."""

import asyncio
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path

from jsonargparse import Namespace

from acquisition.arguments import new_parser, parse
from acquisition.errors import AcquisitionError, PhoneError, StoppedError, one_line
from acquisition.simulate.phone_client import RETRY_S, ProtocolPhone
from acquisition.simulate.phone_parts import FolderFeed


def main(argv: Sequence[str] | None = None) -> int:
    """Serves a session as a simulated phone until it is interrupted; returns the exit code."""
    parser = new_parser("simulated phone", "A phone without a browser serves a session.")
    parser.prog = "python -m acquisition.simulate.phone_client"
    parser.add_argument("url", type=str, help="address of the page, with its token after #")
    parser.add_argument("--pictures", type=str, required=True, help="folder of what it takes")
    parser.add_argument("--outbox", type=str, required=True, help="folder that keeps pictures")
    parser.add_argument("--device", type=str, default="simulated-phone-1", help="its own name")
    parser.add_argument("--authority", type=str, default="", help="certificate to trust (PEM)")
    parser.add_argument("--delay", type=float, default=0.03, help="seconds before it exposes")
    try:
        options = parse(parser, sys.argv[1:] if argv is None else argv)
        asyncio.run(_serve(options))
    except AcquisitionError as error:
        sys.stderr.write(f"{one_line(error)}\n")
        return error.exit_code
    except KeyboardInterrupt:
        return StoppedError.exit_code
    return 0


async def _serve(options: Namespace) -> None:
    trust = ssl.create_default_context(cafile=options.authority) if options.authority else None
    phone = ProtocolPhone(
        options.url,
        FolderFeed(Path(options.pictures)),
        folder=Path(options.outbox),
        device=options.device,
        exposure_delay_s=options.delay,
        tls=trust,
    )
    await phone.start()
    try:
        while not phone.refused:
            await asyncio.sleep(RETRY_S)
    finally:
        await phone.stop()
    raise PhoneError(phone.refused)
