import asyncio
import io
import json
import re
import time
from pathlib import Path

import numpy as np
import pytest
from aiohttp import ClientSession, WSServerHandshakeError
from PIL import Image

from acquisition.calibration.clock_reading import read_clock
from acquisition.calibration.display import ClockDisplay
from acquisition.calibration.gray_code import LAYOUT
from acquisition.errors import CalibrationError

CHROMIUM = Path("/usr/bin/chromium")


async def answer(socket, shift_ms: float, seconds: float) -> list[dict]:
    """Answers pings as the page does, its clock `shift_ms` ahead; returns the other messages."""
    others = []
    end = time.monotonic() + seconds
    while time.monotonic() < end and not others:
        message = json.loads((await socket.receive(timeout=5)).data)
        if message["type"] != "ping":
            others.append(message)
            continue
        now_ms = time.monotonic_ns() / 1e6 + shift_ms
        pong = {"type": "pong", "sent_ns": message["sent_ns"]}
        await socket.send_json(pong | {"received_ms": now_ms, "answered_ms": now_ms})
    return others


def with_display(work):
    async def run():
        display = ClockDisplay()
        try:
            await display.start()
            async with ClientSession() as client:
                return await work(display, client)
        finally:
            await display.close()

    return asyncio.run(run())


def test_the_page_gets_the_offset_of_its_clock():
    async def work(display, client):
        with pytest.raises(CalibrationError, match="page is gone"):
            _ = display.bound_ms
        origin = {"Origin": display.url.rstrip("/")}
        async with client.ws_connect(display.url + "ws", headers=origin) as socket:
            await socket.send_json({"type": "step", "step_ms": 17})
            (offset,) = await answer(socket, 123456.0, 20.0)
            await display.ready(5.0)
            assert display.step_ms == 17
            assert abs(offset["offset_ms"] - 123456.0) <= display.bound_ms
            with pytest.raises(WSServerHandshakeError) as second:
                await client.ws_connect(display.url + "ws", headers=origin)
            assert second.value.status == 409
        await asyncio.sleep(0.2)
        with pytest.raises(CalibrationError, match="page is gone"):
            _ = display.bound_ms

    with_display(work)


@pytest.mark.parametrize("origin", [None, "http://elsewhere.example", "null"])
def test_another_origin_is_refused(origin):
    async def work(display, client):
        headers = {} if origin is None else {"Origin": origin}
        with pytest.raises(WSServerHandshakeError) as refused:
            await client.ws_connect(display.url + "ws", headers=headers)
        assert refused.value.status == 403

    with_display(work)


@pytest.mark.parametrize("text", ["nonsense", '{"type":"step"}', '{"type":"other"}', "x" * 5000])
def test_a_wrong_message_ends_the_connection(text):
    async def work(display, client):
        headers = {"Origin": display.url.rstrip("/")}
        async with client.ws_connect(display.url + "ws", headers=headers) as socket:
            await socket.send_str(text)
            while not socket.closed:
                await socket.receive(timeout=5)
        with pytest.raises(CalibrationError, match="no page showed the clock"):
            await display.ready(0.05)

    with_display(work)


def test_pages_are_strict_and_nothing_else_is_served():
    async def work(display, client):
        for name in ("", "clock.js", "clock.css", "layout.json"):
            async with client.get(display.url + name) as answered:
                assert answered.status == 200
                assert answered.headers["Cache-Control"] == "no-store"
                assert "default-src 'self'" in answered.headers["Content-Security-Policy"]
                text = await answered.text()
                assert not re.search(r"https?://", text)
        assert json.loads(text)["cells"] == list(LAYOUT)
        for name in ("display.py", "..%2fdisplay.py", "clock.html", "x/y"):
            async with client.get(display.url + name) as answered:
                assert answered.status == 404

    with_display(work)


def test_a_taken_port_is_named():
    async def work(display, client):
        del client
        other = ClockDisplay()
        with pytest.raises(CalibrationError, match="choose another --clock-port"):
            await other.start(port=int(display.url.rsplit(":", 1)[1].rstrip("/")))
        await other.close()

    with_display(work)


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
def test_a_browser_shows_the_hosts_time():
    from playwright.async_api import async_playwright

    async def work(display, client):
        del client
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=["--no-sandbox"]
            )
            page = await browser.new_page(viewport={"width": 1280, "height": 720})
            problems: list[str] = []
            page.on("pageerror", lambda error: problems.append(str(error)))
            page.on("console", lambda message: problems.append(message.text))
            await page.goto(display.url)
            await display.ready(60.0)
            await page.wait_for_function("document.getElementById('state').textContent === ''")
            for _ in range(5):
                before_ns = time.monotonic_ns()
                png = await page.screenshot()
                after_ns = time.monotonic_ns()
                picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), np.uint8)
                reading = read_clock(picture)
                assert reading.step_ms == display.step_ms
                shown_ms = reading.since(before_ns)
                # The picture may be a few frames old when it is taken.
                assert -200.0 <= shown_ms <= (after_ns - before_ns) / 1e6 + reading.step_ms
            await browser.close()
            assert problems == []

    with_display(work)
