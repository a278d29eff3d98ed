"""State, pictures and commands over real HTTP."""

import asyncio
import time
from contextlib import asynccontextmanager

import aiohttp
import msgspec
import pytest

from acquisition.console import server
from acquisition.console.access import TOKEN_HEADER
from acquisition.console.server import console_app, serve_console
from acquisition.console.state import ConsentForm, ConsoleState
from acquisition.errors import CameraError
from tests.acquisition.console.scripted import (
    LANGUAGES,
    TOKEN,
    ScriptedStudio,
    consent_text,
    qr_svg,
)

PAIR = "20261122T141530Z-7f3a"
FORM = {
    "language": "en",
    "scopes": ["train"],
    "is_adult": True,
    "operator": "Jo",
    "text_sha256": consent_text("en")[1],
}


@asynccontextmanager
async def served():
    studio = ScriptedStudio()
    app = console_app(
        studio, token=TOKEN, qr_svg=qr_svg, consent_text=consent_text, languages=LANGUAGES
    )
    runner, url = await serve_console(app)
    headers = {TOKEN_HEADER: TOKEN}
    async with aiohttp.ClientSession(url.split("/#")[0], headers=headers) as client:
        yield studio, client, runner
    await runner.cleanup()


async def ask(client, path):
    async with client.get(path) as response:
        return response.status, await response.read()


async def tell(client, name, body):
    async with client.post(f"/command/{name}", json=body) as response:
        return response.status, await response.json()


def test_the_state_survives_the_way():
    async def check():
        async with served() as (studio, client, _):
            code, body = await ask(client, "/state")
            assert code == 200
            assert msgspec.json.decode(body, type=ConsoleState) == studio.state()

    asyncio.run(check())


def test_a_poll_waits_for_the_next_version():
    async def check():
        async with served() as (studio, client, _):
            waiting = asyncio.ensure_future(ask(client, "/state?after=0"))
            await asyncio.sleep(0.05)
            assert not waiting.done()
            await studio.show(phase="guard")
            code, body = await waiting
            assert (code, msgspec.json.decode(body)["phase"]) == (200, "guard")
            assert (await ask(client, "/state?after=0"))[0] == 200
            for wrong in ["-1", "x", "1e3", "9" * 40]:
                assert (await ask(client, f"/state?after={wrong}"))[0] == 400

    asyncio.run(check())


def test_a_poll_without_news_ends_empty(monkeypatch):
    monkeypatch.setattr(server, "LONGEST_WAIT_S", 0.05)

    async def check():
        async with served() as (_, client, _):
            assert await ask(client, "/state?after=0") == (204, b"")

    asyncio.run(check())


def test_a_waiting_page_does_not_hold_the_end_up():
    async def check():
        async with served() as (_, client, runner):
            waiting = asyncio.ensure_future(ask(client, "/state?after=0"))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            await runner.cleanup()
            assert time.monotonic() - began < server.LONGEST_WAIT_S / 2
            assert (await waiting)[0] == 503

    asyncio.run(check())


def test_each_command_reaches_the_session_once():
    async def check():
        async with served() as (studio, client, _):
            for name in ["shoot", "stop", "skip", "restart_camera", "finish"]:
                assert await tell(client, name, {}) == (200, {})
            wish = {"participant": "P-4Q7ZK2", "pose": "smile"}
            assert await tell(client, "select", wish) == (200, {})
            assert await tell(client, "add_person", FORM) == (200, {"participant": "P-N3WPRS"})
            assert studio.asked == [
                ("shoot",),
                ("stop",),
                ("skip",),
                ("restart_camera",),
                ("finish",),
                ("select", "P-4Q7ZK2", "smile"),
                ("add_person", msgspec.convert(FORM, ConsentForm)),
            ]

    asyncio.run(check())


def test_a_refusal_of_the_session_is_one_line():
    async def check():
        async with served() as (studio, client, _):
            studio.fault = CameraError("the camera is away;\n look at its cable")
            answer = await tell(client, "shoot", {})
            assert answer == (409, {"error": "the camera is away; look at its cable"})
            assert (await ask(client, "/consent/tlh"))[0] == 409

    asyncio.run(check())


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"participant": "P-4Q7ZK2"},
        {"participant": 1, "pose": "smile"},
        {"participant": "P-4Q7ZK2", "pose": "smile", "more": 1},
        [],
    ],
)
def test_what_is_no_selection_does_nothing(body):
    async def check():
        async with served() as (studio, client, _):
            code, answer = await tell(client, "select", body)
            assert code == 409
            assert "something else" in answer["error"]
            assert studio.asked == []

    asyncio.run(check())


def test_a_wrong_type_a_long_body_and_an_unknown_command_are_refused():
    async def check():
        async with served() as (studio, client, _):
            text = msgspec.json.encode(FORM)
            headers = {"Content-Type": "text/plain"}
            async with client.post("/command/add_person", data=text, headers=headers) as response:
                assert response.status == 409
            long = FORM | {"operator": "x" * server.LARGEST_BODY_BYTES}
            async with client.post("/command/add_person", json=long) as response:
                assert response.status == 413
            async with client.post("/command/erase", json={}) as response:
                assert response.status == 404
            async with client.get("/command/shoot") as response:
                assert response.status == 405
            assert studio.asked == []

    asyncio.run(check())


def test_pictures_come_as_they_are_or_not_at_all():
    async def check():
        async with served() as (studio, client, _):
            assert (await ask(client, "/preview.jpg"))[0] == 204
            studio.view = b"\xff\xd8 a view"
            async with client.get("/preview.jpg") as response:
                first = response.headers["ETag"]
                assert await response.read() == studio.view
            studio.view = b"\xff\xd8 another"
            async with client.get("/preview.jpg") as response:
                assert response.headers["ETag"] != first
            for side in ["phone", "studio"]:
                answer = await ask(client, f"/picture/{PAIR}/{side}")
                assert answer == (200, studio.picture(PAIR, side))
            for path in ["20261122T141530Z-0000/phone", f"{PAIR}/raw", "a%2fb/phone"]:
                assert (await ask(client, f"/picture/{path}"))[0] == 404
            assert (await ask(client, "/qr.svg"))[1].count(b"<svg") == 1

    asyncio.run(check())


def test_the_consent_text_comes_with_its_hash():
    async def check():
        async with served() as (_, client, _):
            languages = msgspec.json.decode((await ask(client, "/consent"))[1])["languages"]
            assert tuple(languages) == LANGUAGES
            for language in languages:
                text, sha256 = consent_text(language)
                answer = msgspec.json.decode((await ask(client, f"/consent/{language}"))[1])
                assert answer == {"language": language, "text": text, "sha256": sha256}

    asyncio.run(check())
