"""The head model's file and folder: whole, damaged, missing, and fetched from a repository."""

import shutil
import threading
import zipfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from deepflash.errors import StudioError
from deepflash.synth import head_model, ict_facekit
from deepflash.synth.head_model import cached_head_model, load_head_model
from deepflash.synth.ict_facekit import fetch_head_model, read_folder
from tests.synth.stand_in_model import arrays

IDENTITIES, EXPRESSIONS = 2, ("jawOpen", "mouthLeft")


@pytest.fixture(scope="session")
def whole():
    return arrays()


@pytest.fixture
def saved(whole, tmp_path) -> Path:
    path = tmp_path / "model.npz"
    np.savez(path, **whole)
    return path


@pytest.fixture
def small(monkeypatch):
    """A model of few directions, so that its 158 files are five."""
    monkeypatch.setattr(ict_facekit, "_IDENTITIES", IDENTITIES)
    monkeypatch.setattr(ict_facekit, "EXPRESSIONS", EXPRESSIONS)
    fewer = {"idd": (2, 26719, 3), "exd": (2, 26719, 3), "ex_names": (2,)}
    monkeypatch.setattr(head_model, "_SHAPES", head_model._SHAPES | fewer)


@pytest.fixture(scope="session")
def folder(whole, tmp_path_factory) -> Path:
    """A repository with the files that `small` asks for."""
    root = tmp_path_factory.mktemp("repository") / "ICT-FaceKit-master"
    files = root / "FaceXModel"
    files.mkdir(parents=True)
    mean = np.round(whole["v0"], 3)
    lines = _vertex_lines(mean)
    lines += [f"vt {u:.4f} {v:.4f}" for u, v in whole["vt"].tolist()]
    for corners, texture in zip(whole["quads"].tolist(), whole["quads_uv"].tolist(), strict=True):
        words = [f"{c + 1}/{t + 1}" for c, t in zip(corners, texture, strict=True) if c >= 0]
        lines.append("f " + " ".join(words))
    (files / "generic_neutral_mesh.obj").write_text("\n".join(lines))
    for number, name in enumerate(["identity000", "identity001", *EXPRESSIONS]):
        moved = mean + np.float32([0, 0.5 * number, 0])
        (files / f"{name}.obj").write_text("# MIT\n" + "\n".join(_vertex_lines(moved)))
    return root


