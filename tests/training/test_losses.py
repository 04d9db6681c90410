"""The normalized focal loss against loops and reference outputs; the target's coarser forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from training.losses import coarse_target, masked_iou, normalized_focal_loss


def by_hand(logits: np.ndarray, target: np.ndarray, weight: np.ndarray) -> float:
    """The loss of one sample as REFERENCE words it, one pixel at a time."""
    rows = []
    for logit, label, w in zip(logits.ravel(), target.ravel(), weight.ravel(), strict=True):
        if label < 0 or w == 0:
            continue
        p = 1 / (1 + np.exp(-logit))
        pt = p if label > 0.5 else 1 - p
        rows.append(((1 - pt) ** 2, -0.5 * np.log(pt)))
    betas = np.array(rows)[:, 0]
    multiplier = len(rows) / betas.sum()
    return float((betas * multiplier * np.array(rows)[:, 1]).sum() / len(rows))


def example() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(2, 1, 5, 6, generator=generator)
    target = torch.randint(-1, 2, (2, 1, 5, 6), generator=generator).float()
    weight = torch.randint(0, 2, (2, 1, 5, 6), generator=generator).float()
    return logits, target, weight


def test_the_loss_agrees_with_the_loops() -> None:
    logits, target, weight = example()
    for w in (torch.ones_like(weight), weight):
        got = normalized_focal_loss(logits, target, w)
        for i in range(2):
            expected = by_hand(logits[i].numpy(), target[i].numpy(), w[i].numpy())
            assert got[i].item() == pytest.approx(expected, rel=1e-5)


def test_ignored_pixels_have_neither_loss_nor_gradient() -> None:
    logits, target, _ = example()
    logits.requires_grad_()
    normalized_focal_loss(logits, target).sum().backward()
    assert logits.grad is not None
    assert (logits.grad[target < 0] == 0).all()
    assert (logits.grad[target >= 0] != 0).all()


def test_nothing_to_count_gives_zero() -> None:
    logits, target, _ = example()
    assert (normalized_focal_loss(logits, torch.full_like(target, -1)) == 0).all()
    assert (normalized_focal_loss(logits, target, torch.zeros_like(target)) == 0).all()


def test_the_multiplier_carries_no_gradient() -> None:
    logits = torch.tensor([0.3, -1.0], requires_grad=True)
    target = torch.ones(1, 1, 1, 2)
    normalized_focal_loss(logits.view(1, 1, 1, 2), target).sum().backward()
    p = torch.sigmoid(logits.detach().double())
    multiplier = 2 / ((1 - p) ** 2).sum()
    q = p.clone().requires_grad_()
    (-0.5 * multiplier * (1 - q) ** 2 * q.log()).sum().div(2).backward()
    assert logits.grad is not None
    torch.testing.assert_close(logits.grad.double(), q.grad * p * (1 - p), atol=1e-6, rtol=1e-5)


def test_the_coarse_target_is_the_majority_and_ignores_mixed_cells() -> None:
    target = torch.zeros(1, 1, 4, 12)
    target[..., :3] = 1
    target[..., 4:6] = 1
    target[0, 0, 0, 8] = -1
    assert coarse_target(target).tolist() == [[[[1.0, 0.0, -1.0]]]]


def test_what_the_crop_cut_off_counts_as_missed() -> None:
    target = torch.zeros(1, 1, 4, 4)
    target[..., :2] = 1
    perfect = target.clone()
    assert masked_iou(perfect, target, torch.tensor([1.0])).item() == 1
    assert masked_iou(perfect, target, torch.tensor([0.5])).item() == 0.5
