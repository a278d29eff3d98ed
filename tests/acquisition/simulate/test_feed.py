"""What both simulated devices see, and the files that hold it."""

import io
from datetime import UTC, datetime

import cv2
import numpy as np
import pytest
import rawpy
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from acquisition.errors import UsageError
from acquisition.simulate.feed import Feed, StudioExposure
from acquisition.simulate.raw import levels, mosaic
from acquisition.simulate.settings import FeedSettings
from acquisition.simulate.similarity import Similarity, similarity_of

TAKEN = datetime(2026, 11, 22, 14, 15, 30, 370_000, tzinfo=UTC)
SMALL = FeedSettings(phone_px=(300, 400), studio_px=(400, 600))


def shot(number=1):
    return StudioExposure(
        taken=TAKEN, exposure_s=1 / 125, f_number=5.6, iso=200, number=number, serial="S1"
    )


def pixels(jpeg):
    return np.asarray(Image.open(io.BytesIO(jpeg)).convert("RGB")).astype(float)


def exif(jpeg):
    return Image.open(io.BytesIO(jpeg)).getexif().get_ifd(ExifTags.IFD.Exif)


@pytest.fixture(scope="module")
def feed():
    return Feed(SMALL)


def test_the_phones_pictures_say_whether_the_flash_fired(feed):
    flash, reference = (
        exif(feed.phone_flash(0, TAKEN, 1)),
        exif(feed.phone_reference(0, TAKEN, 2)),
    )
    assert (flash[ExifTags.Base.Flash] & 1, reference[ExifTags.Base.Flash] & 1) == (1, 0)
    assert flash[ExifTags.Base.DateTimeOriginal] == "2026:11:22 14:15:30"
    assert flash[ExifTags.Base.SubsecTimeOriginal] == "370"
    assert flash[ExifTags.Base.OffsetTimeOriginal] == "+00:00"
    assert float(flash[ExifTags.Base.ExposureTime]) == pytest.approx(1 / 60, rel=1e-3)
    assert flash[ExifTags.Base.ISOSpeedRatings] == 100
    names = Image.open(io.BytesIO(feed.phone_flash(0, TAKEN, 1))).getexif()
    assert (names[ExifTags.Base.Make], names[ExifTags.Base.Model]) == (
        "DeepFlash",
        "Simulated phone",
    )


def test_the_reference_is_dark_and_shows_the_same(feed):
    flash, reference = pixels(feed.phone_flash(2, TAKEN, 1)), pixels(
        feed.phone_reference(2, TAKEN, 1)
    )  # fmt: skip
    assert flash.shape == reference.shape == (400, 300, 3)
    assert np.median(reference) < 0.3 * np.median(flash)
    assert np.corrcoef(flash.ravel(), reference.ravel())[0, 1] > 0.5


def test_the_studios_view_is_the_known_similarity_away_from_the_phones():
    plain = FeedSettings(phone_px=(400, 600), studio_px=(400, 600), ambient=1.0)
    feed = Feed(plain)
    phone, studio = pixels(feed.phone_reference(4, TAKEN, 1)), pixels(feed.studio_jpeg(4, shot()))
    matrix = np.array(feed.truth(4).matrix(plain.phone_px, plain.studio_px))
    moved = cv2.warpAffine(phone, matrix, plain.studio_px)
    inner = (slice(60, -60), slice(60, -60))
    apart = np.abs(phone - studio)[inner].mean()
    assert np.abs(moved - studio)[inner].mean() < min(4.0, 0.5 * apart)


def test_every_file_differs_and_the_same_number_gives_the_same_file(feed):
    made = [feed.phone_flash(0, TAKEN, 1), feed.phone_flash(0, TAKEN, 2)]
    made += [feed.studio_jpeg(0, shot(1)), feed.studio_jpeg(0, shot(2))]
    made += [feed.studio_raw(0, shot(1)), feed.studio_raw(0, shot(2))]
    made += [feed.phone_flash(1, TAKEN, 1), feed.phone_flash(len(feed), TAKEN, 3)]
    assert len(set(made)) == 8
    assert Feed(SMALL).studio_raw(0, shot(1)) == made[4]


def test_a_participant_stays_one_person_whose_pairs_take_turns(feed):
    assert len(feed) == 120
    assert feed.scene(2, 3) == 13
    people = [
        [feed.name(feed.scene(participant, pose)).rpartition("-")[0] for pose in range(5)]
        for participant in range(60)
    ]
    assert all(len(set(names)) == 1 for names in people)
    assert len({names[0] for names in people}) == 60
    assert feed.name(feed.scene(60, 0)) == feed.name(0)
    first = [feed.name(feed.scene(0, pose)) for pose in range(3)]
    assert first[0] == first[2] != first[1]


