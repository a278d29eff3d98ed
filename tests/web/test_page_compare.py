"""The divider between before and after: by mouse, touch and keyboard, in both directions."""

import pytest
from playwright.sync_api import expect

from tests.web.portraits import person
from tests.web.site import visit
from tests.web.visitor import OPENING_MS, choose, open_photograph, picture, remove_all

NAME = "Compare before and after"


@pytest.fixture(scope="module")
def page(browser, site):
    with visit(browser, site, has_touch=True) as one:
        one.page.emulate_media(reduced_motion="reduce")
        yield one.page


@pytest.fixture(params=["example", "compare"], scope="module")
def slider(request, page):
    """The one of the example, and the one of a photograph."""
    if request.param == "compare":
        open_photograph(page, picture("plain.png", person(31)))
    yield page.locator(f"#{request.param}")
    remove_all(page)


def divider(slider):
    """Where the line is seen, as a share of the picture from its left side."""
    box, line = slider.bounding_box(), slider.locator(".handle").bounding_box()
    return (line["x"] + 1 - box["x"]) / box["width"]


def revealed(slider):
    """The left side of what is seen of the result, as a share of the picture."""
    inset = slider.locator(".after").evaluate("element => getComputedStyle(element).clipPath")
    return float(inset.removeprefix("inset(").rstrip(")").split()[-1].rstrip("%")) / 100


def expect_at(slider, share):
    assert divider(slider) == pytest.approx(share, abs=0.01)
    assert revealed(slider) == pytest.approx(share, abs=0.01)
    percent = round(share * 100)
    handle = slider.get_by_role("slider", name=NAME)
    assert int(handle.input_value()) == pytest.approx(percent, abs=1)
    shown = int(handle.input_value())
    said = f"{shown}% before, {100 - shown}% after"
    assert handle.get_attribute("aria-valuetext") == pytest.approx(said)


def drag(page, slider, start, end):
    box = slider.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + end * box["width"], y, steps=5)
    page.mouse.up()


def middle(slider):
    handle = slider.get_by_role("slider", name=NAME)
    handle.fill("50")
    expect_at(slider, 0.5)
    return handle


def test_mouse(page, slider):
    middle(slider)
    drag(page, slider, 0.5, 0.8)
    expect_at(slider, 0.8)
    # A drag anywhere moves it by as much, and no farther than to the edge.
    drag(page, slider, 0.9, 0.6)
    expect_at(slider, 0.5)
    drag(page, slider, 0.1, 0.9)
    expect_at(slider, 1)
    page.mouse.move(5, 5)
    expect_at(slider, 1)


def test_double_click_lets_it_jump(page, slider):
    middle(slider)
    box = slider.bounding_box()
    page.mouse.dblclick(box["x"] + 0.25 * box["width"], box["y"] + 0.3 * box["height"])
    expect_at(slider, 0.25)


def test_touch(page, slider):
    middle(slider)
    session = page.context.new_cdp_session(page)
    box = slider.bounding_box()

    def touch(kind, *shares):
        points = [{"x": box["x"] + share * box["width"], "y": box["y"] + 80} for share in shares]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", 0.5)
    for step in range(1, 6):
        touch("touchMove", 0.5 - 0.06 * step)
    touch("touchEnd")
    session.detach()
    expect_at(slider, 0.2)


def test_keyboard(page, slider):
    handle = middle(slider)
    handle.focus()
    page.keyboard.press("ArrowRight")
    expect_at(slider, 0.51)
    page.keyboard.press("Home")
    expect_at(slider, 0)
    page.keyboard.press("End")
    expect_at(slider, 1)
    style = "element => getComputedStyle(element).outlineStyle"
    assert slider.locator(".handle .icon").evaluate(style) == "solid"


def test_from_right_to_left(page, slider):
    handle = middle(slider)
    page.evaluate("document.documentElement.dir = 'rtl'")
    drag(page, slider, 0.5, 0.7)
    assert divider(slider) == pytest.approx(0.7, abs=0.01)
    # What is before is on the right side now.
    assert int(handle.input_value()) == pytest.approx(30, abs=1)
    box = slider.bounding_box()
    tag = slider.locator(".tag-before").bounding_box()
    assert tag["x"] > box["x"] + 0.5 * box["width"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("document.documentElement.dir = 'ltr'")


def test_where_there_is_no_result_there_is_no_divider(page):
    choose(page, picture("unlit.png", person(31)[:70, :70]))
    expect(page.locator("#enhance-anyway")).to_be_visible(timeout=OPENING_MS)
    slider = page.locator("#compare")
    expect(slider.locator("input")).to_be_disabled()
    before = slider.locator(".before").bounding_box()
    drag(page, slider, 0.5, 0.8)
    assert slider.locator(".before").bounding_box() == before
    assert slider.locator(".handle").evaluate("e => getComputedStyle(e).opacity") == "0"
    remove_all(page)
