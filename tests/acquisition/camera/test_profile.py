from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.camera.contract import Profile
from acquisition.camera.profile import (
    guess_files,
    profile_of,
    read_profile,
    shipped_profiles,
    write_profile,
)
from acquisition.camera.protocol import Setting
from acquisition.errors import UsageError


def written(folder: Path, text: str) -> Path:
    path = folder / "profile.yaml"
    path.write_text(text)
    return path


def test_shipped_profile_is_manual_raw_and_jpeg_to_the_card():
    profile = read_profile("studio")
    assert profile.files == "raw+jpeg"
    assert profile.settings["capturetarget"] == "Memory card"
    assert profile.settings["iso"] == "100"
    assert profile.settings["shutterspeed"] == "1/125"
    assert profile.settings["f-number"] == "f/8"
    assert profile.settings["whitebalance"] in ("Flash", "Daylight")


@pytest.mark.parametrize("name", list(shipped_profiles()))
def test_every_shipped_profile_can_be_read(name):
    assert read_profile(name).name == name


def test_scalars_are_taken_as_they_are_written(tmp_path):
    path = written(tmp_path, "settings: {iso: 0100, autofocus: off, time: 1:30, f: 8.0}\n")
    assert read_profile(path).settings == {
        "iso": "0100", "autofocus": "off", "time": "1:30", "f": "8.0"
    }  # fmt: skip


def test_order_of_the_settings_is_kept(tmp_path):
    path = written(tmp_path, "settings:\n  z: 1\n  a: 2\n  m: 3\n")
    assert list(read_profile(path).settings) == ["z", "a", "m"]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("files: [", "line 1"),
        ("file: raw\n", "file"),
        ("files: tiff\n", "tiff"),
        ("- a\n", "object"),
        ("settings: {iso: [1]}\n", "settings"),
        ("settings:\n  iso: 100\n  iso: 200\n", "twice"),
        ("minimum_interval_s: soon\n", "minimum_interval_s"),
        ("minimum_interval_s: -1\n", "from 0 to"),
        ("minimum_interval_s: nan\n", "from 0 to"),
        ("leave: [iso]\n", "iso"),
        ("a: &a [*a]\n", "profile"),
        ("x: !!python/object/apply:os.getcwd []\n", "x"),
        ("settings: {[a]: b}\n", "profile"),
    ],
)
def test_wrong_profile_is_one_clear_line(tmp_path, text, word):
    path = written(tmp_path, text)
    with pytest.raises(UsageError, match=word) as caught:
        read_profile(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_missing_profile_names_those_that_there_are(tmp_path):
    with pytest.raises(UsageError, match="studio"):
        read_profile(tmp_path / "nothing.yaml")


def test_binary_file_is_no_profile(tmp_path):
    path = tmp_path / "profile.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="is not a profile"):
        read_profile(path)


@settings(max_examples=40)
@given(
    values=st.dictionaries(
        st.from_regex(r"[a-z][a-z0-9-]{0,12}", fullmatch=True),
        st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20),
        max_size=6,
    )
)
def test_written_profile_reads_back_the_same(tmp_path_factory, values):
    profile = Profile(name="mine", files="jpeg", settings=values, minimum_interval_s=2.5)
    path = tmp_path_factory.mktemp("profile") / "mine.yaml"
    write_profile(profile, path, "a camera")
    assert read_profile(path) == profile


def test_profile_is_never_written_over_another_file(tmp_path):
    path = written(tmp_path, "name: old\n")
    with pytest.raises(UsageError, match="exists"):
        write_profile(Profile(), path, "a camera")
    assert path.read_text() == "name: old\n"


def test_profile_of_a_camera_leaves_out_what_cannot_be_set():
    settings = [
        Setting(name="iso", kind="choice", value="200", choices=["100", "200"]),
        Setting(name="f-number", kind="choice", value=None, choices=["f/8"]),
        Setting(name="whitebalance", kind="choice", value="?", choices=["Flash"]),
        Setting(name="focusmode", kind="choice", value="MF", choices=["MF"], readonly=True),
        Setting(name="imagequality", kind="choice", value="NEF (Raw)", choices=["NEF (Raw)"]),
        Setting(name="artist", kind="text", value="me"),
    ]
    profile = profile_of(settings, "now")
    assert profile.settings == {"imagequality": "NEF (Raw)", "iso": "200"}
    assert profile.files == "raw"


@pytest.mark.parametrize(
    ("quality", "files"),
    [("NEF+Fine", "raw+jpeg"), ("RAW + Large Fine JPEG", "raw+jpeg"), ("RAW", "raw"),
     ("NEF (Raw)", "raw"), ("JPEG Fine", "jpeg"), ("Large Fine JPEG", "jpeg"), ("", "raw+jpeg")],
)  # fmt: skip
def test_files_are_guessed_from_the_quality(quality, files):
    assert guess_files(quality) == files
