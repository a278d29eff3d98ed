"""What a visitor does on the page, by the names that the page shows."""

from pathlib import Path

from playwright.sync_api import Download, Page, expect

OPENING_MS = 60_000


def choose(page: Page, *files: Path | dict) -> None:
    """Chooses photographs as the file dialog would."""
    page.locator("input[type=file]").first.set_input_files(list(files))


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


def set_background(page: Page, kind: str) -> None:
    page.locator(f"label:has(#background-{kind})").click()
    expect(page.locator(f"#background-{kind}")).to_be_checked()


def download(page: Page, to: Path) -> Path:
    """Clicks Download; returns the file."""
    with page.expect_download(timeout=OPENING_MS) as found:
        page.locator("#download").click()
    given: Download = found.value
    path = to / given.suggested_filename
    given.save_as(path)
    return path
