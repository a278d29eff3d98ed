"""The operator's console: a page and a few commands over the session's `Commands`.

| address                  | answer                                                          |
|--------------------------|-----------------------------------------------------------------|
| `GET /`, `/static/...`   | the page; the only addresses that need no token                 |
| `GET /state?after=N`     | the state once its version is not N; 204 if that takes too long |
| `GET /preview.jpg`       | the phone's view now; 204 while there is none                   |
| `GET /picture/PAIR/SIDE` | a taken picture, SIDE is `phone` or `studio`                    |
| `GET /qr.svg`            | the code that the phone scans                                   |
| `GET /consent`           | the languages; with `/LANGUAGE` the text and its SHA-256        |
| `POST /command/NAME`     | JSON in, `{}` or `{"participant": ...}` out                     |
"""

import asyncio
import os
import zlib
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeVar, runtime_checkable

import msgspec
from aiohttp import web

from acquisition.console.access import (
    LEAST_TOKEN_CHARACTERS,
    Guard,
    add_headers,
    check_loopback,
)
from acquisition.console.state import Commands, ConsentForm
from acquisition.errors import UsageError

STATIC = Path(__file__).with_name("static")
LONGEST_WAIT_S = 5.0
"""How long a page waits for a change before it asks anew."""
LARGEST_BODY_BYTES = 16_384
TOKEN = web.AppKey("token", str)

ConsentText = Callable[[str], tuple[str, str]]
Body = TypeVar("Body", bound=msgspec.Struct)


@runtime_checkable
class CheckedCommands(Commands, Protocol):
    """`Commands` in a form that can also be checked while the program runs."""


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of the command `select`."""

    participant: str
    pose: str


def console_app(
    commands: CheckedCommands,
    *,
    token: str,
    qr_svg: Callable[[], str],
    consent_text: ConsentText,
    languages: Sequence[str] = ("en",),
    on_refused: Callable[[str], None] | None = None,
) -> web.Application:
    """Returns the console of a session.

    Args:
        commands: the session. `picture` is called in a thread, all else on the event loop.
        token: what a page must know, at least 16 characters.
        qr_svg: draws the code of the phone's present address.
        consent_text: language -> text and its SHA-256; may raise an AcquisitionError.
        languages: of the consent text, as language tags; the first is offered first.
        on_refused: is told of each refused request, one line.

    Raises:
        ValueError: the token is too short.
    """
    if len(token) < LEAST_TOKEN_CHARACTERS:
        raise ValueError(f"a token of {len(token)} characters can be guessed")
    app = web.Application(
        middlewares=[Guard(token, on_refused).stand], client_max_size=LARGEST_BODY_BYTES
    )
    app[TOKEN] = token
    app.on_response_prepare.append(add_headers)
    views = _Views(commands, qr_svg, consent_text, tuple(languages))
    app.on_shutdown.append(views.let_go)
    app.add_routes(views.routes())
    app.router.add_static("/static/", STATIC)
    return app


async def serve_console(
    app: web.Application, host: str = "127.0.0.1", port: int = 0
) -> tuple[web.AppRunner, str]:
    """Starts the console; returns its runner (`await runner.cleanup()` ends it) and address.

    The address carries the token in its fragment, which a browser never sends.

    Raises:
        UsageError: the host is not this computer's own, or the port is taken.
    """
    check_loopback(host)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        await runner.cleanup()
        raise UsageError(
            f"the console cannot listen on {host}:{port} ({os.strerror(error.errno or 0)}); "
            "choose another port, or 0 for a free one"
        ) from error
    name = f"[{host}]" if ":" in host else host
    return runner, f"http://{name}:{runner.addresses[0][1]}/#token={app[TOKEN]}"


class _Views:
    def __init__(
        self,
        commands: CheckedCommands,
        qr_svg: Callable[[], str],
        consent_text: ConsentText,
        languages: tuple[str, ...],
    ) -> None:
        self._commands = commands
        self._qr_svg = qr_svg
        self._consent_text = consent_text
        self._languages = languages
        self._closing = asyncio.Event()
        self._plain: dict[str, Callable[[], Awaitable[None]]] = {
            "shoot": commands.shoot,
            "stop": commands.stop,
            "skip": commands.skip,
            "restart_camera": commands.restart_camera,
            "finish": commands.finish,
        }

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.page),
            web.get("/state", self.state),
            web.get("/preview.jpg", self.preview),
            web.get(r"/picture/{pair:[0-9A-Za-z-]{1,64}}/{side:phone|studio}", self.picture),
            web.get("/qr.svg", self.qr),
            web.get("/consent", self.languages),
            web.get(r"/consent/{language:[0-9A-Za-z-]{1,35}}", self.consent),
            web.post("/command/select", self.select),
            web.post("/command/add_person", self.add_person),
            web.post(r"/command/{name:[a-z_]{1,32}}", self.command),
        ]

    async def let_go(self, app: web.Application) -> None:  # noqa: ARG002
        self._closing.set()

    async def page(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        return web.FileResponse(STATIC / "index.html")

    async def state(self, request: web.Request) -> web.Response:
        after = request.query.get("after")
        if after is None:
            return _json(self._commands.state())
        if not after.isdecimal() or len(after) > 18:
            raise web.HTTPBadRequest(text="`after` is no version")
        changed = asyncio.ensure_future(self._commands.changed(int(after)))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait(
                (changed, closing), timeout=LONGEST_WAIT_S, return_when="FIRST_COMPLETED"
            )
            if changed.done():
                return _json(changed.result())
            return web.Response(status=503 if self._closing.is_set() else 204)
        finally:
            changed.cancel()
            closing.cancel()

    async def preview(self, request: web.Request) -> web.Response:  # noqa: ARG002
        picture = self._commands.preview()
        if picture is None:
            return web.Response(status=204)
        # The page sees by it whether the phone's view stands still.
        tag = {"ETag": f'"{zlib.crc32(picture):08x}"'}
        return web.Response(body=picture, content_type="image/jpeg", headers=tag)

    async def picture(self, request: web.Request) -> web.Response:
        side: Literal["phone", "studio"] = (
            "phone" if request.match_info["side"] == "phone" else "studio"
        )
        pair = request.match_info["pair"]
        picture = await asyncio.to_thread(self._commands.picture, pair, side)
        if picture is None:
            raise web.HTTPNotFound(text="no such picture")
        return web.Response(body=picture, content_type="image/jpeg")

    async def qr(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return web.Response(text=self._qr_svg(), content_type="image/svg+xml")

    async def languages(self, request: web.Request) -> web.Response:  # noqa: ARG002
        return _json({"languages": self._languages})

    async def consent(self, request: web.Request) -> web.Response:
        language = request.match_info["language"]
        text, sha256 = self._consent_text(language)
        return _json({"language": language, "text": text, "sha256": sha256})

    async def select(self, request: web.Request) -> web.Response:
        wish = await _read(request, Selection)
        await self._commands.select(wish.participant, wish.pose)
        return _json({})

    async def add_person(self, request: web.Request) -> web.Response:
        form = await _read(request, ConsentForm)
        return _json({"participant": await self._commands.add_person(form)})

    async def command(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in self._plain:
            raise web.HTTPNotFound(text="no such command")
        await self._plain[name]()
        return _json({})


def _json(answer: object) -> web.Response:
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


async def _read(request: web.Request, kind: type[Body]) -> Body:
    if request.content_type != "application/json":
        raise UsageError(f"{request.path} was sent {request.content_type}; reload the page")
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except msgspec.MsgspecError as error:
        raise UsageError(f"{request.path} was sent something else ({error})") from error
