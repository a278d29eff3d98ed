"""Damaged photographs and places that cannot be written: one clear error each."""

import io
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import deepflash
from acquisition.simulate.raw import RawMeta, mosaic, write_dng
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.enhance.profiles import srgb_profile
from deepflash.errors import DeepFlashError, PictureError, StorageError
from tests.enhance.photo_files import (
    draw_pixels,
    exif_block,
    exif_with_thumbnail,
    round_trip,
    save,
    small_jpeg,
)

# --- faults -----------------------------------------------------------------------------------


def _error(path):
    with pytest.raises(PictureError) as caught:
        read_photo(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


def test_missing_folder_empty_and_text(tmp_path):
    assert "No such file" in _error(tmp_path / "missing.jpg")
    assert "directory" in _error(tmp_path)
    empty, text = tmp_path / "empty.jpg", tmp_path / "text.jpg"
    empty.touch()
    text.write_text("Dear diary, today I took a selfie.")
    assert "0 bytes" in _error(empty)
    assert "not a picture" in _error(text)


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".jpg", {}),
        (".jpg", {"progressive": True}),
        (".png", {}),
        (".tiff", {}),
        (".tiff", {"compression": "tiff_adobe_deflate"}),
        (".webp", {}),
    ],
)
def test_a_cut_file_is_refused_wherever_it_is_cut(tmp_path, suffix, options):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = save(tmp_path / f"whole{suffix}", noise, **options).read_bytes()
    for share in (0.02, 0.3, 0.6, 0.9):
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(data[: int(len(data) * share)])
        _error(cut)


def test_a_cut_16_bit_png_is_refused(tmp_path):
    noise = np.random.default_rng(0).integers(0, 65535, (64, 64, 3), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "whole.png"), noise)
    data = (tmp_path / "whole.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    _error(tmp_path / "cut.png")


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_an_animation_is_refused_and_a_still_is_not(tmp_path, suffix):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / f"moving{suffix}", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / f"still{suffix}")
    assert "animated" in _error(tmp_path / f"moving{suffix}")
    assert read_photo(tmp_path / f"still{suffix}").picture.pixels.shape == (16, 16, 3)


def test_the_first_picture_of_a_multi_picture_jpeg_is_taken(tmp_path):
    frames = [Image.new("RGB", (16, 16), colour) for colour in ("red", "blue")]
    frames[0].save(tmp_path / "phone.mpo", save_all=True, append_images=frames[1:])
    (tmp_path / "phone.mpo").rename(tmp_path / "phone.jpg")
    photo, _ = round_trip(tmp_path / "phone.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(photo.picture.pixels[8, 8].astype(int), [254, 0, 0], atol=3)
    assert photo.jpeg is not None


def test_float_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "linear.tiff")
    assert "32-bit" in _error(tmp_path / "linear.tiff")


def _heic(pixels):
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    size = pixels.shape[1::-1]
    pillow_heif.encode("RGB", size, pixels.tobytes(), buffer, quality=80, exif=exif_block(6))
    return buffer.getvalue()


def _dng(pixels):
    pytest.importorskip("rawpy")
    taken = datetime(2024, 5, 6, tzinfo=UTC)
    meta = RawMeta(taken=taken, exposure_s=0.01, f_number=8.0, iso=200, serial="", number=1)
    return write_dng(mosaic(pixels, 14), 14, meta)


@cache
def _samples():
    """Whole files of all kinds, to be damaged."""
    noise = np.random.default_rng(1).integers(0, 255, (48, 64, 3), dtype=np.uint8)
    metadata = {"exif": exif_with_thumbnail(small_jpeg(noise)), "icc_profile": srgb_profile()}
    images = [Image.fromarray(noise), Image.fromarray(noise).convert("L")]
    kinds = [
        ("JPEG", metadata),
        ("JPEG", {"progressive": True}),
        ("MPO", {"save_all": True, "append_images": images[1:]}),
        ("PNG", metadata),
        ("TIFF", metadata),
        *[("TIFF", {"compression": name}) for name in ("tiff_lzw", "jpeg", "packbits")],
        ("WEBP", metadata),
        ("AVIF", {"exif": exif_block(6)}),
        ("GIF", {}),
        ("BMP", {}),
    ]
    samples = []
    for form, options in kinds:
        buffer = io.BytesIO()
        images[0].save(buffer, form, **options)
        samples.append(buffer.getvalue())
    deep = noise.astype(np.uint16) * 257
    samples += [cv2.imencode(suffix, deep)[1].tobytes() for suffix in (".png", ".tiff")]
    return [*samples, _heic(noise), _dng(noise)]


