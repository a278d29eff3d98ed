import asyncio
import socket
import subprocess
import sys

import pytest

from acquisition.errors import LightsError, UsageError
from acquisition.lights import (
    HttpLightsConfig,
    Lights,
    NoLights,
    NoLightsConfig,
    SacnLightsConfig,
    lights_config,
    lights_from,
    read_lights,
)
from acquisition.lights_sacn import PORT, SacnLights
from acquisition.simulate.lights import LampController, SacnNode, SimulatedLights, decode_frame

DIM = {"lamp": "left panel", "url": "http://127.0.0.1:${port}/light?level=5&${key}"}
BRIGHT = {
    "lamp": "right panel",
    "method": "PUT",
    "url": "http://127.0.0.1:${port}/light",
    "body": '{"level": 80, "price": "$$"}',
    "headers": {"X-Key": "abc"},
}


def http_config(port, **changes):
    section = {
        "driver": "http",
        "timeout_s": 1.0,
        "values": {"port": port, "key": "k=1"},
        "scenes": {"dim": [DIM], "studio": [BRIGHT, DIM]},
    }
    return lights_config(section | changes, "test")


def sacn_config(**changes):
    section = {
        "driver": "sacn",
        "universe": 258,
        "destination": "127.0.0.1",
        "priority": 150,
        "scenes": {"dim": {1: 12, 512: 3}, "studio": {1: 204, 2: 255}},
    }
    return lights_config(section | changes, "test")


def levels(**channels):
    values = bytearray(512)
    for channel, level in channels.items():
        values[int(channel[1:]) - 1] = level
    return bytes(values)


def test_a_studio_without_lamps_only_notes_scenes():
    lights = lights_from(read_lights(None))
    assert isinstance(lights, NoLights)
    assert isinstance(lights, Lights)
    assert isinstance(SimulatedLights(), Lights)
    asyncio.run(lights.scene("dim"))
    asyncio.run(lights.scene("studio"))
    assert lights.scenes == ["dim", "studio"]
    assert (lights.driver, lights.settle_ms) == ("none", 0)


def test_the_contract_loads_neither_client_nor_protocol():
    code = (
        "import sys, acquisition.lights as l; l.lights_from(l.NoLightsConfig()); "
        "sys.exit(bool({'aiohttp', 'sacn', 'yaml'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_yaml_is_read(tmp_path):
    path = tmp_path / "lights.yaml"
    path.write_text(
        "driver: sacn\nsettle_ms: 40\nuniverse: 7\nscenes:\n  dim: {1: 12}\n  studio: {1: 204}\n"
    )
    config = read_lights(path)
    assert isinstance(config, SacnLightsConfig)
    assert (config.universe, config.settle_ms, config.scenes.studio) == (7, 40, {1: 204})
    path.write_text("driver: none\nsettle_ms: 5\n")
    assert read_lights(path) == NoLightsConfig(settle_ms=5)


@pytest.mark.parametrize(
    "text",
    [
        "driver: dmx\n",
        "settle_ms: 3\n",
        "driver: none\nsetle_ms: 3\n",
        "driver: none\nsettle_ms: -1\n",
        "driver: sacn\nuniverse: 64000\nscenes: {dim: {1: 1}, studio: {1: 1}}\n",
        "driver: sacn\nscenes: {dim: {513: 1}, studio: {1: 1}}\n",
        "driver: sacn\nscenes: {dim: {1: 256}, studio: {1: 1}}\n",
        "driver: sacn\nscenes: {dim: {1: 25}}\n",
        "driver: http\nscenes: {dim: [{url: x, lmap: y}], studio: []}\n",
        "- a\n",
        "driver: [\n",
    ],
)
def test_a_wrong_file_is_refused_in_one_line_that_names_it(tmp_path, text):
    path = tmp_path / "lights.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"lights\.yaml"):
        read_lights(path)
    with pytest.raises(UsageError, match=r"cannot read .*absent\.yaml: No such file"):
        read_lights(tmp_path / "absent.yaml")


def test_the_controller_gets_exactly_the_requests_of_the_scene():
    async def both_scenes():
        async with LampController() as lamp:
            config = http_config(lamp.port)
            assert isinstance(config, HttpLightsConfig)
            lights = lights_from(config)
            await lights.scene("dim")
            first = list(lamp.requests)
            await lights.scene("studio")
            await lights.close()
            return first, lamp.requests[1:]

    first, second = asyncio.run(both_scenes())
    assert [(r.method, r.path, r.body) for r in first] == [("GET", "/light?level=5&k=1", "")]
    assert sorted((r.method, r.path, r.body) for r in second) == [
        ("GET", "/light?level=5&k=1", ""),
        ("PUT", "/light", '{"level": 80, "price": "$"}'),
    ]
    assert [r.headers["X-Key"] for r in second if r.method == "PUT"] == ["abc"]


def test_a_lamp_that_fails_once_is_asked_again_and_twice_is_an_error():
    async def statuses(*answers):
        left = list(answers)
        async with LampController(lambda _: left.pop(0)) as lamp:
            lights = lights_from(http_config(lamp.port))
            try:
                await lights.scene("dim")
            finally:
                await lights.close()
            return len(lamp.requests)

    assert asyncio.run(statuses(503, 204)) == 2
    with pytest.raises(LightsError, match="scene dim: left panel answered 500; look whether"):
        asyncio.run(statuses(500, 500))
    with pytest.raises(LightsError, match="left panel answered 302"):
        asyncio.run(statuses(302, 302))


def test_lamps_are_set_side_by_side_and_only_the_silent_one_is_named():
    async def one_is_silent():
        async with LampController() as lamp:
            with socket.create_server(("127.0.0.1", 0)) as deaf:
                deaf_port = deaf.getsockname()[1]
                silent = {"url": f"http://127.0.0.1:{deaf_port}/", "lamp": "deaf lamp"}
                scenes = {"dim": [silent, DIM], "studio": []}
                config = http_config(lamp.port, scenes=scenes, timeout_s=0.2)
                lights = lights_from(config)
                with pytest.raises(LightsError) as caught:
                    await lights.scene("dim")
                await lights.close()
            return str(caught.value), len(lamp.requests)

    words, asked = asyncio.run(one_is_silent())
    assert "deaf lamp did not answer in time" in words
    assert "left panel" not in words
    assert asked == 1


def test_a_lamp_that_is_off_is_named_by_its_address():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    scenes = {"dim": [{"url": f"http://127.0.0.1:{port}/"}], "studio": []}

    async def try_it():
        lights = lights_from(http_config(1, scenes=scenes))
        try:
            await lights.scene("dim")
        finally:
            await lights.close()

    with pytest.raises(LightsError, match=r"lamp 127\.0\.0\.1 could not be asked"):
        asyncio.run(try_it())


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://${absent}/", "'absent', which `values` does not have"),
        ("http://x/$ 5", r"write \$\$"),
        ("ftp://x/", "no http:// address"),
        ("http:///light", "no http:// address"),
    ],
)
def test_a_wrong_template_is_refused_before_the_session(url, words):
    with pytest.raises(UsageError, match=words):
        lights_from(http_config(1, scenes={"dim": [{"url": url}], "studio": []}))


