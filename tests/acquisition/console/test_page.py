"""The console in a real browser: the next pair, the big button, the verdict."""

import pytest
from playwright.sync_api import expect

from acquisition.console.state import NextShot
from tests.acquisition.console.scripted import (
    PHASES,
    POSES,
    TOKEN,
    asked,
)


@pytest.mark.slow
def test_the_token_leaves_the_address_and_survives_a_reload(page):
    assert TOKEN not in page.url
    page.reload()
    expect(page.locator("#participant")).to_have_text("P-7XK2M9")


def test_whom_to_seat_what_to_say_and_how_all_is(page):
    expect(page.locator("#instruction")).to_have_text(POSES["slightly_left"])
    expect(page.locator("#pose")).to_have_text("slightly left")
    expect(page.locator("#shoot-text")).to_have_text("Take the pair")
    assert page.locator(".device .name span:first-child").all_inner_texts() == [
        "Camera",
        "Phone",
        "Lights",
        "Disk",
        "Clock",
    ]
    # Colour, shape and word say the same.
    assert page.locator(".device .word").all_inner_texts() == ["OK"] * 5
    assert (
        page.locator(".device > svg use").evaluate_all(
            "all => all.map((use) => use.getAttribute('href'))"
        )
        == ["#sign-ok"] * 5
    )
    expect(page.locator("#done")).to_have_text("10 of 20 pairs")
    assert page.locator("#grid .cell").count() == 20
    assert page.locator("#stop").is_hidden()
    assert page.locator("#simulated").is_hidden()


@pytest.mark.slow
def test_the_words_to_say_are_large_and_fit(served, page):
    size = "getComputedStyle(document.getElementById('instruction')).fontSize"
    short = float(page.evaluate(size).removesuffix("px"))
    assert short >= 48
    words = "Sit up, lay your hands into your lap and turn your whole body to the left wall. " * 2
    served.show(next=NextShot(participant="P", pose="x", instruction=words))
    expect(page.locator("#instruction")).to_have_text(words.strip())
    assert float(page.evaluate(size).removesuffix("px")) < short
    box, place = page.locator("#instruction").bounding_box(), page.locator("#saying").bounding_box()
    assert box["height"] <= place["height"] + 1


def test_the_big_button_takes_one_pair(served, page):
    page.locator("#shoot").click()
    expect(page.locator("#shoot-text")).to_have_text("Taking the pair")
    page.locator("#shoot").click(force=True)
    page.keyboard.press(" ")
    served.show(phase="guard")
    expect(page.locator("#steps .present")).to_have_text("guard")
    assert served.studio.asked == [("shoot",)]


def test_a_held_space_bar_takes_one_pair(served, page):
    page.keyboard.down(" ")
    assert asked(served) == [("shoot",)]
    expect(page.locator("#shoot-text")).to_have_text("Taking the pair")
    served.show(phase="idle", can_shoot=True, why_not="")
    expect(page.locator("#shoot-text")).to_have_text("Take the pair")
    for _ in range(3):
        page.keyboard.down(" ")  # The browser marks these as repeats.
    # A remote control may send the same key again without the mark.
    page.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: ' ', bubbles: true, cancelable: true}))"
    )
    page.wait_for_timeout(100)
    assert served.studio.asked == [("shoot",)]
    page.keyboard.up(" ")
    page.keyboard.press(" ")
    assert asked(served, 2) == [("shoot",), ("shoot",)]


def test_space_takes_the_pair_wherever_the_focus_is_and_enter_presses_it(served, page):
    page.locator("#skip").click()
    assert asked(served) == [("skip",)]
    page.keyboard.press(" ")
    assert asked(served, 2) == [("skip",), ("shoot",)]
    expect(page.locator("#shoot-text")).to_have_text("Taking the pair")
    served.show(phase="idle", can_shoot=True, why_not="")
    expect(page.locator("#shoot-text")).to_have_text("Take the pair")
    page.locator("#shoot").focus()
    page.keyboard.press("Enter")
    assert asked(served, 3) == [("skip",), ("shoot",), ("shoot",)]


@pytest.mark.slow
def test_what_forbids_a_pair_stands_on_the_button(served, page):
    served.show(can_shoot=False, why_not="The consent of P-7XK2M9 was withdrawn.")
    expect(page.locator("#shoot-why")).to_have_text("The consent of P-7XK2M9 was withdrawn.")
    expect(page.locator("#shoot")).to_have_attribute("aria-disabled", "true")
    page.locator("#shoot").click(force=True)
    page.keyboard.press(" ")
    page.wait_for_timeout(100)
    assert served.studio.asked == []


@pytest.mark.slow
def test_the_steps_follow_the_pair_in_both_orders(served, page):
    for phase in PHASES:
        served.show(phase=phase, can_shoot=False)
        expect(page.locator("#steps .present")).to_have_text(phase.removesuffix("_after"))
        expect(page.locator("#steps .past")).to_have_count(PHASES.index(phase))
    served.show(phase="idle", order="studio_first")
    expect(page.locator("#steps .present")).to_have_count(0)
    names = page.locator("#steps li").all_inner_texts()
    assert names.index("studio") < names.index("guard") < names.index("phone")


def test_stop_by_button_and_by_escape(served, page):
    for count, stop in enumerate(
        [page.locator("#stop").click, lambda: page.keyboard.press("Escape")]
    ):
        served.show(phase="phone", can_shoot=False)
        expect(page.locator("#stop")).to_be_visible()
        stop()
        assert asked(served, count + 1) == [("stop",)] * (count + 1)
        expect(page.locator("#stop")).to_be_hidden()
        expect(page.locator("#verdict h2")).to_have_text("Stopped")
    page.keyboard.press("Escape")
    page.wait_for_timeout(100)
    assert len(served.studio.asked) == 2


def test_each_verdict_is_shown_told_and_heard(served, page):
    page.keyboard.press("Shift")
    heard = {"committed": [660, 990], "rejected": [440, 262], "incomplete": [349, 349, 349]}
    words = {"committed": "Accepted", "rejected": "Rejected", "incomplete": "Incomplete"}
    for state, tones in heard.items():
        page.evaluate("window.tones.length = 0")
        reasons = [] if state == "committed" else ["The eyes are closed."]
        served.show(last=served.studio.last(state, reasons=reasons))
        expect(page.locator("#verdict h2")).to_have_text(words[state])
        expect(page.locator("#spoken")).to_contain_text(words[state])
        assert page.locator("#reasons li").all_inner_texts() == reasons
        assert page.evaluate("window.tones") == tones
    expect(page.locator("#skew")).to_have_text("Skew 612 ± 41 ms")
    loaded = "all => all.every((image) => image.naturalWidth > 0)"
    page.wait_for_function(f"({loaded})([...document.querySelectorAll('#pictures img')])")
    page.locator("#pictures").click()
    expect(page.locator("#large img")).to_have_count(2)
    assert page.locator("#large img").evaluate_all(loaded)
    page.locator("#large button").click()
    page.evaluate("window.tones.length = 0")
    page.locator("#sound").click()
    expect(page.locator("#sound")).to_have_text("Sound off")
    served.show(last=served.studio.last("committed"))
    expect(page.locator("#verdict h2")).to_have_text("Accepted")
    assert page.evaluate("window.tones") == []
    page.reload()
    expect(page.locator("#sound")).to_have_text("Sound off")
