"""Any common picture in, the same kind out: pixels, orientation, colour, metadata, faults."""

import io
import os
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, JpegImagePlugin

import deepflash
from deepflash.enhance import exif
from deepflash.enhance.colour import srgb_profile
from deepflash.enhance.photo import read_photo, upright, write_photo
from deepflash.errors import DeepFlashError, PictureError, StorageError

MAKER_NOTE = bytes(range(200))


def _pixels(height=24, width=32, dtype=np.uint8, channels=3):
    """A smooth picture with a mark in its top left corner."""
    y, x = np.mgrid[:height, :width]
    planes = [x / width, y / height, (x + y) / (width + height), 0.3 + 0.5 * x / width]
    picture = 0.1 + 0.7 * np.stack(planes[:channels], axis=-1)
    picture[: height // 4, : width // 4] = 0.95
    return (picture * np.iinfo(dtype).max).astype(dtype)


def _exif(orientation=1, **numbers):
    block = Image.Exif()
    block[0x010F] = "Maker"
    block[0x0112] = orientation
    inner = block.get_ifd(0x8769)
    inner[0x927C] = MAKER_NOTE
    inner[0xA001] = 65535
    inner[0xA002], inner[0xA003] = numbers.get("width", 32), numbers.get("height", 24)
    return block.tobytes()


def _profile(name, mode="RGB"):
    """A profile that is not sRGB: linear light, or grey with a gamma of 1.8."""
    if mode == "L":
        return _grey_profile()
    return ImageCms.ImageCmsProfile(ImageCms.createProfile(name)).tobytes()


def _grey_profile():
    """The smallest grey ICC profile (ICC.1 section 8.3.3): white point and one gamma of 1.8."""
    tags = {
        b"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061),
        b"kTRC": b"curv\0\0\0\0" + struct.pack(">IH", 1, int(1.8 * 256)) + b"\0\0",
        b"desc": b"desc\0\0\0\0" + struct.pack(">I", 5) + b"grey\0" + bytes(79),
    }
    place, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag + struct.pack(">II", place + len(body), len(content))
        body += content
    head = struct.pack(
        ">I4xI4s4s4s12x4s", place + len(body), 0x02100000, b"mntr", b"GRAY", b"XYZ ", b"acsp"
    ).ljust(68, b"\0")
    head += struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _save(path, pixels, **options):
    Image.fromarray(pixels).save(path, **options)
    return path


def _round_trip(path, out):
    photo = read_photo(path)
    write_photo(out, photo, photo.picture.pixels)
    return photo, read_photo(out)


# --- pixels -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_lossless_formats_give_back_every_bit(tmp_path, suffix, dtype, alpha):
    pixels = _pixels(dtype=dtype, channels=4 if alpha else 3)
    source = tmp_path / "in.png"
    order = [2, 1, 0, 3][: pixels.shape[2]]
    assert cv2.imwrite(str(source), np.ascontiguousarray(pixels[..., order]))
    first, second = _round_trip(source, tmp_path / f"out{suffix}")
    for photo in (first, second):
        assert photo.picture.pixels.dtype == dtype
        np.testing.assert_array_equal(photo.picture.pixels, pixels[..., :3])
        if alpha:
            np.testing.assert_array_equal(photo.picture.alpha, pixels[..., 3])
        else:
            assert photo.picture.alpha is None


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_a_16_bit_file_is_read_alike_by_another_decoder(tmp_path, suffix):
    source, out = tmp_path / "in.png", tmp_path / f"out{suffix}"
    pixels = _pixels(dtype=np.uint16, channels=4)
    assert cv2.imwrite(str(source), pixels[..., [2, 1, 0, 3]])
    _round_trip(source, out)
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
    _, written = _round_trip(source, tmp_path / "out.jpg")
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
        path = _save(tmp_path / f"in{suffix}", np.full((1, 1, 3), 128, np.uint8))
        _, written = _round_trip(path, tmp_path / f"out{suffix}")
        assert written.picture.pixels.shape == (1, 1, 3)
        assert abs(int(written.picture.pixels[0, 0, 0]) - 128) <= 2


def test_a_name_beyond_ascii(tmp_path):
    path = _save(tmp_path / "Größe 写真 🙂.png", _pixels())
    _, written = _round_trip(path, tmp_path / "Ergebnis 写真.png")
    np.testing.assert_array_equal(written.picture.pixels, _pixels())


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
    source = _save(tmp_path / "in.jpg", _pixels(), exif=_exif(orientation), quality=98)
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
    _save(tmp_path / "in.tiff", _pixels(), tiffinfo={274: 6, 271: "Maker"})
    _, written = _round_trip(tmp_path / "in.tiff", tmp_path / "out.tiff")
    np.testing.assert_array_equal(written.picture.pixels, np.rot90(_pixels(), -1))


def test_exif_is_kept_byte_for_byte_but_for_the_numbers_that_change(tmp_path):
    block = _exif(6)
    photo = read_photo(_save(tmp_path / "in.jpg", _pixels(), exif=block))
    kept = photo.picture.exif
    assert len(kept) == len(block)
    changed = [i for i in range(len(block)) if kept[i] != block[i]]
    assert 1 <= len(changed) <= 6  # orientation, width and height


def test_the_thumbnail_of_the_old_photograph_is_unlinked():
    # Little endian: one directory with an orientation, the next one at 26.
    block = exif.PREFIX + struct.pack("<2sHIHHHIIIH", b"II", 42, 8, 1, 0x0112, 3, 1, 6, 26, 0)
    changed = exif.with_numbers(block, {exif.ORIENTATION: 1})
    assert exif.number(changed, exif.ORIENTATION) == 1
    assert struct.unpack_from("<I", changed, 6 + 8 + 2 + 12)[0] == 0


@given(st.binary(max_size=200), st.booleans())
def test_no_exif_block_is_too_broken(tail, little):
    head = b"II*\0\x08\0\0\0" if little else b"MM\0*\0\0\0\x08"
    block = exif.normalised(head + tail)
    if block is not None:
        changed = exif.with_numbers(block, {exif.ORIENTATION: 1, exif.WIDTH: 70000 % 65536})
        assert len(changed) == len(block)


def test_damaged_exif_does_not_cost_the_photograph(tmp_path):
    block = exif.PREFIX + b"II*\0\xff\xff\xff\x7f"
    photo = read_photo(_save(tmp_path / "in.jpg", _pixels(), exif=block))
    assert photo.picture.exif is None


# --- colour -----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tiff", ".webp"])
def test_an_srgb_profile_stays_as_it_is(tmp_path, suffix):
    icc = srgb_profile()
    path = _save(tmp_path / f"in{suffix}", _pixels(), icc_profile=icc)
    _, written = _round_trip(path, tmp_path / f"out{suffix}")
    assert written.picture.icc == icc


def test_the_srgb_profile_does_not_tell_the_time():
    assert srgb_profile()[24:36] == bytes(12)


def _wide_profile():
    """sRGB with red and green swapped: another profile, whose effect is known by hand."""
    data = bytearray(srgb_profile())
    count = struct.unpack_from(">I", data, 128)[0]
    for index in range(count):
        place = 132 + 12 * index
        tag = bytes(data[place : place + 4])
        data[place : place + 4] = {b"rXYZ": b"gXYZ", b"gXYZ": b"rXYZ"}.get(tag, tag)
    name = "sRGB".encode("utf-16-be")
    return bytes(data).replace(name, "wide".encode("utf-16-be"))


def test_another_rgb_profile_is_converted_and_tagged_srgb(tmp_path):
    path = _save(tmp_path / "in.png", _pixels(), icc_profile=_wide_profile(), exif=_exif())
    photo = read_photo(path)
    np.testing.assert_allclose(
        photo.picture.pixels.astype(int), _pixels()[..., [1, 0, 2]].astype(int), atol=2
    )
    assert photo.picture.icc == srgb_profile()
    assert exif.number(photo.picture.exif, exif.COLOUR_SPACE) == 1


def test_a_16_bit_picture_keeps_values_and_profile(tmp_path):
    pixels = _pixels(dtype=np.uint16)
    _, data = cv2.imencodeWithMetadata(
        ".png",
        np.ascontiguousarray(pixels[..., ::-1]),
        [cv2.IMAGE_METADATA_ICCP],
        [np.frombuffer(_wide_profile(), np.uint8)],
    )
    (tmp_path / "in.png").write_bytes(data.tobytes())
    for out in ("out.png", "out.tiff"):
        _, written = _round_trip(tmp_path / "in.png", tmp_path / out)
        np.testing.assert_array_equal(written.picture.pixels, pixels)
        assert written.picture.icc == _wide_profile()


def test_a_grey_profile_is_converted(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    photo = read_photo(_save(tmp_path / "in.png", grey, icc_profile=_grey_profile()))
    light = (np.arange(256) / 255) ** 1.8
    srgb = np.where(light > 0.0031308, 1.055 * light ** (1 / 2.4) - 0.055, 12.92 * light)
    expected = np.repeat(np.round(srgb * 255).reshape(16, 16, 1), 3, axis=2)
    np.testing.assert_allclose(photo.picture.pixels.astype(int), expected, atol=2)
    assert photo.picture.icc == srgb_profile()


@pytest.mark.parametrize("icc", [b"rubbish", b"\0" * 200])
def test_a_damaged_profile_is_dropped(tmp_path, icc):
    photo = read_photo(_save(tmp_path / "in.png", _pixels(), icc_profile=icc))
    np.testing.assert_array_equal(photo.picture.pixels, _pixels())
    assert photo.picture.icc is None


def test_a_cmyk_jpeg_becomes_rgb(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "in.jpg", quality=95)
    photo, written = _round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(photo.picture.pixels[8, 8].astype(int), [255, 0, 0], atol=4)
    np.testing.assert_allclose(written.picture.pixels[8, 8].astype(int), [255, 0, 0], atol=6)


# --- compression ------------------------------------------------------------------------------


@pytest.mark.parametrize("quality", [40, 92])
@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_jpeg_is_compressed_as_its_source_was(tmp_path, quality, subsampling):
    _save(tmp_path / "in.jpg", _pixels(), quality=quality, subsampling=subsampling)
    _round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    with Image.open(tmp_path / "in.jpg") as before, Image.open(tmp_path / "out.jpg") as after:
        assert after.quantization == before.quantization
        assert JpegImagePlugin.get_sampling(after) == subsampling


def test_a_quality_that_is_asked_for_wins(tmp_path):
    _save(tmp_path / "in.jpg", _pixels(), quality=40)
    _save(tmp_path / "reference.jpg", _pixels(), quality=80)
    photo = read_photo(tmp_path / "in.jpg")
    write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels, quality=80)
    with Image.open(tmp_path / "reference.jpg") as wanted, Image.open(tmp_path / "out.jpg") as out:
        assert out.quantization == wanted.quantization


def test_a_grey_jpeg_keeps_its_table(tmp_path):
    _save(tmp_path / "in.jpg", _pixels()[..., 0], quality=70)
    _, written = _round_trip(tmp_path / "in.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(
        written.picture.pixels[..., 1].astype(int), _pixels()[..., 0].astype(int), atol=40
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


def test_heic_says_what_to_do(tmp_path):
    path = tmp_path / "phone.heic"
    path.write_bytes(b"\0\0\0\x18ftypheic" + bytes(200))
    assert "save it as JPEG" in _error(path)


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
    data = _save(tmp_path / f"whole{suffix}", noise, **options).read_bytes()
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
    photo, _ = _round_trip(tmp_path / "phone.jpg", tmp_path / "out.jpg")
    np.testing.assert_allclose(photo.picture.pixels[8, 8].astype(int), [254, 0, 0], atol=3)
    assert photo.jpeg is not None


def test_a_decompression_bomb_is_refused(tmp_path):
    def chunk(kind, body):
        checked = kind + body
        return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000)))
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b""))
    assert "megapixels" in _error(path)


