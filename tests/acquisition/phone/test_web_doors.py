"""Who knocks with no right to is refused and reported, and the session goes on."""

import asyncio
import hashlib
import http.client

import aiohttp
import msgspec
import pytest

from acquisition.errors import PhoneError
from acquisition.phone.web.driver import Limits
from acquisition.phone.web.messages import PREVIEW_BYTES
from tests.acquisition.phone.web_studio import (
    FLASH,
    OTHER_FLASH,
    PAIR,
    QUICK,
    picture,
    studio,
    until,
)

PICTURE = picture()
SMALL = Limits(check_s=2.0, hello_s=0.3, away_s=0.2, upload_bytes=10_000)


def headers(host, client, **changes):
    found = {
        "Origin": host.base,
        "Authorization": f"Bearer {host.phone.token}",
        "X-Device": client._device,
        "X-SHA256": hashlib.sha256(PICTURE).hexdigest(),
    }
    found.update({name.replace("_", "-"): value for name, value in changes.items()})
    return {name: value for name, value in found.items() if value is not None}


async def put(host, path, head, body=PICTURE):
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{host.base}{path}", data=body, headers=head) as answer:
            return answer.status, (await answer.json())


async def goes_on(host, shot=OTHER_FLASH):
    """The session takes a picture as if nothing had happened."""
    await host.phone.check()
    await host.phone.fire(shot)
    assert (await host.phone.fetch(shot)).bytes > 0
    assert host.intake.parts() == []


WRONG_HEADERS = {
    "no token": ({"Authorization": None}, 401),
    "old token": ({"Authorization": "Bearer " + "A" * 32}, 401),
    "empty token": ({"Authorization": "Bearer "}, 401),
    "other scheme": ({"Authorization": "Basic x"}, 401),
    "other origin": ({"Origin": "https://evil.example"}, 403),
    "no origin": ({"Origin": None}, 403),
    "other device": ({"X_Device": "somebody-elses-phone"}, 403),
    "no hash": ({"X_SHA256": None}, 400),
    "other hash": ({"X_SHA256": "0" * 64}, 422),
    "rebound name": ({"Host": "evil.example", "Origin": "http://evil.example"}, 421),
}


@pytest.mark.parametrize("name", WRONG_HEADERS)
def test_an_upload_with_a_wrong_header(tmp_path, name):
    changes, status = WRONG_HEADERS[name]

    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            came, answer = await put(host, f"/upload/{FLASH}", headers(host, client, **changes))
            assert came == status
            assert answer["reason"]
            assert len(host.refused) == 1
            assert host.phone.token not in host.refused[0]
            assert str(FLASH) not in host.intake.files
            await goes_on(host)
            # The same with all headers right is taken.
            assert (await put(host, f"/upload/{FLASH}", headers(host, client)))[0] == 200

    asyncio.run(run())


@pytest.mark.parametrize(
    "path",
    [
        f"/upload/{PAIR}/studio",
        f"/upload/{PAIR}/phone_flash.jpg",
        "/upload/../../etc/passwd",
        "/upload/%2e%2e%2f%2e%2e%2fetc/phone_flash",
        f"/upload/{PAIR}%2f..%2f/phone_flash",
        f"/upload/{PAIR}%00/phone_flash",
        f"/upload/x{PAIR}/phone_flash",
        "/static/../driver.py",
        "/static/%2e%2e%2fdriver.py",
    ],
)
def test_a_path_in_a_name(tmp_path, path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            head = headers(host, client)
            status = await asyncio.to_thread(raw_put, host.base, path, head)
            assert status in (404, 405)
            assert len(host.refused) == 1
            assert host.intake.files == {}
            assert [one.name for one in tmp_path.rglob("*") if one.is_file()] == []
            await goes_on(host)

    asyncio.run(run())


def raw_put(base, path, head, body=PICTURE):
    """A request whose path nobody makes tidy on the way."""
    connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=5)
    try:
        connection.request("PUT", path, body, head)
        return connection.getresponse().status
    finally:
        connection.close()


