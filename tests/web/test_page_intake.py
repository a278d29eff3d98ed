"""Ways in: chosen, dropped, pasted, taken; and what is said of files that are no photographs."""

import struct
import zlib

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.web.files import saved
from tests.web.portraits import person
from tests.web.site import visit
from tests.web.visitor import (
    OPENING_MS,
    as_file,
    choose,
    hand_over,
    open_photograph,
    picture,
    remove_all,
    shown,
    wait_until_judged,
)


@pytest.fixture(scope="module")
def visitor(browser, site):
    with visit(browser, site) as one:
        yield one


@pytest.fixture
def page(visitor):
    yield visitor.page
    remove_all(visitor.page)


def good(name="good.png", at=31):
    return picture(name, person(at))


def huge_png():
    """Says of itself that it has 400 megapixels."""

    def chunk(kind, content):
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + data


JPEG = saved(person(31), "JPEG")
HEIC = struct.pack(">I", 16) + b"ftypheic" + bytes(4) + struct.pack(">I", 16) + b"mdat" * 3
BAD = {
    "damaged.jpg": (
        JPEG[: len(JPEG) // 2],
        "damaged.jpg: The file is damaged and cannot be read to its end."
        " Copy it to this device again.",
    ),
    "empty.jpg": (b"", "empty.jpg: The file is empty. Copy it to this device again."),
    "huge.png": (
        huge_png(),
        "huge.png: The photograph has 400 megapixels; up to 100 fit here. Save it smaller first.",
    ),
    "phone.heic": (
        HEIC,
        "phone.heic: This is an HEIC photograph, which this browser cannot read."
        " Open the page in Safari, or save the photograph as JPEG first.",
    ),
    "camera.cr2": (
        b"II*\0\x10\0\0\0CR\2\0" + bytes(40),
        "camera.cr2: This is a raw file, which holds no finished picture."
        " Save it as JPEG in your photo program first.",
    ),
    "letter.jpg": (
        b"Dear Ada,",
        "letter.jpg is not a picture that can be read. Choose a JPEG, PNG or WebP file.",
    ),
    "thumbnail.png": (
        saved(person(31, 40), "PNG"),
        "thumbnail.png: The photograph has too few pixels for a face."
        " Choose its original, not a thumbnail.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_cannot_be_opened_gets_one_sentence(page, name):
    content, sentence = BAD[name]
    choose(page, as_file(name, content, "image/jpeg"))
    expect(page.locator("#failed-words")).to_have_text(sentence)
    expect(page.locator("#announcer")).to_have_text(sentence)
    expect(page.locator("#toast")).to_be_hidden()
    # It would be the same again.
    expect(page.locator("#retry")).to_be_hidden()
    for other in ("#opening", "#compare", "#verdict", "#controls", "#actions"):
        expect(page.locator(other)).to_be_hidden()
    page.locator("#remove-failed").click()
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator("#choose")).to_be_focused()


def test_the_page_goes_on_with_the_next_good_file(page):
    bad = [as_file(name, content, "image/jpeg") for name, (content, _) in BAD.items()]
    choose(page, *bad, good())
    wait_until_judged(page)
    assert np.abs(shown(page, "before") - person(31)).max() == 0
    expect(page.locator(".frame[data-state=failed]")).to_have_count(len(BAD))
    expect(page.locator(".frame[aria-current]")).to_have_accessible_name("good.png, enhanced")
    failed = page.locator(".frame[data-state=failed]").first
    expect(failed).to_have_accessible_name("damaged.jpg, could not be opened")
    expect(failed).to_have_attribute("title", BAD["damaged.jpg"][1])
    for _ in BAD:
        page.locator("#strip li:has([data-state=failed]) .remove").first.click()
    expect(page.locator("#strip")).to_be_hidden()
    expect(page.locator("#controls")).to_be_visible()


def test_several_are_chosen_from_the_film_strip(page):
    choose(page, good("a.png", 3), good("b.png", 31))
    wait_until_judged(page)
    expect(page.locator(".frame[data-state=open] canvas")).to_have_count(2, timeout=OPENING_MS)
    first, second = page.locator(".frame").nth(0), page.locator(".frame").nth(1)
    expect(first).to_have_attribute("aria-current", "true")
    assert np.abs(shown(page, "before") - person(3)).max() == 0
    page.locator("#strength").fill("30")
    second.click()
    expect(second).to_have_attribute("aria-current", "true")
    expect(first).not_to_have_attribute("aria-current", "true")
    assert np.abs(shown(page, "before") - person(31)).max() == 0
    expect(page.locator("#strength-value")).to_have_text("100%")
    first.press("Enter")
    # Each keeps its settings.
    expect(page.locator("#strength-value")).to_have_text("30%")
    page.locator(".remove").nth(0).click()
    expect(page.locator("#strip")).to_be_hidden()
    expect(page.locator("#strength-value")).to_have_text("100%")


def test_one_that_is_added_is_shown(page):
    open_photograph(page, good("a.png", 3))
    with page.expect_file_chooser() as chooser:
        page.locator("#add").click()
    chooser.value.set_files([good("b.png", 31)])
    expect(page.locator(".frame[aria-current]")).to_have_accessible_name("b.png, enhanced")
    assert np.abs(shown(page, "before") - person(31)).max() == 0


def test_the_button_opens_the_dialog_for_files(page):
    with page.expect_file_chooser() as chooser:
        page.locator("#choose").click()
    assert chooser.value.is_multiple()
    chooser.value.set_files([good()])
    wait_until_judged(page)
    page.locator("#remove").click()
    # The same file once more.
    choose(page, good())
    wait_until_judged(page)


def test_dropped_photographs_are_taken(page):
    hand_over(page, "dragenter", good())
    expect(page.locator("#drop")).to_be_visible()
    hand_over(page, "dragleave", good())
    expect(page.locator("#drop")).to_be_hidden()
    hand_over(page, "dragenter", good())
    hand_over(page, "drop", good("a.png", 3), good("b.png", 31))
    expect(page.locator("#drop")).to_be_hidden()
    expect(page.locator(".frame")).to_have_count(2)
    wait_until_judged(page)


def test_a_pasted_photograph_is_taken(page):
    hand_over(page, "paste", good())
    wait_until_judged(page)
    assert np.abs(shown(page, "before") - person(31)).max() == 0


@pytest.mark.parametrize("kind", ["paste", "drop"])
def test_what_holds_no_file_is_told(page, kind):
    hand_over(page, kind)
    sentence = "That held no file. Drop or paste a photograph, for example a JPEG."
    expect(page.locator("#toast-words")).to_have_text(sentence)
    page.locator("#toast-dismiss").click()
    expect(page.locator("#toast")).to_be_hidden()
    expect(page.locator("#start")).to_be_visible()


def test_the_camera_takes_a_photograph(page):
    page.locator("#take").click()
    expect(page.locator("#camera")).to_be_visible()
    expect(page.locator("#camera-take")).to_be_enabled()
    expect(page.locator("#camera-words")).to_be_empty()
    expect(page.locator("#camera-view")).to_have_class("mirrored")
    page.locator("#camera-take").click()
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator("#verdict-words")).to_contain_text("No face", timeout=OPENING_MS)
    assert shown(page, "before").size > 3 * 320 * 240
    assert page.evaluate("document.getElementById('camera-view').srcObject") is None


def test_the_camera_is_given_back_when_its_dialog_is_closed(page):
    page.locator("#take").click()
    expect(page.locator("#camera-take")).to_be_enabled()
    page.evaluate("""() => {
        window.track = document.getElementById("camera-view").srcObject.getVideoTracks()[0];
    }""")
    page.keyboard.press("Escape")
    expect(page.locator("#camera")).to_be_hidden()
    expect(page.locator("#take")).to_be_focused()
    expect(page.locator("#camera-take")).to_be_disabled()
    assert page.evaluate("window.track.readyState") == "ended"


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        ("NotAllowedError", "The browser was not allowed to use the camera."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "Another program is using the camera."),
    ],
)
def test_a_camera_that_cannot_be_used_is_explained(page, error, sentence):
    page.evaluate(
        """name => {
            const { mediaDevices } = navigator;
            mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", name));
        }""",
        error,
    )
    page.locator("#take").click()
    expect(page.locator("#camera-words")).to_contain_text(sentence)
    expect(page.locator("#camera-take")).to_be_disabled()
    page.locator("#camera-close").click()
    expect(page.locator("#camera")).to_be_hidden()
    page.evaluate("delete navigator.mediaDevices.getUserMedia")
