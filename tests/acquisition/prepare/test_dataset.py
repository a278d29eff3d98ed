"""The dataset's folder: who is in which split, and that a person leaves without a trace."""

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import SessionError, UsageError
from acquisition.prepare.dataset import PREPARED_PARTIAL, Dataset, opened
from acquisition.prepare.people import assign_people
from acquisition.prepare.settings import Prepared, PreparedFile, PrepareSettings
from acquisition.store.lock import take_lock
from deepflash.errors import DatasetError
from deepflash.pairs.manifest import read_manifest

PEOPLE = [f"P-{n:05d}Z" for n in range(2000)]


def counts(splits):
    return tuple(list(splits.values()).count(name) for name in ("train", "val", "test"))


@pytest.mark.parametrize("start", range(0, 200, 7))
@pytest.mark.parametrize(
    ("people", "expected"), [(0, (0, 0, 0)), (1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1))]
)
def test_few_people_fill_the_splits_that_a_trainer_needs(start, people, expected):
    assert counts(assign_people(PEOPLE[start : start + people], {})) == expected


@given(st.integers(4, 40), st.integers(0, 1900))
def test_more_people_leave_no_split_empty(people, start):
    assert min(counts(assign_people(PEOPLE[start : start + people], {}))) >= 1


def test_many_people_fall_in_the_promised_shares():
    train, val, test = (count / 2000 for count in counts(assign_people(PEOPLE, {})))
    assert train == pytest.approx(0.8, abs=0.03)
    assert val == pytest.approx(0.1, abs=0.03)
    assert test == pytest.approx(0.1, abs=0.03)


@given(st.lists(st.sampled_from(PEOPLE), unique=True, max_size=12), st.integers(0, 12))
def test_nobody_moves_when_people_are_added_one_by_one(people, first):
    before = assign_people(people[:first], {})
    for count in range(first, len(people) + 1):
        after = assign_people(people[:count], before)
        assert {one: after[one] for one in before} == before
        before = after
    if len(people) >= 3:
        assert min(counts(before)) >= 1


def test_a_split_that_lost_its_last_person_is_filled_but_never_from_train():
    before = {"P-00001Z": "train", "P-00002Z": "val", "P-00003Z": "test"}
    assert assign_people(["P-00001Z", "P-00003Z"], before) == {
        "P-00001Z": "train",
        "P-00003Z": "val",
    }
    assert counts(assign_people(["P-00002Z", "P-00003Z"], before)) == (1, 1, 0)
    alone = {"P-00001Z": "train", "P-00002Z": "train"}
    assert assign_people(alone, alone) == alone


def prepared(root: Path, pair: str, participant: str, **more) -> Prepared:
    folder = f"sub-{participant.removeprefix('P-')}"
    files = {}
    for name, place in (("flash", "flash"), ("studio", "studio"), ("full_flash", "full/flash")):
        path = root / place / folder / f"{pair}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pair.encode())
        files[name] = PreparedFile(
            path=str(path.relative_to(root)), bytes=len(pair), sha256="0" * 64
        )
    for name, place in (("valid", "valid"), ("face", "masks/face")):
        path = root / place / folder / f"{pair}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mask")
        files[name] = PreparedFile(path=str(path.relative_to(root)), bytes=4, sha256="0" * 64)
    values = {"accepted": True, "width": 8, "height": 8} | more
    return Prepared(
        pair=pair, participant=participant, pose="frontal", session="s", files=files, **values
    )


def three_people(root: Path) -> Dataset:
    dataset = Dataset(root)
    dataset.begin()
    for number, person in enumerate(("P-00001Z", "P-00002Z", "P-00003Z")):
        dataset.note(prepared(root, f"pair-{number}", person))
    return dataset


SCOPES = {person: ["train"] for person in ("P-00001Z", "P-00002Z", "P-00003Z")}


