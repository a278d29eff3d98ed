import io
import struct
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from acquisition.errors import StoreError, one_line
from acquisition.prepare.decode import decode_phone, decode_studio, reduced, to_srgb8
from acquisition.simulate import raw
from acquisition.simulate.feed import Feed, StudioExposure
from acquisition.simulate.settings import FeedSettings
from tests.acquisition.prepare import profiles

P3 = profiles.rgb_profile(
    profiles.DISPLAY_P3, profiles.parametric(*profiles.SRGB_CURVE), "Display P3"
)
ADOBE = profiles.rgb_profile(profiles.ADOBE, profiles.gamma(563 / 256), "Adobe RGB (1998)")
TAKEN = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
META = raw.RawMeta(taken=TAKEN, exposure_s=0.01, f_number=4.0, iso=100, serial="SECRET-1", number=1)
# How the stored pixels come from the upright picture, by EXIF's own words about row 0, column 0.
STORED = {
    1: lambda upright: upright,
    2: lambda upright: np.fliplr(upright),
    3: lambda upright: np.rot90(upright, 2),
    4: lambda upright: np.flipud(upright),
    5: lambda upright: np.swapaxes(upright, 0, 1),
    6: lambda upright: np.rot90(upright, 1),  # 6: turn clockwise to see it
    7: lambda upright: np.swapaxes(np.rot90(upright, 2), 0, 1),
    8: lambda upright: np.rot90(upright, -1),
}


def curve(encoded):
    encoded = np.asarray(encoded, np.float64)
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def encoded_curve(linear):
    linear = np.clip(np.asarray(linear, np.float64), 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def colour(*rgb, size=(4, 6)) -> np.ndarray:
    return np.broadcast_to(np.array(rgb, np.uint8), (*size, 3)).copy()


def scene(height: int, width: int) -> np.ndarray:
    """Smooth, and different in each corner."""
    small = np.random.default_rng(5).integers(20, 236, (4, 5, 3), dtype=np.uint8)
    return cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC)


def saved(path: Path, picture: np.ndarray, kind: str = "PNG", **options) -> Path:
    Image.fromarray(picture).save(path, kind, **options)
    return path


def tagged(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_every_code_of_srgb_comes_out_by_the_exact_curve(tmp_path):
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = np.stack([codes, codes[::-1], codes.T], axis=2)
    decoded = decode_phone(saved(tmp_path / "a.png", picture))
    np.testing.assert_allclose(decoded.linear, curve(picture / 255), rtol=1e-6, atol=1e-9)
    assert (decoded.source, decoded.encoded_profile, decoded.exif) == ("jpeg", "sRGB", {})
    np.testing.assert_array_equal(to_srgb8(decoded.linear), picture)


def test_values_by_hand(tmp_path):
    picture = np.full((2, 2, 3), round(0.5 * 65535), np.uint16)
    picture[0, 0] = 0, 65535, 1311
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), picture[..., ::-1])
    linear = decode_phone(path).linear
    assert linear[1, 1] == pytest.approx([0.21404] * 3, abs=1e-5)
    assert linear[0, 0] == pytest.approx([0.0, 1.0, 1311 / 65535 / 12.92], abs=1e-8)


@pytest.mark.parametrize("suffix", ["png", "tiff"])
def test_sixteen_bits_stay_sixteen(tmp_path, suffix):
    codes = np.arange(0, 65536, 7, dtype=np.uint16)[:9216].reshape(96, 96)
    picture = np.stack([codes, codes[::-1], codes.T], axis=2)
    path = tmp_path / f"deep.{suffix}"
    cv2.imwrite(str(path), picture[..., ::-1])
    linear = decode_phone(path).linear
    np.testing.assert_allclose(linear, curve(picture / 65535), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "WEBP", "JPEG"])
def test_all_containers(tmp_path, kind):
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 100, "subsampling": 0}}
    picture = scene(32, 40)
    path = saved(tmp_path / "a", picture, kind, **options.get(kind, {}))
    difference = to_srgb8(decode_phone(path).linear).astype(int) - picture
    assert np.abs(difference).max() <= (4 if kind == "JPEG" else 0)


