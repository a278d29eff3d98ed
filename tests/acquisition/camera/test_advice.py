import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.camera.advice import advise


@pytest.mark.parametrize(
    ("code", "said", "lost", "do"),
    [
        (-53, "", True, "gvfs-gphoto2-volume-monitor"),
        (-1, "Out of Focus", False, "lens to MF"),
        (-1, "Canon EOS Auto-Focus failed, could not capture.", False, "lens to MF"),
        (-1, "PTP Store Full", False, "another card"),
        (-110, "", False, "card light"),
        (-1, "PTP Device Busy", False, "card light"),
        (-1, "PTP Mirror Up Sequence", False, "lock-up and exposure delay off"),
        (-10, "", True, "auto power off to never"),
        (-7, "", True, "connects again"),
        (-105, "", True, "acquire camera"),
        (-1, "", True, "connection is lost"),
        (-1, "", False, "mostly the autofocus"),
        (-108, "", False, "no such file"),
    ],
)
def test_failure_comes_with_what_to_do(code, said, lost, do):
    assert do in advise("release the shutter", code, "words", said, lost=lost)


def test_nobody_there_while_connecting():
    text = advise("connect at ptpip:h:1", -7, "I/O problem", "", lost=True, connected=False)
    assert "no camera answers there" in text


@given(code=st.integers(-2000, 0), said=st.text(max_size=80), lost=st.booleans())
def test_advice_is_always_one_line_with_three_parts(code, said, lost):
    text = advise("list its card", code, "words", said, lost=lost)
    assert "\n" not in text
    assert text.startswith("asked the camera to list its card; ")
    assert text.count(";") >= 2
