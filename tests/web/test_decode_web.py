"""Photographs through a real browser: decoded and encoded again as the command line does."""

import base64
import functools
import http.server
import io
import os
import shutil
import struct
import subprocess
import threading

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image
from playwright.sync_api import sync_playwright

from deepflash.enhance.photo import read_photo, upright
from deepflash.enhance.profiles import adobe_rgb_profile, srgb_profile
from tests.enhance.photo_files import grey_profile, small_jpeg, table_profile
from tests.web.files import (
    PACKET,
    PLACE,
    camera_exif,
    p3_profile,
    png_info,
    saved,
    sixteen_bits,
    smooth,
)
from tests.web.node import ROOT, WEB

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PIXELS = 10**7
OLD = small_jpeg(np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Decoder:
    """The page, the folder that it is served from, and its answers."""

    def __init__(self, page, folder):
        self._page, self._folder, self._count = page, folder, 0

    def __call__(self, data, name="a.jpg", *, pixels=PIXELS, keep=False, scale=1):
        self._count += 1
        path = self._folder / f"{self._count}.bin"
        path.write_bytes(data)
        asked = {"url": path.name, "name": name, "pixels": pixels, "keepPlace": keep}
        found = self._page.evaluate("asked => ask(asked)", asked | {"scale": scale})
        assert "failed" not in found, found
        if "said" in found:
            return found["said"]
        for key in ("exif", "icc", "pixels", "file"):
            found[key] = None if found[key] is None else base64.b64decode(found[key])
        if scale == 1:
            shape = (found["height"], found["width"], 4)
            found["pixels"] = np.frombuffer(found["pixels"], np.uint8).reshape(shape)
        return found


@pytest.fixture(scope="module")
def decoder(tmp_path_factory):
    executable = shutil.which("chromium")
    if executable is None:
        sentence = "no `chromium` in PATH, so decoding was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    folder = tmp_path_factory.mktemp("decode")
    node = [str(ROOT / "scripts/node.sh"), "node", "node_modules/esbuild/bin/esbuild"]
    bundle = ["tests/decode-page.ts", "--bundle", "--format=esm", f"--outfile={folder}/page.js"]
    subprocess.run([*node, *bundle, "--log-level=error"], cwd=WEB, check=True)
    (folder / "index.html").write_text('<script type="module" src="page.js"></script>')
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_page()
            page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
            page.wait_for_function("'ask' in globalThis")
            yield Decoder(page, folder)
            browser.close()
    finally:
        server.shutdown()
        server.server_close()


def _opened(data):
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def _command_line(tmp_path, data, suffix=".jpg"):
    path = tmp_path / f"photo{suffix}"
    path.write_bytes(data)
    return read_photo(path)


def _differ(found, expected):
    return np.abs(found["pixels"][..., :3].astype(int) - expected.astype(int)).max()


# --- Pixels and colours -----------------------------------------------------------------------


@pytest.mark.parametrize("profile", [None, p3_profile(), adobe_rgb_profile(), srgb_profile()])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_values_are_kept_with_a_profile_of_primaries(decoder, tmp_path, form, profile):
    options = {"lossless": True} if form == "WEBP" else {}
    data = saved(smooth(), form, icc_profile=profile, **options)
    found = decoder(data)
    known = _command_line(tmp_path, data, f".{form.lower()}")
    assert _differ(found, known.picture.pixels) <= (0 if form != "JPEG" else 1)
    assert found["icc"] == known.picture.icc == profile
    assert found["converts"] == (known.profile is not None)
    assert found["notes"] == []
    assert found["hasAlpha"] is False
    written = _opened(found["file"])
    assert written.info.get("icc_profile") == profile
    assert written.format == form
    assert found["suffix"] == {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp"}[form]
    assert found["type"] == f"image/{form.lower()}"
    # Encoding moves values by its loss alone: no colour management on the way. Chromium's PNGs
    # have an opacity channel, which is full here.
    shown = np.asarray(written).astype(int)
    assert (shown[..., 3:] == 255).all()
    most = 0 if form == "PNG" else 12
    assert np.abs(shown[..., :3] - known.picture.pixels).max() <= most


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("progressive", [False, True])
def test_jpegs_decode_as_on_the_command_line(decoder, tmp_path, subsampling, progressive):
    noise = np.random.default_rng(0).integers(0, 255, (9, 12, 3), dtype=np.uint8)
    picture = cv2.resize(noise, (101, 75), interpolation=cv2.INTER_CUBIC)
    options = {"subsampling": subsampling, "progressive": progressive, "quality": 92}
    data = saved(picture, "JPEG", **options)
    found = decoder(data)
    assert _differ(found, _command_line(tmp_path, data).picture.pixels) <= 1
    assert found["quality"] == 92


def test_adobe_rgb_that_only_exif_tells_of(decoder):
    made = Image.Exif()
    inner = made.get_ifd(ExifTags.IFD.Exif)
    inner[0xA001] = 65535
    inner[0xA005] = {1: "R03"}
    found = decoder(saved(smooth(), "JPEG", exif=made.tobytes()))
    assert found["icc"] == adobe_rgb_profile()
    assert found["converts"]
    assert _opened(found["file"]).info["icc_profile"] == adobe_rgb_profile()


def test_other_profiles_are_converted(decoder, tmp_path):
    # Corners of a table: a colour space somewhat duller than sRGB.
    corners = [(a * 200 // 2 + b * 27, 128 + 40 * (a - c), 128 + 40 * (c - b))
               for a in (0, 1) for b in (0, 1) for c in (0, 1)]  # fmt: skip
    for pixels, icc in ((smooth(), table_profile(corners)), (smooth()[..., 0], grey_profile())):
        data = saved(pixels, "PNG", icc_profile=icc)
        found = decoder(data)
        assert found["icc"] is None
        assert found["notes"] == ["note.converted"]
        expected = _command_line(tmp_path, data, ".png").picture.pixels
        # Another colour management system, without compensation of the black point.
        assert _differ(found, expected) <= 5
    rgb = Image.fromarray(smooth())
    found = decoder(saved(rgb.convert("CMYK"), "JPEG", quality=100))
    assert found["notes"] == ["note.converted"]
    assert _differ(found, smooth()) <= 6
    assert _opened(found["file"]).mode == "RGB"


def test_damaged_and_foreign_profiles_are_left_out(decoder):
    for icc in (b"rubbish" * 30, grey_profile()):
        found = decoder(saved(smooth(), "PNG", icc_profile=icc))
        assert found["icc"] is None
        assert found["notes"] == []
        assert _differ(found, smooth()) == 0


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied_once(decoder, form):
    options = {"lossless": True} if form == "WEBP" else {}
    for orientation in range(1, 9):
        data = saved(smooth(), form, exif=camera_exif(orientation=orientation), **options)
        found = decoder(data)
        expected = upright(np.asarray(_opened(data)), orientation)
        assert found["pixels"].shape[:2] == expected.shape[:2]
        assert _differ(found, expected) <= (0 if form != "JPEG" else 1), orientation
        written = _opened(found["file"])
        assert written.getexif()[0x0112] == 1
        assert written.size == (found["width"], found["height"])
        inner = written.getexif().get_ifd(ExifTags.IFD.Exif)
        assert (inner[0xA002], inner[0xA003]) == written.size


def test_avif_turns_itself_and_is_converted(decoder, tmp_path):
    options = {"exif": camera_exif(orientation=6), "icc_profile": p3_profile(), "quality": 100}
    data = saved(smooth() // 2 + 60, "AVIF", **options)
    found = decoder(data)
    known = _command_line(tmp_path, data, ".avif")
    assert found["pixels"].shape[:2] == known.picture.pixels.shape[:2] == (96, 72)
    assert found["notes"] == ["note.converted"]
    assert found["icc"] is None
    assert found["flashFired"] is True
    in_srgb = known.profile.to_srgb(known.picture.pixels.astype(np.float32) / 255)
    expected = np.clip(np.round(in_srgb * 255), 0, 255)
    assert _differ(found, expected) <= 2
    written = _opened(found["file"])
    assert written.size == (72, 96)
    assert written.getexif()[0x010F] == "Maker"


# --- Metadata ---------------------------------------------------------------------------------


def test_exif_travels_without_the_place_unless_asked(decoder):
    block = camera_exif(orientation=6, thumbnail=OLD)
    new = np.full((240, 320, 3), (200, 100, 50), np.uint8)
    new[:, :160] = 20
    data = saved(new, "JPEG", exif=block, xmp=PLACE, quality=90)
    for keep in (False, True):
        found = decoder(data, keep=keep)
        assert found["hasPlace"]
        assert found["flashFired"] is True
        written = _opened(found["file"])
        tags = written.getexif()
        assert tags[0x0132] == "2026:02:03 04:05:06"
        assert tags.get_ifd(ExifTags.IFD.Exif)[0x9003] == "2026:02:03 04:05:06"
        assert bool(tags.get_ifd(ExifTags.IFD.GPSInfo)) is keep
        assert ("xmp" in written.info) is keep
        assert (struct.pack("<6I", 48, 1, 12, 1, 30, 1) in found["file"]) is keep
        second = tags.get_ifd(ExifTags.IFD.IFD1)
        start = 6 + second[0x0201]
        jpeg = written.info["exif"][start : start + second[0x0202]]
        shown = np.asarray(_opened(jpeg)).astype(int)
        assert shown.shape == (160, 120, 3)
        np.testing.assert_allclose(shown[:70], 20, atol=12)
        np.testing.assert_allclose(shown[-70:].mean(axis=(0, 1)), (200, 100, 50), atol=4)
        assert OLD not in found["file"]
        assert len(written.info["exif"]) == len(block)
    elsewhere = decoder(saved(new, "JPEG", exif=camera_exif(gps=False), xmp=PACKET))
    assert not elsewhere["hasPlace"]
    assert b"Portrait" in _opened(elsewhere["file"]).info["xmp"]


@pytest.mark.parametrize("quality", [30, 80, 85, 92, 95, 100])
def test_quality_follows_the_source(decoder, node, quality):
    found = decoder(small_jpeg(smooth(), quality))
    assert found["quality"] == quality
    written = node.call("tests/files", "looked", np.frombuffer(found["file"], np.uint8), "")
    assert written["quality"] == max(80, quality)


def test_a_smaller_result_says_its_own_size(decoder):
    data = saved(smooth(), "JPEG", exif=camera_exif(orientation=1))
    written = _opened(decoder(data, scale=0.5)["file"])
    inner = written.getexif().get_ifd(ExifTags.IFD.Exif)
    assert written.size == (inner[0xA002], inner[0xA003]) == (48, 36)


def test_metadata_of_png_and_webp(decoder):
    block = camera_exif(orientation=1)
    info = png_info(PACKET)
    for data in (
        saved(smooth(), "PNG", exif=block, pnginfo=info),
        saved(smooth(), "WEBP", exif=block, xmp=PACKET),
    ):
        found = decoder(data)
        assert found["hasPlace"]
        written = _opened(found["file"])
        assert written.getexif()[0x010F] == "Maker"
        assert not written.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        xmp = written.info["xmp"]
        assert b"Portrait" in (xmp.encode() if isinstance(xmp, str) else xmp)


# --- Kinds of files ---------------------------------------------------------------------------


def test_opacity(decoder):
    pixels = smooth(channels=4)
    found = decoder(saved(pixels, "PNG"), "a.png")
    assert found["hasAlpha"]
    np.testing.assert_array_equal(found["pixels"][..., 3], pixels[..., 3])
    written = np.asarray(_opened(found["file"]))
    np.testing.assert_array_equal(written[..., 3], pixels[..., 3])
    # Browsers multiply colours by opacity, here at least 0.3, and divide again.
    assert _differ(found, pixels[..., :3]) <= 2
    opaque = np.dstack([smooth(), np.full((72, 96), 255, np.uint8)])
    found = decoder(saved(opaque, "PNG"), "a.png")
    assert _differ(found, smooth()) == 0
    np.testing.assert_array_equal(np.asarray(_opened(found["file"]))[..., :3], smooth())


@pytest.mark.parametrize(("form", "most"), [("GIF", 0), ("BMP", 0), ("AVIF", 2)])
def test_other_formats_become_jpeg(decoder, form, most):
    data = saved(smooth(), form)
    found = decoder(data)
    assert found["suffix"] == ".jpg"
    assert found["format"] == form.lower()
    assert _differ(found, np.asarray(_opened(data).convert("RGB"))) <= most
    assert _opened(found["file"]).format == "JPEG"


def test_notes(decoder):
    assert decoder(sixteen_bits())["notes"] == ["note.sixteenBit"]
    for form in ("GIF", "WEBP", "PNG"):
        other = Image.fromarray(255 - smooth())
        found = decoder(saved(smooth(), form, save_all=True, append_images=[other]))
        assert found["notes"] == ["note.animated"]
        assert np.abs(found["pixels"][..., :3].astype(int) - smooth()).mean() < 4
    holed = Image.fromarray(smooth()).quantize(16)
    assert decoder(saved(holed, "GIF", transparency=3))["suffix"] == ".png"


def test_every_refusal_has_its_key(decoder):
    jpeg, png = small_jpeg(smooth()), saved(smooth(), "PNG")
    cut = [jpeg[:-2], jpeg[: len(jpeg) // 2], png[:-12], png[: len(png) // 2], png[:20],
           saved(smooth(), "WEBP")[:-40], saved(smooth(), "AVIF")[:-40],
           saved(smooth(), "BMP")[:-40], saved(smooth(), "GIF")[:60],
           png[:60] + bytes(40) + png[100:], b"\xff\xd8\xff\xd9"]  # fmt: skip
    for data in cut:
        assert decoder(data)["key"] == "error.damaged", data[:12]
    assert decoder(b"")["key"] == "error.empty"
    said = decoder(b"a letter", "letter.jpg")
    assert said == {"key": "error.notPicture", "values": {"name": "letter.jpg"}}
    assert decoder(struct.pack(">I", 16) + b"ftypheic" + b"\1" * 40)["key"] == "error.damaged"
    heic = struct.pack(">I", 16) + b"ftypheic" + bytes(4) + struct.pack(">I", 16) + b"mdat" * 3
    assert decoder(heic)["key"] == "error.heic"
    assert decoder(saved(smooth(), "TIFF"))["key"] == "error.tiff"
    assert decoder(saved(smooth(), "TIFF"), "a.NEF")["key"] == "error.raw"
    assert decoder(b"FUJIFILMCCD-RAW 0201")["key"] == "error.raw"
    assert decoder(saved(smooth(40, 63), "PNG"))["key"] == "error.tooSmall"
    said = decoder(saved(np.zeros((1100, 1000, 3), np.uint8), "PNG"), pixels=10**6)
    assert said == {"key": "error.tooLarge", "values": {"megapixels": 2, "limit": 1}}
