"""The command line in this process, and photographs drawn for it."""

import numpy as np
from PIL import Image

from deepflash.cli import main
from deepflash.enhance.plan import JOURNAL


def draw_photo(path, seed=0, size=(70, 52), **options):
    y, x = np.mgrid[: size[1], : size[0]]
    pixels = np.stack([x / size[0], y / size[1], 0.5 + 0 * x], axis=-1) * 200 + seed
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, **options)
    return path


def draw_photos(folder, *names):
    for name in names:
        draw_photo(folder / name)
    return folder


def enhance(*words):
    return main(["enhance", *map(str, words)])


def files_in(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def results_in(folder):
    return [name for name in files_in(folder) if not name.endswith(JOURNAL)]


def one_error_line(capsys):
    lines = [line for line in capsys.readouterr().err.splitlines() if "photo/s" not in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("deepflash: ")
    return lines[0]
