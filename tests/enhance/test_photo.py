"""Any common picture in, the same kind out: pixels, orientation, EXIF."""

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from deepflash.enhance import exif, thumbnail
from deepflash.enhance.photo import read_photo, upright, write_photo
from tests.enhance.photo_files import (
    MAKER_NOTE,
    draw_pixels,
    exif_block,
    exif_with_thumbnail,
    round_trip,
    save,
)

# --- pixels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_formats_give_back_every_bit(tmp_path, suffix, dtype, alpha):
    pixels = draw_pixels(dtype=dtype, channels=4 if alpha else 3)
    source = tmp_path / "in.png"
    order = [2, 1, 0, 3][: pixels.shape[2]]
    assert cv2.imwrite(str(source), np.ascontiguousarray(pixels[..., order]))
    first, second = round_trip(source, tmp_path / f"out{suffix}")
    for photo in (first, second):
        assert photo.picture.pixels.dtype == dtype
        np.testing.assert_array_equal(photo.picture.pixels, pixels[..., :3])
        if alpha:
            np.testing.assert_array_equal(photo.picture.alpha, pixels[..., 3])
        else:
            assert photo.picture.alpha is None


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_webp_keeps_transparency_and_the_colours_under_it(tmp_path, dtype):
    pixels = draw_pixels(dtype=dtype, channels=4)
    pixels[:8, :8, 3] = 0
    assert cv2.imwrite(str(tmp_path / "in.png"), pixels[..., [2, 1, 0, 3]])
    _, written = round_trip(tmp_path / "in.png", tmp_path / "out.webp")
    shallow = pixels / np.iinfo(dtype).max * 255
    np.testing.assert_allclose(written.picture.alpha, shallow[..., 3], atol=0.51)
    np.testing.assert_allclose(written.picture.pixels, shallow[..., :3], atol=16)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_a_16_bit_file_is_read_alike_by_another_decoder(tmp_path, suffix):
    source, out = tmp_path / "in.png", tmp_path / f"out{suffix}"
    pixels = draw_pixels(dtype=np.uint16, channels=4)
    assert cv2.imwrite(str(source), pixels[..., [2, 1, 0, 3]])
    round_trip(source, out)
    with Image.open(out) as image:  # Pillow keeps the upper eight bits
        assert image.mode == "RGBA"
        np.testing.assert_allclose(np.array(image), pixels / 257, atol=1)
        if suffix == ".tiff":
            assert image.tag_v2[338] == (2,)  # alpha that is not multiplied in
    np.testing.assert_array_equal(
        cv2.imread(str(out), cv2.IMREAD_UNCHANGED)[..., [2, 1, 0, 3]], pixels
    )


def test_16_bit_becomes_the_nearest_8_bit_in_a_jpeg(tmp_path):
    source = tmp_path / "in.png"
    assert cv2.imwrite(str(source), np.full((16, 16, 3), 100 * 257 + 129, np.uint16))
    _, written = round_trip(source, tmp_path / "out.jpg")
    assert np.unique(written.picture.pixels).tolist() == [101]


@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "I;16", "RGB", "RGBA"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    grey = np.where(np.arange(32) < 16, 255, 0).astype(np.uint8)[None].repeat(24, 0)
    image = Image.fromarray(grey)
    path = tmp_path / "in.png"
    if mode == "I;16":
        image = Image.fromarray(grey.astype(np.uint16) * 257)
        image.save(path)
    else:
        image.convert(mode).save(path)
    photo = read_photo(path)
    top = np.iinfo(photo.picture.pixels.dtype).max
    assert top == (65535 if mode == "I;16" else 255)
    assert (photo.picture.pixels[:, :16] == top).all()
    assert not photo.picture.pixels[:, 16:].any()
    assert (photo.picture.alpha is not None) == (mode in ("LA", "RGBA"))


def test_a_transparent_palette_gives_alpha(tmp_path):
    image = Image.new("P", (8, 8), 0)
    image.putpalette([200, 10, 20, 30, 40, 50])
    image.putpixel((3, 2), 1)
    image.save(tmp_path / "in.png", transparency=1)
    photo = read_photo(tmp_path / "in.png")
    assert photo.picture.alpha[2, 3] == 0
    assert photo.picture.alpha[0, 0] == 255
    assert photo.picture.pixels[0, 0].tolist() == [200, 10, 20]


def test_one_pixel(tmp_path):
    for suffix in (".jpg", ".png", ".tiff", ".webp"):
        path = save(tmp_path / f"in{suffix}", np.full((1, 1, 3), 128, np.uint8))
        _, written = round_trip(path, tmp_path / f"out{suffix}")
        assert written.picture.pixels.shape == (1, 1, 3)
        assert abs(int(written.picture.pixels[0, 0, 0]) - 128) <= 2