def test_float_pixels_are_refused(tmp_path):
    Image.fromarray(np.zeros((4, 4), np.float32)).save(tmp_path / "linear.tiff")
    assert "32-bit" in _error(tmp_path / "linear.tiff")


def _samples():
    noise = np.random.default_rng(1).integers(0, 255, (12, 14, 3), dtype=np.uint8)
    samples = []
    for form in ("JPEG", "PNG", "TIFF", "WEBP", "GIF", "BMP"):
        buffer = io.BytesIO()
        extra = {} if form in ("GIF", "BMP") else {"exif": _exif(6), "icc_profile": srgb_profile()}
        Image.fromarray(noise).save(buffer, form, **extra)
        samples.append(buffer.getvalue())
    deep = noise.astype(np.uint16) * 257
    samples += [cv2.imencode(suffix, deep)[1].tobytes() for suffix in (".png", ".tiff")]
    return samples


SAMPLES = _samples()


@settings(max_examples=150, deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    hits=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=6),
    early=st.booleans(),
)
def test_damaged_bytes_give_a_picture_or_one_clear_error(tmp_path_factory, sample, hits, early):
    data = bytearray(sample)
    for place, value in hits:
        data[int(place * (200 if early else len(data))) % len(data)] = value
    folder = tmp_path_factory.getbasetemp()
    path = folder / "damaged.bin"
    path.write_bytes(data)
    try:
        photo = read_photo(path)
        for suffix in (".png", ".tiff", ".jpg"):
            write_photo(folder / f"damaged{suffix}", photo, photo.picture.pixels)
    except DeepFlashError:
        return  # whatever else is raised fails the test
    assert photo.picture.pixels.shape[2] == 3


