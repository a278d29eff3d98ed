"""The page's EXIF editor against the command line's and against Pillow as a reader."""

import io
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from deepflash.enhance import exif, xmp
from tests.enhance.photo_files import MAKER_NOTE, exif_block, small_jpeg
from tests.web.files import PACKET, PLACE, array, camera_exif

EXIF, XMP = "src/files/exif", "src/files/xmp"
OLD = small_jpeg(np.random.default_rng(0).integers(0, 255, (60, 80, 3), dtype=np.uint8))
NEW = small_jpeg(np.full((30, 40, 3), (200, 100, 50), np.uint8))
BLOCKS = [
    camera_exif(thumbnail=OLD),
    camera_exif(gps=False, flash=0x20),
    camera_exif(flash=0x10),
    exif_block(3),  # big endian, by Pillow
    exif_block(3)[6:],
    b"Exif\0\0",
    b"Exif\0\0II*\0\xff\0\0\0",
    b"nonsense",
]


def _read(block):
    found = Image.Exif()
    found.load(bytes(block))
    return found


@pytest.mark.parametrize("block", BLOCKS)
def test_numbers_are_read_as_the_command_line_reads_them(node, block):
    whole = exif.normalised(block)
    found = node.call(EXIF, "normalised", array(block))
    assert (None if found is None else found.tobytes()) == whole
    if whole is None:
        return
    assert node.call(EXIF, "flashFired", array(whole)) == exif.flash_fired(whole)
    for tag in (exif.ORIENTATION, exif.WIDTH, exif.HEIGHT, exif.COLOUR_SPACE, 0x927C, 1):
        assert node.call(EXIF, "numberOf", array(whole), tag) == exif.number(whole, tag)
    values = {exif.ORIENTATION: 1, exif.WIDTH: 70000, exif.COLOUR_SPACE: 1}
    changed = node.call(EXIF, "withNumbers", array(whole), list(values.items()))
    if exif.number(whole, exif.WIDTH) is None or exif.byte_order(whole) == "<":
        assert changed.tobytes() == exif.with_numbers(whole, values)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.integers(6, 700), st.binary(min_size=1, max_size=6), st.integers(20, 1200))
def test_damaged_blocks_do_no_harm(node, place, damage, length):
    block = bytearray(camera_exif(thumbnail=OLD))
    block[place : place + len(damage)] = damage
    block = bytes(block[:length])
    whole = exif.normalised(block)
    found = node.call(EXIF, "normalised", array(block))
    assert (found is None) == (whole is None)
    if whole is not None:
        node.call(EXIF, "hasGps", found)
        node.call(EXIF, "withThumbnail", node.call(EXIF, "withoutPlace", found), None)
        assert node.call(EXIF, "flashFired", found) == exif.flash_fired(whole)
        assert node.call(EXIF, "meansAdobeRgb", found) == exif.means_adobe_rgb(whole)


def test_the_place_is_taken_out_and_the_rest_stays_readable(node):
    block = camera_exif(thumbnail=OLD)
    assert node.call(EXIF, "hasGps", array(block))
    bare = node.call(EXIF, "withoutPlace", array(block)).tobytes()
    assert not node.call(EXIF, "hasGps", array(bare))
    assert len(bare) == len(block)
    before, after = _read(block), _read(bare)
    assert before.get_ifd(ExifTags.IFD.GPSInfo)
    assert not after.get_ifd(ExifTags.IFD.GPSInfo)
    gone = {tag: value for tag, value in before.items() if tag != ExifTags.IFD.GPSInfo}
    assert dict(after.items()) == gone
    assert after[0x010F] == "Maker"
    assert after.get_ifd(ExifTags.IFD.Exif) == before.get_ifd(ExifTags.IFD.Exif)
    assert after.get_ifd(ExifTags.IFD.IFD1) == before.get_ifd(ExifTags.IFD.IFD1)
    degrees = struct.pack("<6I", 48, 1, 12, 1, 30, 1)
    assert block.count(degrees) == 2
    assert bare.count(degrees) == 0
    # The pointer, and nothing else, has left the table; maker note and thumbnail have not moved.
    assert bare.index(MAKER_NOTE) == block.index(MAKER_NOTE)
    assert bare.index(OLD) == block.index(OLD)
    assert exif.normalised(bare) == bare
    assert not any(bare[6 + 500 : 6 + 700])


def test_the_place_in_a_big_endian_block_by_pillow(node):
    made = Image.Exif()
    made[0x010F] = "Maker"
    made.get_ifd(ExifTags.IFD.GPSInfo)[2] = (48.0, 12.0, 30.0)
    made.endian = ">"
    block = made.tobytes()
    assert node.call(EXIF, "hasGps", array(block))
    after = _read(node.call(EXIF, "withoutPlace", array(block)))
    assert dict(after.items()) == {0x010F: "Maker"}


