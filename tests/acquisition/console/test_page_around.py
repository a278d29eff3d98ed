"""The console in a real browser: plan, people, problems, phone, connection, layout."""

import re

import cv2
import numpy as np
import pytest
from playwright.sync_api import expect

from acquisition.console.state import Device, PersonRow, PoseCell, Problem
from acquisition.errors import CameraError
from tests.acquisition.console.scripted import (
    PHONE_URL,
    STARTER,
    ServedStudio,
    asked,
    consent_text,
    person,
)


def test_a_cell_of_the_plan_is_taken_again(served, page):
    cell = page.get_by_role("button", name="P-4Q7ZK2, smile: done")
    cell.click()
    assert asked(served) == [("select", "P-4Q7ZK2", "smile")]
    expect(page.locator("#participant")).to_have_text("P-4Q7ZK2")
    chosen = page.locator("#grid .cell[aria-current]")
    expect(chosen).to_have_count(1)
    expect(chosen).to_be_focused()
    served.show(
        people=[
            PersonRow(
                participant="P-1",
                consent="withdrawn",
                poses=[PoseCell(pose="smile", state="rejected", attempts=3)],
            )
        ]
    )
    expect(page.locator("#grid th[scope=row]")).to_have_text(["P-1 withdrawn"])
    expect(page.locator("#grid .cell")).to_have_text(re.compile(r"rejected.*3\u00d7"))


def test_the_other_controls(served, page):
    page.locator("#restart").click()
    page.locator("#skip").click()
    page.locator("#finish").click()
    expect(page.locator("#finish-text")).to_contain_text("10 planned pairs are not taken yet")
    page.keyboard.press("Escape")
    page.locator("#finish").click()
    page.locator("#finish-dialog button", has_text="Go on").click()
    assert asked(served, 2) == [("restart_camera",), ("skip",)]
    page.locator("#finish").click()
    page.locator("#finish-dialog button[value=yes]").click()
    assert asked(served, 3)[2:] == [("finish",)]


def test_the_text_of_the_consent_is_read(page):
    page.locator("#new-person").click()
    text = page.locator("#consent-text")
    expect(text).to_contain_text("12. You may withdraw")
    assert text.evaluate("box => box.scrollHeight > box.clientHeight")
    assert text.locator("h3, blockquote, strong, li").all_inner_texts() == [
        "Your pictures",
        "A template.",
        "Who.",
        "one two",
        "two",
        "<i>three</i>",
    ]
    page.locator("#language").select_option("de")
    expect(text).to_have_text("Ihre Bilder lehren ein Programm.")


def test_a_new_person_agrees(served, page):
    page.locator("#new-person").click()
    page.locator("#language").select_option("de")
    expect(page.locator("#consent-text")).to_have_text("Ihre Bilder lehren ein Programm.")
    agree, boxes = page.locator("#agree"), page.locator("#person input[type=checkbox]")
    # Nothing is agreed to in advance.
    assert boxes.evaluate_all("all => all.filter((box) => box.checked).length") == 0
    name = page.get_by_label("Operator's name")
    needed = [page.get_by_label("train DeepFlash"), page.get_by_label("I am 18 or older")]
    expect(agree).to_be_disabled()
    for box in needed:
        box.check()
    name.fill("Jo  Doe ")
    expect(agree).to_be_enabled()
    for box in needed:
        box.uncheck()
        expect(agree).to_be_disabled()
        box.check()
        expect(agree).to_be_enabled()
    name.fill("  ")
    expect(agree).to_be_disabled()
    name.fill("Jo  Doe ")
    name.press(" ")
    name.press("Enter")
    assert served.studio.asked == []
    page.get_by_label("demonstrations").check()
    agree.click()
    expect(page.locator("#new-id")).to_have_text("P-N3WPRS")
    (command, form), *rest = served.studio.asked
    assert (command, rest) == ("add_person", [])
    assert form.scopes == ["train", "demo"]
    assert (form.language, form.is_adult, form.operator) == ("de", True, "Jo  Doe")
    assert form.text_sha256 == consent_text("de")[1]
    page.locator("#welcome-close").click()


def test_only_the_operators_name_is_remembered(page):
    page.locator("#new-person").click()
    agree, boxes = page.locator("#agree"), page.locator("#person input[type=checkbox]")
    boxes.first.check()
    page.get_by_label("Operator's name").fill("Jo  Doe")
    page.locator("#consent-cancel").click()
    page.locator("#new-person").click()
    assert page.get_by_label("Operator's name").input_value() == "Jo  Doe"
    assert boxes.evaluate_all("all => all.filter((box) => box.checked).length") == 0
    expect(agree).to_be_disabled()
    page.locator("#consent-cancel").click()
    expect(page.locator("#person")).to_be_hidden()


def test_what_the_session_refuses_is_shown(served, open_page):
    page = open_page(expected="409")
    served.studio.fault = CameraError("the camera is away; look at its cable")
    page.locator("#restart").click()
    expect(page.locator("#refusal")).to_contain_text("the camera is away; look at its cable")
    page.locator("#refusal button").click()
    expect(page.locator("#refusal")).to_be_hidden()
    served.studio.fault = CameraError("it is still away")
    page.keyboard.press(" ")
    expect(page.locator("#refusal")).to_contain_text("it is still away")
    page.keyboard.press(" ")
    expect(page.locator("#shoot-text")).to_have_text("Taking the pair")
    expect(page.locator("#refusal")).to_be_hidden()


