"""A model file that runs by ONNX Runtime, without torch, as the correction of a photograph.

The file takes `flash_low`, float32 [b,3,h,w], the filtered photograph, sRGB-encoded in [0,1],
with b, h and w free, and gives `y` of the same shape in [0,1]. Its metadata hold the header of
the project's model files under `deepflash`; `deepflash export --onnx` writes both.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np

# Read while the library loads: asking it later leaves files in the user's cache and may call home.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime
from jaxtyping import Float32

from deepflash.enhance.correction import TargetName, decoding_of, finite
from deepflash.enhance.low_pass import low_pass_of
from deepflash.errors import ModelFileError, UsageError
from deepflash.model_header import KEY, decode_header

INPUT, OUTPUT = "flash_low", "y"
_MOST_THREADS = 2
_NOTHING_LOGGED = 4  # only what ends the process; everything else arrives as an exception

onnxruntime.set_default_logger_severity(_NOTHING_LOGGED)
onnxruntime.disable_telemetry_events()


def default_threads() -> int:
    """Returns how many threads a network takes: two, or OMP_NUM_THREADS if that is less."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    limit = int(asked) if asked.isdecimal() and int(asked) else _MOST_THREADS
    return min(_MOST_THREADS, limit, os.cpu_count() or 1)


class OnnxModel:
    """A `.onnx` file of this project; see `deepflash.enhance.correction`.

    Args:
        path: of the file.
        threads: that one picture may take, at least 1; None for `default_threads`.

    Attributes:
        name: of the file.
        size: long side in pixels that the network was trained at.
        target: how its correction is applied.
        header: everything that the file says about itself.

    Raises:
        ModelFileError: no such file, not one of ours, damaged, or from a newer version.
        UsageError: `threads` is below 1.
    """

    def __init__(self, path: Path, *, threads: int | None = None) -> None:
        self._session = _open(path, default_threads() if threads is None else threads)
        text = self._session.get_modelmeta().custom_metadata_map.get(KEY)
        self.header = decode_header(text, path)
        _check_interface(self._session, path)
        self._source = path
        self._low_pass = low_pass_of(self.header["filter"], path)
        self._decoding = decoding_of(self.header["target"], path)
        self.name = path.name
        self.size: int = self.header["size"]
        self.target: TargetName = self._decoding.target

    def correction(self, picture: Float32[np.ndarray, "h w 3"], /) -> Float32[np.ndarray, "h w 3"]:
        """Returns the correction of a picture, sRGB-encoded in [0,1], of any size.

        Raises:
            ModelFileError: the network cannot take this picture, or its answer is not finite.
        """
        flash_low = self._low_pass(picture)
        planes = np.ascontiguousarray(flash_low.transpose(2, 0, 1))[None]
        y = self._answer(planes)
        if y.shape != planes.shape:
            raise ModelFileError(
                f"{self._source} answers {planes.shape} with {y.shape}; export it again"
            )
        return finite(self._decoding.decode(y[0].transpose(1, 2, 0), flash_low), self._source)

    def _answer(self, planes: Float32[np.ndarray, "1 3 h w"]) -> Float32[np.ndarray, "..."]:
        try:
            return np.asarray(self._session.run([OUTPUT], {INPUT: planes})[0], np.float32)
        except Exception as error:  # ONNX Runtime has no common error type
            raise ModelFileError(f"{self._source} fails on this photograph ({error})") from error


def _open(path: Path, threads: int) -> onnxruntime.InferenceSession:
    if threads < 1:
        raise UsageError(f"a network needs at least 1 thread, not {threads}")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ModelFileError(
            f"no model at {path} ({error.strerror}); write one with `deepflash export RUN --onnx`"
        ) from error
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _NOTHING_LOGGED
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Waiting threads would take the cores from decoding and encoding.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Photographs differ in size: planned memory would be kept for each of them.
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False
    try:
        # From memory: a file that names others, outside of itself, is then refused.
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no common error type
        raise ModelFileError(f"{path} is not a whole ONNX file ({error})") from error


def _check_interface(session: onnxruntime.InferenceSession, path: Path) -> None:
    given = [_signature(value) for value in session.get_inputs()]
    got = [_signature(value) for value in session.get_outputs()]
    if given != [(INPUT, "tensor(float)", 3)] or [name for name, *_ in got] != [OUTPUT]:
        raise ModelFileError(
            f"{path} takes {given} and gives {got}; expected {INPUT}, float32 [b,3,h,w], "
            f"and {OUTPUT}: write it with `deepflash export RUN --onnx`"
        )


def _signature(value: Any) -> tuple[str, str, Any]:
    """Returns name, type and number of channels; None channels if it is no batch of pictures.

    Sizes that are free have names, or None, in place of numbers.
    """
    shape = value.shape
    free = len(shape) == 4 and not any(isinstance(shape[i], int) for i in (0, 2, 3))
    return value.name, value.type, shape[1] if free else None
