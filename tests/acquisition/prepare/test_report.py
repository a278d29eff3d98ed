"""The report of a dataset in a real browser, from a file, without a network."""

import json
import os
import re
import shutil
from pathlib import Path

import cv2
import msgspec
import numpy as np
import pytest
from playwright.sync_api import expect, sync_playwright

import deepflash
from acquisition.errors import SessionError, StoreError
from acquisition.prepare.dataset import file_path, to_record
from acquisition.prepare.judge import rejudge
from acquisition.prepare.report import write_report
from acquisition.prepare.report_data import reasons_counted, worst
from acquisition.prepare.settings import Prepared, PreparedFile, PrepareSettings
from deepflash.pairs.manifest import file_digest

STARTER = Path(deepflash.__file__).parent / "starter"
EVIL = "<script>document.title='taken'</script>"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
PAIRS = 14


def figures_of_pair(index):
    """Every fifth pair moved; the registration error grows with the index."""
    return {
        "flash_faces": 1.0,
        "studio_faces": 1.0,
        "skew_ms": 500.0 + 40 * index,
        "motion_iod": 0.05 if index % 5 == 4 else 0.004,
        "registration_landmark_residual_iod": 0.004 + 0.001 * index,
        "registration_valid_share_face": 0.95 - 0.01 * index,
    }


def put_files(root, row, participant, pair):
    """Copies a starter pair into the dataset, with a mask whose left half is not trusted."""
    mask = np.full((256, 256), 255, np.uint8)
    mask[:, :128] = 0
    data = {
        "flash": (STARTER / row["flash"]).read_bytes(),
        "studio": (STARTER / row["studio"]).read_bytes(),
        "valid": cv2.imencode(".png", mask)[1].tobytes(),
        "face": cv2.imencode(".png", mask)[1].tobytes(),
    }
    files = {}
    for name, content in data.items():
        suffix = "jpg" if name in ("flash", "studio") else "png"
        path = root / file_path(name, participant, pair, suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sha256, size = file_digest(path)
        files[name] = PreparedFile(path=str(path.relative_to(root)), bytes=size, sha256=sha256)
    return files


def draw_dataset(root, count=PAIRS):
    """A prepared dataset of starter people; its last pair could not be read."""
    lines = (STARTER / "manifest.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines[:: max(1, len(lines) // count)]]
    pairs = []
    for index in range(count):
        participant, pair = f"P-4Q7Z{index // 5:02d}", f"20261122T1415{index:02d}Z-7f3a"
        files = put_files(root, rows[index % len(rows)], participant, pair)
        pairs.append(
            Prepared(
                pair=pair,
                participant=participant,
                pose=EVIL if index == 1 else "frontal",
                session="studio-1",
                figures=figures_of_pair(index),
                files=files,
                width=256,
                height=256,
                skew_ms=500.0 + 40 * index,
                notes=["There was no colour calibration."],
                timings_s={"decode": 0.5, "registration": 1.5},
                colour={"phone": "none", "studio": "chart"},
                studio_source="raw",
            )
        )
    why = "studio.nef is cut short"
    pairs[-1] = msgspec.structs.replace(
        pairs[-1], files={}, figures={}, unreadable=why, reasons=[why]
    )
    settings = PrepareSettings()
    pairs = rejudge(pairs, settings.thresholds)
    (root / "prepared.jsonl").write_bytes(b"".join(msgspec.json.encode(p) + b"\n" for p in pairs))
    (root / "settings.json").write_bytes(msgspec.json.encode(settings))
    records = [to_record(p, "train", ["train"]) for p in pairs if p.accepted]
    (root / "manifest.jsonl").write_text("".join(r.to_json() + "\n" for r in records))
    return pairs


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    root = tmp_path_factory.mktemp("pairs") / "evening"
    root.mkdir()
    return root, draw_dataset(root)


@pytest.fixture(scope="module")
def page_file(dataset):
    return write_report(dataset[0])


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


def test_what_is_counted(dataset):
    pairs = dataset[1]
    assert [p.accepted for p in pairs] == [k % 5 != 4 and k < PAIRS - 1 for k in range(PAIRS)]
    moved = "The face moved between the two exposures, by the distance of the eyes"
    assert reasons_counted(pairs) == [(moved, 2), ("A file cannot be read", 1)]
    # The largest registration error among accepted pairs is that of the twelfth.
    assert [p.pair[13:15] for p in worst(pairs)[:3]] == ["12", "11", "10"]
    assert len(worst(pairs)) == 10


def test_everything_is_there(page):
    facts = page.locator(".facts").inner_text()
    assert "11 of 14 pairs" in facts
    assert "256 x 256 px" in facts
    assert page.locator(".card:visible").count() == PAIRS
    assert page.locator(".card .empty").text_content() == "No pictures were written."
    widths = page.locator(".viewer img").evaluate_all(
        "all => Promise.all(all.map(async (i) => { await i.decode(); return i.naturalWidth }))"
    )
    assert sorted(set(widths)) == [128, 256]
    assert len(widths) == 3 * (PAIRS - 1)
    row = page.locator("#reasons tbody tr").first.inner_text()
    assert "moved between" in row
    assert "2" in row
    assert page.locator("#worst tbody tr").count() == 10
    assert page.locator("#people tbody th").all_inner_texts() == [
        "P-4Q7Z00",
        "P-4Q7Z01",
        "P-4Q7Z02",
    ]
    assert "studio.nef is cut short" in page.locator(".card").last.text_content()


def test_distributions_show_their_limits(page):
    chart = page.locator(".chart", has_text=re.compile("^skew")).first
    assert chart.locator(".limit-text").text_content() == "most 1500 ms"
    assert "13 pairs, median 740 ms, 0 beyond" in chart.inner_text()
    motion = page.locator(".chart", has_text=re.compile("^motion")).first
    assert "2 beyond the most, 2.0 %" in motion.inner_text()
    assert motion.locator("rect.no").count() == 1


def test_slider_flicker_and_mask_by_key(page):
    viewer = page.locator(".viewer").first
    viewer.focus()
    page.keyboard.press("End")
    expect(viewer).to_have_attribute("aria-valuenow", "100")
    page.keyboard.press("ArrowLeft")
    assert viewer.evaluate("v => v.style.getPropertyValue('--cut')") == "98%"
    assert not viewer.locator(".mask").is_visible()
    page.keyboard.press("m")
    assert viewer.locator(".mask").is_visible()
    page.keyboard.press("f")
    expect(viewer).to_have_class(re.compile("studio-only"))
    expect(viewer).to_have_class(re.compile("flash-only"))
    page.keyboard.press("f")
    expect(viewer).not_to_have_class(re.compile("-only"))
    button = page.locator(".flicker-button").nth(1)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")


def test_slider_by_pointer(page):
    viewer = page.locator(".viewer").first
    viewer.scroll_into_view_if_needed()
    box = viewer.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 50)
    page.mouse.down()
    expect(viewer).to_have_attribute("aria-valuenow", "25")
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 50)
    page.mouse.up()
    expect(viewer).to_have_attribute("aria-valuenow", "75")


