"""Fitting the quality head: it tells IoU, and which of some windows is best."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from napari_fcfi.network.quality import QualityHead
from training.quality.fit import fit, judgement, ranking_loss
from training.quality.windows import Windows

WIDTH = 2 * 2 + 2 * 3 + 10


def windows(seed: int, groups: int = 400) -> Windows:
    """Groups of three; the IoU is hidden in a number that is large and spread little."""
    rng = np.random.default_rng(seed)
    iou = rng.uniform(0, 1, 3 * groups).astype(np.float32)
    described = rng.normal(100, 5, (len(iou), WIDTH))
    described[:, 4] = 50 + 4 * iou
    return Windows(described.astype(np.float16), iou, np.repeat(np.arange(groups), 3))


def test_the_best_window_is_told_and_how_good_it_is() -> None:
    layers = QualityHead(2, 3).layers
    fit(layers, windows(0, 2000))
    unseen = windows(1)
    chosen, best = judgement(layers, unseen)
    assert chosen > best - 0.02
    with torch.inference_mode():
        told = torch.sigmoid(layers(torch.from_numpy(unseen.described).float())).squeeze(1)
    assert np.corrcoef(told, unseen.iou)[0, 1] > 0.9
    assert abs(float(told.mean()) - 0.5) < 0.1


def test_the_same_seed_gives_the_same_layers() -> None:
    first, second = QualityHead(2, 3).layers, QualityHead(2, 3).layers
    for layers in (first, second):
        fit(layers, windows(0, 50), seed=3)
    torch.testing.assert_close(first.state_dict(), second.state_dict(), rtol=0, atol=0)


def test_only_pairs_of_one_group_in_the_wrong_order_cost_much() -> None:
    iou, owner = torch.tensor([0.9, 0.5, 0.1]), torch.tensor([0, 0, 1])
    right = ranking_loss(torch.tensor([5.0, -5.0, 9.0]), iou, owner)
    wrong = ranking_loss(torch.tensor([-5.0, 5.0, 9.0]), iou, owner)
    assert float(right) == pytest.approx(0, abs=1e-4)
    # 0.4 of IoU, times 10 of logits, over two groups
    assert float(wrong) == pytest.approx(2.0, abs=1e-3)


def test_windows_that_are_equally_good_have_no_order() -> None:
    iou, owner = torch.tensor([0.61, 0.6]), torch.zeros(2, dtype=torch.int64)
    assert float(ranking_loss(torch.tensor([-5.0, 5.0]), iou, owner)) == 0
