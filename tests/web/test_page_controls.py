"""Every setting of a photograph, with the real engine: what is asked for is what is shown."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.web.files import camera_exif
from tests.web.portraits import BLUE, group, person, red_eyed
from tests.web.site import visit
from tests.web.visitor import (
    choose,
    open_photograph,
    picture,
    remove_all,
    set_background,
    set_region,
    shown,
    wait_until_judged,
    wait_until_shown,
)

FACES = ((3, 200), (17, 170))


@pytest.fixture(scope="module")
def page(browser, site):
    with visit(browser, site) as one:
        yield one.page


@pytest.fixture
def plain(page):
    """One photograph is open, in the look that it comes with."""
    if page.locator("#start").is_visible():
        open_photograph(page, picture("plain.png", person(31, 400)))
    if page.locator("#reset").is_visible():
        page.locator("#reset").click()
    wait_until_shown(page)


@pytest.fixture
def empty(page):
    """No photograph is open."""
    remove_all(page)
    yield
    remove_all(page)


def apart(one, other):
    return np.abs(one - other).max(axis=-1)


@pytest.mark.usefixtures("plain")
def test_the_pictures_are_those_of_the_file_and_not_stretched(page):
    before, after = shown(page, "before"), shown(page)
    assert apart(before, person(31, 400).astype(int)).max() == 0
    assert after.shape == before.shape
    assert 3 < np.abs(after - before).mean() < 80
    for side in ("before", "after"):
        box = page.locator(f"#{side}").bounding_box()
        assert box["width"] == pytest.approx(box["height"], abs=1)
        assert box["width"] > 500


@pytest.mark.usefixtures("plain")
def test_strength_by_mouse_changes_what_is_shown(page):
    before, full = shown(page, "before"), shown(page)
    box = page.locator("#strength").bounding_box()
    page.mouse.click(box["x"] + 2, box["y"] + box["height"] / 2)
    expect(page.locator("#strength-value")).to_have_text("0%")
    assert apart(shown(page), before).max() == 0
    page.mouse.move(box["x"] + 8, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] / 2, steps=5)
    page.mouse.up()
    expect(page.locator("#strength-value")).to_have_text("150%")
    more = np.abs(shown(page) - before).mean()
    assert more > 1.2 * np.abs(full - before).mean()


@pytest.mark.usefixtures("plain")
def test_strength_by_keyboard(page):
    full = shown(page)
    strength = page.locator("#strength")
    strength.focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#strength-value")).to_have_text("99%")
    expect(strength).to_have_attribute("aria-valuetext", "99%")
    page.keyboard.press("Home")
    expect(page.locator("#strength-value")).to_have_text("0%")
    assert apart(shown(page), full).max() > 10
    page.keyboard.press("End")
    expect(page.locator("#strength-value")).to_have_text("150%")


@pytest.mark.usefixtures("plain")
def test_reset_brings_back_what_came_first(page):
    full = shown(page)
    expect(page.locator("#reset")).to_be_hidden()
    page.locator("#strength").fill("40")
    set_background(page, "blur")
    set_region(page, "face")
    assert apart(shown(page), full).max() > 10
    page.locator("#reset").click()
    expect(page.locator("#strength-value")).to_have_text("100%")
    expect(page.locator("#background-keep")).to_be_checked()
    expect(page.locator("#region-picture")).to_be_checked()
    expect(page.locator("#reset")).to_be_hidden()
    expect(page.locator("#strength")).to_be_focused()
    assert apart(shown(page), full).max() == 0


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize("kind", ["studio", "blur"])
def test_the_background_changes_behind_the_person(page, kind):
    kept = shown(page)
    set_background(page, kind)
    changed = apart(shown(page), kept)
    assert changed[:60, :60].mean() > 3
    assert changed[190:230, 190:230].max() <= 2


@pytest.mark.usefixtures("plain")
def test_the_region_can_be_the_faces_alone(page):
    before, whole = shown(page, "before"), shown(page)
    assert apart(whole, before)[:40, :40].max() > 0
    set_region(page, "face")
    alone = apart(shown(page), before)
    assert alone[:40, :40].max() == 0
    assert alone[150:250, 150:250].mean() > 3


@pytest.mark.usefixtures("plain")
def test_without_red_pupils_there_is_nothing_to_switch(page):
    expect(page.locator("#red-eyes")).to_be_disabled()
    expect(page.locator("#red-eyes")).not_to_be_checked()
    expect(page.locator("#red-eyes-text")).to_have_text("No red pupils were found.")
    expect(page.locator("#place")).to_be_hidden()
    expect(page.locator("#faces")).to_be_hidden()
    # Nor to share with on a computer, nor more than one to download.
    expect(page.locator("#share")).to_be_hidden()
    expect(page.locator("#download-all")).to_be_hidden()


@pytest.mark.usefixtures("empty")
def test_red_eyes_can_be_left_red(page):
    open_photograph(page, picture("red.png", red_eyed(BLUE, 2.0)))
    expect(page.locator("#red-eyes")).to_be_checked()
    expect(page.locator("#red-eyes-text")).to_have_text("2 red pupils were found.")
    repaired = shown(page)
    page.locator("#red-eyes").click()
    left = shown(page)
    changed = apart(left, repaired) > 40
    assert 20 < changed.sum() < 0.02 * changed.size
    assert left[changed][:, 0].mean() > repaired[changed][:, 0].mean() + 40
    page.locator("#red-eyes").press("Space")
    assert apart(shown(page), repaired).max() == 0


@pytest.mark.usefixtures("empty")
def test_each_of_several_faces_has_a_switch(page):
    open_photograph(page, picture("group.png", group(*FACES, width=450, height=240)))
    chips = page.locator("#face-chips input")
    expect(chips).to_have_count(2)
    expect(page.locator("#face-chips canvas")).to_have_count(2)
    set_region(page, "face")
    everyone = shown(page)
    changes = []
    for index in range(2):
        expect(chips.nth(index)).to_have_accessible_name(f"Face {index + 1}")
        chips.nth(index).click()
        expect(chips.nth(index)).not_to_be_checked()
        changes.append(apart(shown(page), everyone).mean(axis=0))
        chips.nth(index).click()
    assert apart(shown(page), everyone).max() == 0
    # Each switch is that of one person, who stands in one part of the picture.
    parts = [(20, 220), (250, 420)]
    found = [[change[a:b].sum() for a, b in parts] for change in changes]
    assert sorted(int(np.argmax(one)) for one in found) == [0, 1]
    print(found)
    assert all(max(one) > 0.95 * sum(one) for one in found)


@pytest.mark.usefixtures("empty")
def test_removing_one_whose_preview_is_being_made_is_no_error(page):
    open_photograph(page, picture("plain.png", person(31, 400)))
    page.evaluate(
        """async () => {
            const strength = document.getElementById("strength");
            for (const value of [20, 40, 60]) {
                strength.value = value;
                strength.dispatchEvent(new Event("input"));
                await new Promise(requestAnimationFrame);
                await new Promise(requestAnimationFrame);
            }
            document.getElementById("remove").click();
        }"""
    )
    wait_until_shown(page)
    expect(page.locator("#start")).to_be_visible()
    expect(page.locator("#toast")).to_be_hidden()
    expect(page.locator("#announcer")).to_be_empty()


@pytest.mark.usefixtures("empty")
def test_what_no_flash_lit_is_left_until_the_visitor_insists(page):
    unlit = camera_exif(orientation=1, flash=0x10)
    choose(page, picture("unlit.jpg", person(3), "JPEG", exif=unlit))
    wait_until_judged(page)
    said = "No flash: the camera noted that the flash did not fire. It is shown as it is."
    expect(page.locator("#verdict-words")).to_have_text(said)
    expect(page.locator("#compare[single]")).to_be_visible()
    for name in ("#controls", "#actions"):
        expect(page.locator(name)).to_be_hidden()
    anyway = page.locator("#enhance-anyway")
    anyway.click()
    expect(page.locator("#compare:not([single])")).to_be_visible()
    expect(page.locator("#controls")).to_be_visible()
    assert np.abs(shown(page) - shown(page, "before")).mean() > 1
    expect(anyway).to_have_text("Leave it as it is")
    anyway.click()
    expect(page.locator("#compare[single]")).to_be_visible()
    expect(page.locator("#download")).to_be_hidden()


@pytest.mark.usefixtures("empty")
def test_a_picture_of_one_colour_is_not_enhanced(page):
    choose(page, picture("black.png", np.zeros((90, 120, 3), np.uint8)))
    expect(page.locator("#verdict-words")).to_contain_text("black all over")
    expect(page.locator("#enhance-anyway")).to_be_hidden()
    expect(page.locator("#download")).to_be_hidden()


@pytest.mark.usefixtures("plain")
def test_the_language_changes_at_once_and_is_remembered(page):
    language = page.locator("#language")
    language.select_option("it")
    expect(page.locator("html")).to_have_attribute("lang", "it")
    expect(page.locator("#download")).to_have_text("Scarica")
    expect(page.locator("#verdict-words")).to_contain_text("flash")
    expect(page.locator("#compare input")).to_have_attribute("aria-label", "Confronta prima e dopo")
    assert "luce da studio" in page.title()
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "it")
    expect(page.locator("#choose")).to_have_text("Scegli una fotografia")
    language.select_option("en")
    expect(page.locator("#choose")).to_have_text("Choose a photograph")
