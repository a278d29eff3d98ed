"""Results as files: names, sizes, what the camera noted, several at once, and sharing."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.files import camera_exif
from tests.web.portraits import person
from tests.web.site import visit
from tests.web.visitor import (
    OPENING_MS,
    PHONE,
    choose,
    download,
    open_photograph,
    picture,
    remove_all,
    shown,
)

DATE, ORIENTATION, MAKER, INNER, PLACE = 0x9003, 0x0112, 0x010F, 0x8769, 0x8825
SHARING = """
    window.shared = [];
    window.refusals = [];
    navigator.canShare = data => data.files.every(file => file.type.startsWith("image/"));
    navigator.share = async data => {
        const refusal = window.refusals.shift();
        if (refusal) throw new DOMException("no", refusal);
        window.shared.push(data.files.map(file => [file.name, file.type, file.size]));
    };
"""


@pytest.fixture(scope="module")
def visitor(browser, site):
    """A visitor with a phone, which can share files."""
    with visit(browser, site, **PHONE) as one:
        one.page.add_init_script(SHARING)
        one.page.reload()
        yield one


@pytest.fixture
def page(visitor):
    yield visitor.page
    remove_all(visitor.page)


def lying(*, gps):
    """An upright photograph as a phone held upright stores it."""
    upright = person(3)[:, 30:226]
    exif = camera_exif(orientation=6, gps=gps)
    return picture("IMG 1.jpg", np.rot90(upright).copy(), "JPEG", quality=92, exif=exif)


def test_the_file_has_the_full_size_and_what_the_camera_noted_but_not_the_place(page, tmp_path):
    open_photograph(page, lying(gps=True))
    box = page.locator("#after").bounding_box()
    assert box["height"] > 1.2 * box["width"]
    expect(page.locator("#place")).to_be_visible()
    expect(page.locator("#keep-place")).not_to_be_checked()
    path = download(page, tmp_path)
    assert path.name == "IMG 1-studio.jpg"
    expect(page.locator("#saved")).to_contain_text(
        "Saved IMG 1-studio.jpg, 196\u00a0\u00d7\u00a0256"
    )
    with Image.open(path) as image:
        assert image.format == "JPEG"
        assert image.size == (196, 256)
        exif = image.getexif()
        pixels = np.asarray(image).astype(int)
    assert exif[ORIENTATION] == 1
    assert exif[MAKER] == "Maker"
    assert exif.get_ifd(INNER)[DATE] == "2026:02:03 04:05:06"
    assert not exif.get_ifd(PLACE)
    # What is saved is what is shown, but for the compression.
    assert np.abs(pixels - shown(page)).mean() < 4


def test_the_place_is_kept_only_if_asked(page, tmp_path):
    open_photograph(page, lying(gps=True))
    page.locator("#keep-place").click()
    expect(page.locator("#reset")).to_be_visible()
    with Image.open(download(page, tmp_path)) as image:
        assert image.getexif().get_ifd(PLACE)[1] == "N"
    page.locator("#reset").click()
    expect(page.locator("#keep-place")).not_to_be_checked()


def test_a_photograph_without_a_place_is_not_asked_about(page):
    open_photograph(page, lying(gps=False))
    expect(page.locator("#place")).to_be_hidden()


def test_the_settings_are_in_the_file(page, tmp_path):
    open_photograph(page, picture("plain.png", person(31)))
    page.locator("#strength").fill("0")
    path = download(page, tmp_path)
    assert path.name == "plain-studio.png"
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), person(31))


def three(page):
    choose(
        page,
        *(picture(f"{name}.png", person(at)) for name, at in zip("abc", (3, 31, 9), strict=True)),
    )
    expect(page.locator("#download-all")).to_have_text("Download all (3)", timeout=OPENING_MS)
    expect(page.locator("#download-all")).to_be_enabled()


def test_all_results_at_once(page):
    three(page)
    names = []
    page.on("download", lambda one: names.append(one.suggested_filename))
    page.locator("#download-all").click()
    expect(page.locator("#saved")).to_have_text("Saved 3 portraits.", timeout=OPENING_MS)
    assert names == ["a-studio.png", "b-studio.png", "c-studio.png"]
    expect(page.locator("#stop")).to_be_hidden()
    expect(page.locator("#saving")).to_be_hidden()


def test_saving_all_can_be_stopped(page):
    three(page)
    names = []
    page.on("download", lambda one: names.append(one.suggested_filename))
    page.evaluate("""() => {
        document.getElementById("download-all").click();
        document.getElementById("stop").click();
    }""")
    expect(page.locator("#saved")).to_have_text("Stopped after 1 of 3 portraits.")
    assert names == ["a-studio.png"]


def test_sharing_hands_the_file_to_another_app(page):
    open_photograph(page, picture("plain.jpg", person(31), "JPEG"))
    page.locator("#share").click()
    expect(page.locator("#saved")).to_have_text("Shared plain-studio.jpg")
    ((name, kind, size),) = page.evaluate("window.shared.pop()")
    assert (name, kind) == ("plain-studio.jpg", "image/jpeg")
    assert size > 5000


def test_sharing_that_took_too_long_needs_one_more_press(page):
    open_photograph(page, picture("plain.jpg", person(31), "JPEG"))
    page.evaluate("window.refusals.push('NotAllowedError')")
    page.locator("#share").click()
    expect(page.locator("#saved")).to_have_text("plain-studio.jpg is ready. Press Share once more.")
    page.locator("#share").click()
    expect(page.locator("#saved")).to_have_text("Shared plain-studio.jpg")


def test_sharing_that_is_refused_says_what_to_do(page):
    open_photograph(page, picture("plain.jpg", person(31), "JPEG"))
    page.evaluate("window.refusals.push('AbortError', 'DataError')")
    page.locator("#share").click()
    # Whoever changed their mind knows it.
    expect(page.locator("#share")).to_be_enabled()
    expect(page.locator("#saved")).to_be_empty()
    page.locator("#share").click()
    expect(page.locator("#saved")).to_contain_text("could not be shared. Download it")
