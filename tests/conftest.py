"""What many tests share: a small drawn dataset, and VGG-16 weights that no download brings."""

import os
from pathlib import Path

# Before anything imports it: tests speak to no server and leave nothing in the home folder.
os.environ["WANDB_MODE"] = "offline"
os.environ["WANDB_SILENT"] = "true"

import pytest
import torch
from torchvision.models import vgg16

from deepflash.pairs.drawn import draw_pairs


@pytest.fixture(scope="session")
def drawn_pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight drawn people in one pose, 64 x 64: six to train on, one each to validate and test."""
    root = tmp_path_factory.mktemp("pairs") / "drawn"
    draw_pairs(root, people=8, poses=1, size=64, seed=0)
    return root


@pytest.fixture(scope="session")
def vgg_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A torch hub folder that holds a VGG-16 of random weights under ImageNet's file name."""
    home = tmp_path_factory.mktemp("hub")
    (home / "hub" / "checkpoints").mkdir(parents=True)
    torch.manual_seed(0)
    state = vgg16(weights=None).features.state_dict()
    state = {f"features.{name}": value for name, value in state.items()}
    torch.save(state, home / "hub" / "checkpoints" / "vgg16-397923af.pth")
    return home


@pytest.fixture
def imagenet(vgg_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes `weights: imagenet` find the random VGG-16 instead of downloading one."""
    monkeypatch.setenv("TORCH_HOME", str(vgg_home))
    return vgg_home / "hub" / "checkpoints" / "vgg16-397923af.pth"
