"""Which network a new run begins with."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch

from napari_fcfi.checkpoints import Card, CheckpointError, untrained_model, write_checkpoint
from napari_fcfi.network import Architecture
from training.beginning import beginning
from training.recipes import Recipe

RECIPE = Recipe(name="small")


def test_a_file_with_timms_names_gives_the_backbone_its_first_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    weights = timm.create_model("tf_efficientnet_lite0").state_dict()
    torch.save(weights, tmp_path / "lite0.pth")
    first, again = (beginning(RECIPE, None, tmp_path / "lite0.pth") for _ in range(2))
    other = beginning(RECIPE)
    assert torch.equal(first.network.backbone.stem.weight, again.network.backbone.stem.weight)
    assert not torch.equal(first.network.backbone.stem.weight, other.network.backbone.stem.weight)


def test_a_file_of_another_backbone_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="timm's tensors of tf_efficientnet_lite0"):
        beginning(RECIPE, None, tmp_path / "other.pth")


def test_a_checkpoint_and_backbone_weights_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model().network, Card(name="mine"))
    with pytest.raises(ValueError, match="got both"):
        beginning(RECIPE, str(path), tmp_path / "lite0.pth")


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model().network, Card(name="mine"))
    other = Architecture(similarity="exponential")
    with pytest.raises(ValueError, match="the recipe's architecture"):
        beginning(Recipe(name="other", architecture=other), str(path))
    assert beginning(RECIPE, str(path)).network.architecture == Architecture()
