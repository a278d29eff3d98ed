"""The page on all screens and for everybody: sizes, schemes, motion, and what axe finds."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.web.files import camera_exif
from tests.web.node import WEB
from tests.web.portraits import group, person
from tests.web.site import visit
from tests.web.visitor import (
    PHONE,
    as_file,
    choose,
    open_photograph,
    picture,
    remove_all,
    set_background,
)

AXE = (WEB / "node_modules/axe-core/axe.min.js").read_text()
RUN_AXE = """async () => {
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(one => one.html).join(" ")}`);
}"""
SIZES = {"phone": (390, 844), "narrow": (320, 568), "lying": (844, 390), "computer": (1280, 800)}
LETTER = as_file("letter.jpg", b"Dear Ada,", "image/jpeg")
SMALLEST_PX = 24
"""Of what is touched, by WCAG 2.2, 2.5.8."""


@pytest.fixture(scope="module")
def page(browser, site):
    # Its content policy would refuse axe as a stranger's script.
    with visit(browser, site, bypass_csp=True, **PHONE) as one:
        one.page.evaluate(AXE)
        yield one.page


def start(page):
    if page.locator("#camera").is_visible():
        page.keyboard.press("Escape")
    remove_all(page)


def everything(page):
    """Every setting there is, and a file that could not be read."""
    start(page)
    pixels = group((3, 200), (17, 170), width=480, height=260)
    choose(page, LETTER)
    exif = camera_exif(orientation=1, gps=True)
    open_photograph(page, picture("all.jpg", pixels, "JPEG", exif=exif))
    set_background(page, "studio")
    expect(page.locator("#reset")).to_be_visible()
    expect(page.locator("#place")).to_be_visible()
    expect(page.locator("#faces")).to_be_visible()
    expect(page.locator("#strip")).to_be_visible()


def left(page):
    start(page)
    choose(page, picture("none.png", np.full((300, 400, 3), (90, 120, 70), np.uint8)))
    choose(page, picture("noise.png", person(31)[:70, :70]))
    expect(page.locator("#enhance-anyway")).to_be_visible()


def failed(page):
    start(page)
    choose(page, LETTER)
    expect(page.locator("#failed-words")).to_be_visible()


def camera(page):
    start(page)
    page.locator("#take").click()
    expect(page.locator("#camera-take")).to_be_enabled()


@pytest.fixture(params=[start, everything, left, failed, camera], scope="module")
def state(request, page):
    """One thing after another that the page shows."""
    request.param(page)
    return request.param.__name__


@pytest.fixture
def resized(page):
    def resize(name):
        width, height = SIZES[name]
        page.set_viewport_size({"width": width, "height": height})

    yield resize
    resize("phone")
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")


@pytest.mark.parametrize("size", SIZES)
def test_nothing_has_to_be_scrolled_sideways(page, state, resized, size):
    resized(size)
    for language in ("en", "it"):
        if state != "camera":
            page.locator("#language").evaluate(
                "(one, code) => { one.value = code; one.dispatchEvent(new Event('change')); }",
                language,
            )
        assert page.evaluate("document.documentElement.scrollWidth") <= SIZES[size][0]
        assert page.evaluate(
            "[...document.querySelectorAll('#panel, .camera')].every("
            "one => one.scrollWidth <= one.clientWidth)"
        )
    page.evaluate(
        "() => { const one = document.getElementById('language');"
        " one.value = 'en'; one.dispatchEvent(new Event('change')); }"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", ["phone", "computer"])
def test_axe_finds_nothing(page, state, resized, size, scheme):
    resized(size)
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    assert page.evaluate(RUN_AXE) == [], state


def test_fingers_hit_everything(page, state):
    small = page.evaluate(
        """least => [...document.querySelectorAll("button, select, input, .segments label, a")]
            .filter(one => one.checkVisibility() && !one.disabled && !one.matches(".skip"))
            .filter(one => !one.closest("before-after, .language"))
            .map(one => [one.id || one.className, one.getBoundingClientRect()])
            .filter(([, box]) => Math.min(box.width, box.height) < least)
            .map(([name]) => name)""",
        SMALLEST_PX,
    )
    # A switch is as large as the line that it stands in.
    assert [one for one in small if one not in ("keep-place",)] == [], state


@pytest.mark.usefixtures("resized")
def test_dark(page, state):
    page.emulate_media(color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(20, 20, 21)"
    ), state


@pytest.mark.usefixtures("resized")
def test_nothing_moves_for_whoever_asks_for_that(page):
    start(page)
    page.emulate_media(reduced_motion="reduce")
    open_photograph(page, picture("plain.png", person(31)))
    assert page.evaluate("document.getAnimations().length") == 0
    stage = page.locator("#stage")
    stage.evaluate("one => one.setAttribute('aria-busy', 'true')")
    assert page.evaluate("document.getAnimations().length") == 0
    page.emulate_media(reduced_motion="no-preference")
    assert page.evaluate("document.getAnimations().length") > 0
    stage.evaluate("one => one.setAttribute('aria-busy', 'false')")


def test_picture_and_buttons_stay_in_sight_on_a_phone(page):
    everything(page)
    page.locator("#reset").scroll_into_view_if_needed()
    page.mouse.wheel(0, 2000)
    page.wait_for_timeout(300)
    expect(page.locator("#download")).to_be_in_viewport(ratio=1)
    expect(page.locator("#compare")).to_be_in_viewport(ratio=1)
    expect(page.locator("#reset")).to_be_in_viewport(ratio=1)


def test_the_keyboard_reaches_every_setting_in_sight(page):
    everything(page)
    page.locator("#strength").focus()
    seen = []
    for _ in range(12):
        seen.append(page.evaluate("document.activeElement.id"))
        if seen[-1] == "download":
            break
        hit = page.evaluate(
            """() => {
                const { x, y, width, height } = document.activeElement.getBoundingClientRect();
                const top = document.elementFromPoint(x + width / 2, y + height / 2);
                return document.activeElement.contains(top) || top.contains(document.activeElement)
                    || top.closest("label")?.contains(document.activeElement);
            }"""
        )
        assert hit, f"{seen[-1]} is covered"
        page.keyboard.press("Tab")
    wanted = ["strength", "background-studio", "region-picture", "face-1", "face-2", "keep-place"]
    assert seen == [*wanted, "reset", "download"]
