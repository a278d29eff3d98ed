"""The studio's lamps: which scenes there are, and who switches them.

Strobes on the camera's hot shoe need no switching (`none`). Continuous panels are dimmed for
the phone's picture and brought back for the studio's, over HTTP or sACN (E1.31). The file that
`--lights` names:

    driver: http
    settle_ms: 250
    values: {left: 192.168.1.31, right: 192.168.1.32}
    scenes:
      dim:
        - {lamp: left panel, url: "http://${left}/light?level=5"}
        - {lamp: right panel, method: PUT, url: "http://${right}/light", body: '{"level": 5}'}
      studio:
        - {lamp: left panel, url: "http://${left}/light?level=80"}
        - {lamp: right panel, method: PUT, url: "http://${right}/light", body: '{"level": 80}'}

or, each scene naming DMX channels and their values:

    driver: sacn
    universe: 1
    destination: 192.168.1.40     # leave it out for multicast
    scenes:
      dim: {1: 12, 2: 12}
      studio: {1: 204, 2: 204}
"""

import asyncio
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from acquisition.errors import UsageError

Scene = Literal["dim", "studio"]
Driver = Literal["none", "http", "sacn", "simulated"]
Settle = Annotated[int, Meta(ge=0, le=10_000)]
Universe = Annotated[int, Meta(ge=1, le=63_999)]
Channel = Annotated[int, Meta(ge=1, le=512)]
Level = Annotated[int, Meta(ge=0, le=255)]


@runtime_checkable
@runtime_checkable
class Lights(Protocol):
    """The lamps of a session."""

    driver: Driver
    settle_ms: int

    async def scene(self, name: Scene) -> None:
        """Returns when the lamps took the scene and `settle_ms` passed. Raises LightsError."""
        ...

    async def close(self) -> None:
        """Lets go of the lamps; the last scene stays lit. Never raises."""
        ...


class _Config(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    settle_ms: Settle = 0
    """How long the lamps need after their controller took a scene."""


class NoLightsConfig(_Config, frozen=True, kw_only=True, tag_field="driver", tag="none"):
    """Nothing to switch."""


class LampRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One HTTP request that sets one lamp; it may be sent twice, so it sets and never toggles."""

    url: str
    """`${name}` is replaced from `values`."""
    lamp: str = ""
    """What the operator calls it; empty for the address."""
    method: Literal["GET", "POST", "PUT", "PATCH"] = "GET"
    body: str = ""
    """Likewise; a literal `$` is written `$$`."""
    headers: dict[str, str] = {}


class HttpScenes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to ask of which lamp."""

    dim: list[LampRequest]
    studio: list[LampRequest]


class HttpLightsConfig(_Config, frozen=True, kw_only=True, tag_field="driver", tag="http"):
    """Lamps that listen to HTTP."""

    scenes: HttpScenes
    values: dict[str, str | int] = {}
    timeout_s: Annotated[float, Meta(gt=0, le=60)] = 2.0
    """For one request; it is tried twice."""


class SacnScenes(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels 1 to 512 and their values 0 to 255; channels not named are 0."""

    dim: dict[Channel, Level]
    studio: dict[Channel, Level]


class SacnLightsConfig(_Config, frozen=True, kw_only=True, tag_field="driver", tag="sacn"):
    """Lamps on DMX behind an sACN (E1.31) node."""

    scenes: SacnScenes
    universe: Universe = 1
    destination: str = ""
    """Address of the node; empty for the universe's multicast group."""
    interface: str = ""
    """This computer's address in the lamps' network, for multicast; empty to let it choose."""
    priority: Annotated[int, Meta(ge=0, le=200)] = 100
    """The higher one wins where a lighting desk sends too."""


LightsConfig = NoLightsConfig | HttpLightsConfig | SacnLightsConfig


class NoLights:
    """Strobes on the camera's hot shoe: scenes are names only."""

    driver: Driver = "none"

    def __init__(self, settle_ms: int = 0) -> None:
        self.settle_ms = settle_ms
        self.scenes: list[Scene] = []

    async def scene(self, name: Scene) -> None:
        """Notes the scene and waits for `settle_ms`."""
        self.scenes.append(name)
        await asyncio.sleep(self.settle_ms / 1000)

    async def close(self) -> None:
        """Does nothing."""


def read_lights(path: Path | None) -> LightsConfig:
    """Reads a YAML file of lamps; None is a studio without any to switch.

    Raises:
        UsageError: it cannot be read or has another form.
    """
    if path is None:
        return NoLightsConfig()
    try:
        section = msgspec.yaml.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}; name another file") from error
    except msgspec.MsgspecError as error:
        raise UsageError(f"cannot read the lights in {path} ({error}); name a YAML file") from error
    return lights_config(section, str(path))


def lights_config(section: Any, where: str) -> LightsConfig:
    """Reads a section of YAML; `where` names it in errors. Raises UsageError."""
    try:
        return msgspec.convert(section, LightsConfig)
    except msgspec.ValidationError as error:
        raise UsageError(
            f"{where} does not describe lights ({error}); it begins with "
            "`driver: none`, `http` or `sacn`"
        ) from error


def lights_from(config: LightsConfig) -> Lights:
    """Returns the driver of the lamps; nothing is switched yet.

    Raises:
        UsageError: a template names a value that there is not.
    """
    if isinstance(config, HttpLightsConfig):
        from acquisition.lights_http import HttpLights

        return HttpLights(config)
    if isinstance(config, SacnLightsConfig):
        from acquisition.lights_sacn import SacnLights

        return SacnLights(config)
    return NoLights(config.settle_ms)
