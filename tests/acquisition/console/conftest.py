"""A browser, a scripted studio behind a real server, and pages that show it."""

import os
import shutil

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.acquisition.console.scripted import STARTER, ServedStudio

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
LISTEN = """
window.tones = [];
const make = AudioContext.prototype.createOscillator;
AudioContext.prototype.createOscillator = function () {
  const tone = make.call(this);
  const start = tone.start.bind(tone);
  tone.start = (at) => { window.tones.push(tone.frequency.value); start(at); };
  return tone;
};
"""


@pytest.fixture(scope="module")
def browser():
    executable = shutil.which("chromium")
    if executable is None:
        sentence = "no `chromium` in PATH, so the page was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def served():
    served = ServedStudio()
    served.studio.view = (STARTER / "flash" / "person00003-00-0.jpg").read_bytes()
    yield served
    served.close()


@pytest.fixture
def open_page(browser, served):
    """Opens pages; each may ask its own server only, and complain of nothing unexpected."""
    contexts, complaints, allowed = [], [], []
    base = served.url.split("#")[0]

    def open_one(*, expected="", width=1280, height=720, **options) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(5000)
        context.add_init_script(LISTEN)
        contexts.append(context)
        allowed.append(expected)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url))
        page.goto(served.url)
        expect(page.locator("#device-camera")).to_have_attribute("data-level", "ok")
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert {text for text in complaints if not text.startswith((base, f"blob:{base}"))} <= {
        text for text in complaints if any(one and one in text for one in allowed)
    }


@pytest.fixture
def page(open_page):
    return open_page()
