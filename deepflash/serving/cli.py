"""`deepflash serve`: the page on this computer, or over HTTPS for phones in the room."""

import asyncio
import os
import ssl
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from aiohttp import web

from deepflash.arguments import new_parser, parse
from deepflash.errors import UsageError
from deepflash.places import configuration_folder
from deepflash.serving.site import build_site

_FOLDER, _PORT = Path("build/web"), 8000
_EPILOG = """\
`make web` builds the page. Phones open it over HTTPS only: `--https` makes a certificate of this
computer's own, which they warn of once. Nothing that a visitor chooses is sent to this computer."""


class _Address(NamedTuple):
    host: str
    port: int
    certificate: ssl.SSLContext | None

    @property
    def url(self) -> str:
        return f"{'https' if self.certificate else 'http'}://{self.host}:{self.port}/"


def main(argv: Sequence[str]) -> None:
    """Serves until it is stopped.

    Raises:
        UsageError: no page, no such address, or the port is taken.
        StorageError: the certificate cannot be kept.
    """
    parser = new_parser("serve", "Serves the page that enhances photographs in a browser.")
    parser.epilog = _EPILOG
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER, help="what was built")
    parser.add_argument("--port", type=int, default=_PORT, help="0 takes a free one")
    parser.add_argument("--https", action="store_true", help="for phones in the same network")
    parser.add_argument(
        "--address", default="", help="with --https: an interface or address, else the usual one"
    )
    given = parse(parser, argv)
    if not 0 <= given.port < 65536:
        raise UsageError(f"--port must be from 0 to 65535, not {given.port}")
    if given.address and not given.https:
        raise UsageError("--address is for phones, which need --https as well")
    site = build_site(given.folder)
    asyncio.run(_serve(site, _address(given.port, given.address, https=given.https)))


def _address(port: int, wanted: str, *, https: bool) -> _Address:
    if not https:
        return _Address("127.0.0.1", port, None)
    from deepflash.serving.address import choose_address
    from deepflash.serving.certificate import server_certificate

    host = choose_address(wanted)
    certificate = server_certificate(configuration_folder() / "certificates", [host])
    return _Address(host, port, certificate.context)


async def _serve(site: web.Application, address: _Address) -> None:
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    try:
        server = web.TCPSite(runner, address.host, address.port, ssl_context=address.certificate)
        try:
            await server.start()
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise UsageError(
                f"cannot serve on port {address.port} of {address.host}: {reason}; "
                "choose another --port"
            ) from error
        _announce(address._replace(port=runner.addresses[0][1]))
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def _announce(address: _Address) -> None:
    if address.certificate is not None:
        from deepflash.serving.qr import terminal_code

        sys.stdout.write(terminal_code(address.url))
        sys.stdout.write("Scan it with a phone in the same network; its browser warns of the\n")
        sys.stdout.write("certificate once, because it is this computer's own.\n")
    sys.stdout.write(f"{address.url}  (Ctrl-C stops)\n")
    sys.stdout.flush()
