"""A studio in which the real program runs: simulated camera, phone and operator in browsers."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from acquisition.consent.registry import Registry
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.feed import Feed
from acquisition.simulate.phone_chromium import FakeCamera, browser, camera_flags
from acquisition.simulate.settings import FeedSettings

FEED = FeedSettings(phone_px=(480, 640), studio_px=(480, 720))
GUARD_MS = 300
PATIENCE_S = 60.0
TWO_POSES = """\
- {name: frontal, instruction: Look straight into the camera.}
- {name: smile, instruction: Look straight into the camera and smile.}
"""
CONSOLE = re.compile(r"console: (http://127\.0\.0\.1:\d+/#token=\S+)")
PHONE = re.compile(r"phone: (http://127\.0\.0\.1:\d+/#\S+)")
# The page knows no picture but the camera's: it is lit while the screen is white.
LIT_BY_THE_SCREEN = """
const take = ImageCapture.prototype.takePhoto;
ImageCapture.prototype.takePhoto = async function (wish) {
  await window.light(!document.getElementById("white").hidden);
  await new Promise((done) => setTimeout(done, 250));
  return take.call(this, wish);
};
"""


class Program:
    """The real `acquire session`, in a process of its own."""

    def __init__(self, root: Path, *options: str) -> None:
        self.root = root
        self.said: list[str] = []
        self.console = ""
        self.phone = ""
        self._found = threading.Event()
        environment = dict(
            os.environ,
            PYTHONPATH=str(Path(__file__).parents[2]),
            XDG_CONFIG_HOME=str(root / "config"),
            XDG_DATA_HOME=str(root / "data"),
        )
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "acquisition", "session", "s", "--no-browser"),
                *("--console-port", "0"),
                *options,
            ],
            cwd=root,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.said.append(line)
            if match := PHONE.search(line):
                self.phone = match[1]
            if match := CONSOLE.search(line):
                self.console = match[1]
                self._found.set()
        self._found.set()

    def wait(self) -> "Program":
        """Returns when the console is served."""
        assert self._found.wait(PATIENCE_S), self.said
        assert self.console, "".join(self.said)
        return self

    def end(self) -> tuple[int, str]:
        """Waits for the program's own end; returns exit code and last words."""
        said, _ = self._process.communicate(timeout=PATIENCE_S)
        return self._process.returncode, said

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Ends it if it still runs."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()


class Listener:
    """Notes what pages ask for and complain of, until they are told that the session ends."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.is_ending = False

    def listen(self, page: Page) -> None:
        """Begins to listen to a page."""
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("websocket", lambda socket: self.asked.append(socket.url))
        page.on("console", lambda message: self._complain(message.text))
        page.on("pageerror", lambda error: self._complain(str(error)))

    def _complain(self, text: str) -> None:
        if not self.is_ending:
            self.complaints.append(text)

    def strangers(self, *urls: str) -> list[str]:
        """Returns requests to anywhere but the origins of `urls`."""
        origins = [url.split("/#")[0] for url in urls]
        own = [start for one in origins for start in (one, f"blob:{one}", f"ws{one[4:]}")]
        return [url for url in self.asked if not url.startswith(tuple(own))]


class PhoneInHand:
    """The phone's page in a browser whose camera sees what the camera of the studio sees."""

    def __init__(self, program: Browser, folder: Path, listener: Listener) -> None:
        self.scene = 0
        self.page: Page | None = None
        self._feed = Feed(FEED)
        self._camera = FakeCamera(folder / "phone.mjpeg", FEED.phone_px)
        self._context = program.new_context(viewport={"width": 390, "height": 844})
        self._listener = listener
        self._shots = 0

    def light(self, is_lit: bool) -> None:
        """Shows the scene with the phone's light, or without."""
        self._shots += 1
        take = self._feed.phone_flash if is_lit else self._feed.phone_reference
        self._camera.show(take(self.scene, datetime.now().astimezone(), self._shots))

    def open(self, url: str) -> Page:
        """Opens the page as after the scan of the code."""
        self.light(False)
        self.page = page = self._context.new_page()
        self._listener.listen(page)
        page.expose_function("light", self.light)
        page.add_init_script(LIT_BY_THE_SCREEN)
        page.goto(url)
        return page

    def away(self) -> None:
        """Closes the page."""
        assert self.page is not None
        self.page.close()


