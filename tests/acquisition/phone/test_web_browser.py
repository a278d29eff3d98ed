"""The phone's page in a real browser with a camera of ours."""

import asyncio
import io
import os
import shutil
from contextlib import asynccontextmanager

import pytest
from PIL import Image
from playwright.async_api import async_playwright, expect

from acquisition.phone.web.driver import Limits
from acquisition.simulate.phone_chromium import ChromiumPhone, FakeCamera, browser, camera_flags
from deepflash.serving.certificate import server_certificate
from tests.acquisition.phone.web_studio import (
    FLASH,
    OTHER_FLASH,
    PAIR,
    REFERENCE,
    picture,
    studio,
    until,
)

PATIENT = Limits(check_s=10.0, shot_s=20.0, fetch_s=20.0, hello_s=10.0)
SIZE = (240, 320)
PORTRAIT = {"width": 390, "height": 844}
CLAIM_A_FLASH = """
const honest = ImageCapture.prototype.getPhotoCapabilities;
ImageCapture.prototype.getPhotoCapabilities = async function () {
  const found = await honest.call(this);
  return { fillLightMode: ["flash", "off"], imageWidth: found.imageWidth,
           imageHeight: found.imageHeight };
};
"""
A_TORCH = """
window.torch = [];
const track = MediaStreamTrack.prototype;
const honest = track.getCapabilities;
track.getCapabilities = function () { return { ...honest.call(this), torch: true }; };
track.applyConstraints = async function (wish) { window.torch.push(wish.advanced[0].torch); };
const take = ImageCapture.prototype.takePhoto;
ImageCapture.prototype.takePhoto = function (wish) {
  window.torch.push("picture");
  return take.call(this, wish);
};
"""
A_REAR_CAMERA = """
const honest = MediaStreamTrack.prototype.getSettings;
MediaStreamTrack.prototype.getSettings = function () {
  return { ...honest.call(this), facingMode: "environment" };
};
"""
WITHOUT_STILLS = """
delete window.ImageCapture;
const encode = HTMLCanvasElement.prototype.toBlob;
HTMLCanvasElement.prototype.toBlob = function (...words) {
  setTimeout(() => encode.apply(this, words), 300);
};
"""


@pytest.fixture(scope="module", autouse=True)
def chromium():
    executable = browser()
    if executable is None:
        sentence = "no `chromium` in PATH, so the page was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    return executable


class Phone:
    """A browser whose camera sees what a test shows; notes what it asks and complains of."""

    def __init__(self, context, camera):
        self.context = context
        self.camera = camera
        self.asked: list[str] = []
        self.complaints: list[str] = []

    async def open(self, url, script=""):
        page = await self.context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if script:
            await page.add_init_script(script)
        await page.goto(url)
        return page


@asynccontextmanager
async def phone(folder):
    camera = FakeCamera(folder / "camera.mjpeg", SIZE)
    async with async_playwright() as playwright:
        program = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=camera_flags(camera.path)
        )
        context = await program.new_context(
            viewport=PORTRAIT, device_scale_factor=2, has_touch=True, ignore_https_errors=True
        )
        context.set_default_timeout(20_000)
        yield Phone(context, camera)
        await program.close()


