"""Smoke test of the binding's own virtual camera on the USB, through the command line."""

import io

import pytest
from PIL import Image

from acquisition.camera import cli
from acquisition.errors import UsageError


@pytest.fixture(autouse=True)
def virtual_camera(monkeypatch, tmp_path):
    """The camera's process finds a virtual camera with one picture."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    data = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(data, "JPEG")
    (folder / "NEXT.JPG").write_bytes(data.getvalue())
    monkeypatch.setenv("VCAMERADIR", str(folder))
    return data.getvalue()


def test_list(capsys):
    assert cli.main([]) == 0
    assert capsys.readouterr().out == "VC  usb:001,001  serial:0.1\n"


def test_profile_is_saved_and_checked_and_a_shot_taken(capsys, tmp_path, virtual_camera):
    profile = tmp_path / "mine.yaml"
    assert cli.main(["--save-profile", str(profile), "--address", "serial:0.1"]) == 0
    text = profile.read_text().replace("f/2.8", "f/8")
    profile.write_text(text.replace("files: raw+jpeg", "files: jpeg"))
    options = ["--check", str(profile), "--test-shot", "--settings", "--folder", str(tmp_path)]
    assert cli.main(options) == 0
    out = capsys.readouterr().out
    assert "f-number = f/2.8   [f/2.8, f/3.5" in out
    assert "\nf-number = f/8\n" in out
    assert "the test shot is whole" in out
    assert (tmp_path / "GPH_0099.JPG").read_bytes() == virtual_camera


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--address", "nonsense"], "no address of a camera"),
        (["--check", "nothing.yaml"], "cannot read the profile"),
        (["--shoot"], "acquire camera --help"),
    ],
)
def test_wrong_command_line_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        cli.main(options)


def test_existing_profile_is_refused_before_the_camera_is_touched(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("")
    with pytest.raises(UsageError, match="exists"):
        cli.main(["--save-profile", str(path)])
