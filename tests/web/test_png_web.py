"""PNG and WebP files: what the page finds in them and puts into them, against Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.web.files import (
    PACKET,
    array,
    camera_exif,
    p3_profile,
    png_info,
    saved,
    sixteen_bits,
    smooth,
)

HELPER = "tests/files"
ALL = {"exif": array(camera_exif()), "icc": array(p3_profile()), "xmp": array(PACKET)}
NONE = {"exif": None, "icc": None, "xmp": None}


def _opened(data):
    image = Image.open(io.BytesIO(bytes(data)))
    image.load()  # checks sums, and reads what stands behind the pixels
    return image


def _look(node, data):
    return node.call(HELPER, "looked", array(data), "")


def _exif(image):
    return b"Exif\0\0" + image.info["exif"].removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("packed", [False, True])
def test_png_metadata(node, packed):
    info = png_info(PACKET, packed=packed)
    data = saved(smooth(), "PNG", exif=camera_exif(), icc_profile=p3_profile(), pnginfo=info)
    found = _look(node, data)
    assert (found["width"], found["height"], found["deep"]) == (96, 72, False)
    assert found["exif"].tobytes() == camera_exif()[6:]
    assert found["icc"].tobytes() == p3_profile()
    assert found["xmp"].tobytes() == PACKET
    assert found["whole"]
    assert not found["hasAlpha"]
    for length in (len(data) - 1, len(data) - 12, len(data) // 2, 40, 9):
        assert not _look(node, data[:length])["whole"], length


def test_png_kinds(node):
    assert _look(node, sixteen_bits())["deep"]
    assert _look(node, saved(smooth(channels=4), "PNG"))["hasAlpha"]
    assert _look(node, saved(smooth()[..., 0], "PNG"))["model"] == "grey"
    palette = Image.fromarray(smooth()).quantize(16)
    assert _look(node, saved(palette, "PNG"))["model"] == "rgb"
    assert _look(node, saved(palette, "PNG", transparency=3))["hasAlpha"]
    other = Image.fromarray(255 - smooth())
    film = saved(smooth(), "PNG", save_all=True, append_images=[other])
    found = _look(node, film)
    assert found["animated"]
    first = _opened(found["bare"])
    assert not getattr(first, "is_animated", False)
    np.testing.assert_array_equal(np.asarray(first), smooth())


def test_bare_png_keeps_pixels_and_nothing_that_changes_them(node):
    options = {"exif": camera_exif(), "icc_profile": p3_profile(), "pnginfo": png_info(PACKET)}
    for pixels in (smooth(), smooth(channels=4)):
        data = saved(pixels, "PNG", **options)
        gamma = data[:33] + bytes.fromhex("0000000467414d410000b18f0bfc6105") + data[33:]
        found = _look(node, gamma)
        bare = _opened(found["bare"])
        assert not {"exif", "icc_profile", "gamma", "xmp"} & set(bare.info)
        np.testing.assert_array_equal(np.asarray(bare), pixels)
        assert _opened(found["bareWithProfile"]).info["icc_profile"] == p3_profile()


def test_metadata_is_put_into_a_png(node):
    encoded = saved(smooth(), "PNG", icc_profile=b"old" * 60, exif=camera_exif(gps=False))
    opened = _opened(node.call("src/files/png", "assemblePng", array(encoded), ALL))
    assert _exif(opened) == camera_exif()
    assert opened.info["icc_profile"] == p3_profile()
    assert opened.info["xmp"] in (PACKET, PACKET.decode())
    np.testing.assert_array_equal(np.asarray(opened), smooth())
    opened = _opened(node.call("src/files/png", "assemblePng", array(encoded), NONE))
    assert not {"exif", "icc_profile", "xmp"} & set(opened.info)


def test_a_damaged_profile_in_a_png_is_none(node):
    data = bytearray(saved(smooth(), "PNG", icc_profile=p3_profile()))
    start = data.index(b"iCCP") + 20
    data[start : start + 30] = bytes(30)
    assert _look(node, bytes(data))["icc"] is None


@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_webp(node, lossless, channels):
    pixels = smooth(71, 95, channels)
    options = {"lossless": lossless, "exif": camera_exif()[6:], "xmp": PACKET}
    data = saved(pixels, "WEBP", icc_profile=p3_profile(), **options)
    found = _look(node, data)
    assert (found["width"], found["height"], found["hasAlpha"]) == (95, 71, channels == 4)
    assert found["exif"].tobytes() == camera_exif()[6:]
    assert found["icc"].tobytes() == p3_profile()
    assert found["xmp"].tobytes() == PACKET
    assert found["whole"]
    assert not found["animated"]
    for length in (len(data) - 3, len(data) // 2, 30):
        assert not _look(node, data[:length])["whole"], length
    shown = np.asarray(_opened(data))
    bare = _opened(found["bare"])
    assert not {"exif", "icc_profile", "xmp"} & set(bare.info)
    np.testing.assert_array_equal(np.asarray(bare), shown)
    for encoded in (data, saved(pixels, "WEBP", lossless=lossless)):
        opened = _opened(node.call("src/files/webp", "assembleWebp", array(encoded), ALL))
        assert _exif(opened) == camera_exif()
        assert opened.info["icc_profile"] == p3_profile()
        assert opened.info["xmp"] == PACKET
        np.testing.assert_array_equal(np.asarray(opened), shown)
        again = node.call("src/files/webp", "assembleWebp", array(encoded), NONE)
        np.testing.assert_array_equal(np.asarray(_opened(again)), shown)
        plain = _look(node, again.tobytes())
        assert (plain["width"], plain["height"], plain["exif"]) == (95, 71, None)


def test_a_webp_that_moves(node):
    other = Image.fromarray(255 - smooth())
    found = _look(node, saved(smooth(), "WEBP", save_all=True, append_images=[other]))
    assert found["animated"]
    assert found["whole"]