def test_a_scene_arrives_channel_by_channel_and_the_source_takes_its_leave():
    async def scenes(node):
        lights = SacnLights(sacn_config(), port=node.port)
        await lights.scene("dim")
        dim = node.frames()
        await lights.scene("studio")
        studio = node.frames()
        await asyncio.sleep(1.0)
        kept = node.frames()
        await lights.close()
        ended = node.frames()
        await asyncio.sleep(1.0)
        return dim, studio, kept, ended, node.frames()

    node = SacnNode()
    try:
        dim, studio, kept, ended, after = asyncio.run(scenes(node))
    finally:
        node.close()
    assert {frame.levels for frame in dim} == {levels(c1=12, c512=3)}
    assert {frame.levels for frame in [*studio, *kept, *ended]} == {levels(c1=204, c2=255)}
    assert (len(dim), len(studio), len(ended)) == (3, 3, 3)
    assert kept
    assert not after
    assert [frame.ended for frame in [*dim, *kept, *ended]] == [False] * (3 + len(kept)) + [
        True
    ] * 3
    assert {(f.universe, f.priority, f.source) for f in dim} == {(258, 150, "DeepFlash acquire")}
    sequence = [frame.sequence for frame in [*dim, *studio, *kept, *ended]]
    assert sequence == list(range(sequence[0], sequence[0] + len(sequence)))


def test_the_real_port_is_used():
    try:
        node = SacnNode(PORT)
    except OSError:
        pytest.skip(f"port {PORT} is taken by another program")

    async def dim():
        lights = lights_from(sacn_config())
        await lights.scene("dim")
        await lights.close()

    try:
        asyncio.run(dim())
        assert node.frames()[0].levels == levels(c1=12, c512=3)
    finally:
        node.close()


def test_multicast_goes_to_the_group_of_the_universe():
    packets = []

    class Wire:
        def sendto(self, data, target):
            packets.append((decode_frame(data).universe, target))

        def close(self):
            pass

    async def dim():
        lights = SacnLights(sacn_config(destination=""))
        lights._socket = Wire()
        await lights.scene("dim")
        await lights.close()

    asyncio.run(dim())
    assert set(packets) == {(258, ("239.255.1.2", 5568))}


@pytest.mark.parametrize("key", ["destination", "interface"])
def test_an_sacn_node_is_named_by_its_address(key):
    with pytest.raises(UsageError, match="node.local is no IPv4 address".replace(".", r"\.")):
        lights_from(sacn_config(**{key: "node.local"}))


def test_a_network_that_is_away_is_one_line():
    async def try_it():
        lights = SacnLights(sacn_config(destination="255.255.255.255"))
        try:
            await lights.scene("studio")
        finally:
            await lights.close()

    with pytest.raises(LightsError, match="scene studio could not be sent to sACN universe 258"):
        asyncio.run(try_it())


@pytest.mark.parametrize("data", [b"", bytes(638), b"x" * 639])
def test_what_is_no_sacn_packet_is_refused(data):
    with pytest.raises(ValueError, match=r"no E1\.31 packet"):
        decode_frame(data)
