"""The page without a connection, new versions of it, and what the browser is told to refuse."""

import re
import shutil
import time
import urllib.request

import numpy as np
import pytest
from playwright.sync_api import expect

from benchmarks.web import serving
from tests.web.portraits import person
from tests.web.site import built_page, visit
from tests.web.visitor import OPENING_MS, open_photograph, picture, shown

KEPT = """async () => {
    const kept = {};
    for (const name of await caches.keys()) {
        const requests = await (await caches.open(name)).keys();
        kept[name] = requests.map(({ url }) => url.replace(location.href, ""));
    }
    return kept;
}"""


def kept(page):
    """The names of the caches, and of the files in them."""
    return page.evaluate(KEPT)


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def has_runtime(files):
    parts = (r"ort/.*\.wasm", r"ort/.*\.mjs", r"parts/session-.*\.js")
    return all(any(re.fullmatch(part, file) for file in files) for part in parts)


def wait_until_kept(page):
    expect(page.locator("#engine-words")).to_have_text("Ready", timeout=OPENING_MS)
    wait_until(lambda: any(has_runtime(files) for files in kept(page).values()))


@pytest.fixture(scope="module", autouse=True)
def served(request, tmp_path_factory):
    """A copy of the page that a test may change: its folder and address.

    Both are served before there is any browser, whose own loop would be in the way.
    """
    request.getfixturevalue("site")
    folder = tmp_path_factory.mktemp("page") / "web"
    shutil.copytree(built_page(), folder, ignore=shutil.ignore_patterns("*.br", "*.gz"))
    with serving(folder) as url:
        yield folder, url


def replace(folder):
    """Puts a new version in place of the old one."""
    worker = folder / "service-worker.js"
    (old,) = re.findall(r"\b[0-9a-f]{16}\b", worker.read_text())
    worker.write_text(worker.read_text().replace(old, "0123456789abcdef"))
    index = folder / "index.html"
    index.write_text(index.read_text().replace("</footer>", "<b id=newer>newer</b></footer>"))
    return f"deepflash-{old}", "deepflash-0123456789abcdef"


def test_a_new_version_is_offered_and_takes_over(served, browser):
    folder, url = served
    with visit(browser, url) as one:
        page = one.page
        wait_until_kept(page)
        expect(page.locator("#update")).to_be_hidden()
        old, new = replace(folder)
        page.reload()
        # What runs is all of the old version until the visitor agrees.
        expect(page.locator("#update")).to_be_visible(timeout=OPENING_MS)
        expect(page.locator("#newer")).to_have_count(0)
        assert set(kept(page)) == {old, new}
        assert has_runtime(kept(page)[new]), "the next visit may be without a connection"
        page.locator("#reload").click()
        expect(page.locator("#newer")).to_have_count(1)
        expect(page.locator("#update")).to_be_hidden()
        expect(page.locator("#engine-words")).to_have_text("Ready", timeout=OPENING_MS)
        wait_until(lambda: set(kept(page)) == {new})


def test_one_visit_is_enough_for_all_others(browser, site):
    with visit(browser, site) as one:
        page = one.page
        wait_until_kept(page)
        assert not page.evaluate("Boolean(navigator.serviceWorker.controller)")
        one.context.set_offline(True)
        page.reload()
        # Nothing that was not kept can be had any more.
        assert page.evaluate("fetch('never-kept.txt').catch(() => 'refused')") == "refused"
        assert [one.complaints.pop()] == ["Failed to load resource: net::ERR_FAILED"]
        assert page.evaluate("crossOriginIsolated")
        expect(page.locator("#engine-words")).to_have_text("Ready", timeout=OPENING_MS)
        open_photograph(page, picture("plain.png", person(31)))
        assert np.abs(shown(page) - shown(page, "before")).mean() > 3


def test_threads_share_memory_and_are_used(browser, site):
    with visit(browser, site) as one:
        expect(one.page.locator("#engine-words")).to_have_text("Ready", timeout=OPENING_MS)
        assert one.page.evaluate("crossOriginIsolated")
        cores = min(one.page.evaluate("navigator.hardwareConcurrency"), 4)
        wanted = {"engine-worker.js": 1, "row-worker.js": cores}

        def threads():
            one.page.wait_for_timeout(100)
            urls = [worker.url for worker in one.page.workers]
            return {name: sum(f"/{name}" in url for url in urls) for name in wanted}

        wait_until(lambda: threads() == wanted)


def test_the_page_says_itself_what_the_server_says(site):
    with urllib.request.urlopen(site) as answer:
        served = answer.headers["Content-Security-Policy"]
        page = answer.read().decode()
    (said,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]+)">', page)
    assert served == f"{said}; frame-ancestors 'none'"
    assert "unsafe-inline" not in said
    assert "unsafe-eval" not in said.replace("wasm-unsafe-eval", "")
    # Nothing may be in the page that this forbids.
    assert not re.search(r"<style|<script(?! type=\"module\" src=)|\son\w+=|\sstyle=", page)


def test_what_the_policy_forbids_is_refused(browser, site):
    with visit(browser, site) as one:
        refused = one.page.evaluate(
            """async () => {
                const { promise, resolve } = Promise.withResolvers();
                addEventListener("securitypolicyviolation", event => resolve(event.blockedURI));
                fetch("https://example.org/").catch(() => undefined);
                return promise;
            }"""
        )
        assert refused.startswith("https://example.org")
        assert len(one.complaints) > 0
        one.complaints.clear()
