"""Disk encoding of clicks: from click positions to the interaction map S (paper, section 3.1).

Clicks travel as tensors ``(N, K, 3)`` with rows ``y, x, sign`` in pixels of the network's input;
``sign`` is 1 for foreground and 0 for background, and an empty slot is -1 in all three.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

DISK_RADIUS = 5.0
"""Radius of a click's disk in input pixels, as in the released programs."""


def is_click(clicks: Tensor) -> Tensor:
    """Tell the used slots of ``clicks`` from the empty ones: ``(N, K) bool``."""
    return clicks[..., 2] >= 0


def interaction_map(clicks: Tensor, size: tuple[int, int], radius: float = DISK_RADIUS) -> Tensor:
    """Interaction map S: one disk a click, foreground and background in a channel each.

    Parameters
    ----------
    clicks : Tensor
        ``(N, K, 3)`` float, rows ``y, x, sign`` in input pixels, empty slots -1.
    size : tuple of int
        Height and width of the map.
    radius : float
        Radius of the disks in pixels, the rim included.

    Returns
    -------
    Tensor
        ``(N, 2, H, W)`` float, 0 or 1: foreground, background. All zero where there is no click.
    """
    height, width = size
    reach = int(radius) + 1
    offsets = torch.arange(-reach, reach + 1, device=clicks.device)
    # only the pixels around each click are looked at: (N, K, offsets)
    rows = clicks[..., 0:1].round().long() + offsets
    columns = clicks[..., 1:2].round().long() + offsets
    # differences in float32 whatever the clicks' type, as released: the rim hangs on the last digit
    dy, dx = (rows - clicks[..., 0:1]).float(), (columns - clicks[..., 1:2]).float()
    squared = (dy**2)[..., :, None] + (dx**2)[..., None, :]
    inside = (
        (squared <= radius**2)
        & ((rows >= 0) & (rows < height))[..., :, None]
        & ((columns >= 0) & (columns < width))[..., None, :]
        & is_click(clicks)[..., None, None]
    )
    sample, slot, i, j = inside.nonzero(as_tuple=True)
    channel = (clicks[sample, slot, 2] == 0).long()
    disks = torch.zeros(len(clicks), 2, height, width, device=clicks.device)
    disks[sample, channel, rows[sample, slot, i], columns[sample, slot, j]] = 1
    return disks


def pool_to_stride(interaction: Tensor, stride: int) -> Tensor:
    """Interaction map at a coarser stride; max-pooled, so that no disk is ever lost."""
    return functional.max_pool2d(interaction, stride, stride, ceil_mode=True)


def to_feature_grid(clicks: Tensor, stride: int, size: tuple[int, int]) -> Tensor:
    """Cells of a stride-``stride`` feature map in which the clicks lie: ``(N, K, 2)`` int64.

    Both grids have their pixel centres at integers, so input position ``y`` is feature position
    ``(y + 0.5) / stride - 0.5``; it is rounded and kept inside the map of ``size``.
    """
    cells = ((clicks[..., :2] + 0.5) / stride - 0.5).round().long()
    limits = torch.tensor(size, device=clicks.device) - 1
    return torch.minimum(cells.clamp_min(0), limits)
