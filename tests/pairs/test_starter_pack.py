"""The rendered pairs that come with the package, as they are shipped."""

from collections import Counter
from pathlib import Path

import yaml

from deepflash.pairs.inspection import inspect_pairs
from deepflash.pairs.manifest import check_files, read_manifest
from deepflash.pairs.starter import dataset_root
from tests.training import EXPERIMENTS

PACK = dataset_root("starter")
RECORDS = read_manifest(PACK)


def test_pack_is_whole():
    check_files(PACK, RECORDS)
    assert not [finding.damage for finding in inspect_pairs(PACK, RECORDS) if finding.damage]


def test_pack_is_small():
    assert sum(path.stat().st_size for path in PACK.rglob("*") if path.is_file()) <= 12e6


def test_people_are_apart_and_skin_tones_balanced():
    people = {record.subject_id: record for record in RECORDS}
    splits = Counter(record.split for record in people.values())
    assert set(splits) == {"train", "val", "test"}
    assert splits["test"] >= 5
    tones = Counter(record.extra["monk_group"] for record in people.values())
    assert set(tones) == set(range(1, 11))
    assert max(tones.values()) <= 2 * min(tones.values())


def test_pack_holds_every_studio_and_many_places():
    studios = Counter(record.extra["mix"]["set_up"] for record in RECORDS)
    assert set(studios) == {"clamshell", "three_point", "ring", "window"}
    assert len({record.extra["view"]["backdrop"]["kind"] for record in RECORDS}) >= 10


def test_notice_names_the_head_model_and_its_licence():
    notice = Path(PACK / "NOTICE.md").read_text()
    assert "ICT-FaceKit" in notice
    assert "Copyright (c) 2020 USC Institute for Creative Technologies" in notice
    assert "Permission is hereby granted, free of charge" in notice


def test_quickstart_trains_on_it():
    experiment = yaml.safe_load((EXPERIMENTS / "quickstart.yaml").read_text())
    assert experiment["data"]["root"] == "starter"
