"""ICT-FaceKit Light from its public repository: download, and its OBJ files as arrays.

https://github.com/ICT-VGL/ICT-FaceKit, MIT licence, Copyright (c) 2020 USC Institute for Creative
Technologies.
"""

import http.client
import shutil
import tempfile
import urllib.request
import zipfile
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from deepflash.atomic import replacing
from deepflash.errors import StorageError, StudioError
from deepflash.synth.head_model import cached_head_model, from_arrays

ARCHIVE = "https://codeload.github.com/ICT-VGL/ICT-FaceKit/zip/refs/heads/master"
_FOLDER = "FaceXModel"
_NEUTRAL = "generic_neutral_mesh.obj"
_IDENTITIES = 100
_SIDES = ("L", "R")
_PAIRED = (
    "browDown browInnerUp browOuterUp cheekPuff cheekSquint eyeBlink eyeLookDown eyeLookIn "
    "eyeLookOut eyeLookUp eyeSquint eyeWide mouthDimple mouthFrown mouthLowerDown mouthPress "
    "mouthSmile mouthStretch mouthUpperUp noseSneer PupilDilate"
).split()
_SINGLE = (
    "jawForward jawLeft jawOpen jawRight mouthClose mouthFunnel mouthLeft mouthPucker mouthRight "
    "mouthRollLower mouthRollUpper mouthShrugLower mouthShrugUpper"
).split()
EXPRESSIONS = tuple(sorted([f"{name}_{side}" for name in _PAIRED for side in _SIDES] + _SINGLE))

# Where each part begins, in the neutral mesh: (name, first vertex, first face).
_PARTS = (
    ("face", 0, 0),
    ("headneck", 9409, 9230),
    ("mouthsocket", 11248, 11144),
    ("eyesocketL", 13294, 13226),
    ("eyesocketR", 13678, 13630),
    ("gums", 14062, 14034),
    ("teeth", 17039, 17006),
    ("scleraL", 21451, 21496),
    ("irisL", 22221, 22296),
    ("scleraR", 23021, 23094),
    ("irisR", 23791, 23894),
    ("lacrL", 24591, 24692),
    ("lacrR", 24795, 24855),
    ("blendL", 24999, 25018),
    ("blendR", 25023, 25033),
    ("occlL", 25047, 25048),
    ("occlR", 25199, 25176),
    ("lashL", 25351, 25304),
    ("lashR", 26035, 25844),
)
_VERTICES, _FACES = 26719, 26384
# fmt: off
_LANDMARKS = (
    1225, 1888, 1052, 367, 1719, 1722, 2199, 1447, 966, 3661, 4390, 3927, 3924, 2608, 3272, 4088,
    3443, 268, 493, 1914, 2044, 1401, 3615, 4240, 4114, 2734, 2509, 978, 4527, 4942, 4857, 1140,
    2075, 1147, 4269, 3360, 1507, 1542, 1537, 1528, 1518, 1511, 3742, 3751, 3756, 3721, 3725, 3732,
    5708, 5695, 2081, 0, 4275, 6200, 6213, 6346, 6461, 5518, 5957, 5841, 5702, 5711, 5533, 6216,
    6207, 6470, 5517, 5966,
)
# fmt: on


