from pathlib import Path

import cv2
import numpy as np
import pytest

from deepflash.errors import PictureError, StorageError
from deepflash.pictures import linear_to_srgb
from deepflash.synth.layer_file import (
    BRIGHTEST,
    LEVELS,
    SUFFIX,
    decode_layers,
    encode_layers,
    read_layer_codes,
    read_layers,
    write_layers,
)
from deepflash.synth.layout import LAYERS
from deepflash.synth.mixing import compose_pair, draw_mix

HEIGHT, WIDTH = 40, 48


def layers_of(seed: int = 0) -> np.ndarray:
    """Light from 1e-4 to 1 with glints up to 50, in colours that the layers share."""
    rng = np.random.default_rng(seed)
    shape = (len(LAYERS), HEIGHT, WIDTH, 1)
    light = np.exp(rng.uniform(np.log(1e-4), 0, shape)) * rng.uniform(0.5, 1, (HEIGHT, WIDTH, 3))
    light[rng.random(shape[:3]) < 0.01] *= 50
    return light.astype(np.float32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / f"a{SUFFIX}"
    write_layers(path, layers_of())
    return path


def test_the_file_keeps_the_codes(path: Path):
    codes = read_layer_codes(path)
    np.testing.assert_array_equal(codes, encode_layers(layers_of()))
    np.testing.assert_array_equal(read_layers(path), decode_layers(codes))


def test_codes_by_hand():
    light = np.zeros((1, 1, 4, 3), np.float32)
    light[0, 0, :, 0] = (0, BRIGHTEST, 2 * BRIGHTEST, -1)
    np.testing.assert_array_equal(encode_layers(light)[0, 0, :, 0], (0, LEVELS - 1, LEVELS - 1, 0))
    # The middle level: 0.005 * (sqrt(12801) - 1), half a step from it on either side.
    middle = decode_layers(np.full((1, 1, 1, 3), LEVELS // 2, np.uint16))[0, 0, 0, 0]
    assert middle == pytest.approx(0.005 * (np.sqrt(12801) - 1), rel=0.006)


def test_light_is_kept_within_half_a_level():
    light = np.geomspace(1e-5, 64, 3000).reshape(1, 1, -1, 3).astype(np.float32)
    error = np.abs(decode_layers(encode_layers(light)) - light)
    # ln(12801) / 1023 / 2
    assert (error <= 0.00463 * (light + 0.005) * 1.01).all()


def test_every_mixture_is_within_one_level_of_a_picture(path: Path):
    kept, layers = read_layers(path), layers_of()
    person = np.zeros((HEIGHT, WIDTH), np.float32)
    person[8:, 12:36] = 1
    masks = {"person": person, "skin": person}
    worst = 0.0
    for seed in range(30):
        drawn = draw_mix(np.random.default_rng(seed))
        pictures = compose_pair(layers, masks, drawn, 0.3)
        for true, found in zip(pictures, compose_pair(kept, masks, drawn, 0.3), strict=True):
            error = np.abs(linear_to_srgb(true) - linear_to_srgb(found))
            worst = max(worst, float(error[true < 1].max()))
    assert 0 < worst < 1 / 255


def damaged(path: Path, data: bytes, said: str) -> None:
    path.write_bytes(data)
    with pytest.raises(PictureError, match=said) as caught:
        read_layers(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def test_truncated_damaged_and_foreign_files_are_refused(path: Path):
    data = path.read_bytes()
    damaged(path, data[:-30], "truncated")
    damaged(path, b"", "truncated")
    damaged(path, data[:2000] + bytes(100) + data[2100:], "damaged")
    for pixels in (
        np.zeros((10, 8, 3), np.uint8),
        np.zeros((11, 8, 3), np.uint16),
        np.zeros((10, 8), np.uint16),
        np.full((10, 8, 3), 60000, np.uint16),
    ):
        damaged(path, cv2.imencode(".png", pixels)[1].tobytes(), "holds no")
    path.unlink()
    with pytest.raises(PictureError, match="cannot read"):
        read_layers(path)


def test_wrong_layers_are_not_written(tmp_path: Path):
    path = tmp_path / f"a{SUFFIX}"
    with pytest.raises(PictureError, match="got 3"):
        write_layers(path, layers_of()[:3])
    broken = layers_of()
    broken[2, 3, 4] = np.nan
    with pytest.raises(PictureError, match="not all finite"):
        write_layers(path, broken)
    assert not list(tmp_path.iterdir())


def test_a_failed_write_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch):
    before = path.read_bytes()

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StorageError, match="No space left"):
        write_layers(path, layers_of(1))
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]
