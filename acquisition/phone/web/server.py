"""The phone's HTTP application: the page, its WebSocket and its uploads, nothing else."""

from collections.abc import Awaitable, Callable
from importlib import resources
from typing import Protocol, runtime_checkable

from aiohttp import web

from acquisition.errors import one_line
from acquisition.phone.web.access import Gate, Refusals, TurnedAwayError
from acquisition.phone.web.messages import KIND_PATTERN, PAIR_PATTERN

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

STATIC = {
    "access.js": "text/javascript",
    "camera.js": "text/javascript",
    "clock.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "light.js": "text/javascript",
    "link.js": "text/javascript",
    "outbox.js": "text/javascript",
    "phone.css": "text/css",
    "phone.js": "text/javascript",
    "screen.js": "text/javascript",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
POLICY = (
    "default-src 'self'; img-src 'self' blob:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self' {socket}"
)


@runtime_checkable
class Endpoint(Protocol):
    """Whoever serves the phone."""

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Speaks with the page until the connection ends."""
        ...

    async def upload(self, request: web.Request) -> web.StreamResponse:
        """Takes one picture."""
        ...


def build_application(
    endpoint: Endpoint, gate: Gate, refusals: Refusals, authority: Callable[[], bytes]
) -> web.Application:
    """Returns the application; `authority` gives the own authority's certificate, if any."""
    folder = resources.files("acquisition.phone.web") / "static"

    async def page(_: web.Request) -> web.Response:
        return web.Response(body=(folder / "index.html").read_bytes(), content_type="text/html")

    async def static(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise TurnedAwayError(404, f"there is no file {name!r} for the phone")
        return web.Response(body=(folder / name).read_bytes(), content_type=STATIC[name])

    async def certificate(_: web.Request) -> web.Response:
        if not authority():
            raise TurnedAwayError(404, "this server needs no certificate")
        return web.Response(
            body=authority(),
            content_type="application/x-x509-ca-cert",
            headers={"Content-Disposition": 'attachment; filename="deepflash-capture.crt"'},
        )

    application = web.Application(middlewares=[_guard(gate, refusals)])
    application.router.add_get("/", page)
    application.router.add_get("/static/{name}", static)
    application.router.add_get("/ca", certificate)
    application.router.add_get("/socket", _same_origin(gate, endpoint.socket))
    application.router.add_put(
        f"/upload/{{pair:{PAIR_PATTERN}}}/{{kind:{KIND_PATTERN}}}",
        _same_origin(gate, endpoint.upload),
    )
    return application


def _same_origin(gate: Gate, handler: Handler) -> Handler:
    async def checked(request: web.Request) -> web.StreamResponse:
        gate.check_origin(request.headers.get("Origin"), request.scheme, request.host)
        return await handler(request)

    return checked


def _guard(gate: Gate, refusals: Refusals) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Returns the middleware that refuses in one line and adds the headers."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            gate.check_host(request.host)
            response = await handler(request)
        except TurnedAwayError as refusal:
            response = _refuse(request, refusals, refusal.status, one_line(refusal))
        except web.HTTPException as error:
            response = _refuse(request, refusals, error.status, error.reason)
        if not response.prepared:
            response.headers.update(HEADERS)
            scheme = "wss" if request.scheme == "https" else "ws"
            # Some browsers do not count a WebSocket of the same host as 'self'.
            socket = f"{scheme}://{request.host}" if response.status != 421 else ""
            response.headers["Content-Security-Policy"] = POLICY.format(socket=socket)
        return response

    return guard


def _refuse(request: web.Request, refusals: Refusals, status: int, reason: str) -> web.Response:
    refusals.note(f"{request.remote} {request.method} {request.path[:80]}: {reason}")
    response = web.json_response({"reason": reason}, status=status)
    if request.can_read_body:
        response.force_close()  # what is left of a refused upload is not read
    return response
