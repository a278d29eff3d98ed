import contextlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from deepflash.errors import DatasetError
from deepflash.pairs.manifest import (
    MANIFEST,
    PARTIAL,
    ManifestWriter,
    PairRecord,
    check_files,
    file_digest,
    fingerprint,
    merge_manifests,
    parse_record,
    read_manifest,
)


def record(number: int = 0, **changes) -> PairRecord:
    base = PairRecord(
        pair_id=f"p{number}",
        subject_id=f"s{number}",
        split="train",
        flash=f"{number}/flash.png",
        studio=f"{number}/studio.png",
        width=8,
        height=8,
        flash_sha256="a",
        studio_sha256="b",
        flash_bytes=3,
        studio_bytes=3,
        encoding="srgb8",
        flash_kind="flash",
        source="drawn",
    )
    return replace(base, **changes)


def write(root: Path, *records: PairRecord) -> None:
    with ManifestWriter(root) as writer:
        for one in records:
            writer.add(one)


def test_round_trip(tmp_path: Path):
    records = [
        record(0, masks={"face": "0/face.png"}, skew_ms=12.5, extra={"tone": [1, 2]}),
        record(1, quality={"sharpness": 0.5}, valid="1/valid.png", consent=["research"]),
    ]
    write(tmp_path, *records)
    assert read_manifest(tmp_path) == records
    assert not (tmp_path / PARTIAL).exists()


def test_interrupted_writing_resumes_and_drops_the_cut_line(tmp_path: Path):
    with contextlib.suppress(KeyboardInterrupt), ManifestWriter(tmp_path) as writer:
        writer.add(record(0))
        raise KeyboardInterrupt
    with (tmp_path / PARTIAL).open("a") as file:
        file.write(record(1).to_json()[:40])
    with pytest.raises(DatasetError, match="unfinished"):
        read_manifest(tmp_path)
    with ManifestWriter(tmp_path) as writer:
        assert list(writer.done) == ["p0"]
        writer.add(record(1))
    assert read_manifest(tmp_path) == [record(0), record(1)]


def test_a_finished_dataset_is_never_written_over(tmp_path: Path):
    write(tmp_path, record())
    before = (tmp_path / MANIFEST).read_bytes()
    with pytest.raises(DatasetError, match="already holds a dataset"):
        write(tmp_path, record(1))
    assert (tmp_path / MANIFEST).read_bytes() == before


def test_newer_version_is_refused_by_name():
    line = json.loads(record().to_json()) | {"version": 2, "hologram": "x"}
    with pytest.raises(DatasetError, match=r"m line 1 has version 2, .* reads up to 1"):
        parse_record(json.dumps(line), "m line 1")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"hologram": 1}, "unknown fields: hologram"),
        ({"split": "holdout"}, "split is 'holdout'"),
        ({"encoding": "raw"}, "encoding is 'raw'"),
    ],
)
def test_unknown_fields_and_values_are_named(change, said):
    line = json.loads(record().to_json()) | change
    with pytest.raises(DatasetError, match=said):
        parse_record(json.dumps(line), "m line 1")


@pytest.mark.parametrize("line", ["", "[]", "3", "{}", "{nonsense", '{"version": "1"}'])
def test_what_is_no_record_is_refused(line):
    with pytest.raises(DatasetError, match="m line 1"):
        parse_record(line, "m line 1")


def test_a_person_in_two_splits_and_a_pair_twice(tmp_path: Path):
    write(tmp_path / "a", record(0), record(1, subject_id="s0", split="val"))
    with pytest.raises(DatasetError, match="subject s0 is in the splits train and val"):
        read_manifest(tmp_path / "a")
    write(tmp_path / "b", record(0), record(0))
    with pytest.raises(DatasetError, match="lists pair p0 twice"):
        read_manifest(tmp_path / "b")


@pytest.mark.parametrize("made", [False, True])
def test_missing_dataset_says_how_to_make_one(tmp_path: Path, made):
    root = tmp_path / "nothing"
    if made:
        root.mkdir()
    with pytest.raises(DatasetError, match=r"no pair dataset at .*nothing.*deepflash import"):
        read_manifest(root)


def test_empty_manifest(tmp_path: Path):
    (tmp_path / MANIFEST).write_text("")
    with pytest.raises(DatasetError, match="lists no pairs"):
        read_manifest(tmp_path)


def test_files_are_checked_by_presence_and_size(tmp_path: Path):
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "flash.png").write_bytes(b"abc")
    with pytest.raises(DatasetError, match=r"studio\.png is missing"):
        check_files(tmp_path, [record()])
    (tmp_path / "0" / "studio.png").write_bytes(b"ab")
    with pytest.raises(DatasetError, match=r"has 2 bytes, the manifest says 3"):
        check_files(tmp_path, [record()])
    (tmp_path / "0" / "studio.png").write_bytes(b"abc")
    check_files(tmp_path, [record()])


