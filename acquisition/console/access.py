"""Who may speak to the console: this computer's own browser, with the session's token."""

import hmac
import ipaddress
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from acquisition.errors import AcquisitionError, RefusedError, UsageError, one_line

TOKEN_HEADER = "X-Console-Token"
LEAST_TOKEN_CHARACTERS = 16
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

OPEN_PATHS = ("/", "/static/")
"""The page itself holds nothing of a session and loads before it knows its token."""

HEADERS = {
    hdrs.CACHE_CONTROL: "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def is_loopback(host: str) -> bool:
    """Returns whether `host` (a name or an address, without port) is this computer's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_loopback(host: str) -> None:
    """Raises UsageError for an address that other computers could reach."""
    if not is_loopback(host):
        raise UsageError(
            f"the console was asked to listen on {host}, but it stays on this computer; "
            "use 127.0.0.1"
        )


def check_request(request: web.Request, token: str) -> None:
    """Lets a request pass or raises RefusedError.

    A foreign page that had its own name resolved to 127.0.0.1 is known by its `Host`; one that
    sends from elsewhere by its `Origin`.
    """
    if not is_loopback(request.remote or ""):
        raise RefusedError(f"a request came from {request.remote}; open the page on this computer")
    if not is_loopback(_host_name(request.host)):
        raise RefusedError(f"a request came for the host {request.host}; use the printed address")
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and origin != f"http://{request.host}":
        raise RefusedError(f"a request came from the page {origin}; use the printed address")
    given = request.headers.get(TOKEN_HEADER, "")
    if not _is_open(request) and not _same(given, token):
        what = "a wrong" if given else "no"
        raise RefusedError(
            f"{request.path} was asked with {what} token; open the address that "
            "`acquire session` printed last"
        )


class Guard:
    """Stands before every handler.

    A refused request gets 403 and is told to `on_refused`; an AcquisitionError of a handler
    becomes 409. Both answer with `{"error": one line}`.
    """

    def __init__(self, token: str, on_refused: Callable[[str], None] | None = None) -> None:
        self._token = token
        self._on_refused = on_refused

    @web.middleware
    async def stand(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets a request through to `handler`, or answers in its place."""
        try:
            check_request(request, self._token)
        except RefusedError as error:
            if self._on_refused is not None:
                self._on_refused(one_line(error))
            return web.json_response({"error": one_line(error)}, status=403)
        try:
            return await handler(request)
        except AcquisitionError as error:
            return web.json_response({"error": one_line(error)}, status=409)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:  # noqa: ARG001
    """Adds the headers that every answer carries, refusals and missing pages included."""
    response.headers.update(HEADERS)


def _same(given: str, token: str) -> bool:
    # A header may hold bytes that are no text.
    return hmac.compare_digest(given.encode(errors="surrogateescape"), token.encode())


def _host_name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_open(request: web.Request) -> bool:
    page, static = OPEN_PATHS
    return request.method in ("GET", "HEAD") and (
        request.path == page or request.path.startswith(static)
    )
