"""The real program from an empty folder to whole pairs: camera, phone and operator as in a studio.

libgphoto2 drives a simulated camera; phone and operator are pages in Chromium.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from acquisition.cli import main
from acquisition.record import read_record
from acquisition.session import SessionFolder
from tests.acquisition.whole_session import (
    GUARD_MS,
    TWO_POSES,
    Console,
    Listener,
    PhoneInHand,
    Premises,
    Program,
    browsers,
    premises,
    until,
)

KINDS = {
    "phone_flash",
    "phone_reference",
    "phone_reference_after",
    "studio_raw",
    "studio_jpeg",
    "log",
}
SKEW = re.compile(r"Skew \d+ ± \d+ ms")
IN_ORDER = [
    "pair_begun",
    "phone_exposed",
    "phone_fire",
    "phone_exposed",
    "studio_trigger",
    "studio_exposed",
    "phone_exposed",
    "finished",
]


def check_record(folder: SessionFolder, pair: str) -> None:
    """The pair is whole on the disk, and says how far apart its pictures are."""
    path = folder.pair_folder(pair)
    record = read_record((path / "record.json").read_bytes(), pair)
    assert {file.kind for file in record.files} == KINDS
    assert {one.name for one in path.iterdir()} == {file.name for file in record.files} | {
        "record.json"
    }
    assert record.skew is not None
    assert record.skew.ms >= GUARD_MS
    assert record.phone is not None
    assert record.phone.flash_kind == "screen"
    assert record.studio is not None
    assert record.studio.settings["iso"] == "100"


def check_journal(folder: SessionFolder, pair: str) -> None:
    """Each intent stands in the journal before its exposure, the phone before the camera."""
    entries = [entry for entry in folder.journal.entries() if entry.pair == pair]
    assert [entry.event for entry in entries if entry.event in IN_ORDER] == IN_ORDER
    at = {entry.event: entry.t_ns for entry in entries if entry.event != "phone_exposed"}
    record = folder.record(pair)
    assert record is not None
    assert record.phone is not None
    assert record.phone.exposure is not None
    assert at["phone_fire"] < record.phone.exposure.start_ns
    assert record.phone.exposure.end_ns + GUARD_MS * 1_000_000 <= at["studio_trigger"]


def check_session(place: Premises, pairs: int) -> None:
    """Everything is on the disk as the program said, and as the camera knows."""
    assert main(["verify", str(place.folder)]) == 0
    folder = SessionFolder.open(place.folder, exclusive=False)
    records = folder.records()
    assert [record.state for record in records] == ["committed"] * pairs
    exposures = sorted(one.opened_ns for one in place.camera.exposures())
    assert len(exposures) == pairs
    triggers = [one.t_ns for one in folder.journal.entries() if one.event == "studio_trigger"]
    for record, opened_ns, trigger_ns in zip(records, exposures, triggers, strict=True):
        check_record(folder, record.pair)
        check_journal(folder, record.pair)
        assert trigger_ns < opened_ns
    folder.close()
    assert place.camera.deleted() == []


def take_all(place: Premises, console: Console, people: list[str], poses: list[str]) -> None:
    """Takes the plan person by person, by key and by button in turn."""
    for number, participant in enumerate(people):
        for step, pose in enumerate(poses):
            place.see(5 * number + step)
            console.page.wait_for_timeout(200)
            assert console.shoot(participant, pose, with_key=bool(step % 2)) == "committed"
            expect(console.page.locator("#skew")).to_have_text(SKEW)
            done = number * len(poses) + step + 1
            expect(console.page.locator("#done")).to_contain_text(f"{done} of ")


def run_session(root: Path, *options: str, people: int, poses: list[str]) -> None:
    with premises(root) as place, place.session(*options) as program:
        console = place.console(program.console)
        expect(console.page.locator("#instruction")).to_contain_text("Begin with New person")
        ids = [console.add_person() for _ in range(people)]
        expect(console.page.locator("#shoot-why")).to_contain_text("scan the QR code")
        place.phone.open(program.phone)
        expect(console.page.locator("#device-phone .text")).to_have_text("white screen")
        expect(console.page.locator("#device-clock")).to_contain_text("±")
        expect(console.page.locator("#view")).to_be_visible()
        console.page.wait_for_function("document.getElementById('preview').naturalWidth > 0")
        take_all(place, console, ids, poses)
        expect(console.page.locator("#instruction")).to_have_text("All planned poses are taken.")
        assert place.listener.complaints == []
        assert place.listener.strangers(program.console, program.phone) == []
        place.listener.is_ending = True
        console.finish()
        code, said = program.end()
        pairs = people * len(poses)
        assert (code, f"{pairs} pairs ({pairs} committed, 0 rejected" in said) == (0, True)
        check_session(place, pairs)


def test_one_person_two_poses_from_the_console(tmp_path: Path):
    (tmp_path / "poses.yaml").write_text(TWO_POSES)
    run_session(tmp_path, "--poses", "poses.yaml", people=1, poses=["frontal", "smile"])


@pytest.mark.slow
def test_four_people_five_poses_from_the_console(tmp_path: Path):
    poses = ["frontal", "left", "right", "chin_down", "smile"]
    run_session(tmp_path, people=4, poses=poses)


@pytest.mark.slow
def test_a_camera_and_a_phone_that_go_away_are_told_and_found_again(tmp_path: Path):
    (tmp_path / "poses.yaml").write_text(TWO_POSES)
    with premises(tmp_path) as place, place.session("--poses", "poses.yaml") as program:
        console = place.console(program.console)
        page = console.page
        participant = console.add_person()
        place.phone.open(program.phone)
        expect(page.locator("#device-camera")).to_have_attribute("data-level", "ok")
        place.camera.drop(deny=1000)
        expect(page.locator("#device-camera .text")).to_have_text("not there")
        expect(page.locator("#shoot-why")).to_have_text("the camera is not there")
        expect(page.locator("#problems li")).to_have_count(1)
        box = page.locator("#finish").bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= 720
        place.camera.restart()
        expect(page.locator("#device-camera")).to_have_attribute("data-level", "ok")
        place.phone.away()
        expect(page.locator("#shoot-why")).to_contain_text("the phone went away")
        expect(page.locator("#connect")).to_be_visible()
        place.phone.open(program.phone)
        place.see(0)
        assert console.shoot(participant, "frontal", with_key=True) == "committed"
        place.listener.is_ending = True
        console.finish()
        assert program.end()[0] == 0
        check_session(place, 1)


@pytest.mark.slow
def test_a_simulated_session_whose_operator_is_a_person(tmp_path: Path):
    (tmp_path / "poses.yaml").write_text(TWO_POSES)
    with browsers(tmp_path) as chromium:
        PhoneInHand(chromium, tmp_path, Listener())
        program = Program(
            tmp_path, "--simulate", "--by-hand", "--poses", "poses.yaml", "--simulated-people", "1"
        ).wait()
        try:
            page = chromium.new_page()
            page.goto(program.console)
            console = Console(page)
            expect(page.locator("#simulated")).to_be_visible()
            participant = page.locator("#participant").inner_text()
            for pose in ("frontal", "smile"):
                assert console.shoot(participant, pose, with_key=True) == "committed"
            console.finish()
            code, said = program.end()
        finally:
            program.kill()
    assert (code, "2 pairs (2 committed" in said) == (0, True)
    root = tmp_path / "sessions" / "s"
    assert main(["verify", str(root)]) == 0
    until(lambda: not list((root / "incoming").iterdir()), "incoming is empty", 1.0)
