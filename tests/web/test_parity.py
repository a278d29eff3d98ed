"""The page against the command line: the same files in, the same pixels out."""

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from deepflash.enhance.enhancer import Enhancer
from deepflash.enhance.look import Look
from tests.web.portraits import write_portraits
from tests.web.site import visit
from tests.web.visitor import choose, download, enhance_anyway, set_background, wait_until_judged

MOST = 2
"""Levels of 255 by which no sample may differ."""


@pytest.fixture(scope="module")
def enhancer():
    return Enhancer()


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    return write_portraits(tmp_path_factory.mktemp("portraits"))


@pytest.fixture(scope="module")
def visitor(browser, site):
    with visit(browser, site) as one:
        yield one.page


def by_page(page, source, folder):
    choose(page, source)
    wait_until_judged(page)
    enhance_anyway(page)
    result = download(page, folder)
    page.locator("#remove").click()
    expect(page.locator("#start")).to_be_visible()
    return result


def opened(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).astype(int), image.info.get("icc_profile")


def test_there_are_twenty(portraits):
    assert len(portraits) == 20


@pytest.mark.parametrize("at", range(20))
def test_both_give_the_same_picture(visitor, enhancer, portraits, tmp_path, at):
    source = portraits[at]
    enhancer.enhance_file(source, tmp_path / "command.png", force=True)
    expected, profile = opened(tmp_path / "command.png")
    found, kept = opened(by_page(visitor, source, tmp_path))
    before, _ = opened(source)
    assert np.abs(found - expected).max() <= MOST, source.name
    assert kept == profile
    # Two pictures that were left alone would agree as well.
    assert "no-face" in source.name or np.abs(found - before).mean() > 1


@pytest.mark.parametrize("kind", ["studio", "blur"])
def test_both_put_the_same_background_behind(visitor, enhancer, portraits, tmp_path, kind):
    source = portraits[7]
    enhancer.enhance_file(source, tmp_path / "command.png", Look(background=kind), force=True)
    expected, _ = opened(tmp_path / "command.png")
    choose(visitor, source)
    wait_until_judged(visitor)
    enhance_anyway(visitor)
    set_background(visitor, kind)
    found, _ = opened(download(visitor, tmp_path))
    visitor.locator("#remove").click()
    assert np.abs(found - expected).max() <= MOST