def _vertex_lines(vertices):
    return [f"v {x:.3f} {y:.3f} {z:.3f}" for x, y, z in vertices.tolist()]


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    """An empty cache of this test alone."""
    monkeypatch.delenv("DEEPFLASH_HEAD_MODEL", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert cached_head_model() == tmp_path / "cache" / "deepflash" / "ict_facekit_light.npz"
    return tmp_path / "cache"


def refused(path) -> str:
    with pytest.raises(StudioError) as caught:
        load_head_model(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_whole_file_is_read_as_it_was_written(saved, whole):
    model = load_head_model(saved)
    assert np.array_equal(model.mean, whole["v0"])
    assert model.identity.dtype == np.float32
    assert model.parts["face"] == (0, 9409, 0, 9230)
    weights = np.zeros(100, np.float32)
    weights[3] = 2
    expected = whole["v0"] + 2 * whole["idd"][3].astype(np.float32)
    assert model.shape(weights, {"jawOpen": 0.0}) == pytest.approx(expected, abs=1e-4)


def test_an_expression_adds_its_own_displacement(saved, whole):
    model = load_head_model(saved)
    index = model.expression_names.index("jawOpen")
    model.expression[index, 7] = (0, -1, 0)
    moved = model.shape(np.zeros(100, np.float32), {"jawOpen": 0.5}) - whole["v0"]
    assert moved[7] == pytest.approx([0, -0.5, 0], abs=1e-5)
    assert np.abs(np.delete(moved, 7, 0)).max() < 1e-6


def test_nothing_there_tells_how_to_get_one(tmp_path, cache):
    assert "--fetch-head-model" in refused(tmp_path / "none.npz")
    assert str(cache) in refused(None)


def test_the_environment_names_another_place(monkeypatch, tmp_path):
    monkeypatch.setenv("DEEPFLASH_HEAD_MODEL", str(tmp_path / "mine.npz"))
    assert str(tmp_path / "mine.npz") in refused(None)


def test_damaged_files_are_called_so(saved, tmp_path):
    data = saved.read_bytes()
    middle = len(data) // 2
    cases = {
        "truncated": data[:middle],
        "empty": b"",
        "flipped": data[:middle] + bytes(255 - b for b in data[middle : middle + 64])
        + data[middle + 64 :],
        "text": b"this is no model",
        "array": b"",
    }  # fmt: skip
    for name, content in cases.items():
        path = tmp_path / f"{name}.npz"
        path.write_bytes(content)
        if name == "array":
            with path.open("wb") as file:
                np.save(file, np.zeros(3))
        assert "damaged or not a head model" in refused(path), name


def test_damage_inside_of_compressed_numbers_is_called_so(tmp_path, whole):
    path = tmp_path / "packed.npz"
    np.savez_compressed(path, v0=whole["v0"], quads=whole["quads"])
    data = bytearray(path.read_bytes())
    data[len(data) // 3 : len(data) // 3 + 40] = bytes(40)
    path.write_bytes(bytes(data))
    assert "damaged" in refused(path)


def with_changes(path, whole, **changes):
    np.savez(path, **{k: v for k, v in (whole | changes).items() if v is not None})
    return path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"idd": np.zeros((3, 26719, 3), np.float16)}, "expected idd of shape (100, 26719, 3)"),
        ({"landmarks": None}, "expected landmarks of shape (68,), found nothing"),
        ({"landmarks": np.full(68, 26719)}, "landmarks points outside of v0"),
        ({"landmarks": np.full(68, -2)}, "landmarks points outside of v0"),
        ({"v0": np.full((26719, 3), np.nan, np.float32)}, "v0 holds impossible lengths"),
        ({"vt": np.full((28911, 2), 1e6, np.float32)}, "vt holds impossible lengths"),
        ({"v0": np.full((26719, 3), "x")}, "v0 holds no numbers"),
    ],
)
def test_wrong_arrays_are_named(tmp_path, whole, changes, words):
    small_ones = {"exd": np.zeros((55, 26719, 3), np.float16)}
    assert words in refused(with_changes(tmp_path / "m.npz", whole, **(small_ones | changes)))


def test_a_folder_is_read_like_the_file(small, folder, whole):
    del small
    for named in (folder, folder / "FaceXModel"):
        found = read_folder(named)
        assert found["v0"] == pytest.approx(whole["v0"], abs=6e-4)
        assert np.array_equal(found["quads"], whole["quads"])
        assert np.array_equal(found["quads_uv"], whole["quads_uv"])
        assert found["idd"][1, :, 1] == pytest.approx(0.5, abs=1e-3)
        assert found["exd"][1, :, 1] == pytest.approx(1.5, abs=1e-3)
    assert load_head_model(folder).expression_names == EXPRESSIONS


def test_a_missing_folder_or_file_is_named(small, folder, tmp_path):
    del small
    assert "no head model at" in refused(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "generic_neutral_mesh.obj: No such file" in refused(tmp_path / "empty")
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "FaceXModel" / "mouthLeft.obj").unlink()
    message = refused(copy)
    assert "mouthLeft.obj: No such file" in message
    assert "--head-model" in message


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("identity001", "v 1 2 3\n", "has 1 vertices, expected 26719"),
        ("jawOpen", "v 1 2 three\n", "a vertex is not three numbers"),
        ("generic_neutral_mesh", "v 1 2 3\n", "has 1 vertices, expected 26719"),
    ],
)
def test_a_damaged_file_of_the_folder_is_named(small, folder, tmp_path, name, content, words):
    del small
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "FaceXModel" / f"{name}.obj").write_text(content)
    message = refused(copy)
    assert words in message
    assert name in message