class Console:
    """What an operator does with eyes and hands."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def add_person(self) -> str:
        """Goes through the consent with a new person; returns the id."""
        page = self.page
        page.locator("#new-person").click()
        page.locator("#scopes input[value=train]").check()
        page.get_by_label("I am 18 or older").check()
        page.get_by_label("Operator's name").fill("O. Perator")
        page.locator("#agree").click()
        expect(page.locator("#welcome")).to_be_visible()
        participant = page.locator("#new-id").inner_text()
        page.locator("#welcome-close").click()
        return participant

    def shoot(self, participant: str, pose: str, *, with_key: bool) -> str:
        """Takes the next pair, which must be this one; returns the verdict's state."""
        page = self.page
        expect(page.locator("#participant")).to_have_text(participant)
        expect(page.locator("#pose")).to_have_text(pose.replace("_", " "))
        expect(page.locator("#shoot-text")).to_have_text("Take the pair")
        if with_key:
            page.keyboard.press(" ")
        else:
            page.locator("#shoot").click()
        expect(page.locator("#shoot-text")).to_have_text("Taking the pair")
        expect(page.locator("#shoot-text")).not_to_have_text("Taking the pair")
        expect(page.locator("#which")).to_have_text(f"{participant}, {pose.replace('_', ' ')}")
        return page.locator("#verdict").get_attribute("data-state") or ""

    def finish(self) -> None:
        """Ends the session."""
        self.page.locator("#finish").click()
        self.page.get_by_role("button", name="Finish", exact=True).click()
        expect(self.page.locator("#gone")).to_contain_text("The session has ended")


class Premises:
    """Camera, browser, registry; `session` runs the program in them."""

    def __init__(self, root: Path, camera: SimulatedCamera, program: Browser) -> None:
        self.root = root
        self.camera = camera
        self.folder = root / "sessions" / "s"
        self.registry = Registry(root / "registry")
        self.registry.set_controller("A studio", "somebody@example.org")
        self.listener = Listener()
        self.phone = PhoneInHand(program, root, self.listener)
        self._program = program

    @contextmanager
    def session(self, *options: str) -> Iterator[Program]:
        """Runs the program inside the block, with camera and phone of these premises."""
        (self.root / "profile.yaml").write_text(
            "name: small\nfiles: raw+jpeg\nsettings: {iso: '100', shutterspeed: 0.0080s}\n"
        )
        running = Program(
            self.root,
            *("--registry", str(self.registry.folder), "--profile", "profile.yaml"),
            *("--camera", f"ptpip:127.0.0.1:{self.camera.port}", "--guard-ms", str(GUARD_MS)),
            *("--phone", "here", "--phone-port", "0", *options),
        )
        try:
            yield running.wait()
        finally:
            running.kill()

    def console(self, url: str) -> Console:
        """Opens the operator's page."""
        page = self._program.new_context(viewport={"width": 1280, "height": 720}).new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        self.listener.listen(page)
        page.goto(url)
        return Console(page)

    def see(self, scene: int) -> None:
        """Seats somebody before both devices."""
        self.camera.scene(scene)
        self.phone.scene = scene
        self.phone.light(False)


@contextmanager
def browsers(folder: Path) -> Iterator[Browser]:
    """Starts Chromium with a camera of ours; skips where it is missing, fails there in CI."""
    if browser() is None:
        sentence = "no `chromium` in PATH, so the session was not tried; run `make setup-system`"
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as playwright:
        program = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=camera_flags(folder / "phone.mjpeg")
        )
        try:
            yield program
        finally:
            program.close()
            expect.set_options(timeout=5000)


@contextmanager
def premises(root: Path) -> Iterator[Premises]:
    """Starts everything but the program."""
    (root / "card").mkdir()
    with (
        browsers(root) as program,
        SimulatedCamera.start(FEED, card=root / "card") as camera,
    ):
        yield Premises(root, camera, program)


def until(condition, what: str, seconds: float = PATIENCE_S) -> None:
    """Waits for a condition to come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)