def test_a_long_upload_announced_or_not(tmp_path):
    async def run():
        async with studio(tmp_path, SMALL) as host:
            client = await host.client()

            async def unannounced():
                for _ in range(20):
                    yield bytes(1000)

            status, _ = await put(host, f"/upload/{FLASH}", headers(host, client), bytes(10_001))
            assert status == 413
            status, _ = await put(host, f"/upload/{FLASH}", headers(host, client), unannounced())
            assert status == 413
            assert [line for line in host.refused if "longer than 10000 bytes" not in line] == []
            assert len(host.refused) == 2
            await goes_on(host)

    asyncio.run(run())


def test_a_long_upload_is_refused_before_it_is_read(tmp_path):
    async def run():
        async with studio(tmp_path, SMALL) as host:
            client = await host.client()
            address = host.base.removeprefix("http://")
            reader, writer = await asyncio.open_connection(*address.split(":"))
            head = {"Host": address, "Content-Length": "1000000000"} | headers(host, client)
            lines = [f"PUT /upload/{FLASH} HTTP/1.1", *(f"{k}: {v}" for k, v in head.items())]
            writer.write("\r\n".join([*lines, "", ""]).encode())
            answer = await asyncio.wait_for(reader.readline(), 5)
            writer.close()
            assert answer.startswith(b"HTTP/1.1 413")
            await goes_on(host)

    asyncio.run(run())


