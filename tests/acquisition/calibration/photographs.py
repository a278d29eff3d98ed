"""Photographs of the clock on a monitor, drawn: perspective, blur, light, moiré, noise."""

import cv2
import msgspec
import numpy as np

from acquisition.calibration.gray_code import draw, face_at


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    width_px: int = 720
    fill: float = 0.7
    turn_deg: float = 0.0
    tilt: float = 0.05
    blur_px: float = 0.8
    noise: float = 5.0
    uneven: float = 0.3
    moire: float = 6.0
    mirrored: bool = False
    gain: float = 0.8
    seed: int = 0


def code_at(time_ms: float, step_ms: int) -> np.ndarray:
    return draw(face_at(float(time_ms), step_ms), 28)


def photograph(code: np.ndarray, conditions: Conditions) -> np.ndarray:
    rng = np.random.default_rng(conditions.seed)
    width, height = conditions.width_px, conditions.width_px * 3 // 4
    code_height, code_width = code.shape[:2]
    corners = np.array([[0, 0], [code_width, 0], [code_width, code_height], [0, code_height]])
    scale = conditions.fill * width / code_width
    angle = np.deg2rad(conditions.turn_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    placed = (corners - corners.mean(0)) * scale @ turn
    placed += rng.uniform(-1, 1, (4, 2)) * conditions.tilt * conditions.fill * width
    placed += [width / 2, height / 2]
    if conditions.mirrored:
        placed[:, 0] = width - placed[:, 0]
    transform = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    wall = cv2.GaussianBlur(rng.uniform(20, 140, (height, width, 3)), (0, 0), 12)
    seen = cv2.warpPerspective(
        code.astype(np.float32),
        transform,
        (width, height),
        dst=wall.astype(np.float32),
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    y, x = np.mgrid[:height, :width]
    light = 1 - conditions.uneven * (0.5 + 0.5 * np.sin(3 * x / width + conditions.seed))
    seen = 20 + conditions.gain * seen * light[..., None]
    seen += (conditions.moire * np.sin(0.9 * x + 1.3 * y))[..., None]
    if conditions.blur_px:
        seen = cv2.GaussianBlur(seen, (0, 0), conditions.blur_px)
    return np.clip(seen + rng.normal(0, conditions.noise, seen.shape), 0, 255).astype(np.uint8)
