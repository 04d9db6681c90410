"""Losses of training: the normalized focal loss and its sum over M_r, M_u and M_t (Eq. 6).

The authors' programs combine the same losses in another way; see `released_interactions`.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from napari_fcfi.network import Prediction
from napari_fcfi.network.blocks import resize
from napari_fcfi.network.heads import STRIDE

from .evaluation.errors import UserError

EPSILON = 1e-12


def normalized_focal_loss(
    logits: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    alpha: float = 0.5,
    gamma: float = 2.0,
    max_multiplier: float = math.inf,
    detached: bool = True,
) -> Tensor:
    """Normalized focal loss of each sample, ``(N,)``.

    Parameters
    ----------
    logits : Tensor
        ``(N, 1, H, W)``, before the sigmoid.
    target : Tensor
        ``(N, 1, H, W)``: 1 object, 0 background, -1 ignore.
    weight : Tensor, optional
        ``(N, 1, H, W)``, 0 or 1: pixels that count besides the ignore label.
    alpha, gamma : float
        Weight of the object against the background's, and the power of what is missing to 1.
    max_multiplier : float
        Limit of the normalisation; 1 makes this the plain focal loss.
    detached : bool
        No gradient through the normalisation.

    Notes
    -----
    ``-a m (1 - p_t)^gamma log p_t``, averaged over the pixels that count, with
    ``m = sum(w) / sum((1 - p_t)^gamma)`` of the sample.
    A sample without such pixels has loss 0.

    References
    ----------
    Sofiiuk, Barinova, Konushin, "AdaptIS: Adaptive Instance Selection Network", ICCV 2019.
    """
    counted = (target >= 0).to(logits.dtype)
    if weight is not None:
        counted = counted * weight
    positive = target > 0.5
    signed = torch.where(positive, logits, -logits)
    log_pt = functional.logsigmoid(signed)
    beta = torch.sigmoid(-signed) ** gamma * counted
    balance = torch.where(positive, alpha, 1 - alpha)
    over = (1, 2, 3)
    pixels = counted.sum(dim=over)
    multiplier = (pixels / (beta.sum(dim=over) + EPSILON)).clamp_max(max_multiplier)
    if detached:
        multiplier = multiplier.detach()
    total = (-balance * beta * log_pt).sum(dim=over) * multiplier
    return total / (pixels + EPSILON)


def soft_iou_loss(logits: Tensor, target: Tensor) -> Tensor:
    """1 - IoU of the probabilities with the object, of each sample, ``(N,)``.

    A sample without object pixels has loss 1, whatever the logits.

    Parameters
    ----------
    logits, target : Tensor
        See `normalized_focal_loss`.

    References
    ----------
    Rahman, Wang, "Optimizing Intersection-Over-Union in Deep Neural Networks for Image
    Segmentation", ISVC 2016.
    """
    probabilities = torch.sigmoid(logits) * (target >= 0)
    wanted = (target > 0.5).to(logits.dtype)
    over = (1, 2, 3)
    common = (probabilities * wanted).sum(dim=over)
    union = (probabilities + wanted).sum(dim=over) - common
    return 1 - common / (union + EPSILON)


def binary_cross_entropy(logits: Tensor, target: Tensor) -> Tensor:
    """Binary cross-entropy of each sample, ``(N,)``, as RITM's coarse answer is trained with.

    Parameters
    ----------
    logits, target : Tensor
        See `normalized_focal_loss`.

    Notes
    -----
    Ignored pixels have no loss, but count in the mean: the released programs divide by all pixels.
    """
    ignored = target < 0
    loss = functional.binary_cross_entropy_with_logits(
        logits, target.clamp_min(0).to(logits.dtype), reduction="none"
    )
    return loss.masked_fill(ignored, 0).mean(dim=(1, 2, 3))


def auxiliary_loss(prediction: Prediction, target: Tensor) -> Tensor:
    """Loss of an OCR head's coarse answer at the input's size, a mean over the batch.

    Raises
    ------
    UserError
        When the network has no such head.
    """
    if prediction.auxiliary_logits is None:
        raise UserError(
            "Expected a network with an OCR head for an auxiliary loss; this one has none: set "
            "auxiliary_weight to 0."
        )
    coarse = resize(prediction.auxiliary_logits, target.shape[-2:])
    return binary_cross_entropy(coarse, target).mean()


def coarse_target(target: Tensor) -> Tensor:
    """Target on the grid of F: the majority of each cell, -1 where a cell holds ignored pixels."""
    ignored = functional.max_pool2d((target < 0).float(), STRIDE) > 0
    share = functional.avg_pool2d((target > 0).float(), STRIDE)
    return torch.where(ignored, -1.0, (share > 0.5).float())


def masked_iou(probabilities: Tensor, target: Tensor, visible: Tensor) -> Tensor:
    """IoU with the whole object, ``(N,)``: what lies outside the crop counts as missed.

    Parameters
    ----------
    probabilities, target : Tensor
        ``(N, 1, H, W)``; ignored pixels (-1) count on neither side.
    visible : Tensor
        ``(N,)``, share of the object inside the crop.
    """
    over = (1, 2, 3)
    counted = target >= 0
    mask = (probabilities > 0.5) & counted
    wanted = target > 0
    inside = wanted.sum(dim=over)
    missed = inside / visible.clamp_min(1e-3) - inside
    union = (mask | wanted).sum(dim=over) + missed
    return (mask & wanted).sum(dim=over) / union.clamp_min(1)


def interaction_loss(
    prediction: Prediction,
    target: Tensor,
    visible: Tensor,
    *,
    refined_weight: float,
    updated_weight: float,
    quality_weight: float,
    iou_weight: float = 0.0,
    auxiliary_weight: float = 0.0,
) -> dict[str, Tensor]:
    """Terms of Eq. 6 for one interaction, and further ones, each a mean over the batch.

    The loss on M_r counts the inside of the new clicks' boxes only. Terms without weight are left
    out, and so is quality's where a network has no head for it.
    """
    coarse = coarse_target(target)
    terms = {"mask": normalized_focal_loss(prediction.logits, target).mean()}
    if refined_weight:
        refined = torch.logit(prediction.refined_feedback, eps=1e-3)
        loss = normalized_focal_loss(refined, coarse, prediction.box)
        terms["refined"] = refined_weight * loss.mean()
    if updated_weight:
        loss = normalized_focal_loss(prediction.updated_logits, coarse)
        terms["updated"] = updated_weight * loss.mean()
    if iou_weight:
        terms["iou"] = iou_weight * soft_iou_loss(prediction.logits, target).mean()
    if quality_weight and prediction.quality is not None:
        iou = masked_iou(torch.sigmoid(prediction.logits.detach()), target, visible)
        quality = prediction.quality.clamp(1e-4, 1 - 1e-4)
        terms["quality"] = quality_weight * functional.binary_cross_entropy(quality, iou)
    if auxiliary_weight:
        terms["auxiliary"] = auxiliary_weight * auxiliary_loss(prediction, target)
    return terms