def test_a_satellite_clock_alone_is_no_place(node):
    block = camera_exif().replace(struct.pack("<HH", 2, 5), struct.pack("<HH", 7, 5))
    block = block.replace(struct.pack("<HH", 4, 5), struct.pack("<HH", 7, 5))
    assert not node.call(EXIF, "hasGps", array(block))
    assert not node.call(EXIF, "hasGps", array(camera_exif(gps=False)))


def test_a_place_laid_over_other_directories_spares_them(node):
    block = bytearray(camera_exif())
    # The latitude claims to lie over the main directory.
    entry = block.index(struct.pack("<HHI", 2, 5, 3))
    struct.pack_into("<I", block, entry + 8, 8)
    after = _read(node.call(EXIF, "withoutPlace", array(bytes(block))))
    assert after[0x010F] == "Maker"
    assert not after.get_ifd(ExifTags.IFD.GPSInfo)


def _shown(block):
    second = _read(block).get_ifd(ExifTags.IFD.IFD1)
    start = 6 + second[0x0201]
    return bytes(block)[start : start + second[0x0202]], second


def test_a_thumbnail_takes_the_place_of_the_old_one(node):
    block = camera_exif(thumbnail=OLD, after=b"more of the maker")
    assert node.call(EXIF, "thumbnailRoom", array(block)) == len(OLD)
    new = {"jpeg": array(NEW), "width": 40, "height": 30}
    changed = node.call(EXIF, "withThumbnail", array(block), new).tobytes()
    jpeg, second = _shown(changed)
    assert jpeg == NEW
    assert second[0x0112] == 1
    assert len(changed) == len(block)
    assert changed.count(b"\xff\xd8") == 1
    assert changed.endswith(b"more of the maker")
    assert Image.open(io.BytesIO(jpeg)).size == (40, 30)


def test_a_larger_thumbnail_goes_to_the_end_and_one_too_large_is_dropped(node):
    block = camera_exif(thumbnail=NEW, after=b"more")
    new = {"jpeg": array(OLD), "width": 80, "height": 60}
    changed = node.call(EXIF, "withThumbnail", array(block), new).tobytes()
    assert _shown(changed)[0] == OLD
    assert NEW not in changed
    assert changed[len(block) - 4 : len(block)] == b"more"
    crowded = camera_exif(thumbnail=NEW, after=bytes(64000))
    changed = node.call(EXIF, "withThumbnail", array(crowded), new).tobytes()
    assert len(changed) == len(crowded)
    assert NEW not in changed
    assert not _read(changed).get_ifd(ExifTags.IFD.IFD1)


def test_a_thumbnail_is_dropped_and_blocks_without_one_stay(node):
    block = camera_exif(thumbnail=OLD)
    changed = node.call(EXIF, "withThumbnail", array(block), None).tobytes()
    assert not _read(changed).get_ifd(ExifTags.IFD.IFD1)
    assert OLD not in changed
    plain = camera_exif()
    new = {"jpeg": array(NEW), "width": 40, "height": 30}
    assert node.call(EXIF, "thumbnailRoom", array(plain)) is None
    assert node.call(EXIF, "withThumbnail", array(plain), new).tobytes() == plain


def test_cameras_mark_adobe_rgb(node):
    made = Image.Exif()
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[0xA001] = 65535
    inner[0xA005] = {1: "R03"}
    marked = made.tobytes()
    for block in (marked, marked.replace(b"R03", b"R98"), camera_exif()):
        expected = exif.means_adobe_rgb(block)
        assert node.call(EXIF, "meansAdobeRgb", array(block)) == expected
    assert exif.means_adobe_rgb(marked)


@pytest.mark.parametrize(
    "packet",
    [
        PACKET,
        PLACE,
        b"<a><tiff:Orientation>8</tiff:Orientation></a>",
        b"<a tiff:Orientation = '3' tiff:ImageWidth='7'/>",
        b"<a><exif:PixelYDimension> 12 </exif:PixelYDimension>\xc3\xa9\xa0</a>",
        b"<a GCamera:MotionPhoto='1'/>",
        b"no packet",
    ],
)
def test_xmp_is_kept_as_the_command_line_keeps_it(node, packet):
    found = node.call(XMP, "keptXmp", array(packet))
    assert (None if found is None else found.tobytes()) == xmp.kept(packet)
    assert node.call(XMP, "xmpHasPlace", array(packet)) == (packet is PLACE)
