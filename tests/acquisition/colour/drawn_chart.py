"""Pictures of a ColorChecker in given device colours."""

from dataclasses import dataclass

import cv2
import numpy as np

from acquisition.colour.reference import COLUMNS, ROWS

PATCH, GAP = 80, 14
SIZE = (COLUMNS * PATCH + (COLUMNS + 1) * GAP, ROWS * PATCH + (ROWS + 1) * GAP)


@dataclass(frozen=True)
class Shot:
    """How the chart lies in the picture and what the camera does to it."""

    size: tuple = (1400, 1000)
    centre: tuple = (0.5, 0.5)
    width: float = 0.4
    turn_degrees: float = 8.0
    perspective: float = 0.06
    uneven: float = 0.10
    blur_px: float = 1.0
    noise: float = 0.004
    exposure: float = 0.8
    seed: int = 0


def flat_chart(colours):
    """The chart seen straight on, linear, with its black frame."""
    chart = np.full((SIZE[1], SIZE[0], 3), 0.02 * colours[18], np.float32)
    for number, colour in enumerate(colours):
        row, column = divmod(number, COLUMNS)
        y, x = GAP + row * (PATCH + GAP), GAP + column * (PATCH + GAP)
        chart[y : y + PATCH, x : x + PATCH] = colour
    return chart


def placement(shot):
    """Homography from the flat chart to the picture."""
    width = shot.width * shot.size[0]
    height = width * SIZE[1] / SIZE[0]
    tilt = shot.perspective
    corners = np.array(
        [
            [-0.5 * width, -0.5 * height],
            [0.5 * width, -(0.5 - tilt) * height],
            [(0.5 - tilt) * width, (0.5 - tilt) * height],
            [-0.5 * width, 0.5 * height],
        ]
    )
    angle = np.radians(shot.turn_degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    placed = corners @ turn.T + np.asarray(shot.centre) * shot.size
    flat = np.array([[0, 0], [SIZE[0], 0], SIZE, [0, SIZE[1]]], np.float32)
    return cv2.getPerspectiveTransform(flat, placed.astype(np.float32))


def photograph(colours, shot=None):
    """A linear picture of the chart on a grey wall, clipped at 1 as a sensor does."""
    shot = shot or Shot()
    random = np.random.default_rng(shot.seed)
    wide, high = shot.size
    picture = np.empty((high, wide, 3), np.float32)
    picture[:] = 0.55 * colours[21] / 0.19 * 0.4
    to_picture = placement(shot)
    chart = cv2.warpPerspective(flat_chart(colours), to_picture, shot.size, flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones(SIZE[::-1], np.float32), to_picture, shot.size)[..., None]
    picture = picture * (1 - inside) + chart
    # Across the chart the light changes by `uneven`, along its width and half as much in height.
    x = (np.arange(wide) - shot.centre[0] * wide) / (shot.width * wide)
    y = (np.arange(high) - shot.centre[1] * high) / (shot.width * wide)
    picture *= (1 + shot.uneven * (x[None] + 0.5 * y[:, None]))[..., None].astype(np.float32)
    picture = cv2.GaussianBlur(picture, (0, 0), shot.blur_px) if shot.blur_px else picture
    picture = np.maximum(picture * shot.exposure, 0)
    noise = random.standard_normal(picture.shape, np.float32)
    picture += noise * shot.noise * np.sqrt(picture + 0.02)
    return np.clip(picture, 0, 1).astype(np.float32)


def phone_tone(linear):
    """A phone's tone curve in linear light: lifted middles, a shoulder at the top."""
    return (1.6 * linear * (1 + 0.35 * linear) / (1 + 1.16 * linear)).astype(np.float32)


def encoded(linear):
    """8-bit sRGB."""
    linear = np.clip(linear, 0, 1)
    levels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.round(levels * 255).astype(np.uint8)
