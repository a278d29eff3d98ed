"""Nobody but this computer's own browser with the session's token is let in."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.console.access import TOKEN_HEADER, is_loopback
from acquisition.console.server import console_app, serve_console
from acquisition.errors import UsageError
from tests.acquisition.console.scripted import TOKEN, ScriptedStudio, consent_text, qr_svg

DATA = ["/state", "/preview.jpg", "/qr.svg", "/consent", "/consent/en", "/picture/x-1/phone"]
COMMANDS = ["shoot", "stop", "skip", "restart_camera", "finish", "select", "add_person"]


@asynccontextmanager
async def served():
    studio = ScriptedStudio()
    refused = []
    app = console_app(
        studio, token=TOKEN, qr_svg=qr_svg, consent_text=consent_text, on_refused=refused.append
    )
    runner, url = await serve_console(app)
    base = url.split("/#")[0]
    async with aiohttp.ClientSession(base) as client:
        yield studio, refused, client, base
    await runner.cleanup()


async def status(client, method, path, **headers):
    async with client.request(
        method, path, headers=headers, json=None if method == "GET" else {}
    ) as response:
        return response.status


def test_without_the_token_nothing_of_the_session_is_told():
    async def check():
        async with served() as (studio, refused, client, _):
            tokens = [{}, {TOKEN_HEADER: ""}, {TOKEN_HEADER: TOKEN[:-1]}, {TOKEN_HEADER: "ü" * 32}]
            for headers in tokens:
                asked = [await status(client, "GET", path, **headers) for path in DATA]
                done = [await status(client, "POST", f"/command/{c}", **headers) for c in COMMANDS]
                assert asked + done == [403] * (len(DATA) + len(COMMANDS))
            assert studio.asked == []
            assert len(refused) == len(tokens) * (len(DATA) + len(COMMANDS))
            assert not [line for line in refused if TOKEN[:-1] in line or "\n" in line]

    asyncio.run(check())


def test_a_token_that_is_no_text_is_refused():
    async def check():
        async with served() as (_, refused, _, base):
            reader, writer = await asyncio.open_connection("127.0.0.1", int(base.rsplit(":", 1)[1]))
            writer.write(b"GET /state HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n")
            writer.write(TOKEN_HEADER.encode() + b": \xff\xfe\xff\r\n\r\n")
            answer = await reader.read()
            writer.close()
            assert answer.startswith(b"HTTP/1.1 403")
            assert len(refused) == 1

    asyncio.run(check())


def test_the_page_loads_without_a_token_but_nothing_beside_it_does():
    async def check():
        async with served() as (_, _, client, _):
            assert await status(client, "GET", "/") == 200
            assert await status(client, "GET", "/static/console.js") == 200
            assert await status(client, "GET", "/static/%2e%2e/server.py") in (403, 404)
            assert await status(client, "GET", "/static/..%2fserver.py") in (403, 404)
            assert await status(client, "POST", "/static/console.js") == 403
            assert await status(client, "GET", "/state", **{TOKEN_HEADER: TOKEN}) == 200

    asyncio.run(check())


def test_another_host_or_origin_is_refused_even_with_the_token():
    async def check():
        async with served() as (studio, refused, client, base):
            right = {TOKEN_HEADER: TOKEN}
            port = base.rsplit(":", 1)[1]
            for host in ["evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "[::1"]:
                assert await status(client, "GET", "/", Host=host) == 403
                assert await status(client, "GET", "/state", Host=host, **right) == 403
            for origin in [
                "https://evil.example",
                "null",
                base.replace("http:", "https:"),
                "http://127.0.0.1:1",
                "http://localhost:" + port,
            ]:
                assert await status(client, "POST", "/command/shoot", Origin=origin, **right) == 403
            assert studio.asked == []
            assert any("evil.example" in line for line in refused)
            assert await status(client, "POST", "/command/shoot", Origin=base, **right) == 200
            assert studio.asked == [("shoot",)]

    asyncio.run(check())


def test_every_answer_is_strict_and_never_kept():
    async def check():
        async with served() as (_, _, client, _):
            right = {TOKEN_HEADER: TOKEN}
            for path in ["/", "/static/console.css", "/static/nothing", "/state", "/preview.jpg"]:
                for headers in ({}, right):
                    async with client.get(path, headers=headers) as response:
                        policy = response.headers["Content-Security-Policy"]
                        assert "unsafe" not in policy
                        assert "default-src 'none'" in policy
                        assert response.headers["Cache-Control"] == "no-store"
                        assert response.headers["X-Content-Type-Options"] == "nosniff"
                        assert "Access-Control-Allow-Origin" not in response.headers

    asyncio.run(check())


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.20", "example.org", ""])
def test_the_console_stays_on_this_computer(host):
    app = console_app(ScriptedStudio(), token=TOKEN, qr_svg=qr_svg, consent_text=consent_text)
    with pytest.raises(UsageError, match="stays on this computer"):
        asyncio.run(serve_console(app, host=host))


def test_a_taken_port_is_one_line():
    async def check():
        async with served() as (_, _, _, base):
            app = console_app(
                ScriptedStudio(), token=TOKEN, qr_svg=qr_svg, consent_text=consent_text
            )
            with pytest.raises(UsageError, match="choose another port"):
                await serve_console(app, port=int(base.rsplit(":", 1)[1]))

    asyncio.run(check())


def test_a_short_token_is_not_taken():
    with pytest.raises(ValueError, match="guessed"):
        console_app(ScriptedStudio(), token="short", qr_svg=qr_svg, consent_text=consent_text)


@given(st.ip_addresses(v=4))
def test_only_the_net_127_is_loopback(address):
    assert is_loopback(str(address)) == str(address).startswith("127.")