def test_the_manifest_is_what_deepflash_reads_and_appears_at_the_end_only(tmp_path: Path):
    dataset = three_people(tmp_path)
    with pytest.raises(DatasetError, match="unfinished dataset"):
        read_manifest(tmp_path)
    assert dataset.finish(PrepareSettings(), SCOPES)
    records = read_manifest(tmp_path)
    assert [record.pair_id for record in records] == ["pair-0", "pair-1", "pair-2"]
    assert {record.split for record in records} == {"train", "val", "test"}
    assert records[0].consent == ["train"]
    assert records[0].source == "session"
    assert not dataset.finish(PrepareSettings(), SCOPES), "the same again changes nothing"


def test_rejected_pairs_are_known_but_not_listed(tmp_path: Path):
    dataset = three_people(tmp_path)
    dataset.note(prepared(tmp_path, "pair-1", "P-00002Z", accepted=False, reasons=["dark"]))
    dataset.finish(PrepareSettings(), SCOPES)
    assert [record.pair_id for record in read_manifest(tmp_path)] == ["pair-0", "pair-2"]
    assert Dataset(tmp_path).known["pair-1"].reasons == ["dark"]


def test_a_person_leaves_with_all_files_also_those_that_nobody_names(tmp_path: Path):
    dataset = three_people(tmp_path)
    stray = tmp_path / "full" / "studio" / "sub-00002Z" / "stray.jpg"
    stray.parent.mkdir(parents=True)
    stray.write_bytes(b"x")
    assert dataset.remove_person("P-00002Z") == 1
    dataset.finish(PrepareSettings(), SCOPES)
    left = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in left if "00002Z" in str(path) or b"00002Z" in path.read_bytes()]
    assert len([path for path in left if path.suffix == ".jpg"]) == 2 * 3


def test_a_stop_in_the_middle_of_a_line_loses_that_line_only(tmp_path: Path):
    three_people(tmp_path)
    log = tmp_path / PREPARED_PARTIAL
    log.write_bytes(log.read_bytes()[:-20])
    dataset = Dataset(tmp_path)
    assert sorted(dataset.known) == ["pair-0", "pair-1"]
    dataset.begin()
    dataset.note(prepared(tmp_path, "pair-2", "P-00003Z"))
    assert sorted(Dataset(tmp_path).known) == ["pair-0", "pair-1", "pair-2"]


def test_files_that_another_encoding_left_behind_go(tmp_path: Path):
    dataset = three_people(tmp_path)
    old = dataset.known["pair-0"]
    new = prepared(tmp_path, "pair-0", "P-00001Z")
    flash = tmp_path / "flash" / "sub-00001Z" / "pair-0.png"
    flash.write_bytes(b"png")
    path = str(flash.relative_to(tmp_path))
    new.files["flash"] = PreparedFile(path=path, bytes=3, sha256="0" * 64)
    dataset.note(new)
    assert not (tmp_path / old.files["flash"].path).exists()
    assert (tmp_path / old.files["studio"].path).exists()
    assert dataset.has_files(new)
    flash.write_bytes(b"cut")
    assert dataset.has_files(new)
    flash.write_bytes(b"")
    assert not dataset.has_files(new)


def test_a_folder_with_other_things_is_refused(tmp_path: Path):
    (tmp_path / "manifest.jsonl").write_text("{}")
    with pytest.raises(UsageError, match="holds other things"), opened(tmp_path):
        pass


def _hold(root, ready, done):
    take_lock(root)
    ready.set()
    done.wait(30)


def test_two_runs_never_write_one_dataset(tmp_path: Path):
    context = multiprocessing.get_context("spawn")
    ready, done = context.Event(), context.Event()
    holder = context.Process(target=_hold, args=(tmp_path, ready, done))
    holder.start()
    try:
        assert ready.wait(30)
        with pytest.raises(SessionError, match="by another process"), opened(tmp_path):
            pass
    finally:
        done.set()
        holder.join()
    with opened(tmp_path):
        pass
