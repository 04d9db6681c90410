"""Focused Feedback Correction Module (paper, section 3.2, Eq. 1-3).

Symbols: F = features ``(N, C, H', W')``, M_{t-1} = feedback ``(N, 1, H', W')`` in 0-1,
W = affinity, l = sign of the new click, r = expansion_ratio, M_box = box.

Deviations and choices
----------------------
- The paper states that W lies in 0-1, which a cosine does not: it is clamped from below.
- The box is a hard 0/1 mask, as in the paper (the released code uses a soft one in training).
- Several new clicks are applied oldest first, so that the newest has the last word.
- The exponential similarity of Table 4 comes without its sigma; here sigma is the number of
  channels, which makes the exponent the mean squared difference of a channel.

Cost: one dot product a pixel of F and click; no parameters.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from .clicks import is_click, to_feature_grid

Similarity = Literal["cosine", "exponential"]


class CorrectedFeedback(NamedTuple):
    """What the module gives, all ``(N, 1, H', W')``.

    ``feedback`` is M_r (0-1), ``affinity`` is W of the newest click (0-1, zero where a sample has
    no new click) and ``box`` the union of the new clicks' boxes (0 or 1).
    """

    feedback: Tensor
    affinity: Tensor
    box: Tensor


def affinity_to(features: Tensor, cells: Tensor, similarity: Similarity = "cosine") -> Tensor:
    """Eq. 1: affinity of every pixel of F to the pixel under a click.

    Parameters
    ----------
    features : Tensor
        ``(N, C, H', W')``.
    cells : Tensor
        ``(N, 2)`` int64, ``y, x`` of the click in the feature map.
    similarity : {"cosine", "exponential"}
        The paper's measure, or the one it is compared with in Table 4.

    Returns
    -------
    Tensor
        ``(N, 1, H', W')``, 0-1; 1 at the click.
    """
    batch = torch.arange(len(features), device=features.device)
    at_click = features[batch, :, cells[:, 0], cells[:, 1]][:, :, None, None]
    if similarity == "exponential":
        squared = (features - at_click).square().mean(dim=1, keepdim=True)
        return torch.exp(-squared)
    cosine = functional.cosine_similarity(features, at_click, dim=1)  # Eq. 1
    return cosine.unsqueeze(1).clamp(0, 1)


def correct(feedback: Tensor, affinity: Tensor, sign: Tensor) -> Tensor:
    """Eq. 2: blend the feedback with the new click's label by affinity; all ``(N, 1, H', W')``."""
    return sign * affinity + (1 - affinity) * feedback  # Eq. 2


def box_around(cells: Tensor, expansion_ratio: float, size: tuple[int, int]) -> Tensor:
    """M_box of Eq. 3: ones in a box of ``r H' x r W'`` around each click, ``(N, 1, H', W')``.

    The box reaches from the click half its side to both ends, so a ratio of 2 covers the map
    wherever the click is.
    """
    height, width = size
    rows = torch.arange(height, device=cells.device)
    columns = torch.arange(width, device=cells.device)
    inside_y = (rows - cells[:, :1]).abs() <= expansion_ratio * height / 2
    inside_x = (columns - cells[:, 1:]).abs() <= expansion_ratio * width / 2
    return (inside_y[:, None, :, None] & inside_x[:, None, None, :]).float()


def focus(
    features: Tensor,
    feedback: Tensor,
    new_clicks: Tensor,
    *,
    expansion_ratio: float,
    stride: int,
    similarity: Similarity = "cosine",
) -> CorrectedFeedback:
    """Correct the feedback near the new clicks (Eq. 1-3).

    Parameters
    ----------
    features : Tensor
        F, ``(N, C, H', W')``.
    feedback : Tensor
        M_{t-1}, ``(N, 1, H', W')``, 0-1.
    new_clicks : Tensor
        ``(N, K, 3)``, ``y, x, sign`` in input pixels, oldest first, empty slots -1.
    expansion_ratio : float
        Side of the box as a share of the feature map's side, 0.05-2.
    stride : int
        Input pixels a feature pixel.
    similarity : {"cosine", "exponential"}
        See `affinity_to`.
    """
    size = (features.shape[-2], features.shape[-1])
    cells = to_feature_grid(new_clicks, stride, size)
    used = is_click(new_clicks)
    newest = torch.zeros_like(feedback)
    union = torch.zeros_like(feedback)
    for k in range(new_clicks.shape[1]):
        present = used[:, k, None, None, None]
        sign = new_clicks[:, k, 2, None, None, None]
        affinity = affinity_to(features, cells[:, k], similarity)
        box = box_around(cells[:, k], expansion_ratio, size) * present
        feedback = box * correct(feedback, affinity, sign) + (1 - box) * feedback  # Eq. 3
        newest = torch.where(present, affinity, newest)
        union = torch.maximum(union, box)
    return CorrectedFeedback(feedback, newest, union)
