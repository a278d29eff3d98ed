"""The head model as arrays, read from one `.npz` file or a folder of ICT-FaceKit.

The model is a plug: the project carries none of its data. ICT-FaceKit Light (MIT, USC Institute
for Creative Technologies, 2020) is a morphable model: a mean mesh, 100 directions of identity and
55 of expression.
"""

import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int

from deepflash.errors import StudioError

CACHED_NAME = "ict_facekit_light.npz"
_SHAPES = {
    "v0": (26719, 3),
    "idd": (100, 26719, 3),
    "exd": (55, 26719, 3),
    "vt": (28911, 2),
    "quads": (26384, 4),
    "quads_uv": (26384, 4),
    "ex_names": (55,),
    "part_names": (19,),
    "part_ranges": (19, 4),
    "landmarks": (68,),
}
_INDICES = {"quads": "v0", "quads_uv": "vt", "landmarks": "v0"}
_TEXT = ("ex_names", "part_names")
# A single array instead of an archive is a TypeError; damage inside may be any of the others.
_UNREADABLE = (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)
_HELP = (
    "name ICT-FaceKit's folder (the one that holds FaceXModel) or its compact .npz with "
    "--head-model, or fetch it once with `deepflash synth --fetch-head-model`"
)


@dataclass(frozen=True, eq=False)
class HeadModel:
    """A morphable head: vertices = mean + identity weights + expression weights."""

    mean: Float32[np.ndarray, "n 3"]
    """Vertices of the mean head in centimetres; y up, the face towards +z."""
    identity: Float32[np.ndarray, "k n 3"]
    """Displacement for one standard deviation of each direction."""
    expression: Float32[np.ndarray, "e n 3"]
    """Displacement for each expression at 1."""
    expression_names: tuple[str, ...]
    quads: Int[np.ndarray, "f 4"]
    """Vertices of each face; -1 as the fourth of a triangle."""
    quads_uv: Int[np.ndarray, "f 4"]
    uv: Float32[np.ndarray, "t 2"]
    parts: dict[str, tuple[int, int, int, int]]
    """First and last vertex, first and last face of each part; the last are exclusive."""
    landmarks: Int[np.ndarray, "68"]
    """Vertices of the 68 landmarks in the usual (iBUG) order."""

    def shape(
        self, weights: Float32[np.ndarray, " k"], expression: dict[str, float]
    ) -> Float32[np.ndarray, "n 3"]:
        """Returns the vertices of one identity with one expression (weights in [0,1])."""
        vertices = self.mean + np.tensordot(weights, self.identity, 1)
        for name, weight in expression.items():
            if weight:
                index = self.expression_names.index(name)
                vertices = vertices + np.float32(weight) * self.expression[index]
        return vertices


def load_head_model(path: Path | None) -> HeadModel:
    """Reads the head model.

    Args:
        path: a compact `.npz`, a folder of ICT-FaceKit, or None for the cached download.

    Raises:
        StudioError: nothing there, or not a whole head model.
    """
    path = path or cached_head_model()
    if not path.exists():
        raise StudioError(f"there is no head model at {path}; {_HELP}")
    if path.is_dir():
        from deepflash.synth.ict_facekit import read_folder

        return from_arrays(read_folder(path), str(path))
    try:
        with np.load(path) as file:
            arrays = {name: file[name] for name in file.files}
    except _UNREADABLE as error:
        raise StudioError(f"{path} is damaged or not a head model; {_HELP}") from error
    return from_arrays(arrays, str(path))


def cached_head_model() -> Path:
    """Returns where the downloaded model is kept; `DEEPFLASH_HEAD_MODEL` names another place."""
    named = os.environ.get("DEEPFLASH_HEAD_MODEL")
    if named:
        return Path(named)
    caches = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return caches / "deepflash" / CACHED_NAME


def from_arrays(arrays: dict[str, np.ndarray], where: str) -> HeadModel:
    """Returns a checked model. Raises StudioError naming the first array that is wrong."""
    for name, shape in _SHAPES.items():
        if name not in arrays or arrays[name].shape != shape:
            found = f"shape {arrays[name].shape}" if name in arrays else "nothing"
            raise StudioError(
                f"{where} is not ICT-FaceKit Light: expected {name} of shape {shape}, found "
                f"{found}; {_HELP}"
            )
        if name not in _TEXT and arrays[name].dtype.kind not in "fiu":
            raise StudioError(f"{where} is damaged: {name} holds no numbers; {_HELP}")
    for name, of in _INDICES.items():
        if arrays[name].min() < -1 or arrays[name].max() >= len(arrays[of]):
            raise StudioError(f"{where} is damaged: {name} points outside of {of}; {_HELP}")
    for name in ("v0", "idd", "exd", "vt"):
        if not np.isfinite(arrays[name]).all() or float(np.abs(arrays[name]).max()) > 1e3:
            raise StudioError(f"{where} is damaged: {name} holds impossible lengths; {_HELP}")
    return HeadModel(
        mean=arrays["v0"].astype(np.float32),
        identity=arrays["idd"].astype(np.float32),
        expression=arrays["exd"].astype(np.float32),
        expression_names=tuple(str(name) for name in arrays["ex_names"]),
        quads=arrays["quads"].astype(np.int64),
        quads_uv=arrays["quads_uv"].astype(np.int64),
        uv=arrays["vt"].astype(np.float32),
        parts={
            str(name): (int(r[0]), int(r[1]), int(r[2]), int(r[3]))
            for name, r in zip(arrays["part_names"], arrays["part_ranges"], strict=True)
        },
        landmarks=arrays["landmarks"].astype(np.int64),
    )
