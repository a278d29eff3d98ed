"""Colour profiles of photographs: everything the network sees is sRGB."""

import io

from PIL import Image, ImageCms

_MODE_OF_SPACE = {b"GRAY": "L", b"RGB ": "RGB", b"CMYK": "CMYK"}


def srgb_profile() -> bytes:
    """Returns an sRGB profile, the same bytes every time."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the time of creation
    return bytes(profile)


def _opened(icc: bytes) -> ImageCms.ImageCmsProfile | None:
    try:
        return ImageCms.ImageCmsProfile(io.BytesIO(icc))
    except OSError:
        return None


def _space(icc: bytes) -> bytes:
    """Returns the colour space of the pictures that the profile is for (ICC.1, section 7.2.6)."""
    return icc[16:20]


def _is_srgb(profile: ImageCms.ImageCmsProfile) -> bool:
    description = ImageCms.getProfileDescription(profile).casefold()
    return "srgb" in description and "linear" not in description


def rgb_profile(icc: bytes | None) -> bytes | None:
    """Returns `icc` if it is a readable profile of RGB pictures, else None."""
    return icc if icc and _opened(icc) is not None and _space(icc) == b"RGB " else None


def as_srgb(picture: Image.Image, icc: bytes | None) -> tuple[Image.Image, bytes | None]:
    """Returns an 8-bit picture without alpha as sRGB, and the profile to write with it.

    A picture that is tagged sRGB keeps its profile; an untagged one, or one whose profile is
    damaged or made for another kind of picture, is taken to be sRGB and stays untagged. All
    others are converted (relative colorimetric, black point compensated) and tagged sRGB, so
    colours outside sRGB are cut.
    """
    profile = _opened(icc) if icc else None
    if icc is None or profile is None:
        return picture.convert("RGB"), None
    if _space(icc) == b"RGB " and _is_srgb(profile) and picture.mode != "CMYK":
        return picture.convert("RGB"), icc
    mode = _MODE_OF_SPACE.get(_space(icc))
    if mode is None or (mode == "CMYK") != (picture.mode == "CMYK"):
        return picture.convert("RGB"), None
    source = picture if picture.mode == mode else picture.convert(mode)
    tag = srgb_profile()
    try:
        converted = ImageCms.profileToProfile(
            source,
            profile,
            ImageCms.ImageCmsProfile(io.BytesIO(tag)),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
            flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
    except ImageCms.PyCMSError:
        return picture.convert("RGB"), None
    return converted or source.convert("RGB"), tag
