from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from deepflash.errors import DatasetError, PictureError, UsageError
from deepflash.pairs.augment import Augmentation, AugmentSettings
from deepflash.pairs.datamodule import NO_AUGMENTATION, PairDataModule
from deepflash.pairs.dataset import EpochSampler, PairDataset
from deepflash.pairs.manifest import read_manifest
from deepflash.pairs.reading import read_pair
from deepflash.pictures import linear_to_srgb, read_picture, write_picture


def test_sample_is_the_pair_on_disk(drawn_pairs: Path):
    records = read_manifest(drawn_pairs)
    sample = PairDataset(drawn_pairs, records, size=64)[2]
    flash = read_picture(drawn_pairs / records[2].flash)
    np.testing.assert_array_equal(sample["flash"].numpy(), flash)
    assert sample["valid"].shape == (64, 64, 1)
    assert sample["valid"].min() == 255
    assert sample["name"] == records[2].pair_id


def test_index_counts_on_over_epochs_with_new_augmentation(drawn_pairs: Path):
    records = read_manifest(drawn_pairs)
    augmentation = Augmentation(AugmentSettings(), 48)
    dataset = PairDataset(drawn_pairs, records, size=48, augmentation=augmentation, seed=3)
    first, next_epoch = dataset[1], dataset[1 + len(dataset)]
    assert first["name"] == next_epoch["name"]
    assert not torch.equal(first["flash"], next_epoch["flash"])
    assert torch.equal(first["flash"], dataset[1]["flash"])


def test_sampler_visits_each_pair_once_an_epoch_in_a_new_order(drawn_pairs: Path):
    dataset = PairDataset(drawn_pairs, read_manifest(drawn_pairs), size=64)
    sampler = EpochSampler(dataset, num_replicas=1, rank=0, shuffle=True, seed=0)
    orders = []
    for epoch in (0, 1, 1):
        sampler.set_epoch(epoch)
        indices = list(sampler)
        assert {i // len(dataset) for i in indices} == {epoch}
        orders.append([i % len(dataset) for i in indices])
        assert sorted(orders[-1]) == list(range(len(dataset)))
    assert orders[0] != orders[1]
    assert orders[1] == orders[2]


def test_linear_and_16_bit_files_come_out_as_srgb8(drawn_pairs: Path, tmp_path: Path):
    record = read_manifest(drawn_pairs)[0]
    ramp = np.linspace(0, 65535, 64 * 64 * 3).reshape(64, 64, 3).astype(np.uint16)
    for name in ("a.png", "b.png"):
        write_picture(tmp_path / name, ramp)
    record = replace(record, flash="a.png", studio="b.png", masks={})
    encoded, _, _ = read_pair(tmp_path, replace(record, encoding="srgb16"))
    np.testing.assert_allclose(encoded, ramp / 257, atol=0.51)
    linear, _, _ = read_pair(tmp_path, replace(record, encoding="linear"))
    expected = linear_to_srgb((ramp / 65535).astype(np.float32)) * 255
    np.testing.assert_allclose(linear, expected, atol=0.51)


def test_pair_of_different_sizes_is_named(drawn_pairs: Path, tmp_path: Path):
    record = read_manifest(drawn_pairs)[0]
    write_picture(tmp_path / "a.png", np.zeros((64, 64, 3), np.uint8))
    write_picture(tmp_path / "b.png", np.zeros((64, 32, 3), np.uint8))
    record = replace(record, flash="a.png", studio="b.png", masks={})
    with pytest.raises(PictureError, match=r"flash is 64 x 64, studio 32 x 64"):
        read_pair(tmp_path, record)


def test_batch_reaches_the_network_in_unit_range(drawn_pairs: Path):
    data = PairDataModule(str(drawn_pairs), size=64, batch_size=3, workers=0)
    raw = next(iter(data.train_dataloader()))
    batch = data.on_after_batch_transfer(raw, 0)
    assert batch["flash"].shape == (3, 3, 64, 64)
    assert batch["valid"].shape == (3, 1, 64, 64)
    torch.testing.assert_close(batch["studio"][1, 2], raw["studio"][1, :, :, 2] / 255)
    assert batch["valid"].unique().tolist() == [1.0]


def test_training_pairs_are_augmented_and_validation_pairs_are_not(drawn_pairs: Path):
    data = PairDataModule(str(drawn_pairs), size=64, workers=0)
    assert data.dataset("train").augmentation is not None
    assert data.dataset("val").augmentation is None
    still = PairDataModule(str(drawn_pairs), size=64, workers=0, augment=NO_AUGMENTATION)
    assert still.dataset("train").augmentation is None


def test_loading_processes_serve_the_same_pictures(drawn_pairs: Path):
    batches = []
    for workers in (0, 2):
        data = PairDataModule(str(drawn_pairs), size=64, batch_size=2, workers=workers, seed=1)
        batches.append(list(data.train_dataloader()))
    for alone, served in zip(*batches, strict=True):
        assert alone["name"] == served["name"]
        assert torch.equal(alone["flash"], served["flash"])


def test_overfit_validates_on_the_training_pairs(drawn_pairs: Path):
    data = PairDataModule(str(drawn_pairs), size=64, overfit=True, limit=2)
    assert data.split("val") == data.split("train")
    assert len(data.split("train")) == 2


def test_empty_split_and_nonsense_are_refused(drawn_pairs: Path, tmp_path: Path):
    with pytest.raises(UsageError, match="batch_size 0"):
        PairDataModule(str(drawn_pairs), batch_size=0)
    lines = (drawn_pairs / "manifest.jsonl").read_text().splitlines()
    (tmp_path / "manifest.jsonl").write_text("\n".join(line for line in lines if '"train"' in line))
    for name in ("flash", "studio", "masks"):
        (tmp_path / name).symlink_to(drawn_pairs / name)
    with pytest.raises(DatasetError, match="no pairs in the split val"):
        PairDataModule(str(tmp_path)).split("val")
