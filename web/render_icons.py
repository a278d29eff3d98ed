"""Renders the page's icons from `public/icons/icon.svg`: `python web/render_icons.py`."""

from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ICONS = Path(__file__).parent / "public/icons"
PLAIN_PX = (192, 512)
MASKABLE_PX = 512
CORNER = 'rx="112"'


def main() -> None:
    """Writes all icons beside their source."""
    svg = (ICONS / "icon.svg").read_text()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        page = browser.new_page()
        for side in PLAIN_PX:
            render(page, svg, side, ICONS / f"icon-{side}.png")
        # The system cuts its own corners.
        whole = svg.replace(CORNER, "")
        render(page, whole, MASKABLE_PX, ICONS / f"maskable-{MASKABLE_PX}.png")
        browser.close()


def render(page: Page, svg: str, side: int, path: Path) -> None:
    """Writes a square PNG of `side` pixels."""
    page.set_viewport_size({"width": side, "height": side})
    page.set_content(f"<style>body{{margin:0}}svg{{display:block;width:{side}px}}</style>{svg}")
    page.screenshot(path=path, omit_background=True)


if __name__ == "__main__":
    main()
