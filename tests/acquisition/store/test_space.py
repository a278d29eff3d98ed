import shutil
from collections import namedtuple

import pytest

from acquisition.errors import StoreError
from acquisition.session import Limits, SessionFolder
from acquisition.store.space import in_words, space
from tests.acquisition.store.scripted import info, take_pair

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("last", "needed"),
    [(0, 2_000_000_000), (100_000_000, 2_000_000_000), (150_000_000, 3_000_000_000)],
)
def test_two_gigabytes_or_twenty_pairs_must_be_free(tmp_path, last, needed):
    assert space(tmp_path, Limits(), last).needed == needed


def test_the_guard_speaks_below_the_limit(tmp_path, monkeypatch):
    folder = SessionFolder.create(tmp_path / "a", info(limits=Limits(least_free_bytes=0)))
    free = 1
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10, 0, free))
    folder.check_space()
    pair = take_pair(folder)
    size = sum(file.bytes for file in folder.files(pair))
    free = 20 * size
    folder.check_space()
    assert folder.space().enough
    free -= 1
    assert not folder.space().enough
    with pytest.raises(StoreError, match=r"kB free and .* are needed to begin a pair; free some"):
        folder.check_space()
    folder.close()
    again = SessionFolder.open(tmp_path / "a")
    with pytest.raises(StoreError, match="are needed to begin a pair"):
        again.check_space()
    again.close()


def test_a_disk_that_is_away_is_one_line(tmp_path):
    with pytest.raises(StoreError, match="is away"):
        space(tmp_path / "absent", Limits(), 0)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1200, "1.2 kB"), (1_200_000_000, "1.2 GB")],
)
def test_sizes_in_words(size, words):
    assert in_words(size) == words
