import asyncio
import contextlib
import socket
import subprocess
import sys

import pytest
from aiohttp import ClientSession, web

from deepflash.errors import UsageError
from deepflash.serving.cli import main
from deepflash.serving.site import build_site


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "ort").mkdir()
    (tmp_path / "index.html").write_text("page")
    (tmp_path / "ort" / "a.wasm").write_bytes(b"\0asm" * 100)
    (tmp_path / "ort" / "a.wasm.gz").write_bytes(b"packed")
    (tmp_path / "secret.key").write_text("secret")
    return tmp_path


@contextlib.asynccontextmanager
async def serving(folder):
    runner = web.AppRunner(build_site(folder))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    async with ClientSession(f"http://127.0.0.1:{port}", auto_decompress=False) as client:
        yield client
    await runner.cleanup()


def ask(folder, path, **options):
    async def asked():
        async with serving(folder) as client, client.get(path, **options) as response:
            return response.status, response.headers, await response.read()

    return asyncio.run(asked())


def test_files_come_with_their_types_and_strict_headers(folder):
    status, headers, body = ask(folder, "/")
    assert (status, headers["Content-Type"], body) == (200, "text/html", b"page")
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy


def test_wasm_is_packed_for_those_who_take_it(folder):
    status, headers, body = ask(folder, "/ort/a.wasm", headers={"Accept-Encoding": "identity"})
    assert (status, headers["Content-Type"]) == (200, "application/wasm")
    assert body == b"\0asm" * 100
    _, headers, body = ask(folder, "/ort/a.wasm", headers={"Accept-Encoding": "gzip"})
    assert (headers["Content-Encoding"], body) == ("gzip", b"packed")
    assert headers["Content-Type"] == "application/wasm"


@pytest.mark.parametrize("path", ["/secret.key", "/ort", "/%2e%2e/x", "/none"])
def test_nothing_else_is_served(folder, path):
    status, headers, _ = ask(folder, path)
    assert status == 404
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_unchanged_files_are_not_sent_again(folder):
    _, headers, _ = ask(folder, "/")
    status, _, body = ask(folder, "/", headers={"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_a_folder_without_a_page_says_how_to_build_one(tmp_path):
    with pytest.raises(UsageError, match="make web"):
        main([str(tmp_path)])


def test_a_taken_port_is_one_line(folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} of 127.0.0.1: Address already in use"):
            main([str(folder), "--port", str(port)])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["--port", "70000"], "0 to 65535"), (["--address", "eth0"], "need --https")],
)
def test_impossible_wishes_are_one_line(folder, arguments, said):
    with pytest.raises(UsageError, match=said):
        main([str(folder), *arguments])


def test_it_serves_until_it_is_stopped(folder):
    command = [sys.executable, "-m", "deepflash", "serve", str(folder), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        assert process.poll() is None
    finally:
        process.terminate()
        process.wait(10)


def test_a_page_that_is_built_anew_is_served_anew(folder):
    async def asked():
        async with serving(folder) as client:
            (folder / "new.js").write_text("new")
            async with client.get("/new.js") as response:
                return response.status, await response.read()

    assert asyncio.run(asked()) == (200, b"new")


def test_links_out_of_the_folder_are_not_followed(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "other.js"
    outside.write_text("secret")
    (folder / "link.js").symlink_to(outside)
    assert ask(folder, "/link.js")[0] == 404
