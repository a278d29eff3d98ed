"""Giving, asking for, renewing and withdrawing consent."""

import json
import os
import re
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.consent.ids import ALPHABET, check_participant, new_code, pattern
from acquisition.consent.private import only_writer
from acquisition.consent.registry import Registry
from acquisition.consent.text import digest
from acquisition.consent.types import NoConsent, years_later
from acquisition.errors import ConsentError
from tests.acquisition.consent.people import NOON, form, new_registry


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_everything_is_private_whatever_the_umask(tmp_path, umask):
    (tmp_path / "private").mkdir()
    before = os.umask(umask)
    try:
        registry = new_registry(tmp_path)
        scan = tmp_path / "scan.PNG"
        os.close(os.open(scan, os.O_CREAT | os.O_WRONLY))
        scan.chmod(0o644)
        scan.write_bytes(b"signed")
        registry.give(form(registry), contact="Anna", signature=scan)
    finally:
        os.umask(before)
    modes = {
        (path.is_dir(), stat.S_IMODE(path.stat().st_mode))
        for path in [registry.folder, *registry.folder.rglob("*")]
    }
    assert modes == {(True, 0o700), (False, 0o600)}
    assert len(list((registry.folder / "signatures").iterdir())) == 1


@pytest.mark.parametrize("opened", ["", "people", "controller.yaml"])
def test_registry_that_others_can_read_is_refused_with_the_remedy(tmp_path, opened):
    registry = new_registry(tmp_path)
    (registry.folder / opened).chmod(0o740)
    with pytest.raises(ConsentError, match=f"chmod -R go-rwx {re.escape(str(registry.folder))}"):
        Registry(registry.folder)


def test_folder_of_other_things_is_refused(tmp_path):
    tmp_path.chmod(0o700)
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ConsentError, match="other things"):
        Registry(tmp_path)


def test_consent_says_who_agreed_to_what(tmp_path):
    registry = new_registry(tmp_path)
    consent = registry.give(form(registry, scopes=["demo", "train"]), contact="Anna", at=NOON)
    assert re.fullmatch(r"P-[0-9A-HJKMNP-TV-Z]{6}", consent.participant)
    assert re.fullmatch(r"C-[0-9A-HJKMNP-TV-Z]{6}", consent.consent)
    assert (consent.given, consent.expires) == ("2026-11-22T12:00:00Z", "2031-11-22T12:00:00Z")
    assert (consent.train, consent.figures, consent.redistribute, consent.demo) == (1, 0, 0, 1)
    text = registry.text("en")
    assert consent.reference == f"{consent.consent}@sha256:{text.sha256}"
    assert registry.agreed_text(consent) == text.body
    assert digest(text.body) == text.sha256
    assert registry.valid(consent.participant, at=NOON) == consent


def test_text_is_filled_in_once_and_is_a_template_in_both_languages(tmp_path):
    registry = new_registry(tmp_path)
    registry.set_controller("Studio {contact}", "a@b.example")
    english, italian = registry.text("en"), registry.text("it")
    assert "Studio {contact} asks" in english.body
    assert "Template" in english.body
    assert "Modello" in italian.body
    assert "a@b.example" in italian.body
    assert english.sha256 != italian.sha256
    with pytest.raises(ConsentError, match="only in en, it"):
        registry.text("xx")


def test_own_text_with_a_higher_number_wins(tmp_path):
    registry = new_registry(tmp_path)
    own = registry.folder / "templates" / "consent-2.en.md"
    own.write_text("Hello from {controller}.")
    own.chmod(0o600)
    text = registry.text("en")
    assert (text.version, text.body) == ("consent-2", "Hello from Studio Example.")
    assert registry.text("it").version == "consent-1"


def test_no_controller_no_text(tmp_path):
    with pytest.raises(ConsentError, match="acquire consent controller"):
        Registry(tmp_path / "registry").text("en")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"is_adult": False}, "18 years"),
        ({"operator": "  "}, "operator's name"),
        ({"scopes": ["train", "sell"]}, "sell is no scope"),
        ({"scopes": []}, "nothing is no scope"),
        ({"text_sha256": "0" * 64}, "show the present text"),
        ({"text_sha256": ""}, r"\(none\)"),
        ({"language": "de"}, "'de'"),
    ],
)
def test_form_that_must_not_pass_leaves_nothing(tmp_path, changes, words):
    registry = new_registry(tmp_path)
    with pytest.raises(ConsentError, match=words):
        registry.give(form(registry, **changes), contact="Anna")
    assert registry.people() == []


