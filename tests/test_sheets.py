"""Contact sheets: every picture is where its row and column say, and nothing is cut or squeezed."""

import numpy as np
import pytest

from deepflash.errors import UsageError
from deepflash.sheets import comparison_sheet, difference_picture

RED, GREEN, BLUE = (200, 10, 10), (10, 200, 10), (10, 10, 200)


def plain(colour, height=40, width=40):
    return np.full((height, width, 3), colour, np.uint8)


def box_of(sheet, colour):
    """Rows and columns (first, last) where exactly this colour is found."""
    ys, xs = np.nonzero((sheet == colour).all(axis=2))
    return ys.min(), ys.max(), xs.min(), xs.max()


def test_difference_of_zero_is_mid_grey_and_sign_shows():
    correction = np.array([[[0.0, 1.0, -1.0], [0.5, -0.5, 3.0]]], np.float32)

    picture = difference_picture(correction)

    # 255 * (0.5 + c / 2), halves rounded up: 127.5 -> 128, 191.25 -> 191, 63.75 -> 64.
    assert picture.tolist() == [[[128, 255, 0], [191, 64, 255]]]


def test_pictures_stand_in_the_order_of_columns_and_rows():
    rows = [{"flash": plain(RED), "studio": plain(GREEN)}, {"flash": plain(BLUE)}]

    sheet = comparison_sheet(rows, columns=["flash", "studio"], height_px=40)

    red, green, blue = (box_of(sheet, colour) for colour in (RED, GREEN, BLUE))
    assert red[:2] == green[:2]
    assert red[3] < green[2]
    assert blue[0] > red[1]
    assert blue[2:] == red[2:]
    for top, bottom, left, right in (red, green, blue):
        assert (bottom - top + 1, right - left + 1) == (40, 40)


def test_a_cell_without_picture_stays_empty_and_keeps_its_place():
    full = [{"flash": plain(RED), "studio": plain(GREEN)}]
    lacking = [{"studio": plain(GREEN)}]

    a = comparison_sheet(full, columns=["flash", "studio"], height_px=40)
    b = comparison_sheet(lacking, columns=["flash", "studio"], height_px=40)

    assert a.shape == b.shape
    assert box_of(a, GREEN) == box_of(b, GREEN)
    assert not (b == RED).all(axis=2).any()


@pytest.mark.parametrize(("height", "width"), [(300, 100), (100, 150), (33, 47)])
def test_a_picture_of_another_shape_is_fitted_whole_with_its_aspect_ratio(height, width):
    rows = [{"a": plain(RED, height, width), "b": plain(GREEN, 60, 90)}]

    sheet = comparison_sheet(rows, columns=["a", "b"], height_px=120)

    top, bottom, left, right = box_of(sheet, RED)
    shown = (right - left + 1) / (bottom - top + 1)
    assert shown == pytest.approx(width / height, rel=0.05)
    assert bottom - top + 1 <= 120
    assert box_of(sheet, GREEN)[2] > right


def test_a_picture_of_the_cells_size_is_copied_pixel_for_pixel():
    noise = np.random.default_rng(3).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    sheet = comparison_sheet([{"a": noise}], columns=["a"], height_px=64)

    windows = np.lib.stride_tricks.sliding_window_view(sheet, noise.shape)[..., 0, :, :, :]
    assert (windows == noise).all(axis=(2, 3, 4)).sum() == 1


def test_captions_title_and_column_names_leave_ink():
    rows = [{"a": plain(RED)}, {"a": plain(RED)}]

    def dark(sheet):
        return int((sheet.max(axis=2) < 128).sum())

    names = comparison_sheet(rows, columns=["a"], height_px=40)
    longer = comparison_sheet(rows, columns=["a"], height_px=40, title="Title")
    captioned = comparison_sheet(rows, columns=["a"], height_px=40, captions=["p1", "p2"])

    assert dark(names) > 0
    assert dark(longer) > dark(names)
    assert longer.shape[0] > names.shape[0]
    assert dark(captioned) > dark(names)
    assert captioned.shape[0] > names.shape[0]


def test_captions_do_not_run_into_the_next_row():
    rows = [{"a": plain(RED)}, {"a": plain(BLUE)}]

    def gap(caption):
        sheet = comparison_sheet(rows, columns=["a"], height_px=40, captions=[caption, ""])
        return box_of(sheet, BLUE)[0] - box_of(sheet, RED)[1]

    # At 40 pixels a cell holds one word a line; a line is more than 10 pixels high.
    assert gap("one") > gap("") + 10
    assert gap("three seven eight") > gap("three") + 20


def test_a_fitted_picture_stands_in_the_middle_of_its_cell():
    rows = [{"a": plain(RED, 100, 20)}, {"a": plain(BLUE, 100, 100)}]

    sheet = comparison_sheet(rows, columns=["a"], height_px=100)

    narrow, wide = box_of(sheet, RED), box_of(sheet, BLUE)
    assert narrow[2] - wide[2] == wide[3] - narrow[3] == 40


def test_a_long_caption_wraps_and_is_not_cut_off():
    rows = [{"a": plain(RED, 100, 100)}]

    short = comparison_sheet(rows, columns=["a"], height_px=100, captions=["one"])
    long = comparison_sheet(rows, columns=["a"], height_px=100, captions=["one two three " * 5])

    assert long.shape[1] == short.shape[1]
    assert long.shape[0] > short.shape[0] + 20
    # Nothing may touch the margin: a word that runs out of the sheet would.
    assert (long[:, -4:] > 200).all()


@pytest.mark.parametrize(
    ("rows", "arguments", "said"),
    [
        ([], {"columns": ["a"]}, "at least one row"),
        ([{"a": plain(RED)}], {"columns": []}, "at least one row and one column"),
        ([{"b": plain(RED)}], {"columns": ["a"]}, "a row holds b"),
        ([{"a": plain(RED)}], {"columns": ["a"], "captions": ["x", "y"]}, "1 rows .* 2 captions"),
    ],
)
def test_a_sheet_that_cannot_be_made_says_why(rows, arguments, said):
    with pytest.raises(UsageError, match=said):
        comparison_sheet(rows, **arguments)


def test_accents_that_the_font_lacks_are_written_without():
    rows = [{"a": plain(RED, 100, 100)}]

    accents = comparison_sheet(rows, columns=["a"], captions=["José Muñoz ±1"], height_px=200)
    without = comparison_sheet(rows, columns=["a"], captions=["Jose Munoz ±1"], height_px=200)

    np.testing.assert_array_equal(accents, without)