def test_the_photograph_itself_is_never_written_over(tmp_path):
    path = _save(tmp_path / "in.png", _pixels())
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
    photo = read_photo(_save(tmp_path / "in.png", _pixels(channels=4)))
    with pytest.raises(PictureError, match="no transparency"):
        write_photo(tmp_path / "out.jpg", photo, photo.picture.pixels)
    with pytest.raises(PictureError, match="suffix"):
        write_photo(tmp_path / "out.xyz", photo, photo.picture.pixels)
    opaque = photo.picture._replace(alpha=np.full_like(photo.picture.alpha, 255))
    write_photo(tmp_path / "out.jpg", replace(photo, picture=opaque), photo.picture.pixels)


def test_a_picture_too_long_for_its_format_is_refused(tmp_path):
    photo = read_photo(_save(tmp_path / "in.png", np.zeros((1, 20000, 3), np.uint8)))
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
    source, out = _save(tmp_path / "in.png", noise), tmp_path / "out.png"
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
    photo = read_photo(_save(tmp_path / "in.png", _pixels()))
    (tmp_path / "out.png").mkdir()
    (tmp_path / "file").touch()
    for out in (tmp_path / "out.png", tmp_path / "file" / "out.png"):
        with pytest.raises(StorageError, match="cannot write"):
            write_photo(out, photo, photo.picture.pixels)
