"""Twenty pictures of rendered people that ask different things of the enhancer, as PNG files."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from deepflash.enhance.profiles import adobe_rgb_profile
from deepflash.pairs.starter import dataset_root
from deepflash.pictures import read_picture
from tests.enhance.redeye_portraits import AMBER, BLUE, portrait

PEOPLE = sorted((dataset_root("starter") / "flash").glob("*.jpg"))


def person(at: int, size: int = 256) -> np.ndarray:
    picture = read_picture(PEOPLE[at])
    return cv2.resize(picture, (size, size), interpolation=cv2.INTER_CUBIC)


def red_eyed(name: str, scale: float) -> np.ndarray:
    """A face with two red pupils on a dark canvas."""
    one = portrait(name, scale)
    for eye in range(2):
        one.pupil(eye, 0.15 * one.eye_width(eye), (196, 34, 42))
    return cv2.copyMakeBorder(one.pixels, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=(58, 52, 50))


def group(*faces: tuple[int, int], width: int, height: int) -> np.ndarray:
    """People side by side, each a number and a size, before a grey wall."""
    canvas = np.full((height, width, 3), 92, np.uint8)
    left = 20
    for at, size in faces:
        top = (height - size) // 2
        canvas[top : top + size, left : left + size] = person(at, size)
        left += size + 30
    return canvas


def write_portraits(folder: Path) -> list[Path]:
    """Returns the files, the first in the folder first."""
    pictures = {f"{at:02}-small": person(at * 11) for at in range(6)}
    pictures |= {f"{at:02}-middle": person(at * 9, 640) for at in range(6, 10)}
    pictures |= {
        "10-odd": person(20, 517)[:, 60:393],
        "11-beyond-middle": person(31, 1800)[150:1650],
        "12-lying": np.rot90(person(42, 500)).copy(),
        "13-group": group((3, 300), (17, 260), (28, 280), width=960, height=400),
        "14-tiny-face": group((50, 150), width=1100, height=800),
        "15-grey": cv2.cvtColor(
            cv2.cvtColor(person(8, 400), cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB
        ),
        "16-no-face": np.random.default_rng(5).integers(0, 256, (240, 320, 3), np.uint8),
    }
    pictures |= {"17-red-eyes": red_eyed(BLUE, 3.0), "18-red-eyes": red_eyed(AMBER, 4.5)}
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")
    wide = Image.fromarray(person(13, 480))
    wide.save(folder / "19-wide-gamut.png", icc_profile=adobe_rgb_profile())
    return sorted(folder.glob("*.png"))
