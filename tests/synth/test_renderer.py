"""A missing renderer or compiler ends in one clear line, in a process of its own."""

import os
import subprocess
import sys

import pytest

from deepflash.errors import UsageError
from deepflash.synth import renderer as room
from deepflash.synth.renderer import mitsuba

BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {blocked!r}:
            raise ImportError("no module named " + name)

sys.meta_path.insert(0, Blocker())
from deepflash.errors import StudioError, one_line
from deepflash.synth.renderer import mitsuba
try:
    mitsuba()
except StudioError as error:
    print(str(error))
"""


def said(blocked: str = "nothing", **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED.format(blocked=blocked)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout


def test_without_mitsuba_the_extra_is_named(renderer):
    del renderer
    assert said("mitsuba") == (
        "the synthetic studio needs Mitsuba; install the extra: pip install 'deepflash[synth]'\n"
    )


def test_a_named_compiler_that_is_not_there_is_named():
    text = said(DRJIT_LIBLLVM_PATH="/nowhere/libLLVM.so")
    assert text.count("\n") == 1
    assert "DRJIT_LIBLLVM_PATH names /nowhere/libLLVM.so, which is not there" in text
    assert "make setup-system" in text


def test_a_named_compiler_that_is_none_is_one_line_too(tmp_path, renderer):
    del renderer
    fake = tmp_path / "libLLVM-19.so"
    fake.write_bytes(b"no library")
    text = said(DRJIT_LIBLLVM_PATH=str(fake))
    assert text.count("\n") == 1
    assert "it needs LLVM 19" in text


def test_without_any_compiler_the_wanted_one_is_named(monkeypatch):
    monkeypatch.delenv("DRJIT_LIBLLVM_PATH", raising=False)
    monkeypatch.setattr(room, "_library", {}.get)
    with pytest.raises(room.StudioError, match=r"needs LLVM 19.*make setup-system"):
        room._set_llvm()


def test_another_version_is_taken_only_if_it_starts(monkeypatch, tmp_path):
    monkeypatch.setenv("DRJIT_LIBLLVM_PATH", "")
    there = {"20": tmp_path / "20", "18": tmp_path / "18"}
    monkeypatch.setattr(room, "_library", there.get)
    monkeypatch.setattr(room, "_starts_with", lambda path: path.name == "18")
    room._set_llvm()
    assert os.environ["DRJIT_LIBLLVM_PATH"] == str(there["18"])


def test_an_unknown_device_is_refused():
    with pytest.raises(UsageError, match="cpu or cuda, got 'tpu'"):
        mitsuba("tpu")
