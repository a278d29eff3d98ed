"""The comparison page in a real browser, from a file, without a network."""

import json
import os
import re
import shutil
from datetime import date

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from deepflash.compare.page import build_page
from deepflash.compare.table import Comparison
from deepflash.runs import Run
from tests.drawn_runs import CONFIG, draw_run, people, steady

EVIL = "<script>document.title='taken'</script>"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    root = tmp_path_factory.mktemp("page")
    config = CONFIG | {"seed_everything": EVIL}
    folders = [
        draw_run(root, "baseline", 2, figures=steady(0.70)),
        draw_run(root, "plain_mse", 1, figures=steady(0.62), config=config),
        draw_run(root, "compact", 10, figures=_swapped, finished=False),
    ]
    info = json.loads((folders[1] / "run.json").read_text()) | {"name": EVIL}
    (folders[1] / "run.json").write_text(json.dumps(info))
    runs = [Run(folder) for folder in folders]
    comparison = Comparison(runs, [run.evaluations["drawn-test"] for run in runs], 0, 500)
    page = build_page(comparison, figure="ssim", pictures=4, today=date(2026, 7, 1))
    path = root / "index.html"
    path.write_text(page, encoding="utf-8")
    return path


def _swapped(index):
    """Best where the others are worst: the gains run the other way."""
    count = len(people(6, 2))
    return steady(0.8)(index) | {"ssim": 0.6 + index / 50, "input_ssim": 0.6 + (count - index) / 90}


