"""Where processes must look for what a step leaves out, and where that would be in vain."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_fcfi.network import build_network
from training.batch_statistics import into_training
from training.batches import Batches
from training.data.source import open_source
from training.draws import users_of
from training.launch import leaves_parts_unused
from training.learner import interactions
from training.optimizer import make_optimizer
from training.recipes import recipe


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("fcfi_lite", {}),
        ("fcfi_lite", {"quality_weight": 0.0}),
        ("fcfi_resnet101_sbd", {}),
        ("fcfi_resnet101_released", {}),
        ("baseline_resnet101_sbd", {}),
        ("fcfi_hrnet18s_cocolvis", {}),
        ("ritm_hrnet18s", {}),
    ],
)
def test_parts_without_a_gradient_are_expected_where_there_are_some(
    folder: Path, name: str, changes: dict[str, float]
) -> None:
    small = {"crop": (64, 64), "pictures": 2, "batch_statistics": "frozen"}
    chosen = recipe(name).model_copy(update={**small, "precision": "32-true", **changes})
    network = build_network(chosen.architecture)
    make_optimizer(network, chosen)
    module = interactions(network, chosen)
    into_training(module, chosen)
    batch = Batches(open_source(folder), chosen).make(0)
    outcome = module(batch, users_of(chosen, 0, 0, 1), 1)
    torch.stack(list(outcome.terms.values())).sum().backward()
    missing = [p for p in network.parameters() if p.requires_grad and p.grad is None]
    assert leaves_parts_unused(chosen) == bool(missing)