def middle(data):
    """The colour in the middle, and size and format."""
    with Image.open(io.BytesIO(data)) as image:
        width, height = image.size
        colour = image.convert("RGB").getpixel((width // 2, height // 2))
        return tuple(round(value / 64) * 64 for value in colour), image.size, image.format


async def ready(host):
    await until(lambda: host.phone.status().flash_kind != "unknown", "the page is there", 20.0)


def test_a_pair_is_taken_by_the_page(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            page = await device.open(host.phone.url)
            await ready(host)
            await expect(page.locator("#title")).to_have_text("Ready")
            assert await page.evaluate("location.href") == f"{host.base}/"
            status = await host.phone.check()
            assert (status.flash_kind, status.facing, status.problem) == ("screen", "unknown", "")
            await until(lambda: host.phone.preview(), "a preview picture", 20.0)
            device.camera.show(picture("black"))
            await asyncio.sleep(0.3)
            dark = await host.phone.reference(REFERENCE)
            device.camera.show(picture((255, 0, 0)))
            bright = await host.phone.fire(FLASH)
            assert (dark.flash_kind, bright.flash_kind) == ("unknown", "screen")
            assert bright.requested["how"] == "takePhoto"
            assert bright.exposure.start_ns > dark.exposure.end_ns
            await host.phone.fetch(REFERENCE)
            await host.phone.fetch(FLASH)
            assert middle(host.intake.bytes[str(REFERENCE)]) == ((0, 0, 0), SIZE, "PNG")
            assert middle(host.intake.bytes[str(FLASH)]) == ((256, 0, 0), SIZE, "PNG")
            assert max(middle(host.previews[0])[1]) <= 480
            await until(lambda: host.phone.status().pending == [], "the outbox is empty")
            own = (host.base, host.base.replace("http", "ws"))
            assert [url for url in device.asked if not url.startswith(own)] == []
            assert device.complaints == []
            assert host.refused == []

    asyncio.run(run())


def test_a_flash_that_fails_gives_way_to_the_next_light(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            await device.open(host.phone.url, CLAIM_A_FLASH)
            await ready(host)
            assert host.phone.status().flash_kind == "flash"
            said = await host.phone.fire(FLASH)
            assert said.flash_kind == "screen"
            assert any("flash" in attempt for attempt in said.requested["attempts"])
            await host.phone.fetch(FLASH)
            await until(lambda: host.phone.status().flash_kind == "screen", "it says so")

    asyncio.run(run())


def test_a_torch_burns_while_the_picture_is_taken(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            page = await device.open(host.phone.url, A_TORCH)
            await ready(host)
            assert host.phone.status().flash_kind == "torch"
            await host.phone.reference(REFERENCE)
            assert await page.evaluate("torch") == ["picture"]
            said = await host.phone.fire(FLASH)
            assert said.flash_kind == "torch"
            await host.phone.fetch(FLASH)
            assert await page.evaluate("torch") == ["picture", True, "picture", False]

    asyncio.run(run())


def test_a_rear_camera_without_light_is_a_problem_in_words(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            page = await device.open(host.phone.url, A_REAR_CAMERA)
            await ready(host)
            status = host.phone.status()
            assert (status.flash_kind, status.facing) == ("screen", "environment")
            assert "choose the front camera" in status.problem
            await expect(page.locator("html")).to_have_attribute("data-state", "problem")
            await expect(page.locator("#text")).to_have_text(status.problem)

    asyncio.run(run())


def test_a_browser_without_stills_sends_a_frame(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            device.camera.show(picture((0, 0, 255)))
            await device.open(host.phone.url, WITHOUT_STILLS)
            await ready(host)
            await host.phone.reference(REFERENCE)  # still being encoded when the next order comes
            said = await host.phone.fire(FLASH)
            assert said.requested["how"] == "video frame"
            await host.phone.fetch(FLASH)
            assert middle(host.intake.bytes[str(FLASH)]) == ((0, 0, 256), SIZE, "JPEG")

    asyncio.run(run())


def test_an_unsent_picture_survives_a_reload(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            device.camera.show(picture((0, 255, 0)))
            page = await device.open(host.phone.url)
            await ready(host)
            await page.route("**/upload/**", lambda route: route.abort())
            await host.phone.fire(FLASH)
            await expect(page.locator("#count")).to_have_text("1 picture waits here")
            await until(lambda: host.phone.status().pending == [str(FLASH)], "the host knows")
            await page.reload()
            await ready(host)
            await expect(page.locator("#count")).to_have_text("1 picture waits here")
            assert host.intake.files == {}
            await page.unroute("**/upload/**")
            await host.phone.fetch(FLASH)
            assert middle(host.intake.bytes[str(FLASH)])[0] == (0, 256, 0)
            await expect(page.locator("#held")).to_be_hidden()
            await page.reload()
            await ready(host)
            assert host.phone.status().pending == []

    asyncio.run(run())


def test_an_unwanted_picture_can_be_saved(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            page = await device.open(host.phone.url)
            await ready(host)
            await page.route("**/upload/**", lambda route: route.abort())
            await host.phone.fire(FLASH)
            await host.phone.discard(PAIR)
            await expect(page.locator("#count")).to_have_text("1 picture waits here, 1 not wanted")
            await page.unroute("**/upload/**")
            await host.phone.fire(OTHER_FLASH)
            await host.phone.fetch(OTHER_FLASH)
            await page.locator("summary").click()
            async with page.expect_download() as download:
                await page.get_by_role("link", name="Save").click()
            saved = await download.value
            assert saved.suggested_filename == f"{PAIR}_phone_flash.png"
            assert list(host.intake.files) == [str(OTHER_FLASH)]

    asyncio.run(run())


def test_a_second_phone_and_an_old_code_are_told(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            await host.client(number=9)
            page = await device.open(host.phone.url)
            await expect(page.locator("#text")).to_contain_text("Another phone serves the session")
            await expect(page.locator("html")).to_have_attribute("data-state", "problem")
            old = await device.open(f"{host.base}/#{'A' * 32}")
            await expect(old.locator("#text")).to_contain_text("belongs to another session")
            bare = await device.context.new_page()
            await bare.goto(host.base)
            await expect(bare.locator("#text")).to_contain_text("Scan the QR code")
            assert host.phone.status().device == "simulated phone"

    asyncio.run(run())


def test_over_https(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host, phone(tmp_path) as device:
            made = server_certificate(tmp_path / "certificates", ["127.0.0.1"])
            url = await host.phone.serve("127.0.0.1", 0, made.context, made.authority_der)
            page = await device.open(url)
            await ready(host)
            await host.phone.fire(FLASH)
            await host.phone.fetch(FLASH)
            answer = await page.request.get(url.split("/#")[0] + "/ca")
            assert await answer.body() == made.authority_der
            assert device.complaints == []

    asyncio.run(run())


def test_chromium_as_a_simulated_phone(tmp_path):
    async def run():
        async with studio(tmp_path, PATIENT) as host:
            browser = ChromiumPhone.start(host.phone.url, tmp_path / "browser", SIZE)
            try:
                await ready(host)
                browser.show(picture((255, 0, 0)))
                await asyncio.sleep(0.3)
                await host.phone.fire(FLASH)
                await host.phone.fetch(FLASH)
                assert middle(host.intake.bytes[str(FLASH)])[0] == (256, 0, 0)
                assert browser.is_running
            finally:
                browser.stop()
            assert not browser.is_running

    asyncio.run(run())
