"""The normalized focal loss against loops and reference outputs; the target's coarser forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_fcfi.network import Prediction
from training.losses import (
    auxiliary_loss,
    binary_cross_entropy,
    coarse_target,
    interaction_loss,
    masked_iou,
    normalized_focal_loss,
    soft_iou_loss,
)


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


def from_probabilities(probabilities: Tensor, label: Tensor, _: Tensor) -> Tensor:
    """The loss of the paper on M_r and M_u: their probabilities are what the loss is about."""
    return normalized_focal_loss(torch.logit(probabilities), label)


REFERENCE_LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "nfl_a05_g2": lambda x, y, _: normalized_focal_loss(x, y),
    "nfl_a025_g2_maxmult5": lambda x, y, _: normalized_focal_loss(
        x, y, alpha=0.25, max_multiplier=5
    ),
    "nfl_a05_g2_not_detached": lambda x, y, _: normalized_focal_loss(x, y, detached=False),
    "nfl_masked_a05_g2": lambda x, y, mask: normalized_focal_loss(x, y, (mask == 1).float()),
    "bce": lambda x, y, _: binary_cross_entropy(x, y),
    "soft_iou": lambda x, y, _: soft_iou_loss(x, y),
    "focal_a05_g2": lambda x, y, _: normalized_focal_loss(x, y, max_multiplier=1),
}
ON_PROBABILITIES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    # the released programs take a probability for a logit
    "nfl_on_probability_released": lambda p, y, _: normalized_focal_loss(p, y),
    "nfl_masked_on_probability_released": lambda p, y, mask: normalized_focal_loss(
        p, y, (mask == 1).float()
    ),
    "nfl_on_probability_from_sigmoid": from_probabilities,
}


@pytest.mark.parametrize("name", [*REFERENCE_LOSSES, *ON_PROBABILITIES])
def test_losses_and_gradients_are_the_released_ones(data_root: Path, name: str) -> None:
    with np.load(data_root / "reference" / "losses.npz", allow_pickle=False) as stored:
        given = stored["prob_pred" if name in ON_PROBABILITIES else "pred"]
        label, mask = (torch.from_numpy(stored[key]) for key in ("label", "mask"))
        value, gradient = stored[f"{name}_value"], stored[f"{name}_grad_of_mean"]
    x = torch.from_numpy(given).requires_grad_()
    loss = (REFERENCE_LOSSES | ON_PROBABILITIES)[name](x, label, mask)
    loss.mean().backward()
    np.testing.assert_allclose(loss.detach().numpy(), value, rtol=1e-5)
    assert x.grad is not None
    # relative to the largest: gradients next to 0 are differences of larger numbers
    largest = float(np.abs(gradient).max())
    # the stored loss takes 1 - (1 - p) in float32, which costs digits where p is below 0.001
    tolerance = 1e-4 if name == "nfl_on_probability_from_sigmoid" else 1e-5
    np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=tolerance, atol=1e-6 * largest)


def prediction() -> Prediction:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(2, 1, 4, 4, generator=generator)
    return Prediction(
        logits=torch.randn(2, 1, 16, 16, generator=generator),
        refined_feedback=coarse,
        updated_feedback=coarse,
        updated_logits=torch.logit(coarse),
        affinity=coarse,
        box=torch.ones_like(coarse),
        auxiliary_logits=torch.randn(2, 1, 4, 4, generator=generator),
    )


def test_terms_without_weight_or_head_are_left_out() -> None:
    weights = {"refined_weight": 0.0, "updated_weight": 0.0, "quality_weight": 0.2}
    target, visible = torch.zeros(2, 1, 16, 16), torch.ones(2)
    assert set(interaction_loss(prediction(), target, visible, **weights)) == {"mask"}
    with_quality = replace(prediction(), quality=torch.full((2,), 0.5))
    terms = interaction_loss(with_quality, target, visible, **weights, auxiliary_weight=0.4)
    assert set(terms) == {"mask", "quality", "auxiliary"}
    terms = interaction_loss(prediction(), target, visible, **weights, iou_weight=0.5)
    assert terms["iou"].item() == pytest.approx(0.5)  # nothing of an object that is not there


def test_an_auxiliary_loss_needs_a_coarse_answer() -> None:
    target = torch.zeros(2, 1, 16, 16)
    assert auxiliary_loss(prediction(), target) > 0
    with pytest.raises(ValueError, match="set auxiliary_weight to 0"):
        auxiliary_loss(replace(prediction(), auxiliary_logits=None), target)


def test_ignored_pixels_have_no_cross_entropy_but_count_in_its_mean() -> None:
    logits = torch.tensor([[[[2.0, -1.0]]]])
    half = binary_cross_entropy(logits, torch.tensor([[[[1.0, -1.0]]]]))
    assert half.item() == pytest.approx(np.log1p(np.exp(-2.0)) / 2)