def test_something_that_is_no_picture(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            text = b"#!/bin/sh\n"
            head = headers(host, client, X_SHA256=hashlib.sha256(text).hexdigest())
            status, answer = await put(
                host, f"/upload/{FLASH}", head | {"Content-Type": "image/jpeg"}, text
            )
            assert (status, "no picture" in answer["reason"]) == (409, True)
            assert "no picture" in host.refused[0]
            with pytest.raises(PhoneError, match=r"was not stored: .* it stays on the phone"):
                await host.phone.fetch(FLASH)
            await goes_on(host)

    asyncio.run(run())


async def knock(host, first, head=None):
    """Opens a WebSocket, says `first`; returns all that comes, and the closing code."""
    came = []
    async with aiohttp.ClientSession() as session:
        address = f"{host.base}/socket"
        async with session.ws_connect(address, headers=head or {"Origin": host.base}) as socket:
            if first is not None:
                await socket.send_str(first)
            async for frame in socket:
                came.append(msgspec.json.decode(frame.data))
            return came, socket.close_code


def hello(host, client, **changes):
    said = msgspec.json.decode(msgspec.json.encode(client._hello())) | changes
    return msgspec.json.encode({"token": host.phone.token} | said).decode()


WRONG_HELLOS = {
    "old token": lambda host, client: hello(host, client, token="A" * 32),
    "another protocol": lambda host, client: hello(host, client, protocol=99),
    "a device with a path": lambda host, client: hello(host, client, device="../../x/y/z"),
    "an unknown field": lambda host, client: hello(host, client, surprise=1),
    "another message": lambda _host, _client: (
        '{"type":"pong","number":1,"received_ms":1,"answered_ms":1}'
    ),
    "no JSON": lambda _host, _client: "hello?",
    "nothing": lambda _host, _client: None,
    "a surrogate": lambda _host, _client: '{"type":"hello","token":"\\ud800"}',
    "a very long one": lambda host, client: hello(host, client, agent="x" * 100_000),
}


@pytest.mark.parametrize("name", WRONG_HELLOS)
def test_a_wrong_hello(tmp_path, name):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            came, code = await knock(host, WRONG_HELLOS[name](host, client))
            assert ([one["type"] for one in came], code) == (["refused"], 4003)
            assert came[0]["is_final"]
            assert len(host.refused) == 1
            assert host.phone.status().device == "simulated phone"
            await goes_on(host)

    asyncio.run(run())


def test_a_socket_from_another_page(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            for head in ({"Origin": "https://evil.example"}, {"X-No": "origin"}):
                with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
                    await knock(host, hello(host, client), head)
            assert len(host.refused) == 2
            await goes_on(host)

    asyncio.run(run())


def test_a_second_phone_waits_until_the_first_was_away(tmp_path):
    async def run():
        async with studio(tmp_path, SMALL) as host:
            first = await host.client()
            second = host.stranger(number=2)
            await second.start()
            await until(lambda: second.refused, "the second is told")
            assert second.refused.startswith("Another phone serves the session.")
            await goes_on(host)
            await second.stop()
            await first.stop()
            await asyncio.sleep(0.4)
            await host.client(number=3)
            # Now the first is the second.
            back = host.stranger(number=1)
            await back.start()
            await until(lambda: back.refused, "the first is told")
            assert len(host.refused) == 2

    asyncio.run(run())


def test_the_same_phone_takes_over_its_own_dead_line(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            first = await host.client()
            again = await host.client()
            assert first._page != again._page
            await until(lambda: len(first._tasks) == 1, "the first page gives up")
            await goes_on(host)
            assert again.exposures
            assert not first.exposures

    asyncio.run(run())


@pytest.mark.parametrize(
    "send",
    [
        lambda socket: socket.send_str("{"),
        lambda socket: socket.send_str('{"type":"exposed"}'),
        lambda socket: socket.send_str(
            msgspec.json.encode(
                {
                    "type": "exposed",
                    "pair": PAIR,
                    "kind": "phone_flash",
                    "flash_kind": "flash",
                    "call_ms": 1,
                    "resolve_ms": 2,
                    "requested": {},
                }
            ).decode()
        ),
        lambda socket: socket.send_bytes(b"GIF89a"),
        lambda socket: socket.send_bytes(b"\xff\xd8\xff" + bytes(PREVIEW_BYTES) + b"\xff\xd9"),
        lambda socket: socket.send_str("x" * 70_000),
    ],
)
def test_a_wrong_message_of_the_welcomed_phone(tmp_path, send):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            await send(client._socket)
            await until(lambda: len(host.refused) == 1, "it is reported")
            assert host.phone.preview() is None
            await asyncio.wait_for(client.welcome.wait(), 5)
            await asyncio.sleep(0.3)  # a message that was too long cost the connection
            await asyncio.wait_for(client.welcome.wait(), 5)
            await goes_on(host)

    asyncio.run(run())


def test_preview_pictures_come_through(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            await client.send(PICTURE)
            await until(lambda: host.previews, "it came")
            assert host.phone.preview() == PICTURE
            assert host.refused == []

    asyncio.run(run())


def test_a_storm_is_reported_in_few_lines(tmp_path):
    async def run():
        async with studio(tmp_path, QUICK) as host:
            client = await host.client()
            async with aiohttp.ClientSession() as session:
                for _ in range(60):
                    (await session.get(f"{host.base}/admin")).close()
            assert 1 <= len(host.refused) <= 30
            await asyncio.sleep(1.1)
            await put(host, f"/upload/{FLASH}", headers(host, client, Origin=None))
            assert host.refused[-1].endswith("more before)")

    asyncio.run(run())


def test_every_answer_has_its_headers(tmp_path):
    async def run():
        async with studio(tmp_path) as host, aiohttp.ClientSession() as session:
            for path in ("/", "/static/phone.js", "/static/phone.css", "/nothing", "/ca"):
                async with session.get(host.base + path) as answer:
                    head = answer.headers
                    text = await answer.text()
                assert head["Cache-Control"] == "no-store"
                assert head["X-Content-Type-Options"] == "nosniff"
                assert head["Referrer-Policy"] == "no-referrer"
                assert head["Permissions-Policy"].startswith("camera=(self)")
                policy = head["Content-Security-Policy"]
                assert policy.startswith("default-src 'self'")
                assert "unsafe" not in policy
                assert host.phone.token not in text

    asyncio.run(run())


def test_a_new_session_has_a_new_token(tmp_path):
    async def run():
        (tmp_path / "a").mkdir()
        (tmp_path / "b").mkdir()
        async with studio(tmp_path / "a") as old, studio(tmp_path / "b") as new:
            assert old.phone.token != new.phone.token
            assert len(old.phone.token) >= 32
            stale = new.stranger(url=new.phone.url.replace(new.phone.token, old.phone.token))
            await stale.start()
            await until(lambda: stale.refused, "an old code is refused")
            assert "another session" in stale.refused
            assert not new.phone.status().connected

    asyncio.run(run())