def test_a_name_beyond_ascii(tmp_path):
    path = save(tmp_path / "Größe 写真 🙂.png", draw_pixels())
    _, written = round_trip(path, tmp_path / "Ergebnis 写真.png")
    np.testing.assert_array_equal(written.picture.pixels, draw_pixels())


# --- orientation and EXIF ---------------------------------------------------------------------

# What the corners of [[1, 2], [3, 4]] become, read from the drawings of the EXIF standard.
UPRIGHT = {
    1: [[1, 2], [3, 4]], 2: [[2, 1], [4, 3]], 3: [[4, 3], [2, 1]], 4: [[3, 4], [1, 2]],
    5: [[1, 3], [2, 4]], 6: [[3, 1], [4, 2]], 7: [[4, 2], [3, 1]], 8: [[2, 4], [1, 3]],
}  # fmt: skip


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_by_hand(orientation):
    corners = np.array([[1, 2], [3, 4]])
    assert upright(corners, orientation).tolist() == UPRIGHT[orientation]
    assert upright(corners, 77).tolist() == UPRIGHT[1]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp", ".16.png", ".16.tiff"])
@pytest.mark.parametrize("orientation", [6, 3])
def test_orientation_is_applied_once_and_the_other_tags_stay(tmp_path, suffix, orientation):
    source = save(tmp_path / "in.jpg", draw_pixels(), exif=exif_block(orientation), quality=98)
    out = tmp_path / f"out{suffix}"
    photo = read_photo(source)
    pixels = photo.picture.pixels
    if ".16" in suffix:
        pixels = pixels.astype(np.uint16) * 257
    write_photo(out, photo, pixels)
    turned = (32, 24) if orientation == 6 else (24, 32)
    again = read_photo(out)
    assert again.picture.pixels.shape[:2] == turned
    corner = {6: np.s_[:4, -4:], 3: np.s_[-4:, -4:]}[orientation]
    assert again.picture.pixels[corner].mean() > 0.9 * np.iinfo(pixels.dtype).max
    with Image.open(out) as image:
        tags = image.getexif()
        assert tags[0x0112] == 1
        assert tags[0x010F] == "Maker"
        inner = tags.get_ifd(0x8769)
        assert inner[0x927C] == MAKER_NOTE
        assert (inner[0xA003], inner[0xA002]) == turned


def test_a_tiff_is_turned_by_its_own_tag(tmp_path):
    save(tmp_path / "in.tiff", draw_pixels(), tiffinfo={274: 6, 271: "Maker"})
    _, written = round_trip(tmp_path / "in.tiff", tmp_path / "out.tiff")
    np.testing.assert_array_equal(written.picture.pixels, np.rot90(draw_pixels(), -1))


def test_exif_is_kept_byte_for_byte_but_for_the_numbers_that_change(tmp_path):
    block = exif_block(6)
    photo = read_photo(save(tmp_path / "in.jpg", draw_pixels(), exif=block))
    kept = photo.picture.exif
    assert len(kept) == len(block)
    changed = [i for i in range(len(block)) if kept[i] != block[i]]
    assert 1 <= len(changed) <= 6  # orientation, width and height


@given(st.binary(max_size=200), st.booleans())
def test_no_exif_block_is_too_broken(tail, little):
    head = b"II*\0\x08\0\0\0" if little else b"MM\0*\0\0\0\x08"
    block = exif.normalised(head + tail)
    if block is not None:
        changed = exif.with_numbers(block, {exif.ORIENTATION: 1, exif.WIDTH: 70000 % 65536})
        assert len(changed) == len(block)
        assert exif.flash_fired(block) in (True, False, None)
        assert len(thumbnail.renewed(changed, np.zeros((2, 3, 3), np.uint8))) >= len(block)


def test_damaged_exif_does_not_cost_the_photograph(tmp_path):
    block = exif.PREFIX + b"II*\0\xff\xff\xff\x7f"
    photo = read_photo(save(tmp_path / "in.jpg", draw_pixels(), exif=block))
    assert photo.picture.exif is None


@pytest.mark.parametrize(
    ("flash", "fired"),
    # Not fired; fired; fired and light came back; off; auto, not fired; auto, fired; none there.
    [(0, False), (1, True), (7, True), (16, False), (24, False), (25, True), (32, None)],
)
def test_the_flash_is_read_from_exif(tmp_path, flash, fired):
    block = exif_with_thumbnail(b"", flash=flash)
    assert read_photo(save(tmp_path / "in.jpg", draw_pixels(), exif=block)).flash_fired is fired


def test_without_exif_nothing_is_known_of_the_flash(tmp_path):
    assert read_photo(save(tmp_path / "in.jpg", draw_pixels())).flash_fired is None
    block = exif_block()
    assert read_photo(save(tmp_path / "in.jpg", draw_pixels(), exif=block)).flash_fired is None
