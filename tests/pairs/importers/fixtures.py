"""Small datasets in the layouts of the published ones, drawn by code, with known answers.

Every `draw_...` writes into a folder and returns what an import must give: by pair id, the flash
and the studio picture as sRGB-encoded values in [0,1].
"""

import struct
import zlib
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

WIDTH, HEIGHT = 64, 48

# Linear sRGB -> XYZ (D65), rounded as in IEC 61966-2-1:1999/Amd 1; not derived by the code under
# test.
SRGB_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)
# A made-up camera: broad, overlapping channels, green the most sensitive.
XYZ_TO_CAMERA = np.array([[0.80, -0.20, -0.06], [-0.45, 1.30, 0.14], [-0.08, 0.20, 0.55]])
D65_WHITE = np.array([0.95047, 1.0, 1.08883])

Answers = dict[str, tuple[np.ndarray, np.ndarray]]


def encode(linear: np.ndarray) -> np.ndarray:
    """sRGB-encodes linear light."""
    return np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)


def decode(encoded: np.ndarray) -> np.ndarray:
    """Gives linear light of sRGB-encoded values."""
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def scene(seed: int, width: int = WIDTH, height: int = HEIGHT) -> tuple[np.ndarray, np.ndarray]:
    """Draws one scene in linear light under a flash (falls off) and under ambient light."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    phase = generator.uniform(0, 6, 3)
    reflectance = 0.5 + 0.25 * np.sin(5 * x[..., None] + phase) * np.cos(4 * y[..., None] + phase)
    flash = 1 / (1 + 2 * (x**2 + y**2))[..., None]
    ambient = (0.45 + 0.2 * x)[..., None] * np.array([1.0, 0.9, 0.8])
    return reflectance * flash, reflectance * ambient


def quantise(picture: np.ndarray, bits: int = 8) -> np.ndarray:
    """Rounds values in [0,1] to integers."""
    levels = 2**bits - 1
    return np.round(np.clip(picture, 0, 1) * levels).astype(np.uint8 if bits == 8 else np.uint16)


def write_png(path: Path, pixels: np.ndarray, text: dict[str, str] | None = None) -> None:
    """Writes RGB or RGBA pixels as PNG with tEXt chunks behind the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    order = [2, 1, 0, 3][: pixels.shape[2]]
    data = cv2.imencode(".png", np.ascontiguousarray(pixels[..., order]))[1].tobytes()
    header_end = 8 + 25
    chunks = b"".join(_text_chunk(key, value) for key, value in (text or {}).items())
    path.write_bytes(data[:header_end] + chunks + data[header_end:])


def _text_chunk(key: str, value: str) -> bytes:
    body = b"tEXt" + key.encode() + b"\0" + value.encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def matrix_text(illuminant: int = 21) -> dict[str, str]:
    """Gives the PNG text that FAID's camera-linear files carry."""
    numbers = " ".join(f"{value:g}" for value in XYZ_TO_CAMERA.ravel())
    return {"Comment": numbers, "Description": str(illuminant)}


def camera_linear(linear_srgb: np.ndarray) -> np.ndarray:
    """Gives what the made-up camera records of linear sRGB; white fills its largest channel."""
    camera = linear_srgb @ (XYZ_TO_CAMERA @ SRGB_TO_XYZ).T
    return camera / (XYZ_TO_CAMERA @ D65_WHITE).max()


def draw_faid(
    folder: Path,
    form: Literal["srgb", "linear8", "linear16"] = "srgb",
    scenes: int = 4,
    *,
    swapped: bool = False,
) -> Answers:
    """Draws `<Category>_<NNN>_{ambient,flash}.png`, categories in turn."""
    answers: Answers = {}
    for index in range(scenes):
        name = f"{('People', 'Objects', 'Toys')[index % 3]}_{index:03d}"
        pictures = scene(index)
        for role, linear in zip(("flash", "ambient"), pictures, strict=True):
            stored = {"flash": "ambient", "ambient": "flash"}[role] if swapped else role
            path = folder / f"{name}_{stored}.png"
            if form == "srgb":
                write_png(path, quantise(encode(linear)))
            else:
                bits = 8 if form == "linear8" else 16
                write_png(path, quantise(camera_linear(linear), bits), matrix_text())
        answers[name] = (encode(pictures[0]), encode(pictures[1]))
    return answers