def test_grey_and_transparent_pictures_become_three_channels(tmp_path):
    grey = scene(8, 8)[..., 0]
    linear = decode_phone(saved(tmp_path / "g.png", grey)).linear
    np.testing.assert_allclose(linear, curve(grey / 255)[..., None].repeat(3, 2), rtol=1e-6)
    image = Image.fromarray(scene(8, 8))
    image.putalpha(7)
    image.save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        to_srgb8(decode_phone(tmp_path / "a.png").linear), np.asarray(image.convert("RGB"))
    )


@pytest.mark.parametrize(
    ("icc", "rgb", "expected"),
    [
        # CSS Color 4: color(display-p3 1 0 0) and its green, in linear sRGB.
        (P3, (255, 0, 0), (1.22494, -0.04206, -0.01964)),
        (P3, (0, 255, 0), (-0.22494, 1.04206, -0.07864)),
        (P3, (0, 0, 255), (0.0, 0.0, 1.09828)),
        (ADOBE, (255, 0, 0), (1.39836, 0.0, 0.0)),
        (ADOBE, (0, 255, 0), (-0.39836, 1.0, -0.04293)),
        (P3, (255, 255, 255), (1.0, 1.0, 1.0)),
        (ADOBE, (255, 255, 255), (1.0, 1.0, 1.0)),
        (ADOBE, (128, 128, 128), ((128 / 255) ** 2.19921875,) * 3),
    ],
)
def test_wide_gamut_is_neither_cut_nor_taken_for_srgb(tmp_path, icc, rgb, expected):
    decoded = decode_phone(saved(tmp_path / "a.png", colour(*rgb), icc_profile=icc))
    assert decoded.linear[0, 0] == pytest.approx(expected, abs=4e-4)
    assert decoded.encoded_profile == ("Display P3" if icc is P3 else "Adobe RGB (1998)")
    assert to_srgb8(decoded.linear)[0, 0].min() >= 0


@pytest.mark.parametrize("icc", [P3, ADOBE], ids=["p3", "adobe"])
def test_littlecms_agrees_where_both_have_the_colour(tmp_path, icc):
    picture = np.random.default_rng(2).integers(90, 160, (16, 16, 3), dtype=np.uint8)
    decoded = decode_phone(saved(tmp_path / "a.png", picture, icc_profile=icc))
    assert (decoded.linear > 0).all()
    other = ImageCms.profileToProfile(
        Image.fromarray(picture),
        io.BytesIO(icc),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
    )
    difference = to_srgb8(decoded.linear).astype(int) - np.asarray(other)
    assert np.abs(difference).max() <= 1
    assert np.abs(to_srgb8(decoded.linear).astype(int) - picture).max() > 3


def test_an_srgb_profile_is_srgb_exactly(tmp_path):
    picture = scene(16, 16)
    for number, icc in enumerate(
        [
            ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
            profiles.rgb_profile(
                profiles.SRGB,
                profiles.table([round(65535 * curve(i / 1023).item()) for i in range(1024)]),
                "sRGB of a table",
            ),
        ]
    ):
        path = saved(tmp_path / f"{number}.png", picture, icc_profile=icc)
        decoded = decode_phone(path)
        np.testing.assert_array_equal(to_srgb8(decoded.linear), picture)
        np.testing.assert_allclose(decoded.linear, curve(picture / 255), rtol=1e-6)
        assert decoded.encoded_profile.startswith("sRGB")


@pytest.mark.parametrize(
    ("tag", "light"),
    [
        (profiles.gamma(1.0), lambda x: x),
        (b"curv" + bytes(8), lambda x: x),
        (profiles.table([0, 16384, 65535]), lambda x: np.interp(x, [0, 0.5, 1], [0, 0.25, 1])),
        (profiles.parametric(0, 1.5), lambda x: x**1.5),
        (profiles.parametric(1, 2.0, 1.25, -0.25), lambda x: np.maximum(1.25 * x - 0.25, 0) ** 2),
        (
            profiles.parametric(2, 2.0, 1.0, -0.2, 0.1),
            lambda x: np.maximum(x - 0.2, 0) ** 2 + 0.1,
        ),
        (
            profiles.parametric(4, 2.0, 0.9, 0.1, 0.5, 0.3, 0.0, 0.02),
            lambda x: np.where(x >= 0.3, (0.9 * x + 0.1) ** 2, 0.5 * x + 0.02),
        ),
    ],
)
def test_each_kind_of_curve(tmp_path, tag, light):
    codes = np.arange(256, dtype=np.uint8).reshape(16, 16)
    icc = profiles.grey_profile(tag, "a grey")
    decoded = decode_phone(saved(tmp_path / "g.png", codes, icc_profile=icc))
    assert decoded.encoded_profile == "a grey"
    expected = light(codes / 255.0)[..., None].repeat(3, 2)
    np.testing.assert_allclose(decoded.linear, expected, atol=5e-5)