def read_folder(folder: Path) -> dict[str, np.ndarray]:
    """Returns the arrays of the compact form from the OBJ files.

    Args:
        folder: the repository, or its FaceXModel.

    Raises:
        StudioError: a file is missing or is not the expected mesh.
    """
    folder = folder / _FOLDER if (folder / _FOLDER).is_dir() else folder
    mean, uv, quads, quads_uv = _read_mesh(folder / _NEUTRAL)
    names = [f"identity{i:03d}" for i in range(_IDENTITIES)] + list(EXPRESSIONS)
    moved = np.zeros((len(names), *mean.shape), np.float16)
    for index, name in enumerate(tqdm(names, desc="reading the head model", disable=None)):
        displacement = _read_vertices(folder / f"{name}.obj", len(mean)) - mean
        with np.errstate(over="ignore"):  # what is too large is found where all is checked
            moved[index] = displacement
    firsts = [(v, f) for _, v, f in _PARTS]
    lasts = [*firsts[1:], (_VERTICES, _FACES)]
    ranges = [(a[0], b[0], a[1], b[1]) for a, b in zip(firsts, lasts, strict=True)]
    return {
        "v0": mean,
        "idd": moved[:_IDENTITIES],
        "exd": moved[_IDENTITIES:],
        "ex_names": np.array(EXPRESSIONS),
        "vt": uv,
        "quads": quads,
        "quads_uv": quads_uv,
        "part_names": np.array([name for name, _, _ in _PARTS]),
        "part_ranges": np.array(ranges, np.int32),
        "landmarks": np.array(_LANDMARKS, np.int32),
    }


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise StudioError(
            f"cannot read {path}: {error.strerror}; name ICT-FaceKit's folder with --head-model"
        ) from error


def _read_vertices(path: Path, count: int) -> np.ndarray:
    rows = [line.split()[1:4] for line in _lines(path) if line.startswith("v ")]
    try:
        vertices = np.array(rows, np.float32)
    except ValueError as error:
        raise StudioError(f"{path} is damaged: a vertex is not three numbers") from error
    if vertices.shape != (count, 3):
        raise StudioError(f"{path} has {len(rows)} vertices, expected {count}; fetch it again")
    return vertices


def _read_mesh(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    vertices = _read_vertices(path, _VERTICES)
    lines = _lines(path)
    corners = [line.split()[1:] for line in lines if line.startswith("f ")]
    quads, quads_uv = (np.full((len(corners), 4), -1, np.int32) for _ in range(2))
    try:
        uv = np.array([line.split()[1:3] for line in lines if line.startswith("vt ")], np.float32)
        for row, words in enumerate(corners):
            for column, word in enumerate(words):
                vertex, texture = word.split("/")[:2]
                quads[row, column], quads_uv[row, column] = int(vertex) - 1, int(texture) - 1
    except (ValueError, IndexError) as error:
        raise StudioError(f"{path} is damaged: a face or texture coordinate is wrong") from error
    return vertices, uv, quads, quads_uv


def fetch_head_model(archive: str = ARCHIVE) -> Path:
    """Downloads ICT-FaceKit and keeps its compact form in the cache; returns the file.

    Args:
        archive: address of a zip of the repository.

    Raises:
        StudioError: no connection, or the archive is not ICT-FaceKit.
        StorageError: the cache cannot be written.
    """
    target = cached_head_model()
    with tempfile.TemporaryDirectory() as scratch:
        packed = Path(scratch) / "archive.zip"
        _download(archive, packed)
        try:
            with zipfile.ZipFile(packed) as file:
                names = [n for n in file.namelist() if f"/{_FOLDER}/" in n and n.endswith(".obj")]
                file.extractall(scratch, names)
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise StudioError(f"what came from {archive} is no zip; try again later") from error
        except OSError as error:
            raise StorageError(f"cannot unpack into {scratch}: {error.strerror}") from error
        folders = sorted(Path(scratch).glob(f"*/{_FOLDER}"))
        if not folders:
            raise StudioError(f"{archive} holds no {_FOLDER}; download ICT-FaceKit by hand")
        arrays = read_folder(folders[0])
    from_arrays(arrays, archive)
    with replacing(target) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    return target


def _download(address: str, path: Path) -> None:
    try:
        with (
            urllib.request.urlopen(address, timeout=30) as answer,
            path.open("wb") as file,
            tqdm.wrapattr(
                answer,
                "read",
                total=int(answer.headers.get("Content-Length") or 0) or None,
                desc="ICT-FaceKit",
                disable=None,
            ) as reader,
        ):
            shutil.copyfileobj(reader, file)
    except (http.client.HTTPException, OSError, ValueError) as error:
        raise StudioError(
            f"cannot download the head model from {address}: {error}; download ICT-FaceKit by "
            "hand and name its folder with --head-model"
        ) from error
