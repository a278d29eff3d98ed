"""One pair from the button to the record: the good way, and every fault in its own words."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from acquisition.camera.contract import Profile
from acquisition.errors import (
    CameraError,
    CameraSilent,
    DownloadError,
    PhoneError,
    PhoneSilent,
    StoreError,
)
from acquisition.simulate.feed import Feed
from acquisition.store.journal import Journal
from acquisition.store.verify import verify
from acquisition.taking.completion import complete
from acquisition.taking.pair_run import PairOutcome, PairRun
from tests.acquisition.taking.fakes import Room, small_feed


@pytest.fixture(scope="module")
def feed() -> Feed:
    return small_feed()


@pytest.fixture
def room(tmp_path: Path, feed: Feed) -> Iterator[Room]:
    room = Room(tmp_path, feed=feed)
    yield room
    room.folder.close()


def take(room: Room, pose: str = "frontal") -> PairOutcome:
    return asyncio.run(PairRun(room.studio, room.person, pose).run())


def wheres(outcome: PairOutcome) -> dict[str, str]:
    assert outcome.record is not None
    return {missing.kind: missing.where for missing in outcome.record.missing}


def kinds(outcome: PairOutcome) -> set[str]:
    assert outcome.record is not None
    return {file.kind for file in outcome.record.files}


def test_a_good_pair_is_committed_with_all_that_is_known(room: Room):
    outcome = take(room)
    assert (outcome.outcome, outcome.reasons) == ("committed", ())
    record = outcome.record
    assert record is not None
    assert kinds(outcome) == {
        "phone_flash",
        "phone_reference",
        "phone_reference_after",
        "studio_raw",
        "studio_jpeg",
        "log",
    }
    assert record.consent == room.registry.valid(room.person).reference
    assert record.studio is not None
    assert record.studio.settings == {"iso": "100"}
    assert record.phone is not None
    assert record.phone.exif["Flash"] & 1
    assert record.skew is not None
    assert record.skew.ms >= 30
    assert record.skew.ms - record.skew.pm_ms <= 1000
    assert room.folder.records() == [record]
    room.folder.close()
    assert verify(room.folder.root).differences == []


def test_the_skew_is_the_difference_of_the_middles(room: Room):
    record = take(room).record
    assert record is not None
    assert record.phone is not None
    assert record.studio is not None
    assert record.skew is not None
    phone, studio = record.phone.exposure, record.studio.exposure
    assert phone is not None
    assert studio is not None
    middles = (studio.start_ns + studio.end_ns - phone.start_ns - phone.end_ns) / 2e6
    assert record.skew.ms == pytest.approx(middles)
    widths = (studio.end_ns - studio.start_ns + phone.end_ns - phone.start_ns) / 2e6
    assert record.skew.pm_ms == pytest.approx(widths)


def test_the_devices_are_used_in_the_order_that_was_asked_for(room: Room):
    take(room)
    assert [one for one in room.events.seen if one in ("fire", "trigger")] == ["fire", "trigger"]
    room.events.seen.clear()
    room.studio.options = replace(room.studio.options, order="studio_first")
    assert take(room, "left").outcome == "committed"
    assert [one for one in room.events.seen if one in ("fire", "trigger")] == ["trigger", "fire"]


def test_a_consent_that_is_withdrawn_between_two_pairs_stops_the_second(room: Room):
    assert take(room).outcome == "committed"
    room.registry.withdraw(room.person)
    room.events.seen.clear()
    outcome = take(room, "left")
    assert outcome.outcome == "aborted"
    assert "withdrew" in outcome.reasons[0]
    assert "fire" not in room.events.seen
    assert "trigger" not in room.events.seen
    assert outcome.pair == ""


def test_a_dial_that_somebody_turned_is_named_with_both_values(room: Room):
    room.camera.iso = "800"
    outcome = take(room)
    assert outcome.outcome == "aborted"
    assert "iso is 800, it was set to 100" in outcome.reasons[0]


@pytest.mark.parametrize(
    ("device", "call", "error"),
    [
        ("camera", "heartbeat", CameraError("the camera sleeps; wake it")),
        ("phone", "check", PhoneError("the phone's clock jumped; try again")),
        ("phone", "reference", PhoneError("the phone has no camera")),
        ("phone", "fire", PhoneError("the phone has no light")),
    ],
)
def test_a_fault_before_the_first_exposure_leaves_no_pair(room: Room, device, call, error):
    getattr(room, device).fails[call] = error
    outcome = take(room)
    assert outcome.outcome == "aborted"
    assert str(error) in outcome.reasons[0]
    assert "trigger" not in room.events.seen
    assert room.folder.records() == []
    assert room.folder.unfinished() == []
    assert list(room.folder.root.glob("sub-*/pair-*")) == []


def test_a_clock_that_is_not_known_well_enough_stops_the_pair(room: Room):
    room.phone.bound_ns = 9_000_000
    assert "± 9 ms" in take(room).reasons[0]


def test_too_little_room_on_the_disk_stops_the_pair(room: Room, monkeypatch):
    def full() -> None:
        raise StoreError("the disk has 1 GB left, 2 GB are needed; free some space")

    monkeypatch.setattr(room.folder, "check_space", full)
    outcome = take(room)
    assert outcome.outcome == "aborted"
    assert "2 GB are needed" in outcome.reasons[0]


def test_a_phone_that_went_silent_keeps_the_studio_dark_and_may_hold_the_picture(room: Room):
    room.phone.fails["fire"] = PhoneSilent("the phone did not say that it exposed")
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert "trigger" not in room.events.seen
    assert wheres(outcome) == {
        "phone_flash": "unknown",
        "studio_raw": "never_taken",
        "studio_jpeg": "never_taken",
    }


def test_a_camera_that_refuses_keeps_the_phone_picture(room: Room):
    room.camera.fails["trigger"] = CameraError("autofocus failed; set the lens to MF")
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert "phone_flash" in kinds(outcome)
    assert wheres(outcome) == {"studio_raw": "never_taken", "studio_jpeg": "never_taken"}
    assert "MF" in outcome.reasons[0]


def test_a_camera_that_exposed_and_went_silent_loses_nothing(room: Room):
    room.camera.exposes_and_fails = True
    room.camera.fails["trigger"] = CameraSilent("the connection is lost")
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert {"phone_flash", "studio_raw", "studio_jpeg"} <= kinds(outcome)
    finished = asyncio.run(complete(room.studio))
    assert [record.state for record in finished] == ["committed"]
    assert finished[0].skew is not None
    assert room.folder.record(outcome.pair) == finished[0]


def test_a_file_that_cannot_be_downloaded_is_fetched_later(room: Room):
    room.camera.fails["download"] = DownloadError("half of it came")
    outcome = take(room)
    assert outcome.outcome == "committed"
    assert "connect" in room.events.seen


def test_a_file_that_cannot_be_downloaded_twice_is_named_and_completed(room: Room, monkeypatch):
    download = room.camera.download

    def fail(file, part):
        if file.name.endswith("DNG"):
            raise DownloadError("half of it came")
        return download(file, part)

    monkeypatch.setattr(room.camera, "download", fail)
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert wheres(outcome) == {"studio_raw": "on_card"}
    assert outcome.record is not None
    assert outcome.record.missing[0].origin.endswith("F0001.DNG")
    monkeypatch.setattr(room.camera, "download", download)
    assert [record.state for record in asyncio.run(complete(room.studio))] == ["committed"]
    room.folder.close()
    assert verify(room.folder.root).differences == []


def test_a_file_that_the_camera_never_named_is_missed_in_words(room: Room):
    room.camera.announces = ("JPG",)
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert wheres(outcome) == {"studio_raw": "unknown"}
    assert "announced no raw file" in outcome.reasons[0]


def test_pictures_that_come_late_make_the_pair_whole(room: Room):
    room.phone.fails["fetch"] = PhoneError("did not arrive within 20 s")
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    late = next(kind for kind, where in wheres(outcome).items() if where == "on_phone")
    assert late == "phone_reference"
    from acquisition.phone.contract import ShotName

    room.phone.upload(ShotName(pair=outcome.pair, kind="phone_reference"))
    assert [record.state for record in asyncio.run(complete(room.studio))] == ["committed"]


def test_a_flash_that_did_not_fire_is_rejected_and_kept(room: Room):
    room.phone.lit = False
    outcome = take(room)
    assert outcome.outcome == "rejected"
    assert any("flash did not fire" in reason for reason in outcome.reasons)
    assert "phone_flash" in kinds(outcome)


def test_another_try_at_a_pose_is_another_pair(room: Room):
    first, second = take(room), take(room)
    assert first.pair != second.pair
    assert first.record is not None
    assert second.record is not None
    assert (first.record.attempt, second.record.attempt) == (1, 2)


def test_stop_before_the_flash_leaves_nothing_and_tells_the_phone(room: Room):
    async def run() -> PairOutcome:
        pair = PairRun(room.studio, room.person, "frontal", on_phase=lambda _: pair.stop())
        return await pair.run()

    outcome = asyncio.run(run())
    assert outcome.outcome == "aborted"
    assert "trigger" not in room.events.seen
    assert room.folder.records() == []


def test_a_journal_that_takes_no_more_stops_before_the_studio_fires(room: Room, monkeypatch):
    append = Journal.append

    def full(self, event: str, **rest):
        if event == "phone_exposed" and rest.get("kind") == "phone_flash":
            raise StoreError("no space left on the disk")
        return append(self, event, **rest)

    monkeypatch.setattr(Journal, "append", full)
    outcome = take(room)
    assert outcome.outcome == "incomplete"
    assert "trigger" not in room.events.seen
    assert "no space left" in outcome.reasons[0]


def test_an_intent_is_in_the_journal_before_the_device_is_told(room: Room):
    seen: list[str] = []
    trigger, fire = room.camera.trigger, room.phone.fire

    def spy_trigger():
        seen.append(room.folder.journal.entries()[-1].event)
        return trigger()

    async def spy_fire(shot):
        seen.append(room.folder.journal.entries()[-1].event)
        return await fire(shot)

    room.camera.trigger, room.phone.fire = spy_trigger, spy_fire
    take(room)
    assert seen == ["phone_fire", "studio_trigger"]


def test_a_profile_of_jpeg_alone_wants_no_raw_file(tmp_path: Path, feed: Feed):
    room = Room(tmp_path, feed=feed, profile=Profile(files="jpeg", settings={"iso": "100"}))
    room.camera.announces = ("JPG",)
    monkey = room.camera.collect

    def collect():
        found = monkey()
        return type(found)(files=found.files, missing=[], events=[], log="")

    room.camera.collect = collect
    assert take(room).outcome == "committed"
    room.folder.close()


def test_a_picture_on_the_card_that_nobody_named_is_given_to_the_only_pair_that_lacks_it(
    room: Room,
):
    asyncio.run(complete(room.studio))
    room.camera.exposes_and_fails = True
    room.camera.fails["trigger"] = CameraSilent("the process died")
    room.camera.fails["collect"] = CameraError("no shot was taken")
    outcome = take(room)
    assert wheres(outcome) == {"studio_raw": "unknown", "studio_jpeg": "unknown"}
    assert [record.state for record in asyncio.run(complete(room.studio))] == ["committed"]


def test_pictures_on_the_card_that_could_be_anybodys_are_named_not_guessed(room: Room):
    asyncio.run(complete(room.studio))
    room.camera.trigger()
    room.camera.exposes_and_fails = True
    room.camera.fails["trigger"] = CameraSilent("the process died")
    room.camera.fails["collect"] = CameraError("no shot was taken")
    take(room)
    assert asyncio.run(complete(room.studio)) == []
    strays = [one for one in room.folder.journal.entries() if one.event == "card_strays"]
    assert len(strays[-1].data["paths"]) == 4
