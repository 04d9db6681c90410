"""Where the released code's FFCM puts a click and its box: by dividing and truncating.

Networks whose weights are the authors' are used with it; see `PaperArchitecture.geometry`. All
scaling is done in float32, dividing before multiplying, since the last digit decides on a cell.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .clicks import is_click
from .ffcm import Placement, soft_box


def truncated_place(
    new_clicks: Tensor,
    expansion_ratio: float,
    input_size: tuple[int, int],
    size: tuple[int, int],
    *,
    soft: bool = False,
) -> Placement:
    """New clicks and their boxes on a feature map.

    Parameters
    ----------
    new_clicks : Tensor
        ``(N, K, 3)``, ``y, x, sign`` in input pixels, empty slots -1. A slot with a sign but a
        position of -1 counts as a click at the origin.
    expansion_ratio : float
        Side of the box as a share of the input's side, 0.05-2.
    input_size, size : tuple of int
        Height and width of the input and of the feature map.
    soft : bool
        `soft_box` instead of `hard_box`.
    """
    cells = cells_of(new_clicks[..., :2], input_size, size)
    starts, ends = box_edges(new_clicks[..., :2], expansion_ratio, input_size, size)
    make = soft_box if soft else hard_box
    boxes = make(starts, ends, size)
    return Placement(cells, boxes * is_click(new_clicks)[..., None, None])


def cells_of(positions: Tensor, input_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Cells of positions ``(..., 2)``, ``y, x`` in input pixels: int64, inside the map."""
    cells = _scaled(positions, input_size, size).trunc().long()
    return torch.minimum(cells.clamp_min(0), _pair(size, cells) - 1)


def box_edges(
    positions: Tensor,
    expansion_ratio: float,
    input_size: tuple[int, int],
    size: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """First and past-the-last line of the boxes: two ``(..., 2)``, whole feature pixels.

    The box is cut to whole input pixels first, then grown to whole feature pixels.
    """
    starts, ends = input_box_edges(positions, expansion_ratio, input_size)
    return _scaled(starts, input_size, size).floor(), _scaled(ends, input_size, size).ceil()


def input_box_edges(
    positions: Tensor, expansion_ratio: float, input_size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Boxes in whole input pixels, cut to the input: two ``(..., 2)``."""
    half = _pair([int(expansion_ratio * side / 2 + 0.5) for side in input_size], positions)
    limits = _pair(input_size, positions)
    low, high = ((positions + reach).clamp_min(0) for reach in (-half, half))
    return torch.minimum(low, limits).trunc(), torch.minimum(high, limits).trunc()


def hard_box(starts: Tensor, ends: Tensor, size: tuple[int, int]) -> Tensor:
    """1 from the first line to before the end, else 0: ``(..., H', W')``."""
    inside = []
    for axis, side in enumerate(size):
        lines = torch.arange(side, dtype=starts.dtype, device=starts.device)
        inside.append((lines >= starts[..., axis, None]) & (lines < ends[..., axis, None]))
    return (inside[0][..., :, None] & inside[1][..., None, :]).to(starts.dtype)


def _scaled(positions: Tensor, input_size: tuple[int, int], size: tuple[int, int]) -> Tensor:
    positions = positions.float()
    return positions / _pair(input_size, positions) * _pair(size, positions)


def _pair(sides: tuple[int, ...] | list[int], like: Tensor) -> Tensor:
    return torch.tensor(sides, dtype=like.dtype, device=like.device)
