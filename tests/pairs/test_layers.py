import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from deepflash.errors import DatasetError, PictureError
from deepflash.pairs.augment import AugmentSettings
from deepflash.pairs.datamodule import NO_AUGMENTATION, PairDataModule
from deepflash.pairs.dataset import PairDataset
from deepflash.pairs.layer_mixing import compose_pairs, photograph
from deepflash.pairs.layers import (
    LARGEST_ROOT,
    LayerDataset,
    camera_of,
    exposure_of,
    weights_of,
)
from deepflash.pairs.manifest import MANIFEST, read_manifest
from deepflash.pictures import linear_to_srgb, read_mask
from deepflash.synth.camera import Response, draw_phone, finish, through_lens, tone
from deepflash.synth.layer_file import BRIGHTEST, write_layers
from deepflash.synth.layout import LAYERS
from deepflash.synth.mixing import TARGET_KINDS, MixSettings, compose_pair, draw_mix
from tests.training import fit

SIDE = 64


@pytest.fixture(scope="module")
def layered(drawn_pairs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The drawn pairs, each with made-up layers of its person before a textured wall."""
    root = tmp_path_factory.mktemp("layers") / "pairs"
    shutil.copytree(drawn_pairs, root)
    lines = []
    for number, line in enumerate((root / MANIFEST).read_text().splitlines()):
        record = json.loads(line)
        person = read_mask(root / record["masks"]["person"])[..., None] / 255
        rng = np.random.default_rng(number)
        layers = rng.uniform(0.05, 0.6, (len(LAYERS), SIDE, SIDE, 3)) * (0.4 + 0.6 * person)
        name = f"layers/{record['pair_id']}.layers.png"
        write_layers(root / name, layers.astype(np.float32))
        record["extra"] |= {"layers": name, "skin_reflectance": 0.3}
        lines.append(json.dumps(record) + "\n")
    (root / MANIFEST).write_text("".join(lines))
    return root


def dataset(root: Path, **changes) -> LayerDataset:
    arguments = {"size": 48, "geometry": AugmentSettings(), "mixing": MixSettings(), "seed": 3}
    return LayerDataset(root, read_manifest(root), **(arguments | changes))


def same(one: dict, other: dict) -> bool:
    return all(
        torch.equal(value, other[name]) if isinstance(value, torch.Tensor) else value == other[name]
        for name, value in one.items()
    )


def test_light_and_geometry_belong_to_seed_and_index(layered: Path):
    scenes = dataset(layered)
    first, next_epoch = scenes[1], scenes[1 + len(scenes)]
    assert same(first, dataset(layered)[1])
    assert first["name"] == next_epoch["name"]
    for name in ("roots", "weights", "cameras", "exposure", "noise_seed"):
        assert not torch.equal(first[name], next_epoch[name])
    assert not torch.equal(first["weights"], dataset(layered, seed=4)[1]["weights"])


def test_roots_are_the_layers_of_the_file(layered: Path):
    record = read_manifest(layered)[0]
    roots = dataset(layered, size=SIDE, geometry=None)[0]["roots"].numpy()
    light = BRIGHTEST * (roots.astype(np.float32) / LARGEST_ROOT) ** 2
    person = read_mask(layered / record.masks["person"])[..., None] / 255
    drawn = np.random.default_rng(0).uniform(0.05, 0.6, light.shape) * (0.4 + 0.6 * person)
    np.testing.assert_allclose(light, drawn, rtol=0.008, atol=1e-4)


def test_kept_layers_are_the_decoded_ones_and_are_read_once(layered: Path, tmp_path: Path):
    root = tmp_path / "pairs"
    shutil.copytree(layered, root)
    plain, cached = dataset(root), dataset(root, cached=True)
    wanted = [plain[index] for index in (0, len(plain))]
    assert same(cached[0], wanted[0])
    for path in root.glob("layers/*"):
        path.unlink()
    assert same(cached[len(plain)], wanted[1])  # the same scene in the next epoch


def test_unlit_scenes_have_one_camera_and_one_light(layered: Path):
    sample = dataset(layered, mixing=MixSettings(unlit=1.0))[0]
    assert torch.equal(sample["cameras"][0], sample["cameras"][1])
    assert torch.equal(sample["weights"][0], sample["weights"][1])


def test_layers_and_masks_move_together(layered: Path, tmp_path: Path):
    root = tmp_path / "pairs"
    shutil.copytree(layered, root)
    for record in read_manifest(root):
        person = read_mask(root / record.masks["person"])[..., None] / 255
        layers = np.broadcast_to(person, (len(LAYERS), SIDE, SIDE, 3)).astype(np.float32)
        write_layers(root / record.extra["layers"], layers)
    scenes = dataset(root, geometry=AugmentSettings(crop_area=0.3, rotate_deg=40.0))
    for index in range(40):
        sample = scenes[index]
        light = BRIGHTEST * (sample["roots"].float() / LARGEST_ROOT) ** 2
        person = sample["masks"][..., 0]
        assert (light[:, person == 0] < 0.02).all()
        assert (light[:, person == 255] > 0.95).all()


def test_a_mirrored_scene_has_its_key_lamp_on_the_other_side(layered: Path, tmp_path: Path):
    root = tmp_path / "pairs"
    shutil.copytree(layered, root)
    layers = np.zeros((len(LAYERS), SIDE, SIDE, 3), np.float32)
    layers[LAYERS.index("key_left"), :, : SIDE // 2] = 1
    for record in read_manifest(root):
        write_layers(root / record.extra["layers"], layers)
    settings = dataclasses.replace(NO_AUGMENTATION, flip=1.0)
    key = dataset(root, size=SIDE, geometry=settings)[0]["roots"][LAYERS.index("key_left")]
    assert (key[:, : SIDE // 2] == 0).all()
    assert (key[:, SIDE // 2 :] > 0).all()


@pytest.mark.parametrize("geometry", [None, dataclasses.replace(NO_AUGMENTATION, crop_area=0.9)])
def test_layers_shrink_by_averaging_areas(layered: Path, geometry):
    # Much smaller than the files, layers take another way through OpenCV.
    size = SIDE // 4
    small = dataset(layered, size=size, geometry=geometry)[0]["roots"]
    assert small.shape == (len(LAYERS), size, size, 3)
    if geometry is None:
        whole = dataset(layered, size=SIDE, geometry=None)[0]["roots"].float().numpy()
        means = whole.reshape(len(LAYERS), size, 4, size, 4, 3).mean((2, 4))
        np.testing.assert_allclose(small.numpy(), means, atol=1)


def scene(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Roots of ten layers with glints, and masks of person and skin."""
    rng = np.random.default_rng(seed)
    light = np.exp(rng.uniform(np.log(1e-3), 0, (len(LAYERS), 32, 40, 3)))
    light[rng.random(light.shape[:3]) < 0.01] = 30
    masks = np.zeros((32, 40, 2), np.uint8)
    masks[8:, 10:30, 0] = rng.integers(128, 256, (24, 20))
    masks[12:24, 14:26, 1] = 255
    return np.rint(np.sqrt(light / BRIGHTEST) * LARGEST_ROOT).astype(np.int16), masks


def test_mixing_in_torch_is_mixing_in_numpy():
    mixes = [draw_mix(np.random.default_rng(s), kinds=(TARGET_KINDS[s % 3],)) for s in range(6)]
    scenes = [scene(seed) for seed in range(6)]
    flash, target = compose_pairs(
        torch.stack([torch.from_numpy(roots) for roots, _ in scenes]),
        torch.stack([torch.from_numpy(masks) for _, masks in scenes]),
        torch.stack([weights_of(mix) for mix in mixes]),
        torch.stack([exposure_of(mix, 0.2) for mix in mixes]),
    )
    for number, ((roots, masks), mix) in enumerate(zip(scenes, mixes, strict=True)):
        layers = (roots.astype(np.float32) / LARGEST_ROOT) ** 2 * np.float32(BRIGHTEST)
        person, skin = np.moveaxis(masks.astype(np.float32) / 255, -1, 0)
        expected = compose_pair(layers, {"person": person, "skin": skin}, mix, 0.2)
        for found, true in zip((flash[number], target[number]), expected, strict=True):
            np.testing.assert_allclose(found.numpy(), true, rtol=1e-4, atol=1e-5)
        neutral = photograph(flash[number : number + 1], cameras(Response()), torch.tensor([0]))
        np.testing.assert_allclose(neutral[0].numpy(), linear_to_srgb(expected[0]), atol=1e-4)


def cameras(*responses: Response) -> torch.Tensor:
    return torch.stack([camera_of(response) for response in responses])


def test_the_camera_in_torch_is_the_camera_in_numpy_but_for_sharpness():
    light = np.random.default_rng(1).uniform(0, 2, (24, 40, 3)).astype(np.float32)
    for seed in range(5):
        response = dataclasses.replace(
            draw_phone(np.random.default_rng(seed)),
            veil=0.0,
            blur_px=0.0,
            shot_noise=0.0,
            read_noise=0.0,
            sharpening=0.0,
        )
        seen = tone(through_lens(light, response), response.shoulder)
        expected = np.clip(finish(linear_to_srgb(seen), response), 0, 1)
        found = photograph(torch.from_numpy(light)[None], cameras(response), torch.tensor([0]))
        np.testing.assert_allclose(found[0].numpy(), expected, atol=1e-4)


def test_veil_spreads_light_and_leaves_flat_pictures():
    veiled = cameras(Response(veil=0.1))
    flat = torch.full((1, 32, 32, 3), 0.3)
    neutral = photograph(flat, cameras(Response()), torch.tensor([0]))
    torch.testing.assert_close(photograph(flat, veiled, torch.tensor([0])), neutral)
    spot = torch.zeros(1, 32, 32, 3)
    spot[:, 12:20, 12:20] = 4
    assert photograph(spot, veiled, torch.tensor([0]))[0, 6, 16, 1] > 0.02


def test_noise_has_the_cameras_variance_and_belongs_to_its_seed():
    response = Response(shot_noise=1e-3, read_noise=0.01)
    flat = torch.full((2, 128, 128, 3), 0.5)
    clean = float(photograph(flat[:1], cameras(Response()), torch.tensor([0]))[0, 0, 0, 0])
    pair = photograph(flat, cameras(response, response), torch.tensor([5, 6]))
    alone = photograph(flat[:1], cameras(response), torch.tensor([6]))
    torch.testing.assert_close(pair[1], alone[0])
    assert not torch.equal(pair[0], pair[1])
    # 0.001 * 0.5 + 0.01 squared, times the slope of the encoding at 0.5.
    slope = 1.055 / 2.4 * 0.5 ** (1 / 2.4 - 1)
    assert float((pair - clean).std()) == pytest.approx(slope * 6e-4**0.5, rel=0.05)


def module(root: Path, **changes) -> PairDataModule:
    arguments = {"size": 48, "batch_size": 3, "workers": 0, "layers": True}
    return PairDataModule(str(root), **(arguments | changes))


def test_a_batch_of_layers_becomes_a_batch_of_pairs(layered: Path):
    data = module(layered)
    raw = next(iter(data.train_dataloader()))
    assert raw["roots"].dtype == torch.int16
    batch = data.on_after_batch_transfer(raw, 0)
    assert set(batch) == {"flash", "studio", "valid", "name"}
    for name in ("flash", "studio"):
        assert batch[name].shape == (3, 3, 48, 48)
        assert 0 <= float(batch[name].min()) < float(batch[name].max()) <= 1
        assert 0.1 < float(batch[name].mean()) < 0.9
    assert batch["valid"].unique().tolist() == [1.0]
    assert batch["name"] == raw["name"]
    again = data.on_after_batch_transfer(raw, 0)
    assert torch.equal(batch["flash"], again["flash"])


def test_loading_processes_serve_the_same_scenes(layered: Path):
    alone, served = (list(module(layered, workers=n).train_dataloader()) for n in (0, 2))
    assert all(same(one, other) for one, other in zip(alone, served, strict=True))


def test_validation_takes_the_stored_pictures_and_layers_are_off_by_default(layered: Path):
    data = module(layered)
    assert isinstance(data.dataset("train"), LayerDataset)
    assert isinstance(data.dataset("val"), PairDataset)
    assert isinstance(PairDataModule(str(layered)).dataset("train"), PairDataset)


def test_pairs_without_layers_say_how_to_get_some(layered: Path, drawn_pairs: Path, tmp_path: Path):
    with pytest.raises(DatasetError, match=r"lacks layers; render the dataset with --layers"):
        module(drawn_pairs).dataset("train")
    root = tmp_path / "pairs"
    shutil.copytree(layered, root)
    record = read_manifest(root)[0]
    (root / record.extra["layers"]).unlink()
    with pytest.raises(DatasetError, match=r"layers\.png is missing; .*--layers"):
        dataset(root)
    without_mask = dataclasses.replace(record, masks={"person": "x.png"})
    with pytest.raises(DatasetError, match="lacks the skin mask"):
        LayerDataset(root, [without_mask], size=48, geometry=None, mixing=MixSettings())


def test_layers_of_another_size_than_their_masks_are_named(layered: Path, tmp_path: Path):
    root = tmp_path / "pairs"
    shutil.copytree(layered, root)
    record = read_manifest(root)[0]
    write_layers(root / record.extra["layers"], np.ones((len(LAYERS), 32, 32, 3), np.float32))
    with pytest.raises(PictureError, match="layers and masks differ in size"):
        _ = dataset(root)[0]


def test_layers_train_a_network(layered: Path, tmp_path: Path):
    words = ["--data.layers", "true", "--data.mixing.room", "0"]
    done = fit(layered, tmp_path, *words, epochs=1)
    assert (done / "checkpoints" / "best.ckpt").is_file()
    assert "layers: true" in (done / "config.yaml").read_text()
