"""Fitting the quality head's layers to described windows: how good, and which is better."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from tqdm import tqdm

from .windows import Windows

EPOCHS = 15
GROUPS_A_STEP = 128
LEARNING_RATE = 1e-3
WEIGHT_DECAY = 1e-3
DROPOUT = 0.3
RANKING_WEIGHT = 3.0
"""Weight of the order inside a group beside the IoU itself."""
LEAST_DIFFERENCE = 0.02
"""Windows whose IoU differ by less have no order."""


class Judgement(NamedTuple):
    """Mean IoU over groups of more than one window: of the one judged best, and of the best."""

    chosen: float
    best: float


def fit(layers: nn.Sequential, windows: Windows, *, seed: int = 1) -> None:
    """Give a quality head's layers new weights.

    Parameters
    ----------
    layers : nn.Sequential
        Linear layers with ReLU between them; changed in place.
    windows : Windows
        What they learn from.
    seed : int
        Of the initial weights, the order and the dropout.
    """
    with torch.random.fork_rng(devices=[]), torch.enable_grad():
        torch.manual_seed(seed)
        _fit(layers, windows)


def _fit(layers: nn.Sequential, windows: Windows) -> None:
    described = torch.from_numpy(windows.described).float()
    mean, spread = described.mean(dim=0), described.std(dim=0) + 1e-3
    described = (described - mean) / spread
    iou = torch.from_numpy(windows.iou)
    groups = _members(windows)
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    for layer in linear:
        layer.reset_parameters()
        layer.requires_grad_(requires_grad=True)
    dropped = nn.Sequential(
        *(part for layer in linear[:-1] for part in (layer, nn.ReLU(), nn.Dropout(DROPOUT))),
        linear[-1],
    )
    optimizer = torch.optim.AdamW(dropped.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY)
    steps = EPOCHS * -(-len(groups) // GROUPS_A_STEP)
    rate = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=steps)
    bar = tqdm(total=steps, desc="fitting", leave=False)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(groups)).split(GROUPS_A_STEP):
            rows = torch.cat([groups[at] for at in chosen.tolist()])
            owner = torch.cat([torch.full_like(groups[at], at) for at in chosen.tolist()])
            judged = dropped(described[rows]).squeeze(1)
            loss = functional.binary_cross_entropy_with_logits(judged, iou[rows])
            loss = loss + RANKING_WEIGHT * ranking_loss(judged, iou[rows], owner)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            rate.step()
            bar.update()
    bar.close()
    # the head sees what it sees unscaled
    with torch.no_grad():
        linear[0].weight /= spread
        linear[0].bias -= linear[0].weight @ mean


def ranking_loss(judged: Tensor, iou: Tensor, owner: Tensor) -> Tensor:
    """How much IoU is lost by pairs of a group in the wrong order: logistic, a mean over groups.

    Parameters
    ----------
    judged, iou, owner : Tensor
        ``(n,)``: logits, IoU, and the number of the group.
    """
    better = iou[:, None] - iou[None]
    ahead = judged[:, None] - judged[None]
    pairs = (better > LEAST_DIFFERENCE) & (owner[:, None] == owner[None])
    lost = better[pairs] * functional.softplus(-ahead[pairs])
    return lost.sum() / owner.unique().numel()


def judgement(layers: nn.Sequential, windows: Windows) -> Judgement:
    """How well layers choose among windows."""
    with torch.inference_mode():
        judged = layers(torch.from_numpy(windows.described).float()).squeeze(1).numpy()
    groups = [rows.numpy() for rows in _members(windows) if len(rows) > 1]
    return Judgement(
        float(np.mean([windows.iou[rows[judged[rows].argmax()]] for rows in groups])),
        float(np.mean([windows.iou[rows].max() for rows in groups])),
    )


def _members(windows: Windows) -> list[Tensor]:
    """Rows of each group."""
    order = np.argsort(windows.group, kind="stable")
    starts = np.flatnonzero(np.diff(windows.group[order])) + 1
    return [torch.from_numpy(rows) for rows in np.split(order, starts)]
