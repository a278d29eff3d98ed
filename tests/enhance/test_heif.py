"""HEIC photographs, where pillow-heif is installed and where it is not."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from deepflash.enhance.heif import is_heif
from deepflash.enhance.photo import read_photo, write_photo
from deepflash.enhance.profiles import adobe_rgb_profile
from deepflash.errors import PictureError
from tests.enhance.photo_files import MAKER_NOTE, draw_pixels, exif_block, save


def _heic(path, pixels, mode="RGB", **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    buffer = io.BytesIO()
    size = pixels.shape[1::-1]
    pillow_heif.encode(mode, size, pixels.tobytes(), buffer, quality=95, chroma=444, **options)
    path.write_bytes(buffer.getvalue())
    return path


def test_a_heic_keeps_pixels_exif_and_profile(tmp_path):
    icc = adobe_rgb_profile()
    path = _heic(tmp_path / "in.heic", draw_pixels(64, 96), exif=exif_block(6), icc_profile=icc)
    photo = read_photo(path)
    # The format turns the picture itself; the orientation of EXIF only repeats it.
    turned = np.rot90(draw_pixels(64, 96), -1).astype(int)
    np.testing.assert_allclose(photo.picture.pixels.astype(int), turned, atol=10)
    assert photo.picture.icc == icc
    assert photo.profile is not None
    write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels)
    with Image.open(tmp_path / "out.jpg") as image:
        assert image.info["icc_profile"] == icc
        tags = image.getexif()
        assert tags[0x0112] == 1
        assert tags.get_ifd(0x8769)[0x927C] == MAKER_NOTE
        np.testing.assert_allclose(np.asarray(image).astype(int), turned, atol=14)


def test_transparency_and_grey(tmp_path):
    pixels = draw_pixels(64, 96, channels=4)
    photo = read_photo(_heic(tmp_path / "in.heic", pixels, "RGBA"))
    np.testing.assert_allclose(photo.picture.alpha.astype(int), pixels[..., 3].astype(int), atol=8)
    grey = np.ascontiguousarray(draw_pixels(64, 96)[..., 0])
    photo = read_photo(_heic(tmp_path / "grey.heic", grey, "L"))
    np.testing.assert_allclose(photo.picture.pixels[..., 2].astype(int), grey.astype(int), atol=8)


@pytest.mark.parametrize(("mode", "channels"), [("RGB;16", 3), ("L;16", 1)])
def test_more_bits_become_8(tmp_path, mode, channels):
    deep = np.ascontiguousarray(draw_pixels(64, 96, np.uint16)[..., :channels])
    photo = read_photo(_heic(tmp_path / "in.heic", deep, mode))
    assert photo.picture.pixels.dtype == np.uint8
    np.testing.assert_allclose(
        photo.picture.pixels.astype(int), np.broadcast_to(deep // 257, (64, 96, 3)), atol=10
    )


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.9])
def test_a_cut_heic_is_refused(tmp_path, share):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    data = _heic(tmp_path / "in.heic", noise).read_bytes()
    (tmp_path / "in.heic").write_bytes(data[: int(len(data) * share)])
    with pytest.raises(PictureError):
        read_photo(tmp_path / "in.heic")


def test_without_the_library_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    with pytest.raises(PictureError, match=r'pip install "deepflash\[heic\]"'):
        read_photo(path)


def test_avif_needs_no_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    path = save(tmp_path / "in.avif", draw_pixels(64, 96), quality=95, exif=exif_block(3))
    assert not is_heif(path.read_bytes())
    photo = read_photo(path)
    np.testing.assert_allclose(
        photo.picture.pixels.astype(int), draw_pixels(64, 96)[::-1, ::-1].astype(int), atol=12
    )


def test_what_is_inside_decides_where_the_general_brand_does_not():
    assert is_heif(b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic")
    assert not is_heif(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif")