@pytest.mark.parametrize("bits", [12, 14, 16])
def test_a_raw_file_develops_into_the_picture(bits):
    feed = Feed(FeedSettings(phone_px=(300, 400), studio_px=(400, 600), raw_bits=bits))
    jpeg = pixels(feed.studio_jpeg(6, shot()))
    with rawpy.imread(io.BytesIO(feed.studio_raw(6, shot()))) as opened:
        assert opened.raw_image.shape == (600, 400)
        assert (opened.black_level_per_channel[0], opened.white_level) == levels(bits)
        developed = opened.postprocess(
            use_camera_wb=True, no_auto_bright=True, gamma=(2.4, 12.92), adjust_maximum_thr=0.0
        ).astype(float)
    assert np.abs(developed - jpeg).mean() < 3.0
    assert np.abs((developed - jpeg).mean(axis=(0, 1))).max() < 1.0


def test_a_mosaic_by_hand():
    picture = np.zeros((2, 2, 3), np.uint8)
    picture[..., 0], picture[..., 1], picture[..., 2] = 255, 255, 0
    assert mosaic(picture, 12).tolist() == [[2310, 4095], [4095, 128]]


def test_a_raw_file_says_when_it_was_taken(feed):
    tags = Image.Exif()
    tags.load(b"Exif\x00\x00" + feed.studio_raw(0, shot()))
    details = tags.get_ifd(ExifTags.IFD.Exif)
    assert details[ExifTags.Base.DateTimeOriginal] == "2026:11:22 14:15:30"
    assert details[ExifTags.Base.SubsecTimeOriginal] == "37"
    assert float(details[ExifTags.Base.FNumber]) == 5.6
    assert details[ExifTags.Base.ISOSpeedRatings] == 200
    assert tags[ExifTags.Base.Orientation] == 1


def test_a_plain_folder_of_pictures_is_a_feed(tmp_path):
    for name, colour in (("a_flash.jpg", 200), ("a_studio.png", 90), ("b_flash.png", 10),
                         ("b_ambient.jpg", 150), ("c_flash.jpg", 0)):  # fmt: skip
        Image.new("RGB", (64, 48), (colour,) * 3).save(tmp_path / name)
    feed = Feed(FeedSettings(folder=str(tmp_path), phone_px=(60, 80), studio_px=(80, 120)))
    assert [feed.name(scene) for scene in range(len(feed))] == ["a", "b"]
    assert pixels(feed.phone_flash(0, TAKEN, 1)).mean() == pytest.approx(200, abs=1)
    assert pixels(feed.studio_jpeg(1, shot())).mean() == pytest.approx(150, abs=1)
    assert pixels(feed.studio_jpeg(1, shot())).shape == (120, 80, 3)


def test_what_cannot_be_a_feed_is_said_in_one_line(tmp_path):
    with pytest.raises(UsageError, match="no pairs in"):
        Feed(FeedSettings(folder=str(tmp_path)))
    (tmp_path / "manifest.jsonl").write_text("{}\n")
    with pytest.raises(UsageError, match="not a pair record"):
        Feed(FeedSettings(folder=str(tmp_path)))
    with pytest.raises(UsageError, match="even sides"):
        Feed(FeedSettings(studio_px=(101, 100)))
    with pytest.raises(UsageError, match="12, 14 or 16"):
        Feed(FeedSettings(raw_bits=10))


@settings(max_examples=50, deadline=None)
@given(scene=st.integers(0, 10_000), seed=st.integers(0, 5))
def test_similarities_are_small_known_and_never_nothing(scene, seed):
    similarity = similarity_of(scene, seed)
    assert similarity == similarity_of(scene, seed)
    assert abs(similarity.rotation_deg) < 1.5
    assert 0.019 < abs(similarity.scale - 1) <= 0.04 + 1e-9
    assert max(abs(similarity.shift_x), abs(similarity.shift_y)) <= 0.02


def test_a_similaritys_matrix_by_hand():
    turned = Similarity(scale=2.0, rotation_deg=90.0, shift_x=0.1, shift_y=0.0)
    matrix = np.array(turned.matrix((11, 11), (21, 21)))
    # The middle goes to the middle and the shift; what was right of it comes below.
    assert matrix @ [5, 5, 1] == pytest.approx([10 + 2.1, 10])
    assert matrix @ [6, 5, 1] == pytest.approx([10 + 2.1, 10 + 2 * 21 / 11])
