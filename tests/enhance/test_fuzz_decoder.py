"""A fuzzer over the decoders: whatever the bytes, a photograph or a PictureError."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepflash.enhance.photo import read_photo
from deepflash.errors import PictureError
from tests.enhance.hostile.bases import bases

# How many bytes go, which come, and where, as a share of the file.
EDIT = st.tuples(
    st.floats(0, 1) | st.floats(0, 0.1),
    st.sampled_from([0, 0, 1, 2, 4, 40]) | st.integers(0, 2000),
    st.binary(max_size=12)
    | st.sampled_from([b"\0" * 4, b"\xff" * 4, b"\xff\xd8\xff", b"\x7f\xff\xff\xff", bytes(300)]),
)


def _edited(base, edits):
    data = base.data
    for share, gone, added in edits:
        place = int(share * len(data))
        data = data[:place] + added + data[place + gone :]
    return base.suffix, data


EDITED = st.builds(
    _edited, st.deferred(lambda: st.sampled_from(bases())), st.lists(EDIT, min_size=1, max_size=6)
)
SUFFIXES = st.sampled_from([".jpg", ".png", ".tif", ".webp", ".heic", ".avif", ".dng", ".cr3"])
BEGINNINGS = st.sampled_from(
    [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\0", b"MM\0*", b"GIF89a", b"BM", b"RIFF",
     b"\0\0\0\x18ftypheic", b"\0\0\0\x18ftypavif", b"\0\0\0\x18ftypcrx ", b"FUJIFILMCCD-RAW"]
)  # fmt: skip


def _survives(folder, suffix, data):
    path = folder / f"fuzz{suffix}"
    path.write_bytes(data)
    try:
        photo = read_photo(path)
    except PictureError as error:  # whatever else is raised fails the test
        message = str(error)
        assert message.startswith(str(path)) or str(path) in message
        assert len(message.splitlines()) == 1
        return
    finally:
        assert path.read_bytes() == data
    pixels = photo.picture.pixels
    assert pixels.dtype in (np.uint8, np.uint16)
    assert pixels.ndim == 3
    assert pixels.shape[2] == 3
    assert photo.flash_fired in (True, False, None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(edited=EDITED)
def test_a_few_edited_files_give_a_photograph_or_one_clear_error(folder, edited):
    _survives(folder, *edited)


@pytest.mark.slow
@settings(
    max_examples=5000, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)
@given(edited=EDITED)
def test_edited_files_give_a_photograph_or_one_clear_error(folder, edited):
    _survives(folder, *edited)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, database=None)
@given(suffix=SUFFIXES, start=BEGINNINGS, rest=st.binary(max_size=600))
def test_invented_files_give_a_photograph_or_one_clear_error(folder, suffix, start, rest):
    _survives(folder, suffix, start + rest)


def test_the_files_that_are_edited_are_whole(folder):
    for base in bases():
        path = folder / f"whole{base.suffix}"
        path.write_bytes(base.data)
        assert min(read_photo(path).picture.pixels.shape[:2]) >= 48, base.name