@pytest.fixture(scope="module")
def browser():
    executable = shutil.which("chromium")
    if executable is None:
        sentence = "no `chromium` in PATH, so the page was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser, page_file):
    """The open page; afterwards nothing may have been complained of or asked from a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(5000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("request", lambda request: complaints.append(request.url))
    page.goto(page_file.as_uri())
    yield page
    context.close()
    known = (page_file.as_uri(), "data:")
    assert [text[:200] for text in complaints if not text.startswith(known)] == []


def labels(page: Page) -> list[str]:
    return page.locator(".scores tbody th .label").all_inner_texts()


def sort_by(page: Page, column: str) -> None:
    page.locator(".scores thead button", has_text=re.compile(f"^{column}$")).click()


def test_everything_is_there(page):
    sections = ["Figures", "Learning curves", "Pictures", "What differs in the configurations"]
    assert page.locator("h2").all_inner_texts() == sections
    assert "12 of 6 subjects" in page.locator(".facts").inner_text()
    assert "00112233aabbccdd" in page.locator(".facts").inner_text()
    assert "compact/10 is unfinished" in page.locator(".notices").inner_text()
    assert labels(page) == ["baseline/2", f"{EVIL}/1", "compact/10", "doing nothing"]
    assert page.locator(".chart").count() == 4
    assert page.locator(".card:visible").count() == 4
    widths = page.locator(".card img").evaluate_all("all => all.map((i) => i.naturalWidth)")
    # Flash, studio and three results of each pair, all decoded.
    assert widths == [48] * 20


def test_names_from_files_stay_text(page, page_file):
    assert page.title().startswith("baseline/2 against <script>")
    assert page.locator("#legend button").nth(1).inner_text() == f"{EVIL}/1"
    assert page.locator("td.changed").first.inner_text() == json.dumps(EVIL)
    assert EVIL not in page_file.read_text()
    assert page.locator("script").count() == 3


def test_the_page_may_not_ask_the_network(browser, page_file):
    # The page's own policy refuses what a later edit might add; even data: through fetch.
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.evaluate("fetch('data:,x').then(() => false, () => true)")
    page.close()
    text = page_file.read_text()
    assert "http://" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in text


def test_the_table_shows_differences_with_their_marks(page):
    cell = page.locator(".scores tbody tr").nth(1).locator("td").first
    assert "\u22120.0800" in cell.inner_text()
    assert cell.locator(".delta.worse").count() == 1
    # Constant difference: the interval is a point, left of zero.
    circle, zero = cell.locator("circle").get_attribute("cx"), 48
    assert float(circle) < zero
    assert page.locator(".scores tbody tr").first.locator(".delta").count() == 0


def test_columns_sort_both_ways_and_empty_cells_stay_last(page):
    sort_by(page, "ssim")
    evil = f"{EVIL}/1"
    down = labels(page)
    assert down == ["compact/10", "baseline/2", evil, "doing nothing"]
    header = page.locator(".scores thead th", has_text=re.compile("^ssim$")).first
    expect(header).to_have_attribute("aria-sort", "descending")
    sort_by(page, "ssim")
    assert labels(page) == down[::-1]
    expect(header).to_have_attribute("aria-sort", "ascending")
    sort_by(page, "images/s")
    assert labels(page)[0] == "compact/10"
    assert labels(page)[-1] == "doing nothing"
    sort_by(page, "images/s")
    assert labels(page) == [evil, "baseline/2", "compact/10", "doing nothing"]
    expect(header).to_have_attribute("aria-sort", "none")


def test_one_part_of_the_picture_is_shown_at_a_time(page):
    head = page.locator(".scores thead")
    assert "ssim@skin" not in head.inner_text()
    page.get_by_role("button", name="skin", exact=True).click()
    assert "ssim@skin" in head.inner_text()
    assert "psnr" not in head.inner_text()


def test_the_legend_hides_a_curve_and_brings_it_back(page):
    curves = page.locator('.chart[data-chart="val/ssim"] .curve')
    assert curves.count() == 3
    button = page.locator("#legend button").nth(1)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    shown = curves.evaluate_all("all => all.map((c) => c.dataset.run)")
    assert shown == ["0", "2"]
    button.click()
    assert curves.count() == 3


def test_hiding_every_run_is_no_error(page):
    for index in range(3):
        page.locator("#legend button").nth(index).click()
    assert page.locator(".curve").count() == 0
    assert "no run is selected" in page.locator(".chart").first.inner_text()


def test_pointing_at_a_curve_shows_its_values(page):
    chart = page.locator('.chart[data-chart="val/psnr"]')
    box = chart.locator("svg").bounding_box()
    chart.locator("svg").hover(position={"x": box["width"] - 12, "y": 60})
    readout = chart.locator(".readout")
    expect(readout).to_be_visible()
    # val/psnr is 20 + epoch, epochs 0 to 3.
    assert readout.inner_text().splitlines()[0] == "epoch 3"
    assert readout.locator("b").all_inner_texts() == ["23"] * 3
    page.mouse.move(2, 2)
    expect(readout).to_be_hidden()


def test_curves_can_be_read_with_the_keyboard_and_along_steps(page):
    page.locator("#along").select_option("step")
    chart = page.locator('.chart[data-chart="val/psnr"]')
    chart.locator("svg").focus()
    chart.locator("svg").press("ArrowRight")
    chart.locator("svg").press("ArrowRight")
    assert chart.locator(".readout").inner_text().splitlines()[0] == "step 5"
    assert chart.locator(".readout b").first.inner_text() == "21"


def test_smoothing_and_logarithm_redraw_the_curves(page):
    curve = page.locator('.chart[data-chart="train/loss"] .curve').first
    plain = curve.get_attribute("d")
    page.locator("#smoothing").fill("0.9")
    smooth = curve.get_attribute("d")
    page.locator("#smoothing").fill("0")
    assert curve.get_attribute("d") == plain
    page.locator("#logarithmic").check()
    assert len({plain, smooth, curve.get_attribute("d")}) == 3
    assert "NaN" not in page.locator("#charts").inner_html()


def test_the_divider_follows_the_mouse(page):
    slider = page.get_by_role("slider", name="Divider between flash and result").first
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, middle)
    expect(slider).to_have_attribute("aria-valuenow", "25")
    page.mouse.move(box["x"] - 40, middle)
    expect(slider).to_have_attribute("aria-valuenow", "0")
    page.mouse.up()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle)
    expect(slider).to_have_attribute("aria-valuenow", "0")


def test_the_divider_uncovers_the_other_picture(page):
    slider = page.locator(".card:visible .compare").first
    slider.press("Home")
    result = slider.screenshot()
    slider.press("End")
    flash = slider.screenshot()
    assert flash != result
    clip = slider.locator("img.left").evaluate("image => getComputedStyle(image).clipPath")
    assert clip == "inset(0px)" or "calc(0%" in clip or clip.startswith("inset(0px 0%")


def test_the_divider_moves_with_the_keyboard_and_stops_at_the_ends(page):
    slider = page.locator(".card:visible .compare").first
    slider.focus()
    for key, expected in [
        ("ArrowRight", "52"),
        ("ArrowLeft", "50"),
        ("PageUp", "70"),
        ("End", "100"),
        ("ArrowUp", "100"),
        ("Home", "0"),
        ("PageDown", "0"),
    ]:
        slider.press(key)
        expect(slider).to_have_attribute("aria-valuenow", expected)
    expect(slider).to_have_attribute("aria-valuetext", "0 % flash")


def test_result_and_studio_on_a_toggle(page):
    slider = page.locator(".card:visible .compare").first
    page.get_by_role("button", name="result | studio").click()
    assert slider.locator("img.left").get_attribute("data-layer") == "result"
    assert slider.locator("img.right").get_attribute("data-layer") == "studio"
    assert slider.locator(".tag").all_inner_texts() == ["result", "studio"]
    expect(slider).to_have_attribute("aria-label", re.compile("between result and studio"))


def test_another_run_brings_its_own_results_and_order(page):
    def order():
        return page.locator(".card:visible").evaluate_all("all => all.map((c) => c.dataset.pair)")

    def ranks():
        texts = page.locator(".card:visible .caption:visible .rank").all_inner_texts()
        return [int(text.split()[0]) for text in texts]

    first = order()
    assert ranks() == sorted(ranks())
    assert ranks()[0] == 1
    page.locator("#picture-run").select_option("2")
    assert ranks() == sorted(ranks())
    assert ranks()[0] == 1
    assert order() != first
    right = page.locator(".card:visible img.right")
    assert set(right.evaluate_all("all => all.map((i) => i.dataset.run)")) == {"2"}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_sticks_out_and_text_stands_off_its_ground(page, width, scheme):
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    luminance = """(name) => {
      const [r, g, b] = getComputedStyle(document.body)[name].match(/[\\d.]+/g).map(Number);
      return (0.2126 * r + 0.7152 * g + 0.0722 * b) / 255;
    }"""
    ink, paper = page.evaluate(luminance, "color"), page.evaluate(luminance, "backgroundColor")
    assert (paper - ink if scheme == "light" else ink - paper) > 0.7


def test_letters_in_a_chart_keep_their_size_when_the_window_changes(page):
    page.set_viewport_size({"width": 390, "height": 800})
    page.wait_for_function("""() => {
      const figure = document.querySelector(".chart svg");
      return Math.abs(figure.viewBox.baseVal.width - figure.getBoundingClientRect().width) < 2;
    }""")


def test_a_touch_drags_the_divider_and_a_swipe_still_scrolls(page):
    touch = page.locator(".compare").first.evaluate("s => getComputedStyle(s).touchAction")
    assert touch == "pan-y"


def test_print_keeps_the_figures_and_drops_the_knobs(page):
    page.emulate_media(media="print")
    expect(page.locator(".scores")).to_be_visible()
    expect(page.locator("#smoothing")).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_the_table_needs_no_script(browser, page_file):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(page_file.as_uri())
    assert page.locator(".scores tbody tr").count() == 4
    assert "ssim@skin" in page.locator(".scores thead").inner_text()
    assert page.locator(".compare img.right").first.is_visible()
    context.close()


def test_a_single_run_without_curves_pictures_or_differences(browser, tmp_path):
    folder = draw_run(tmp_path, "alone")
    (folder / "metrics.csv").unlink()
    shutil.rmtree(folder / "eval" / "drawn-test" / "pictures")
    run = Run(folder)
    comparison = Comparison([run], [run.evaluations["drawn-test"]], 0, 100)
    html = build_page(comparison, figure="ssim", pictures=4, today=date(2026, 7, 1))
    (tmp_path / "index.html").write_text(html, encoding="utf-8")
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((tmp_path / "index.html").as_uri())
    text = page.locator("main").inner_text()
    assert "No curves were logged." in text
    assert "The evaluations hold no pictures." in text
    assert "No key differs." in text
    assert page.locator("#picture-run").is_hidden()
    assert errors == []
    page.close()
