"""The folder that `make web` builds as an HTTP application: its files, with strict headers."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from deepflash.errors import UsageError

_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
"""What the page says of itself in a `meta` element, too, for hosts that send no headers."""

HEADERS = {
    # A page may keep it, but asks each time whether it changed.
    "Cache-Control": "no-cache",
    "Content-Security-Policy": f"{_CONTENT_POLICY}; frame-ancestors 'none'",
    # Both together isolate the page from everything else that is open in the browser.
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".onnx": "application/octet-stream",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_site(folder: Path) -> web.Application:
    """Returns the application that serves a built page.

    Files of the page's kinds are served, no others; `.br` and `.gz` beside them go to browsers that
    take them. A page that is built anew meanwhile is served anew.

    Raises:
        UsageError: the folder holds no page.
    """
    if not (folder / "index.html").is_file():
        raise UsageError(
            f"there is no page in {folder}; `make web` builds one in build/web, or name its folder"
        )
    root = folder.resolve()

    async def serve(request: web.Request) -> web.StreamResponse:
        path = (root / (request.path.lstrip("/") or "index.html")).resolve()
        wanted = path.suffix in _TYPES and path.is_relative_to(root) and path.is_file()
        if not wanted:
            raise web.HTTPNotFound(text=f"there is no {request.path} here\n")
        response = web.FileResponse(path)
        response.content_type = _TYPES[path.suffix]
        return response

    application = web.Application(middlewares=[_with_headers])
    application.router.add_get("/{path:.*}", serve)
    return application


@web.middleware
async def _with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as error:
        error.headers.update(HEADERS)
        raise
    response.headers.update(HEADERS)
    return response
