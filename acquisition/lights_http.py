"""Lamps that are set by HTTP requests: all at once, each checked, each tried twice."""

import asyncio
from string import Template
from urllib.parse import urlsplit

import aiohttp
import msgspec

from acquisition.errors import LightsError, UsageError, one_line
from acquisition.lights import Driver, HttpLightsConfig, LampRequest, Scene

_TRIES = 2


class HttpLights:
    """Sends the requests of a scene."""

    driver: Driver = "http"

    def __init__(self, config: HttpLightsConfig) -> None:
        """Fills the templates. Raises UsageError for a value that there is not."""
        self.settle_ms = config.settle_ms
        self._timeout = aiohttp.ClientTimeout(total=config.timeout_s)
        self._scenes: dict[Scene, list[LampRequest]] = {
            "dim": [_filled(request, config) for request in config.scenes.dim],
            "studio": [_filled(request, config) for request in config.scenes.studio],
        }
        self._client: aiohttp.ClientSession | None = None

    async def scene(self, name: Scene) -> None:
        """Sends the scene's requests side by side and waits until the lamps have settled.

        Raises:
            LightsError: a lamp did not take it twice; the others may have.
        """
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar()
            )
        client = self._client
        problems = await asyncio.gather(
            *(_set_lamp(client, request) for request in self._scenes[name])
        )
        if wrong := [problem for problem in problems if problem]:
            raise LightsError(
                f"scene {name}: {'; '.join(wrong)}; look whether the lamp is on and in this network"
            )
        await asyncio.sleep(self.settle_ms / 1000)

    async def close(self) -> None:
        """Closes the connections; the lamps keep the last scene. Never raises."""
        client, self._client = self._client, None
        if client is not None:
            await client.close()


async def _set_lamp(client: aiohttp.ClientSession, request: LampRequest) -> str:
    """Returns what went wrong, empty if nothing did."""
    problem = ""
    for _ in range(_TRIES):
        try:
            async with client.request(
                request.method,
                request.url,
                data=request.body.encode() if request.body else None,
                headers=request.headers,
                allow_redirects=False,
            ) as answer:
                await answer.read()
                if 200 <= answer.status < 300:
                    return ""
                problem = f"answered {answer.status}"
        except TimeoutError:
            problem = "did not answer in time"
        except (aiohttp.ClientError, OSError, ValueError) as error:
            problem = f"could not be asked ({one_line(error)})"
    return f"{request.lamp} {problem}"


def _filled(request: LampRequest, config: HttpLightsConfig) -> LampRequest:
    try:
        url = Template(request.url).substitute(config.values)
        body = Template(request.body).substitute(config.values)
        parts = urlsplit(url)
        host = parts.hostname
    except KeyError as error:
        raise UsageError(
            f"lights: {request.url} asks for the value {error}, which `values` does not have"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"lights: {request.url} or its body is no template ({error}); write $$ for a $"
        ) from error
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"lights: {request.url} is no http:// address of a lamp")
    return msgspec.structs.replace(request, url=url, body=body, lamp=request.lamp or f"lamp {host}")
