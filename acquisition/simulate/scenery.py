"""Turns a pair of pictures into what a phone and a studio camera see: frames, dimming, noise."""

import numpy as np

from acquisition.simulate.similarity import Similarity

NOISE_SEED = 20_000
NOISE_LEVELS = 2.0
JPEG_QUALITY = 90


class Grain:
    """A fixed noise of a sensor, the same for every picture of a size; cheap to add."""

    def __init__(self) -> None:
        self._tiles: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}

    def add(self, picture: np.ndarray) -> np.ndarray:
        """Returns the picture with noise of about two levels."""
        import cv2

        height, width = picture.shape[:2]
        tile = self._tiles.get((width, height))
        if tile is None:
            chance = np.random.default_rng(NOISE_SEED)
            noise = chance.normal(0.0, NOISE_LEVELS, (height, width)).round()
            lift = np.repeat(noise.clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
            cut = np.repeat((-noise).clip(0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
            tile = self._tiles[(width, height)] = (lift, cut)
        return cv2.subtract(cv2.add(picture, tile[0]), tile[1])


def read_picture(data: bytes, name: str) -> np.ndarray:
    """Returns a picture as sRGB, 8 bit. Raises ValueError if it cannot be decoded."""
    import cv2

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{name} is no picture")
    return cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)


def frame(
    picture: np.ndarray,
    phone_px: tuple[int, int],
    studio_px: tuple[int, int] | None = None,
    similarity: Similarity | None = None,
) -> np.ndarray:
    """Returns a device's view of a picture; where the view is wider, its border goes on.

    Args:
        picture: what is there, channels last.
        phone_px: width and height of the phone's view, which the picture covers, middle on middle.
        studio_px: of the studio's view instead of the phone's.
        similarity: from the phone's view to the studio's.
    """
    import cv2

    if picture.shape[0] < phone_px[1] / 2:
        # Twice by a cubic, the rest linear: a cubic warp of all pixels takes four times as long.
        picture = cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    height, width = picture.shape[:2]
    scale = max(phone_px[0] / width, phone_px[1] / height)
    cover = np.array(
        [
            [scale, 0.0, (phone_px[0] - 1) / 2 - scale * (width - 1) / 2],
            [0.0, scale, (phone_px[1] - 1) / 2 - scale * (height - 1) / 2],
            [0.0, 0.0, 1.0],
        ]
    )
    size = phone_px
    if studio_px is not None and similarity is not None:
        size = studio_px
        cover = np.vstack([similarity.matrix(phone_px, studio_px), [0.0, 0.0, 1.0]]) @ cover
    return cv2.warpAffine(
        picture, cover[:2], size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def dim(picture: np.ndarray, light: float) -> np.ndarray:
    """Returns the picture in a part `light` of its light (linear)."""
    import cv2

    encoded = np.arange(256) / 255
    linear = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    linear *= light
    dimmed = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.LUT(picture, np.round(dimmed * 255).clip(0, 255).astype(np.uint8))


def encode_jpeg(picture: np.ndarray) -> bytes:
    """Returns the picture as JPEG without metadata."""
    import cv2

    bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    if not done:
        raise ValueError("the picture could not be encoded")
    return data.tobytes()
