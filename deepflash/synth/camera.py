"""What cameras make of linear light: a phone's picture and a studio camera's, 8-bit sRGB."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float32, UInt8

from deepflash.pictures import from_unit, linear_to_srgb

Linear = Float32[np.ndarray, "h w 3"]
Encoded = Float32[np.ndarray, "h w 3"]

KNEE_RANGE = 0.7
"""A shoulder of 1 begins to bend at 1 - `KNEE_RANGE`."""
LUMA = (0.299, 0.587, 0.114)
"""Weights of encoded RGB in the luma (ITU-R BT.601), as cameras and JPEG use it."""
GREEN_KERNEL, RED_BLUE_KERNEL = (0.18, 0.64, 0.18), (0.25, 0.5, 0.25)
"""Demosaicing averages red and blue over wider distances than green."""
_VEIL_SIDE = 48


@dataclass(frozen=True, kw_only=True)
class Response:
    """How a camera answers to light; the defaults are a perfect camera: sRGB encoding alone."""

    exposure_ev: float = 0.0
    """Error of the exposure in stops."""
    white_balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    """Gains of linear RGB."""
    vignetting: float = 0.0
    """Fraction of the light that the corners lose."""
    veil: float = 0.0
    """Fraction of the light that lens and finger marks spread over the picture."""
    blur_px: float = 0.0
    """Standard deviation of the point spread."""
    shot_noise: float = 0.0
    """Variance of the noise for each unit of linear light, where 1 is white."""
    read_noise: float = 0.0
    """Standard deviation of the noise in the dark, in linear light."""
    chroma_denoise: float = 0.0
    """Fraction of the noise's colour that is removed."""
    shoulder: float = 0.0
    """0 clips at white; 1 bends highlights from 0.3 on."""
    contrast: float = 0.0
    """0 to below 1: an S curve on encoded values."""
    saturation: float = 1.0
    """Factor of the distance from grey, on encoded values."""
    sharpening: float = 0.0
    """Strength of an unsharp mask on the luma."""
    jpeg_quality: int = 95
    """For the caller, who writes the file."""


class PhoneResponse(Response):
    """A phone in a hand: small sensor, much processing."""


class StudioResponse(Response):
    """A large sensor on a tripod, developed with a light hand."""


def draw_phone(rng: np.random.Generator) -> PhoneResponse:
    """Returns a phone's response; three phones in four sharpen visibly."""
    warm, green = rng.normal(0, 0.025), rng.normal(0, 0.012)
    return PhoneResponse(
        exposure_ev=float(np.clip(rng.normal(0, 0.15), -0.4, 0.4)),
        white_balance=(float(np.exp(warm)), float(np.exp(green)), float(np.exp(-warm))),
        vignetting=float(rng.uniform(0.0, 0.25)),
        veil=float(rng.choice([rng.uniform(0.0, 0.015), rng.uniform(0.015, 0.06)], p=[0.7, 0.3])),
        blur_px=float(rng.uniform(0.3, 0.8)),
        shot_noise=float(np.exp(rng.uniform(np.log(1e-4), np.log(1.5e-3)))),
        read_noise=float(np.exp(rng.uniform(np.log(3e-4), np.log(3e-3)))),
        chroma_denoise=float(rng.uniform(0.4, 0.95)),
        shoulder=float(rng.uniform(0.2, 0.8)),
        contrast=float(rng.uniform(0.05, 0.4)),
        saturation=float(rng.uniform(0.95, 1.2)),
        sharpening=float(rng.choice([0.1, rng.uniform(0.2, 0.7)], p=[0.25, 0.75])),
        jpeg_quality=int(rng.integers(80, 96)),
    )


def draw_studio(rng: np.random.Generator) -> StudioResponse:
    """Returns a studio camera's response: little error, little noise."""
    warm = rng.normal(0, 0.008)
    return StudioResponse(
        white_balance=(float(np.exp(warm)), 1.0, float(np.exp(-warm))),
        vignetting=float(rng.uniform(0.0, 0.06)),
        veil=float(rng.uniform(0.0, 0.006)),
        blur_px=float(rng.uniform(0.25, 0.45)),
        shot_noise=float(rng.uniform(1e-5, 5e-5)),
        read_noise=float(rng.uniform(5e-5, 2e-4)),
        chroma_denoise=0.3,
        shoulder=float(rng.uniform(0.3, 0.6)),
        contrast=float(rng.uniform(0.05, 0.25)),
        saturation=float(rng.uniform(0.97, 1.08)),
        sharpening=float(rng.uniform(0.1, 0.3)),
        jpeg_quality=95,
    )


def draw_responses(
    rng: np.random.Generator, *, studio_target: bool
) -> tuple[PhoneResponse, StudioResponse]:
    """Returns the responses for the flash picture and the target of a pair.

    Args:
        rng: decides both.
        studio_target: the target shows a studio. Otherwise its background is that of the flash
            picture, and so must be exposure, white balance and curves.
    """
    phone, studio = draw_phone(rng), draw_studio(rng)
    if studio_target:
        return phone, studio
    return phone, replace(
        studio,
        exposure_ev=phone.exposure_ev,
        white_balance=phone.white_balance,
        shoulder=phone.shoulder,
        contrast=phone.contrast,
        saturation=phone.saturation,
    )