def test_text_of_the_other_language_is_another_text(tmp_path):
    registry = new_registry(tmp_path)
    with pytest.raises(ConsentError, match="show the present text"):
        registry.give(form(registry, text_sha256=registry.text("it").sha256))


@pytest.mark.parametrize("years", [0, 31])
def test_years_out_of_range(tmp_path, years):
    registry = new_registry(tmp_path)
    with pytest.raises(ConsentError, match="choose from 1 to 30"):
        registry.give(form(registry), years=years)


def test_leap_day_ends_on_the_28th():
    leap = NOON.replace(year=2028, month=2, day=29)
    assert years_later(leap, 1).date().isoformat() == "2029-02-28"
    assert years_later(leap, 4).date().isoformat() == "2032-02-29"


def test_expiry_at_the_second(tmp_path):
    registry = new_registry(tmp_path)
    who = registry.give(form(registry), years=1, at=NOON).participant
    end = NOON.replace(year=2027)
    registry.valid(who, at=end - timedelta(seconds=1))
    with pytest.raises(NoConsent, match="expired on 2027-11-22T12:00:00Z") as caught:
        registry.valid(who, at=end)
    assert caught.value.state == "expired"
    assert registry.state(who, at=end) == "expired"


def test_clock_that_was_set_back(tmp_path):
    registry = new_registry(tmp_path)
    who = registry.give(form(registry), at=NOON).participant
    registry.valid(who, at=NOON)
    with pytest.raises(NoConsent, match="set the clock right"):
        registry.valid(who, at=NOON - timedelta(seconds=1))


def test_scope_not_given_and_unknown_purpose(tmp_path):
    registry = new_registry(tmp_path)
    who = registry.give(form(registry), at=NOON).participant
    registry.valid(who, "figures", at=NOON)
    with pytest.raises(NoConsent, match="agreed to train, figures but not to redistribute"):
        registry.valid(who, "redistribute", at=NOON)
    with pytest.raises(ConsentError, match="'identify' is no scope"):
        registry.valid(who, "identify", at=NOON)
    assert registry.state(who, "demo", at=NOON) == "missing"


def test_unknown_person_and_wrong_id(tmp_path):
    registry = new_registry(tmp_path)
    with pytest.raises(NoConsent, match="not in the registry"):
        registry.valid("P-4Q7ZK2")
    for wrong in ("P-4Q7ZK", "P-4Q7ZKI", "../../etc", "P-4Q7ZK2/..", "p-4q7zk2", ""):
        with pytest.raises(ConsentError, match="no participant id"):
            registry.valid(wrong)


def test_withdrawal_between_two_pairs_counts_at_once(tmp_path):
    session = new_registry(tmp_path)
    who = session.give(form(session)).participant
    session.valid(who)
    Registry(session.folder).withdraw(who)
    with pytest.raises(NoConsent, match="withdrew on") as caught:
        session.valid(who)
    assert caught.value.state == session.state(who) == "withdrawn"


def test_withdrawn_twice_then_agreed_anew(tmp_path):
    registry = new_registry(tmp_path)
    first = registry.give(form(registry))
    registry.withdraw(first.participant)
    registry.withdraw(first.participant)
    names = [event.event for event in registry.entry(first.participant).events]
    assert names == ["given", "withdrawn"]
    second = registry.renew(first.participant, form(registry, scopes=["train"]))
    assert second.consent != first.consent
    assert registry.valid(first.participant).scopes == ["train"]
    assert registry.entry(first.participant).events[0].consent == first


