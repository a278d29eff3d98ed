from acquisition.camera.contract import CameraFile
from acquisition.camera.shot import Shots, expected_kinds


def card(*names: str) -> list[CameraFile]:
    return [CameraFile(folder="/card", name=name) for name in names]


def begun(*before: str) -> Shots:
    shots = Shots()
    shots.on_card_before(card(*before))
    shots.begin()
    return shots


def test_expected_kinds():
    assert expected_kinds("raw+jpeg") == ["raw", "jpeg"]
    assert expected_kinds("jpeg") == ["jpeg"]
    assert expected_kinds(None) == []


def test_what_the_card_had_before_is_never_of_the_shot():
    shots = begun("A.NEF", "A.JPG")
    shots.announced(card("A.JPG", "B.JPG"))
    shots.on_card_after(card("A.NEF", "A.JPG", "B.NEF", "B.JPG"))
    assert {file.name for file in shots.finish(["raw", "jpeg"])} == {"B.NEF", "B.JPG"}


def test_files_of_a_finished_shot_are_not_of_the_next():
    shots = begun()
    shots.announced(card("A.JPG"))
    shots.finish(["jpeg"])
    shots.begin()
    shots.on_card_after(card("A.JPG"))
    assert shots.finish(["jpeg"]) == []


def test_listing_brings_pictures_only():
    shots = begun()
    shots.on_card_after(card("A.JPG", "INDEX.BDM"))
    assert [file.name for file in shots.finish(["jpeg"])] == ["A.JPG"]


def test_lacking_kinds_leave_the_card_untidy_until_it_was_listed():
    shots = begun()
    shots.announced(card("A.JPG"))
    assert shots.lacking(["raw", "jpeg"]) == ["raw"]
    shots.finish(["raw", "jpeg"])
    assert shots.untidy
    assert not shots.pending
    shots.on_card_before(card("A.JPG", "A.NEF"))
    assert not shots.untidy


def test_refused_trigger_is_no_shot():
    shots = begun()
    shots.refused()
    assert not shots.pending
    assert not shots.untidy


def test_strays_are_told_once_and_are_of_no_shot():
    shots = begun()
    shots.strayed(card("OLD.JPG"))
    shots.announced(card("OLD.JPG"))
    assert shots.finish(["jpeg"]) == []
    ((_, text),) = shots.take_strays()
    assert "/card/OLD.JPG" in text
    assert shots.take_strays() == []