def test_cameras_that_name_adobe_rgb_without_a_profile_are_believed(tmp_path):
    exif = tagged(1)
    exif.get_ifd(0x8769)[0xA005] = {1: "R03"}
    picture = colour(0, 255, 0)
    picture[1] = 128
    decoded = decode_phone(saved(tmp_path / "_MG_1.png", picture, exif=exif.tobytes()))
    assert decoded.encoded_profile == "Adobe RGB (1998)"
    assert decoded.linear[0, 0] == pytest.approx([-0.39836, 1.0, -0.04293], abs=4e-4)
    assert decoded.linear[1, 0] == pytest.approx([(128 / 255) ** 2.19921875] * 3, abs=1e-6)


def test_a_damaged_profile_is_noted_and_the_picture_is_srgb(tmp_path):
    for icc in (P3[:200], b"\xff" * 400):
        path = saved(tmp_path / "a.png", colour(188, 188, 188), icc_profile=icc)
        decoded = decode_phone(path)
        assert "cannot be read" in decoded.encoded_profile
        assert decoded.linear[0, 0, 0] == pytest.approx(curve(188 / 255))


def test_a_cmyk_picture_without_profile_is_still_a_picture(tmp_path):
    Image.new("CMYK", (8, 8), (0, 0, 0, 0)).save(tmp_path / "a.jpg")
    np.testing.assert_allclose(decode_phone(tmp_path / "a.jpg").linear, 1.0, atol=1e-2)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_come_out_upright(tmp_path, orientation):
    upright = scene(24, 40)
    stored = np.ascontiguousarray(STORED[orientation](upright))
    path = tmp_path / "a.jpg"
    saved(path, stored, "JPEG", quality=100, subsampling=0, exif=tagged(orientation))
    decoded = decode_phone(path)
    assert decoded.exif["Orientation"] == orientation
    assert np.abs(to_srgb8(decoded.linear).astype(int) - upright).max() <= 3
    assert decoded.linear.flags.c_contiguous


def dng(picture: np.ndarray, orientation: int = 1) -> bytes:
    data = raw.write_dng(raw.mosaic(picture, 14), 14, META)
    upright = struct.pack("<HHIHH", 274, 3, 1, 1, 0)
    assert data.count(upright) == 1
    return data.replace(upright, struct.pack("<HHIHH", 274, 3, 1, orientation, 0))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_raw_files_come_out_upright_and_as_bright_as_the_light(tmp_path, orientation):
    upright = scene(96, 128)
    path = tmp_path / "a.dng"
    path.write_bytes(dng(np.ascontiguousarray(STORED[orientation](upright)), orientation))
    decoded = decode_studio(path, None)
    assert decoded.linear.shape == upright.shape
    assert (decoded.source, decoded.encoded_profile) == ("raw", "sRGB")
    inner = np.s_[6:-6, 6:-6]
    difference = to_srgb8(decoded.linear)[inner].astype(int) - upright[inner]
    assert np.percentile(np.abs(difference), 99) <= 4
    assert np.abs(difference.mean((0, 1))).max() < 0.25


@pytest.mark.parametrize("level", [0, 1, 64, 188, 255])
def test_a_raw_file_of_one_grey_has_that_light_and_no_automatic_brightness(tmp_path, level):
    path = tmp_path / "a.dng"
    path.write_bytes(dng(colour(level, level, level, size=(64, 64))))
    linear = decode_studio(path, None).linear
    np.testing.assert_allclose(linear, curve(level / 255), atol=1.5e-4)


def test_the_camera_s_own_white_balance_is_used(tmp_path):
    """A grey card in warm light, which the camera has measured, and daylight has not."""
    warm = np.array([0.8, 1.0, 0.35])
    black, white = raw.levels(14)
    sensor = np.full((64, 64), round(black + 0.4 * (white - black)), np.uint16)
    sensor[0::2, 0::2] = round(black + 0.4 * warm[0] * (white - black))
    sensor[1::2, 1::2] = round(black + 0.4 * warm[2] * (white - black))
    packed = [
        b"".join(struct.pack("<II", round(gain * 1_000_000), 1_000_000) for gain in gains)
        for gains in (raw.WHITE_BALANCE, warm)
    ]
    data = raw.write_dng(sensor, 14, META)
    assert data.count(packed[0]) == 1
    path = tmp_path / "a.dng"
    path.write_bytes(data.replace(*packed))
    red, green, blue = decode_studio(path, None).linear[32, 32]
    assert red == pytest.approx(green, rel=2e-3)
    assert blue == pytest.approx(green, rel=2e-3)