def draw_dpd(
    folder: Path, portraits: int = 4, rotations: int = 2, *, alpha: bool = False, prefix: str = ""
) -> Answers:
    """Draws `inputs_origin/P<NN>_flash_rot<R>.png` and `target/P<NN>_no_flash_rot<R>.png`.

    With `alpha`, a centred disc is the person and black lies hidden behind it.
    """
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    disc = (np.hypot(x, y) < 0.7)[..., None]
    answers: Answers = {}
    for portrait in range(portraits):
        for rotation in range(rotations):
            pictures = scene(100 * portrait + rotation)
            for place, word, linear in zip(
                ("inputs_origin", "target"), ("flash", "no_flash"), pictures, strict=True
            ):
                pixels = quantise(encode(linear))
                if alpha:
                    pixels = np.concatenate([pixels * disc, disc * np.uint8(255)], axis=2)
                write_png(
                    folder / f"{prefix}{place}" / f"P{portrait:02d}_{word}_rot{rotation}.png",
                    pixels.astype(np.uint8),
                )
            flash, studio = (encode(p) for p in pictures)
            if alpha:
                flash, studio = np.where(disc, flash, 0.5), np.where(disc, studio, 0.5)
            answers[f"P{portrait:02d}_rot{rotation}"] = (flash, studio)
    return answers


def draw_efaid(folder: Path, scenes: int = 4, *, swapped: bool = False) -> Answers:
    """Draws all six folders: linear 8-bit `<name>_{ambient,flash,flashphoto}.png`."""
    places = {
        "FAID_train": "faid_People_{:03d}",
        "FAID_test": "faid_Toys_{:03d}",
        "MID_train/1": "mid_01_copyroom_{:03d}",
        "MID_train/2": "mid_02_copyroom_{:03d}",
        "MID_test/2": "mid_02_everett_{:03d}",
        "DPD_train/1": "dpd_01_face{:03d}_rot0",
        "DPD_train/2": "dpd_02_face{:03d}_rot0",
        "DPD_test/1": "dpd_01_head{:03d}_rot0",
    }
    answers: Answers = {}
    for place, pattern in places.items():
        for index in range(scenes):
            pair_id = pattern.format(index)
            name = "_".join(pair_id.split("_")[2 if "/" in place else 1 :])
            flash, ambient = scene(index)
            exchanged = swapped and place.startswith("FAID")
            stored = {
                "flash": ambient if exchanged else flash,
                "ambient": flash if exchanged else ambient,
                "flashphoto": np.minimum(flash + ambient, 1),
            }
            for role, linear in stored.items():
                write_png(folder / place / f"{name}_{role}.png", quantise(linear))
            answers[pair_id] = (encode(stored["flashphoto"]), encode(ambient))
    return answers


def draw_mid(folder: Path, names: tuple[str, ...] = ("everett_hall1", "14n_office3")) -> Answers:
    """Draws `<scene>/dir_<0..24>_mip2.jpg`.

    Each direction is one grey, so that JPEG keeps it: direction d has the sRGB value 40 + 8 d.
    The answers are the flash (direction 22) and the linear mean of the 18 side directions.
    """
    frontal = {2, 3, 19, 20, 21, 22, 24}
    greys = {d: np.full((HEIGHT, WIDTH, 3), 40 + 8 * d, np.uint8) for d in range(25)}
    for name in names:
        (folder / name).mkdir(parents=True, exist_ok=True)
        for direction, grey in greys.items():
            cv2.imwrite(str(folder / name / f"dir_{direction}_mip2.jpg"), grey)
    sides = [decode(grey / 255.0) for d, grey in greys.items() if d not in frontal]
    answer = (greys[22] / 255.0, encode(np.mean(sides, axis=0)))
    return dict.fromkeys(names, answer)
