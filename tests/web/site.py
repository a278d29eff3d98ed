"""The built page, served as `deepflash serve` does, in a real browser that may ask nobody else."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.web.node import ROOT, WEB

BUILT = ROOT / "build/web"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]


def built_page() -> Path:
    """Returns the folder of the page; a stale one would test what nobody has written.

    WEB_BUILT names another folder, which is taken as it is.
    """
    if "WEB_BUILT" in os.environ:
        return Path(os.environ["WEB_BUILT"])
    sources = [path for name in ("src", "public", "models") for path in (WEB / name).rglob("*")]
    newest = max(path.stat().st_mtime for path in sources if path.is_file())
    index = BUILT / "index.html"
    if not index.is_file() or (BUILT / "service-worker.js").stat().st_mtime < newest:
        pytest.fail("build/web is missing or older than its sources; run `make web`")
    return BUILT


@contextlib.contextmanager
def chromium(*more: str) -> Iterator[Browser]:
    """Yields the system's browser; fails in CI where it is missing."""
    executable = shutil.which("chromium")
    if executable is None:
        sentence = "no `chromium` in PATH, so the page was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=[*FLAGS, *more])
        yield browser
        browser.close()


@dataclass
class Visit:
    """One visitor: the page, and everything that it asked for or complained of."""

    page: Page
    context: BrowserContext
    url: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


@contextlib.contextmanager
def visit(browser: Browser, url: str, **options) -> Iterator[Visit]:
    """Opens the page in a fresh profile; afterwards nothing else may have been asked."""
    settings = {"viewport": {"width": 1280, "height": 800}, "locale": "en-GB"} | options
    context = browser.new_context(accept_downloads=True, **settings)
    context.set_default_timeout(20_000)
    page = context.new_page()
    one = Visit(page, context, url)
    context.on("request", lambda request: one.requests.append(request.url))
    page.on("pageerror", lambda error: one.complaints.append(str(error)))
    page.on(
        "console",
        lambda said: one.complaints.append(said.text) if said.type in ("error", "warning") else 0,
    )
    page.goto(url)
    yield one
    context.close()
    asked = [request for request in one.requests if not request.startswith((url, "blob:"))]
    assert asked == [], "the page asked somebody else"
    assert one.complaints == []