def test_a_face_of_nonsense_is_called_damage(small, folder, tmp_path):
    del small
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    with (copy / "FaceXModel" / "generic_neutral_mesh.obj").open("a") as file:
        file.write("\nf 1/1 2/2 3/3 4/4 5/5\n")
    assert "is damaged" in refused(copy)


@pytest.fixture(scope="session")
def archive(folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("archive") / "master.zip"
    with zipfile.ZipFile(path, "w") as file:
        for source in folder.rglob("*"):
            file.write(source, source.relative_to(folder.parent))
    return path


def test_a_fetched_repository_becomes_the_cached_file(small, archive, cache):
    del small
    target = fetch_head_model(archive.as_uri())
    assert target == cached_head_model()
    assert [path.name for path in cache.rglob("*") if path.is_file()] == [target.name]
    assert load_head_model(None).expression_names == EXPRESSIONS


def test_fetching_works_over_http(small, archive, cache):
    del small, cache
    handler = partial(_Quiet, directory=str(archive.parent))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        fetch_head_model(f"{address}/{archive.name}")
        assert load_head_model(None).mean.shape == (26719, 3)
        with pytest.raises(StudioError, match="404"):
            fetch_head_model(f"{address}/other.zip")
    finally:
        server.shutdown()
        server.server_close()


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args):
        del args


def fetch_refused(address, cache) -> str:
    with pytest.raises(StudioError) as caught:
        fetch_head_model(address)
    assert "\n" not in str(caught.value)
    assert not [path for path in cache.rglob("*") if path.is_file()], "something half-written"
    return str(caught.value)


def test_without_a_connection_one_line_says_what_to_do(cache):
    message = fetch_refused("http://127.0.0.1:9/master.zip", cache)
    assert "cannot download the head model from http://127.0.0.1:9/master.zip" in message
    assert "--head-model" in message
    assert "cannot download" in fetch_refused("no address", cache)


def test_what_is_no_head_model_is_not_kept(small, folder, archive, tmp_path, cache):
    del small
    page = tmp_path / "page.zip"
    page.write_text("<html>log in</html>")
    assert "is no zip" in fetch_refused(page.as_uri(), cache)
    page.write_bytes(archive.read_bytes()[: archive.stat().st_size // 2])
    assert "is no zip" in fetch_refused(page.as_uri(), cache)
    with zipfile.ZipFile(page, "w") as file:
        file.writestr("master/readme.md", "nothing here")
    assert "holds no FaceXModel" in fetch_refused(page.as_uri(), cache)
    with zipfile.ZipFile(page, "w") as file:
        mesh = folder / "FaceXModel" / "generic_neutral_mesh.obj"
        file.write(mesh, "master/FaceXModel/generic_neutral_mesh.obj")
    assert "identity000.obj: No such file" in fetch_refused(page.as_uri(), cache)


def test_a_fetched_model_with_impossible_lengths_is_not_kept(small, folder, tmp_path, cache):
    del small
    copy = tmp_path / "master"
    shutil.copytree(folder, copy)
    path = copy / "FaceXModel" / "identity000.obj"
    path.write_text("\n".join(_vertex_lines(np.full((26719, 3), 9e4))))
    packed = tmp_path / "master.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for source in (copy / "FaceXModel").iterdir():
            file.write(source, f"master/FaceXModel/{source.name}")
    assert "impossible lengths" in fetch_refused(packed.as_uri(), cache)


@pytest.mark.local
def test_the_real_model_is_whole(head_model_path):
    model = load_head_model(head_model_path)
    assert len(model.parts) == 19
    height = np.ptp(model.mean[model.landmarks][:, 1])
    assert 8 < height < 16, "from brows to chin in centimetres"
