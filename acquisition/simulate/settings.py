"""What a simulated camera is told when it starts."""

import msgspec


class FeedSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which pictures both simulated devices see, and how large."""

    folder: str | None = None
    """A pair dataset, or pictures `NAME_flash.*` with `NAME_studio.*` or `NAME_ambient.*`; None:
    the rendered pairs that come with the program."""
    phone_px: tuple[int, int] = (1200, 1600)
    """Width and height."""
    studio_px: tuple[int, int] = (1600, 2400)
    """Width and height; both even."""
    poses: int = 5
    """Poses of one participant, to number the scenes."""
    raw_bits: int = 14
    """12, 14 or 16."""
    ambient: float = 0.02
    """Light of the dim scene, as part of the studio's; linear."""
    seed: int = 0
    """Of the similarities between both views."""


class CameraSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How one simulated camera is."""

    feed: FeedSettings = FeedSettings()
    nikon: bool = True
    """With Nikon's operations; without, the standard ones alone."""
    card: str | None = None
    """Folder of the card; None: one that vanishes with the camera."""
    port: int = 0
    """0: any free one."""
    raw_suffix: str = "DNG"
    capacity_bytes: int = 16_000_000_000
    clock_offset_s: float = 0.0
    """The camera's calendar clock minus the host's."""
    serial: str = "SIM-0001"