HIT = st.tuples(
    st.floats(0, 0.999), st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255)
)


def _damaged(sample, hits, early):
    data = bytearray(sample)
    for place, value in hits:
        data[int(place * (400 if early else len(data))) % len(data)] = value
    return bytes(data)


DAMAGED = st.builds(
    _damaged,
    st.deferred(lambda: st.sampled_from(_samples())),
    st.lists(HIT, min_size=1, max_size=16),
    st.booleans(),
)


def _survives(folder, data):
    path = folder / "damaged.bin"
    path.write_bytes(data)
    said = ""
    try:
        photo = read_photo(path)
        assert photo.picture.pixels.shape[2] == 3
        for suffix in (".png", ".tiff", ".jpg", ".webp"):
            write_photo(folder / f"result{suffix}", photo, photo.picture.pixels)
    except DeepFlashError as error:  # whatever else is raised fails the test
        said = str(error)
    assert "\n" not in said


@settings(max_examples=150, deadline=None)
@given(data=DAMAGED)
def test_damaged_bytes_give_a_picture_or_one_clear_error(tmp_path_factory, data):
    _survives(tmp_path_factory.getbasetemp(), data)


@pytest.mark.slow
@settings(max_examples=4000, deadline=None)
@given(data=DAMAGED)
def test_many_damaged_files_give_a_picture_or_one_clear_error(tmp_path_factory, data):
    _survives(tmp_path_factory.getbasetemp(), data)


def test_the_photograph_itself_is_never_written_over(tmp_path):
    path = save(tmp_path / "in.png", draw_pixels())
    before = path.read_bytes()
    photo = read_photo(path)
    (tmp_path / "link.png").symlink_to(path)
    os.link(path, tmp_path / "hard.png")
    for name in ("in.png", "link.png", "hard.png", "sub/../in.png"):
        (tmp_path / "sub").mkdir(exist_ok=True)
        with pytest.raises(PictureError, match="photograph itself"):
            write_photo(tmp_path / name, photo, photo.picture.pixels)
    assert path.read_bytes() == before


def test_transparency_in_a_jpeg_and_unknown_suffixes_are_refused(tmp_path):
    photo = read_photo(save(tmp_path / "in.png", draw_pixels(channels=4)))
    with pytest.raises(PictureError, match="no transparency"):
        write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels)
    with pytest.raises(PictureError, match="suffix"):
        write_photo(tmp_path / "out.xyz", photo, photo.picture.pixels)
    opaque = photo.picture._replace(alpha=np.full_like(photo.picture.alpha, 255))
    write_photo(tmp_path / "out.jpg", replace(photo, picture=opaque), photo.picture.pixels)


def test_a_picture_too_long_for_its_format_is_refused(tmp_path):
    photo = read_photo(save(tmp_path / "in.png", np.zeros((1, 20000, 3), np.uint8)))
    with pytest.raises(PictureError, match="another format"):
        write_photo(tmp_path / "out.webp", photo, photo.picture.pixels)
    assert not (tmp_path / "out.webp").exists()


_FULL_DISK = """
import resource, sys
from pathlib import Path
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.errors import StorageError
photo = read_photo(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    write_photo(Path(sys.argv[2]), photo, photo.picture.pixels)
except StorageError as error:
    print(error)
"""


def test_a_full_disk_leaves_the_old_result(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    source, out = save(tmp_path / "in.png", noise), tmp_path / "out.png"
    out.write_bytes(b"the old result")
    done = subprocess.run(
        [sys.executable, "-c", _FULL_DISK, str(source), str(out)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(deepflash.__file__).parents[1],
    )
    assert "cannot write" in done.stdout
    assert out.read_bytes() == b"the old result"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in.png", "out.png"]


def test_a_folder_in_the_way_is_a_storage_error(tmp_path):
    photo = read_photo(save(tmp_path / "in.png", draw_pixels()))
    (tmp_path / "out.png").mkdir()
    (tmp_path / "file").touch()
    for out in (tmp_path / "out.png", tmp_path / "file" / "out.png"):
        with pytest.raises(StorageError, match="cannot write"):
            write_photo(out, photo, photo.picture.pixels)
