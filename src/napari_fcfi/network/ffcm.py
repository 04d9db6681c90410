"""Focused Feedback Correction Module (paper, section 3.2, Eq. 1-3).

Symbols: F = features ``(N, C, H', W')``, M_{t-1} = feedback ``(N, 1, H', W')`` in 0-1,
W = affinity, l = sign of the new click, r = expansion_ratio, M_box = box.

Deviations and choices
----------------------
- The paper states that W lies in 0-1, which a cosine does not: it is clamped from below.
- Where a click and its box lie on the feature map is a `Placement`: `place` here, with a hard 0/1
  box as in the paper; the released code's, with its soft box in training, in
  `truncated_placement`.
- Several new clicks are applied oldest first, so that the newest has the last word (released:
  newest first).
- The exponential similarity of Table 4 comes without its sigma; here sigma is the number of
  channels, which makes the exponent the mean squared difference of a channel.
- The soft box is the product of a steep sigmoid's rise and fall along each side.

Cost: one dot product a pixel of F and click; no parameters.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from .architecture import Similarity
from .clicks import is_click, to_feature_grid


class Placement(NamedTuple):
    """Where new clicks lie on a feature map.

    ``cells`` ``(N, K, 2)`` int64 are their ``y, x`` there, and ``boxes`` ``(N, K, H', W')`` float
    M_box of Eq. 3, 0-1, all zero for an empty slot.
    """

    cells: Tensor
    boxes: Tensor


SMALLEST_PRODUCT = 1e-12
"""Of two lengths: features that are zero have no direction, and no affinity to anything."""

STEEPNESS = 10.0
"""Of a soft box's edges, per feature pixel, as in the released code."""


class CorrectedFeedback(NamedTuple):
    """What the module gives, all ``(N, 1, H', W')``.

    ``feedback`` is M_r (0-1), ``affinity`` is W of the newest click (0-1, zero where a sample has
    no new click) and ``box`` the union of the new clicks' boxes (0-1).
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
        ``(N, 1, H', W')``, 0-1; 1 at the click, unless F is zero there.
    """
    batch = torch.arange(len(features), device=features.device)
    at_click = features[batch, :, cells[:, 0], cells[:, 1]]
    if similarity == "exponential":
        squared = (features - at_click[:, :, None, None]).square().mean(dim=1, keepdim=True)
        return torch.exp(-squared)
    # two passes over F; torch's own cosine makes two more copies of it
    products = torch.einsum("nchw,nc->nhw", features, at_click)
    lengths = torch.linalg.vector_norm(features, dim=1)
    length = torch.linalg.vector_norm(at_click, dim=1)[:, None, None]
    cosine: Tensor = products / (lengths * length).clamp_min(SMALLEST_PRODUCT)  # Eq. 1
    return cosine.unsqueeze(1).clamp(0, 1)


def correct(feedback: Tensor, affinity: Tensor, sign: Tensor) -> Tensor:
    """Eq. 2: blend the feedback with the new click's label by affinity; all ``(N, 1, H', W')``."""
    return sign * affinity + (1 - affinity) * feedback  # Eq. 2


def box_around(cells: Tensor, expansion_ratio: float, size: tuple[int, int]) -> Tensor:
    """M_box of Eq. 3: ones in a box around each click, ``(N, 1, H', W')``.

    It reaches from the click's cell ``r H'/2`` and ``r W'/2`` to both ends, so it has
    ``2 floor(r H'/2) + 1`` rows, and a ratio of 2 covers the map wherever the click is.
    """
    height, width = size
    rows = torch.arange(height, device=cells.device)
    columns = torch.arange(width, device=cells.device)
    inside_y = (rows - cells[:, :1]).abs() <= expansion_ratio * height / 2
    inside_x = (columns - cells[:, 1:]).abs() <= expansion_ratio * width / 2
    return (inside_y[:, None, :, None] & inside_x[:, None, None, :]).float()


def soft_box(starts: Tensor, ends: Tensor, size: tuple[int, int]) -> Tensor:
    """M_box of Eq. 3 with soft edges, through which gradients of training are not cut off.

    Parameters
    ----------
    starts, ends : Tensor
        ``(..., 2)`` float, first and past-the-last line of each box, ``y, x`` in feature pixels.
    size : tuple of int
        Height and width of the feature map.

    Returns
    -------
    Tensor
        ``(..., H', W')``, 0-1: one half on both lines of the edges, and next to 0 or 1 beyond.
    """
    sides = []
    for axis, side in enumerate(size):
        lines = torch.arange(side, dtype=starts.dtype, device=starts.device)
        rise = torch.sigmoid(STEEPNESS * (lines - starts[..., axis, None]))
        fall = torch.sigmoid(STEEPNESS * (lines - ends[..., axis, None]))
        sides.append(rise - fall)
    return sides[0][..., :, None] * sides[1][..., None, :]


def place(
    new_clicks: Tensor,
    expansion_ratio: float,
    stride: int,
    size: tuple[int, int],
    *,
    soft: bool = False,
) -> Placement:
    """New clicks in the cells whose centres are nearest, with the boxes around them.

    Parameters
    ----------
    new_clicks : Tensor
        ``(N, K, 3)``, ``y, x, sign`` in input pixels, empty slots -1.
    expansion_ratio : float
        Side of the box as a share of the feature map's side, 0.05-2.
    stride : int
        Input pixels a feature pixel.
    size : tuple of int
        Height and width of the feature map.
    soft : bool
        `soft_box` instead of `box_around`.
    """
    cells = to_feature_grid(new_clicks, stride, size)
    if soft:
        half = torch.tensor(size, device=cells.device) * (expansion_ratio / 2)
        boxes = soft_box(cells - half, cells + half, size)
    else:
        boxes = box_around(cells.flatten(0, 1), expansion_ratio, size)
        boxes = boxes.reshape(*cells.shape[:2], *size)
    return Placement(cells, boxes * is_click(new_clicks)[..., None, None])


def focus(
    features: Tensor,
    feedback: Tensor,
    new_clicks: Tensor,
    placement: Placement,
    *,
    similarity: Similarity = "cosine",
    newest_first: bool = False,
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
    placement : Placement
        Of these clicks on this feature map.
    similarity : {"cosine", "exponential"}
        See `affinity_to`.
    newest_first : bool
        Apply the newest click first, so that the oldest has the last word.
    """
    used = is_click(new_clicks)[..., None, None, None]
    newest = torch.zeros_like(feedback)
    union = torch.zeros_like(feedback)
    slots = range(new_clicks.shape[1])
    affinities = [affinity_to(features, placement.cells[:, k], similarity) for k in slots]
    for k in reversed(slots) if newest_first else slots:
        sign = new_clicks[:, k, 2, None, None, None]
        box = placement.boxes[:, k, None]
        feedback = box * correct(feedback, affinities[k], sign) + (1 - box) * feedback  # Eq. 3
        union = torch.maximum(union, box)
    for k in slots:
        newest = torch.where(used[:, k], affinities[k], newest)
    return CorrectedFeedback(feedback, newest, union)
