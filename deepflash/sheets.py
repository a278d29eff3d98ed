"""Contact sheets: rows of pictures under column names, to look at rather than to read."""

import unicodedata
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

from deepflash.errors import UsageError
from deepflash.pictures import from_unit

_PAPER, _EMPTY, _INK, _FAINT = (250, 250, 248), (226, 226, 224), (24, 24, 24), (112, 112, 112)
_ALSO_IN_FONT = "±·°"
_GAP_PX = 8
# Wider or narrower cells than these would waste most of the sheet on the other pictures' margins.
_NARROWEST, _WIDEST = 0.5, 1.6


def difference_picture(
    correction: Float32[np.ndarray, "h w 3"],
) -> UInt8[np.ndarray, "h w 3"]:
    """Returns a signed correction in [-1,1] as a picture around mid-grey: 0.5 + correction / 2.

    Grey (128) is no change, brighter is more, darker is less; larger values are clipped.
    """
    return from_unit(np.float32(0.5) + correction / np.float32(2))


def comparison_sheet(
    rows: Sequence[Mapping[str, UInt8[np.ndarray, "_ _ 3"]]],
    *,
    columns: Sequence[str],
    captions: Sequence[str] = (),
    title: str = "",
    height_px: int = 256,
) -> UInt8[np.ndarray, "sheet_h sheet_w 3"]:
    """Returns one picture with a row per pair and a column per kind of picture.

    Every cell is `height_px` high and equally wide; a picture of another aspect ratio is
    scaled to fit, on an empty margin. A row may lack a column: its cell stays empty.

    Args:
        rows: sRGB-encoded RGB pictures by column name; sizes may differ.
        columns: names of the columns, left to right; they head the sheet.
        captions: one text per row (name, figures), set below the row and wrapped at words.
        title: a line above the column names.
        height_px: height of a cell in pixels.

    Raises:
        UsageError: no rows or columns, a picture under a name that is no column, or captions
            that do not match the rows.
    """
    _check(rows, columns, captions)
    cell_w, cell_h = _cell_size(rows, height_px)
    body = ImageFont.load_default(size=max(11, height_px // 18))
    head = ImageFont.load_default(size=max(13, height_px // 14))
    width = len(columns) * (cell_w + _GAP_PX) + _GAP_PX
    texts = [_wrap(text, body, width - 2 * _GAP_PX) for text in captions or [""] * len(rows)]
    title_lines = _wrap(title, head, width - 2 * _GAP_PX)

    line, head_line = _line_height(body), _line_height(head)
    top = _GAP_PX + head_line * (len(title_lines) + 1)
    height = top + sum(cell_h + line * len(lines) + 2 * _GAP_PX for lines in texts)
    sheet = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(sheet)
    _write_lines(draw, title_lines, (_GAP_PX, _GAP_PX), font=head)
    for index, name in enumerate(columns):
        left = _GAP_PX + index * (cell_w + _GAP_PX)
        shown = _shorten(_printable(name), head, cell_w)
        draw.text((left, top - head_line), shown, font=head, fill=_INK)
    for row, lines in zip(rows, texts, strict=True):
        for index, name in enumerate(columns):
            left = _GAP_PX + index * (cell_w + _GAP_PX)
            sheet.paste(_cell(row.get(name), cell_w, cell_h), (left, top))
        top += cell_h
        _write_lines(draw, lines, (_GAP_PX, top + _GAP_PX // 2), font=body, fill=_FAINT)
        top += line * len(lines) + 2 * _GAP_PX
    return np.array(sheet)


def _check(
    rows: Sequence[Mapping[str, np.ndarray]], columns: Sequence[str], captions: Sequence[str]
) -> None:
    if not rows or not columns:
        raise UsageError("a contact sheet needs at least one row and one column")
    unknown = sorted({name for row in rows for name in row} - set(columns))
    if unknown:
        raise UsageError(
            f"a contact sheet has the columns {', '.join(columns)}, "
            f"a row holds {', '.join(unknown)}; name it as a column or leave it out"
        )
    if captions and len(captions) != len(rows):
        raise UsageError(f"{len(rows)} rows of a contact sheet came with {len(captions)} captions")


def _cell_size(rows: Sequence[Mapping[str, np.ndarray]], height_px: int) -> tuple[int, int]:
    aspects = [picture.shape[1] / picture.shape[0] for row in rows for picture in row.values()]
    widest = max(aspects, default=1.0)
    return round(height_px * min(max(widest, _NARROWEST), _WIDEST)), height_px


def _cell(picture: np.ndarray | None, cell_w: int, cell_h: int) -> Image.Image:
    cell = Image.new("RGB", (cell_w, cell_h), _EMPTY)
    if picture is None:
        return cell
    height, width = picture.shape[:2]
    scale = min(cell_w / width, cell_h / height)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    scaled = Image.fromarray(np.ascontiguousarray(picture))
    if scaled.size != size:
        # `reducing_gap` first takes whole-number steps: several times faster from 12 megapixels.
        scaled = scaled.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)
    cell.paste(scaled, ((cell_w - size[0]) // 2, (cell_h - size[1]) // 2))
    return cell


_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


def _line_height(font: _Font) -> int:
    _, _, _, bottom = font.getbbox("Ág")
    return round(bottom * 1.25)


def _printable(text: str) -> str:
    # Pillow's built-in font has no accents: they would show as boxes.
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if c.isascii() or c in _ALSO_IN_FONT else "?" for c in plain)


def _shorten(text: str, font: _Font, width_px: int) -> str:
    if font.getlength(text) <= width_px:
        return text
    while text and font.getlength(text + "...") > width_px:
        text = text[:-1]
    return text + "..."


def _wrap(text: str, font: _Font, width_px: int) -> list[str]:
    lines: list[str] = []
    for paragraph in _printable(text).splitlines():
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}" if line else word
            if line and font.getlength(longer) > width_px:
                lines.append(line)
                longer = word
            line = longer
        lines.append(_shorten(line, font, width_px))
    return lines


def _write_lines(
    draw: ImageDraw.ImageDraw,
    lines: Sequence[str],
    at: tuple[int, int],
    *,
    font: _Font,
    fill: tuple[int, int, int] = _INK,
) -> None:
    for number, line in enumerate(lines):
        draw.text((at[0], at[1] + number * _line_height(font)), line, font=font, fill=fill)