@pytest.mark.parametrize("light", [(0.9, 0.01, 0.01), (0.01, 0.9, 0.01)])
def test_colours_that_only_the_sensor_has_are_not_cut(tmp_path, monkeypatch, light):
    """A camera with the primaries of Display P3; the developer alone would cut at sRGB's border."""
    to_xyz = profiles.to_xyz(profiles.DISPLAY_P3)
    monkeypatch.setattr(raw, "XYZ_TO_SRGB", np.linalg.inv(to_xyz))
    black, white = raw.levels(14)
    readings = np.round(black + np.array(light) * raw.WHITE_BALANCE * (white - black))
    sensor = np.empty((64, 64), np.uint16)
    for row, column, channel in ((0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 2)):
        sensor[row::2, column::2] = readings[channel]
    path = tmp_path / "a.dng"
    path.write_bytes(raw.write_dng(sensor, 14, META))
    linear = decode_studio(path, None).linear[32, 32]
    expected = np.linalg.solve(profiles.to_xyz(profiles.SRGB), to_xyz @ light)
    assert linear == pytest.approx(expected, abs=5e-4)
    assert linear.min() < -0.02


def test_the_studio_prefers_raw_and_takes_the_jpeg_without(tmp_path):
    feed = Feed(FeedSettings(phone_px=(240, 320), studio_px=(320, 480)))
    shot = StudioExposure(taken=TAKEN, exposure_s=0.01, f_number=8.0, iso=200, number=3)
    paths = tmp_path / "studio.dng", tmp_path / "studio.jpg"
    paths[0].write_bytes(feed.studio_raw(0, shot))
    paths[1].write_bytes(feed.studio_jpeg(0, shot))
    developed, encoded = decode_studio(*paths), decode_studio(None, paths[1])
    assert (developed.source, encoded.source) == ("raw", "jpeg")
    for decoded in (developed, encoded):
        assert decoded.exif["ISO"] == 200
        assert "SECRET" not in str(decoded.exif)
    smooth = [reduced(decoded.linear, 60) for decoded in (developed, encoded)]
    np.testing.assert_allclose(smooth[0], smooth[1], atol=0.02)
    with pytest.raises(StoreError, match="neither a raw file nor a JPEG"):
        decode_studio(None, None)


def refused(path: Path, match: str, decode) -> None:
    with pytest.raises(StoreError, match=match) as caught:
        decode(path)
    assert str(path) in str(caught.value)
    assert str(caught.value) == one_line(caught.value)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("progressive", [False, True])
