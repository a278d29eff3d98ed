"""What a visitor does on the page, by the names that the page shows."""

import base64
import io
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Download, FilePayload, Locator, Page, expect

from tests.web.files import saved

OPENING_MS = 60_000
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
MIME_TYPES = {"JPEG": "image/jpeg", "PNG": "image/png"}

_PIXELS = """canvas => {
    const copy = document.createElement("canvas");
    [copy.width, copy.height] = [canvas.width, canvas.height];
    copy.getContext("2d").drawImage(canvas, 0, 0);
    return copy.toDataURL();
}"""
_FRAMES = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
_HAND_OVER = """([kind, files]) => {
    const data = new DataTransfer();
    for (const { name, mimeType, content } of files) {
        const bytes = Uint8Array.from(atob(content), one => one.charCodeAt(0));
        data.items.add(new File([bytes], name, { type: mimeType }));
    }
    if (files.length === 0) data.setData("text/plain", "no file");
    const init = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent(kind, { ...init, clipboardData: data })
        : new DragEvent(kind, { ...init, dataTransfer: data });
    document.body.dispatchEvent(event);
}"""


def picture(name: str, pixels: np.ndarray, form: str = "PNG", **options) -> FilePayload:
    """Returns a file for `choose` and `hand_over`."""
    return as_file(name, saved(pixels, form, **options), MIME_TYPES[form])


def as_file(name: str, content: bytes, mime_type: str = "") -> FilePayload:
    return {"name": name, "mimeType": mime_type, "buffer": content}


def choose(page: Page, *files: Path | FilePayload) -> None:
    """Chooses photographs as the file dialog would."""
    given = [as_file(one.name, one.read_bytes()) if isinstance(one, Path) else one for one in files]
    page.locator("input[type=file]").first.set_input_files(given)


def hand_over(page: Page, kind: str, *files: FilePayload) -> None:
    """Lets an event with files happen: `paste`, `dragenter`, `dragleave`, `drop`."""
    carried = [
        {
            "name": one["name"],
            "mimeType": one["mimeType"],
            "content": base64.b64encode(one["buffer"]).decode(),
        }
        for one in files
    ]
    page.evaluate(_HAND_OVER, [kind, carried])


def wait_until_judged(page: Page) -> None:
    """Waits for the photograph and the verdict on it."""
    expect(page.locator("#opening")).to_be_hidden(timeout=OPENING_MS)
    expect(page.locator("#verdict-words")).not_to_be_empty(timeout=OPENING_MS)
    either = page.locator("#controls:visible, #enhance-anyway:visible")
    expect(either.first).to_be_visible(timeout=OPENING_MS)


def enhance_anyway(page: Page) -> None:
    """Overrules the verdict where it is against the photograph."""
    if not page.locator("#controls").is_visible():
        page.locator("#enhance-anyway").click()
    expect(page.locator("#download")).to_be_enabled(timeout=OPENING_MS)


def wait_until_shown(page: Page) -> None:
    """Waits for the preview of everything that was asked for."""
    page.evaluate(_FRAMES)
    expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true", timeout=OPENING_MS)


def open_photograph(page: Page, file: Path | FilePayload) -> None:
    """Chooses a photograph and waits until its result is shown."""
    choose(page, file)
    wait_until_judged(page)
    enhance_anyway(page)
    expect(page.locator("#compare:not([single])")).to_be_visible(timeout=OPENING_MS)
    wait_until_shown(page)


def remove_all(page: Page) -> None:
    """Back to the first page."""
    while page.locator("#work").is_visible():
        page.locator("#remove").click()
        page.evaluate(_FRAMES)
    expect(page.locator("#start")).to_be_visible()


def pixels_of(canvas: Locator) -> np.ndarray:
    """What a canvas shows, RGB, as whole numbers that may be subtracted."""
    content = base64.b64decode(canvas.evaluate(_PIXELS).partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def shown(page: Page, side: str = "after") -> np.ndarray:
    """The large picture: `before` or `after`."""
    wait_until_shown(page)
    return pixels_of(page.locator(f"#{side}"))


def set_background(page: Page, kind: str) -> None:
    page.locator(f"label:has(#background-{kind})").click()
    expect(page.locator(f"#background-{kind}")).to_be_checked()


def set_region(page: Page, kind: str) -> None:
    page.locator(f"label:has(#region-{kind})").click()
    expect(page.locator(f"#region-{kind}")).to_be_checked()


def download(page: Page, to: Path) -> Path:
    """Clicks Download; returns the file."""
    with page.expect_download(timeout=OPENING_MS) as found:
        page.locator("#download").click()
    given: Download = found.value
    path = to / given.suggested_filename
    given.save_as(path)
    return path
