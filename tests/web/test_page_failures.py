"""Parts of the page that do not arrive: a sentence, and another try that works."""

import shutil

import pytest
from playwright.sync_api import expect

from benchmarks.web import serving
from tests.web.portraits import PEOPLE
from tests.web.site import built_page, visit
from tests.web.visitor import OPENING_MS, open_photograph


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page") / "web"
    ignored = shutil.ignore_patterns("*.br", "*.gz")
    return shutil.copytree(built_page(), folder, ignore=ignored)


@pytest.fixture(scope="module")
def address(copy):
    with serving(copy) as url:
        yield url


PARTS = ["engine-worker.js", "row-worker.js", "ort/ort-wasm-simd-threaded.wasm"]


@pytest.mark.parametrize("part", PARTS)
def test_what_failed_to_load_can_be_tried_again(address, browser, copy, tmp_path, part):
    shutil.move(copy / part, tmp_path / "away")
    with visit(browser, address, service_workers="block") as one:
        again = one.page.get_by_role("button", name="Try again")
        expect(again).to_be_visible(timeout=OPENING_MS)
        shutil.move(tmp_path / "away", copy / part)
        again.click()
        open_photograph(one.page, PEOPLE[3])
        # Of the part that was away, and of the blocked service worker.
        one.complaints.clear()