def test_changed_text_and_damaged_entry_are_seen(tmp_path):
    registry = new_registry(tmp_path)
    consent = registry.give(form(registry))
    stored = registry.folder / "texts" / f"{consent.text_sha256}.md"
    stored.write_text(stored.read_text() + " and more")
    with pytest.raises(ConsentError, match="changed after it was agreed to"):
        registry.agreed_text(consent)
    path = registry.path(consent.participant)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"schema": 2}))
    with pytest.raises(ConsentError, match="version 2, this program reads up to 1"):
        registry.valid(consent.participant)
    path.write_text("{")
    with pytest.raises(ConsentError, match="damaged"):
        registry.valid(consent.participant)


def test_second_writer_waits_then_is_told(tmp_path):
    registry = new_registry(tmp_path)
    with (
        only_writer(registry.folder),
        pytest.raises(ConsentError, match="in use"),
        only_writer(registry.folder, 0.01),
    ):
        pass


def test_crash_leaves_neither_half_a_file_nor_a_signature(tmp_path, monkeypatch):
    registry = new_registry(tmp_path)
    scan = tmp_path / "scan.pdf"
    scan.write_bytes(b"signed")
    who = registry.give(form(registry), contact="Anna").participant
    before = registry.path(who).read_bytes()
    replace = Path.replace

    def stop(self, target):
        if target.suffix == ".json":
            raise KeyboardInterrupt
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", stop)
    with pytest.raises(KeyboardInterrupt):
        registry.renew(who, form(registry), signature=scan)
    monkeypatch.undo()
    assert registry.path(who).read_bytes() == before
    assert list((registry.folder / "signatures").iterdir())
    registry.withdraw(who)
    assert list((registry.folder / "signatures").iterdir()) == []
    assert not list(registry.folder.rglob(".new-*"))


def test_signed_form_of_a_strange_kind_or_none_at_all(tmp_path):
    registry = new_registry(tmp_path)
    (tmp_path / "scan.exe").write_bytes(b"x")
    (tmp_path / "empty.png").write_bytes(b"")
    for name, words in (("scan.exe", r"\.pdf"), ("empty.png", "0 bytes"), ("no.png", "No such")):
        with pytest.raises(ConsentError, match=words):
            registry.give(form(registry), signature=tmp_path / name)


@pytest.mark.parametrize("inside", ["sessions/one/registry", "sessions/registry"])
def test_registry_among_the_pictures_is_refused(tmp_path, inside):
    session = tmp_path / "sessions" / "one"
    session.mkdir(parents=True)
    (session / "session.json").write_text("{}")
    registry = Registry(tmp_path / inside)
    registry.set_controller("a", "b")
    who = registry.give(form(registry)).participant
    with pytest.raises(ConsentError, match="among the pictures"):
        registry.note_place(who, session)


def test_places_are_noted_once_with_their_kind(tmp_path):
    registry = new_registry(tmp_path)
    who = registry.give(form(registry)).participant
    for name, marker in (("s", "session.json"), ("d", "manifest.jsonl"), ("f", "x.txt")):
        (tmp_path / "all" / name).mkdir(parents=True)
        (tmp_path / "all" / name / marker).write_text("{}")
        registry.note_place(who, tmp_path / "all" / name)
        registry.note_place(who, tmp_path / "all" / "." / name)
    kinds = [(Path(p.folder).name, p.kind) for p in registry.withdraw(who)]
    assert kinds == [("s", "session"), ("d", "dataset"), ("f", "folder")]
    with pytest.raises(ConsentError, match="No such file"):
        registry.note_place(who, tmp_path / "missing")


@given(st.binary(max_size=30), st.sampled_from(["P-", "sub-", "", "_", "/"]), st.booleans())
def test_id_is_found_as_a_word_of_its_own(around, before, after):
    finder = pattern("P-4Q7ZK2")
    assert finder.search(around + b" " + before.encode() + b"4Q7zk2" + (b"." if after else b""))
    assert not finder.search(b"x4Q7ZK2")
    assert not finder.search(b"4Q7ZK2A")


def test_ids_differ_and_are_no_words():
    seen: set[str] = set()
    for _ in range(500):
        code = new_code(seen.__contains__)
        assert code not in seen
        assert set(code) <= set(ALPHABET)
        assert re.search(r"\d", code)
        assert re.search(r"[G-Z]", code)
        check_participant(f"P-{code}")
        seen.add(code)
    assert not seen & set("ILOU")
