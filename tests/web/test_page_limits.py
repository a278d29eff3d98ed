"""What a device cannot hold: the largest result that it can, and a word about it."""

import io
import re

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.web.portraits import person
from tests.web.site import visit
from tests.web.visitor import download, open_photograph

# A canvas of more pixels than some phones hold takes what is drawn and shows nothing, without a
# word; strips of rows are narrow enough.
SMALL_DEVICE = """
    const draw = OffscreenCanvasRenderingContext2D.prototype.fillRect;
    OffscreenCanvasRenderingContext2D.prototype.fillRect = function (...place) {
        if (this.canvas.width * this.canvas.height <= 4096 * 4096) draw.apply(this, place);
    };
"""


@pytest.fixture
def page(browser, site):
    with visit(browser, site, service_workers="block") as one:

        def limited(route):
            answer = route.fetch()
            route.fulfill(response=answer, body=SMALL_DEVICE + answer.text())

        one.context.route("**/engine-worker.js", limited)
        one.page.reload()
        yield one.page
        # Of the blocked worker, which would answer in the route's place.
        one.complaints[:] = [said for said in one.complaints if "Service Worker" not in said]


def test_a_photograph_too_large_for_the_device_comes_out_smaller(page, tmp_path):
    pixels = np.asarray(Image.fromarray(person(3, 600)).resize((5000, 3600)))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=85)
    source = {"name": "large.jpg", "mimeType": "image/jpeg", "buffer": file.getvalue()}
    open_photograph(page, source)
    with Image.open(download(page, tmp_path)) as image:
        width, height = image.size
        corner = np.asarray(image.convert("RGB"))[-40:, -40:].mean(axis=(0, 1))
    assert 0.98 * 4096**2 < width * height <= 4096**2
    assert abs(width / height - 5000 / 3600) < 1e-3
    # All rows arrived, the last ones too.
    assert corner.min() > 5
    expect(page.locator("#saved")).to_contain_text("smaller than the photograph")
    expect(page.locator("#saved")).to_contain_text(re.compile(f"{width}\\W+{height}"))