def phone_camera(
    linear: Linear, rng: np.random.Generator, response: PhoneResponse
) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the picture of exposed linear light, sRGB-encoded; `rng` decides the noise."""
    return photograph(linear, rng, response)


def studio_camera(
    linear: Linear, rng: np.random.Generator, response: StudioResponse
) -> UInt8[np.ndarray, "h w 3"]:
    """Returns the picture of exposed linear light, sRGB-encoded; `rng` decides the noise."""
    return photograph(linear, rng, response)


def photograph(
    linear: Linear, rng: np.random.Generator, response: Response
) -> UInt8[np.ndarray, "h w 3"]:
    """Returns what any camera makes of light, from lens to encoding.

    Args:
        linear: exposed light with sRGB primaries, 1 is white; at least 0, may exceed 1.
        rng: decides the noise; used even where there is none.
        response: of the camera.
    """
    light = through_lens(linear, response)
    light = light + noise(light, rng, response)
    encoded = linear_to_srgb(tone(np.maximum(light, 0), response.shoulder))
    return from_unit(finish(encoded, response))


def through_lens(linear: Linear, response: Response) -> Linear:
    """Returns the light on the sensor: gains, vignetting, veiling glare, point spread."""
    gains = np.float32(2**response.exposure_ev) * np.asarray(response.white_balance, np.float32)
    light = linear * gains
    if response.vignetting:
        height, width, _ = light.shape
        light *= vignette(height, width, response.vignetting)[..., None]
    if response.veil:
        small = cv2.resize(light, (_VEIL_SIDE, _VEIL_SIDE), interpolation=cv2.INTER_AREA)
        spread = cv2.GaussianBlur(small, (0, 0), _VEIL_SIDE / 6, borderType=cv2.BORDER_REFLECT)
        spread = cv2.resize(spread, light.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        light = cv2.addWeighted(light, 1 - response.veil, spread, response.veil, 0)
    if response.blur_px:
        light = cv2.GaussianBlur(light, (0, 0), response.blur_px, borderType=cv2.BORDER_REFLECT)
    return light


def vignette(height: int, width: int, strength: float) -> Float32[np.ndarray, "h w"]:
    """Returns the factor of the light: 1 in the middle, 1 - `strength` in the corners."""
    rows = np.linspace(-1, 1, height, dtype=np.float32) ** 2
    columns = np.linspace(-1, 1, width, dtype=np.float32) ** 2
    return 1 - np.float32(strength / 2) * (rows[:, None] + columns)


def noise(light: Linear, rng: np.random.Generator, response: Response) -> Linear:
    """Returns noise of variance `shot_noise * light + read_noise ** 2`, correlated as in pictures.

    Demosaicing smears it over neighbours, more in red and blue, without changing the variance;
    `chroma_denoise` then pulls it towards grey, which lowers that of the colours.
    """
    grain = rng.standard_normal(light.shape, np.float32)
    if not response.shot_noise and not response.read_noise:
        return np.zeros_like(grain)
    red, green, blue = cv2.split(grain)
    green = _smeared(green, GREEN_KERNEL)
    red, blue = _smeared(red, RED_BLUE_KERNEL), _smeared(blue, RED_BLUE_KERNEL)
    grain = cv2.merge((red, green, blue))
    variance = light * np.float32(response.shot_noise) + np.float32(response.read_noise**2)
    grain *= np.sqrt(np.maximum(variance, 0))
    if response.chroma_denoise:
        grey = cv2.cvtColor(grain, cv2.COLOR_RGB2GRAY)[..., None]
        grain += np.float32(response.chroma_denoise) * (grey - grain)
    return grain


def _smeared(
    grain: Float32[np.ndarray, "h w"], kernel: tuple[float, float, float]
) -> Float32[np.ndarray, "h w"]:
    weights = np.asarray(kernel, np.float32) / np.float32(np.linalg.norm(kernel))
    return cv2.sepFilter2D(grain, -1, weights, weights, borderType=cv2.BORDER_REFLECT)


def tone(light: Linear, shoulder: float) -> Linear:
    """Returns light with its highlights bent towards 1; it never falls where light rises."""
    if not shoulder:
        return light
    width = np.float32(KNEE_RANGE * shoulder)
    knee = 1 - width
    bent = knee - width * np.expm1(-(np.maximum(light, knee) - knee) / width)
    return np.where(light <= knee, light, bent)


def finish(encoded: Encoded, response: Response) -> Encoded:
    """Returns encoded values in [0,1] with contrast, saturation and sharpening."""
    if response.contrast:
        curve = (2 * encoded - 1) * encoded * (1 - encoded)
        encoded = encoded + np.float32(response.contrast) * curve
    if response.saturation == 1 and not response.sharpening:
        return encoded
    luma = cv2.cvtColor(encoded, cv2.COLOR_RGB2GRAY)[..., None]
    detail = np.float32(0)
    if response.sharpening:
        soft = cv2.GaussianBlur(luma, (0, 0), 1.2, borderType=cv2.BORDER_REFLECT)[..., None]
        detail = np.float32(response.sharpening) * (luma - soft)
    return luma + np.float32(response.saturation) * (encoded - luma) + detail
