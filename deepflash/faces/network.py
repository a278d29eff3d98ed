"""One network file in OpenCV, safe to be asked from several threads."""

import threading
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import Float32, UInt8


class Network:
    """Runs a TFLite network; loading takes some 10 ms, so make one per process and keep it."""

    def __init__(self, file: Path, outputs: tuple[str, ...]) -> None:
        """Args: a checked file, and the names of the layers whose output is wanted."""
        # Only this engine returns several outputs of one pass, and OpenCV takes it only together
        # with a path; the engine that it chooses by itself runs once for each output.
        self._net = cv2.dnn.readNetFromTFLite(str(file), cv2.dnn.ENGINE_CLASSIC)
        self._outputs = outputs
        self._lock = threading.Lock()

    def run(
        self, patch: UInt8[np.ndarray, "s s 3"], *, lowest: float
    ) -> list[Float32[np.ndarray, "..."]]:
        """Returns the outputs for an RGB patch whose values are brought to `lowest` … 1."""
        scale = (1.0 - lowest) / 255.0
        values = patch.astype(np.float32) * np.float32(scale) + np.float32(lowest)
        blob = np.ascontiguousarray(values.transpose(2, 0, 1)[None])
        with self._lock:
            self._net.setInput(blob)
            found = self._net.forward(self._outputs)
            return [np.array(one, np.float32) for one in found]