def test_fingerprint_changes_with_pictures_and_splits_but_not_with_order():
    records = [record(0), record(1)]
    known = fingerprint(records)
    assert fingerprint(records[::-1]) == known
    assert fingerprint([record(0, flash_sha256="c"), record(1)]) != known
    assert fingerprint([record(0, split="val"), record(1)]) != known
    assert fingerprint(records[:1]) != known


def test_digest_by_hand(tmp_path: Path):
    (tmp_path / "x").write_bytes(b"abc")
    # The example of FIPS 180-2, B.1.
    assert file_digest(tmp_path / "x") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        3,
    )


@pytest.mark.parametrize(
    "change",
    [
        {"pair_id": "../../escaped"},
        {"pair_id": ".hidden"},
        {"pair_id": "a/b"},
        {"flash": "/etc/passwd"},
        {"studio": "../../other.png"},
        {"masks": {"face": "../x.png"}},
        {"extra": {"layers": "../x.layers.png"}},
    ],
)
def test_a_manifest_from_elsewhere_cannot_leave_its_folder(change):
    line = json.loads(record().to_json()) | change
    with pytest.raises(DatasetError, match=r"other characters|not a path inside"):
        parse_record(json.dumps(line), "m line 1")


SHARDS = ("shard-1of2.jsonl", "shard-2of2.jsonl")


def write_shard(root: Path, name: str, *records: PairRecord) -> None:
    with ManifestWriter(root, name=name) as writer:
        for one in records:
            writer.add(one)


def test_shards_are_written_side_by_side_and_joined_in_order(tmp_path: Path):
    write_shard(tmp_path, SHARDS[1], record(1, subject_id="s0"))
    write_shard(tmp_path, SHARDS[0], record(0), record(2, split="val"))
    with pytest.raises(DatasetError, match="it has no manifest"):
        read_manifest(tmp_path)
    merge_manifests(tmp_path, SHARDS)
    assert [r.pair_id for r in read_manifest(tmp_path)] == ["p0", "p2", "p1"]
    assert not list(tmp_path.glob("*.partial"))
    with pytest.raises(DatasetError, match="already holds a dataset"):
        merge_manifests(tmp_path, SHARDS)


def test_a_shard_resumes_and_is_not_joined_before_it_is_complete(tmp_path: Path):
    write_shard(tmp_path, SHARDS[0], record(0))
    with pytest.raises(DatasetError, match=r"shard-2of2\.jsonl is missing"):
        merge_manifests(tmp_path, SHARDS)
    with contextlib.suppress(KeyboardInterrupt), ManifestWriter(tmp_path, SHARDS[1]) as writer:
        writer.add(record(1))
        raise KeyboardInterrupt
    assert (tmp_path / f"{SHARDS[1]}.partial").is_file()
    with pytest.raises(DatasetError, match=r"shard-2of2\.jsonl is unfinished"):
        merge_manifests(tmp_path, SHARDS)
    with ManifestWriter(tmp_path, SHARDS[1]) as writer:
        assert list(writer.done) == ["p1"]
    with pytest.raises(DatasetError, match="already holds a dataset"):
        write_shard(tmp_path, SHARDS[1], record(2))
    assert not (tmp_path / MANIFEST).exists()
    merge_manifests(tmp_path, SHARDS)
    assert len(read_manifest(tmp_path)) == 2


def test_shards_that_contradict_each_other_are_not_joined(tmp_path: Path):
    write_shard(tmp_path, SHARDS[0], record(0))
    write_shard(tmp_path, SHARDS[1], record(0))
    with pytest.raises(DatasetError, match="lists pair p0 twice"):
        merge_manifests(tmp_path, SHARDS)
    write_shard(tmp_path, "other.jsonl", record(1, subject_id="s0", split="val"))
    with pytest.raises(DatasetError, match="subject s0 is in the splits train and val"):
        merge_manifests(tmp_path, (SHARDS[0], "other.jsonl"))
    with pytest.raises(DatasetError, match="no pairs to join"):
        merge_manifests(tmp_path, ())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["other.jsonl", *SHARDS]


def test_a_joining_that_was_cut_short_begins_anew(tmp_path: Path):
    write_shard(tmp_path, SHARDS[0], record(0), record(1))
    (tmp_path / PARTIAL).write_text(record(0).to_json() + "\n")
    merge_manifests(tmp_path, SHARDS[:1])
    assert read_manifest(tmp_path) == [record(0), record(1)]