def test_filters_order_and_links(page):
    page.locator("#state button", has_text="rejected").click()
    assert page.locator(".card:visible").count() == 3
    assert page.locator("#count").inner_text() == "3 of 14 pairs"
    page.locator("#worst tbody a").first.click()
    expect(page.locator(".card:visible")).to_have_count(PAIRS)
    page.locator("#person").select_option("P-4Q7Z01")
    page.locator("#order").select_option("error")
    shown = page.locator(".card:visible .name").all_text_contents()
    assert [name[13:15] for name in shown] == ["09", "08", "07", "06", "05"]


def test_names_from_files_stay_text(page, page_file):
    assert page.title() == "Pairs: evening"
    assert EVIL in page.locator(".card").nth(1).text_content()
    assert EVIL not in page_file.read_text()
    assert page.locator("script").count() == 1


def test_nothing_but_its_own_script_and_style_may_work(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    assert page.evaluate("fetch('data:,x').then(() => false, () => true)")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.taken = 1';"
        "document.body.append(s); document.body.insertAdjacentHTML('beforeend', "
        "'<p id=late style=\"display: none\">late</p>')"
    )
    assert page.evaluate("window.taken === undefined")
    assert page.locator("#late").is_visible()
    page.close()
    assert not re.search(r"https?://|unsafe-", page_file.read_text())


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out(browser, page_file, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(page_file.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.close()


def test_print_shows_both_pictures_side_by_side(browser, page_file):
    page = browser.new_page()
    page.goto(page_file.as_uri())
    page.emulate_media(media="print")
    flash, studio = (page.locator(f".viewer .{side}").first.bounding_box() for side in _SIDES)
    assert studio["x"] > flash["x"] + flash["width"] - 1
    assert abs(studio["y"] - flash["y"]) < 1
    assert not page.locator(".controls").is_visible()
    page.close()


_SIDES = ("flash", "studio")


def test_damaged_and_missing_pictures_are_told(tmp_path):
    pairs = draw_dataset(tmp_path, count=3)
    (tmp_path / pairs[0].files["studio"].path).write_bytes(b"\xff\xd8 cut")
    (tmp_path / pairs[1].files["valid"].path).unlink()
    page = write_report(tmp_path).read_text()
    assert "Cannot be shown: studio is missing or damaged." in page
    assert "Cannot be shown: valid is missing or damaged." in page
    assert [path.name for path in tmp_path.glob(".part-*")] == []


def test_no_dataset_and_a_damaged_one(tmp_path):
    with pytest.raises(StoreError, match="make one with `acquire prepare`"):
        write_report(tmp_path)
    (tmp_path / "prepared.jsonl").write_text('{"pair": 1}\n')
    with pytest.raises(SessionError, match=r"prepared\.jsonl line 1"):
        write_report(tmp_path)
    assert not (tmp_path / "report.html").exists()


def test_an_empty_dataset_has_a_page(tmp_path):
    (tmp_path / "prepared.jsonl").write_text("")
    assert "0 of 0 pairs" in write_report(tmp_path).read_text()


def test_five_hundred_pairs_stay_small(page_file):
    # 25 kB a pair times 500, and base64, is below 20 MB; 40 MB is what a page may have.
    assert page_file.stat().st_size / PAIRS * 500 < 40e6