def test_problems_stand_worst_first_as_text(served, page):
    evil = "<img src=x onerror=alert(1)>"
    served.show(
        simulated=True,
        camera=Device(level="bad", title="D850", text="does not answer", advice="Restart it."),
        problems=[
            Problem(level="warn", text="Disk nearly full.", advice="Free 20 GB."),
            Problem(level="bad", text=evil, advice="Press Restart camera."),
        ],
    )
    expect(page.locator("#problems li")).to_have_count(2)
    assert page.locator("#problems strong").all_inner_texts() == [evil, "Disk nearly full."]
    expect(page.locator("#device-camera .word")).to_have_text("Fault")
    expect(page.locator("#device-camera .advice")).to_have_text("Restart it.")
    expect(page.locator("#simulated")).to_contain_text("Simulated studio")


def test_the_code_gives_way_to_the_phones_view(served, page):
    expect(page.locator("#view")).to_be_visible()
    page.wait_for_function("document.getElementById('preview').naturalWidth === 256")
    expect(page.locator("#connect")).to_be_hidden()
    page.locator("#toggle-code").click()
    expect(page.locator("#connect")).to_be_visible()
    served.show(phone=Device(level="off", text="not connected"))
    expect(page.locator("#connect")).to_be_visible()
    expect(page.locator("#phone-url")).to_have_text(PHONE_URL)
    page.wait_for_function("document.getElementById('code').naturalWidth > 0")
    seen = np.frombuffer(page.screenshot(), np.uint8)
    picture = cv2.imdecode(seen, cv2.IMREAD_COLOR)
    assert cv2.QRCodeDetector().detectAndDecode(picture)[0] == PHONE_URL
    expect(page.locator("#view")).to_be_hidden()
    served.show(phone=Device(level="ok", text="flash"))
    expect(page.locator("#connect")).to_be_hidden()
    expect(page.locator("#view")).to_be_visible()


@pytest.mark.slow
def test_a_view_that_stands_still_is_called_so(served, page):
    expect(page.locator("#view-note")).to_be_visible(timeout=9000)
    expect(page.locator("#view-note")).to_have_text("This view stands still")
    served.studio.view = (STARTER / "studio" / "person00003-00-0.jpg").read_bytes()
    expect(page.locator("#view-note")).to_be_hidden()
    served.studio.view = None
    expect(page.locator("#view-empty")).to_contain_text("as soon as it sends one")


def test_an_ended_session_is_said_and_a_new_process_is_found_again(served, open_page):
    page = open_page(expected="Failed to load resource")
    served.close()
    expect(page.locator("#gone")).to_contain_text("The session has ended or was closed")
    expect(page.locator("#gone")).to_contain_text("acquire session autumn-2026")
    again = ServedStudio(port=int(re.search(r":(\d+)/", served.url).group(1)))
    try:
        expect(page.locator("#gone")).to_be_hidden()
        page.keyboard.press(" ")
        assert asked(again) == [("shoot",)]
    finally:
        again.close()


@pytest.mark.slow
def test_an_old_token_is_told_apart(served, open_page):
    page = open_page(expected="403")
    page.evaluate("sessionStorage.setItem('console-token', 'of another session')")
    page.reload()
    expect(page.locator("#gone h1")).to_contain_text("does not belong to the running session")
    page.goto(served.url)
    expect(page.locator("#gone")).to_be_hidden()
    expect(page.locator("#participant")).to_have_text("P-7XK2M9")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 720), (1920, 1080), (1024, 768)])
def test_all_fits_without_scrolling_the_page(served, open_page, width, height):
    page = open_page(width=width, height=height)
    problem = Problem(level="bad", text="The camera did not answer within 8 s.", advice="Restart.")
    served.show(
        problems=[problem],
        simulated=True,
        people=[person(f"P-{number:06}") for number in range(40)],
        last=served.studio.last("rejected", reasons=["The eyes are closed."]),
    )
    expect(page.locator("#problems li")).to_have_count(1)
    for name in ["#shoot", "#new-person", "#finish", "#verdict", "#plan", "#device-clock"]:
        box = page.locator(name).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert box["y"] + box["height"] <= height
    least = page.locator("button:visible").evaluate_all(
        "all => Math.min(...all.map((one) => one.getBoundingClientRect().height))"
    )
    assert least >= 30


@pytest.mark.slow
def test_every_control_has_a_name_and_is_reached_by_the_keyboard(page):
    names = page.locator("button:visible, #grid .cell").evaluate_all(
        "all => all.filter((one) => !(one.getAttribute('aria-label') || one.textContent).trim())"
        ".length"
    )
    assert names == 0
    reached = set()
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    assert {"shoot", "cell", "new-person", "skip", "restart", "sound", "finish"} <= reached


@pytest.mark.slow
def test_reduced_motion_is_respected(open_page, served):
    page = open_page(reduced_motion="reduce")
    served.show(phase="guard", can_shoot=False)
    expect(page.locator("#steps .present")).to_have_text("guard")
    assert page.evaluate("document.getAnimations().length") == 0