def test_half_written_pictures_are_refused(tmp_path, kind, progressive):
    buffer = io.BytesIO()
    options = {"progressive": progressive} if kind == "JPEG" else {}
    Image.fromarray(scene(64, 80)).save(buffer, kind, exif=tagged(6), icc_profile=P3, **options)
    data = buffer.getvalue()
    path = tmp_path / "phone_flash.bin"
    path.write_bytes(data)
    decode_phone(path)
    ends = [len(data) - 1, len(data) - 2] if kind == "JPEG" else [len(data) - 14]
    for end in (1, 3, 12, 100, len(data) // 3, len(data) // 2, len(data) * 9 // 10, *ends):
        path.write_bytes(data[:end])
        refused(path, "no whole picture .*copy it again", decode_phone)
    if kind == "TIFF":
        return  # zeros are pixels there
    # A crash may leave the length and no content.
    path.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    refused(path, "no whole picture", decode_phone)


def test_the_end_of_a_thumbnail_is_not_the_end_of_the_picture(tmp_path):
    path = saved(tmp_path / "a.jpg", scene(64, 80), "JPEG", comment=b"thumbnail\xff\xd9")
    decode_phone(path)
    data = path.read_bytes()
    # A file that was made as long as it shall be, then half filled; Pillow takes it for whole.
    path.write_bytes(data[: len(data) * 2 // 3] + bytes(100_000))
    refused(path, "its end is missing", decode_phone)


def test_a_deep_picture_that_is_cut_is_refused(tmp_path):
    path = tmp_path / "deep.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 65536, (64, 64, 3), np.uint16))
    path.write_bytes(path.read_bytes()[:-9000])
    refused(path, "no whole picture", decode_phone)


def test_what_a_phone_appends_is_no_damage(tmp_path):
    """A film holds every pair of bytes, also those that would begin a scan."""
    path = saved(tmp_path / "a.jpg", scene(24, 24), "JPEG")
    expected = decode_phone(path).linear
    path.write_bytes(path.read_bytes() + b"ftypmp42" + b"\xff\xda\xff" * 30)
    np.testing.assert_array_equal(decode_phone(path).linear, expected)


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"", "is empty"),
        (b"<html>no</html>", "begins with 3c 68 74 6d"),
        (b"\xff\xd8\xff\xe0" + bytes(60), "no whole picture"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC picture.*set the phone to JPEG"),
    ],
)
def test_other_content_is_no_picture(tmp_path, data, match):
    path = tmp_path / "phone flash.jpg"
    path.write_bytes(data)
    refused(path, match, decode_phone)
    path.unlink()
    refused(path, "cannot read", decode_phone)


def test_half_written_and_false_raw_files_are_refused(tmp_path):
    path, data = tmp_path / "studio.dng", dng(scene(64, 64))

    def decode(file):
        return decode_studio(file, None)

    for end in (4, 60, 300, len(data) // 3, len(data) // 2, len(data) - 1):
        path.write_bytes(data[:end])
        refused(path, "raw file.*copy it again", decode)
    for content in (b"", b"II*\0" + bytes(400), b"<html>no</html>" * 30, b"\xff\xd8\xff" * 90):
        path.write_bytes(content)
        refused(path, "copy it again", decode)
    path.unlink()
    refused(path, "No such file", decode)


@settings(deadline=None)
@given(st.lists(st.floats(-0.5, 1.5, width=32), min_size=3, max_size=60))
def test_encoding_rounds_the_exact_curve(values):
    linear = np.array(values[: len(values) // 3 * 3], np.float32).reshape(1, -1, 3)
    exact = encoded_curve(linear) * 255
    assert np.abs(to_srgb8(linear) - exact).max() <= 0.5 + 1e-4


def test_encoding_changes_exactly_at_the_borders_of_the_codes():
    borders = curve((np.arange(255) + 0.5) / 255).astype(np.float32)
    for step, codes in ((1, np.arange(1, 256)), (-1, np.arange(255))):
        beside = borders * np.float32(1 + step * 1e-6)
        picture = np.broadcast_to(beside[None, :, None], (2, 255, 3)).copy()
        np.testing.assert_array_equal(to_srgb8(picture)[0, :, 0], codes)


@settings(deadline=None)
@given(st.integers(1, 70), st.integers(1, 70), st.integers(1, 80))
def test_a_reduced_picture_of_one_colour_is_that_colour(height, width, long_side):
    linear = np.broadcast_to(np.float32([0.3, 0.7, 0.001]), (height, width, 3)).copy()
    smaller = reduced(linear, long_side)
    np.testing.assert_allclose(smaller, linear[:1, :1] + 0 * smaller, rtol=1e-5)
    assert max(smaller.shape[:2]) == min(long_side, max(height, width))


def test_a_reduced_picture_is_the_mean_light_of_areas():
    linear = np.random.default_rng(3).random((60, 90, 3), np.float32)
    expected = linear.reshape(20, 3, 30, 3, 3).mean((1, 3))
    np.testing.assert_allclose(reduced(linear, 30), expected, rtol=1e-5)
    assert reduced(linear, 90) is linear
    assert reduced(linear, 4000) is linear
    # Light, not codes: black and white stripes give half of the light, code 188.
    stripes = np.zeros((8, 8, 3), np.float32)
    stripes[::2] = 1
    assert (to_srgb8(reduced(stripes, 4)) == 188).all()


@pytest.mark.parametrize("size", [(3001, 24), (24, 3001)])
def test_a_reduction_by_an_odd_ratio_keeps_a_constant(size):
    """OpenCV alone is off by 3e-4 here."""
    linear = np.full((*size, 3), 0.3, np.float32)
    np.testing.assert_allclose(reduced(linear, 1279), 0.3, rtol=1e-5)
