"""The promise: at a click the mask has the click's sign, whatever the network says.

People do not click where a robot would. The promise is kept in the probabilities that are stored,
so it is fed back too, and for every click in the window, not only the newest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .box import Box
from .click import Click
from .window import Window

DISK_RADIUS_PX = 2.0
"""Input pixels around a click that have its sign."""

LEAST_AFFINITY = 0.95
"""τ: pixels this like the newest click's pixel, and connected with it, have its sign too."""


def focus_box(click: Click, window: Window, expansion_ratio: float) -> Box:
    """FFCM's box (Eq. 3) in the field: ``r`` times the window's sides, around the click."""
    height, width = (expansion_ratio * side for side in window.box.shape)
    return Box.around(click.y, click.x, height, width).intersect(window.box)


def like_the_click(
    affinity: NDArray[np.float32], click: Click, window: Window, expansion_ratio: float
) -> NDArray[np.float32]:
    """Pixels that are connected with the click by high affinity, inside FFCM's box.

    Parameters
    ----------
    affinity : ndarray
        ``(H', W')`` float32, 0–1, over the whole window: to this click.
    click, window, expansion_ratio
        The newest click, and the window and ratio of its round.

    Returns
    -------
    ndarray
        ``(H', W')`` float32, 0 or 1; at least the click's own pixel.
    """
    height, width = affinity.shape
    cell = cell_of(affinity, window)
    y, x = (
        min(max(round((position + 0.5) / cell - 0.5), 0), cells - 1)
        for position, cells in zip(window.inward(click.y, click.x), affinity.shape, strict=True)
    )
    alike = affinity > LEAST_AFFINITY
    alike &= np.abs(np.arange(height) - y)[:, None] <= expansion_ratio * height / 2
    alike &= np.abs(np.arange(width) - x) <= expansion_ratio * width / 2
    alike[y, x] = True
    pieces, _ = ndimage.label(alike)
    return np.asarray(pieces == pieces[y, x], dtype=np.float32)


def cell_of(values: NDArray[np.float32], window: Window) -> int:
    """Input pixels a value of a feature map's size, whose last cells reach beyond the input."""
    cells: int = values.shape[0]
    return math.ceil(window.size[0] / cells)


def keep_promise(
    probabilities: NDArray[np.float32],
    grid: Box,
    stride: int,
    clicks: Sequence[Click],
    window: Window,
    alike: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Probabilities on a grid of the field that agree with all clicks in the window.

    Where clicks contradict each other the newest wins; a click's own disk is stronger than what is
    merely like another one.

    Parameters
    ----------
    probabilities : ndarray
        ``(grid.height / stride, grid.width / stride)`` float32, 0–1.
    grid, stride
        The samples' place in the field.
    clicks : sequence of Click
        All clicks in the window, oldest first.
    window : Window
        The window of this round.
    alike : ndarray
        Of `like_the_click`, for the newest click.
    """
    kept = probabilities.copy()
    spread = window.spread(alike, grid, stride, cell_of(alike, window))
    kept[spread > 0.5] = float(clicks[-1].foreground)
    for click in clicks:
        _draw_disk(kept, grid, stride, click, window)
    return kept


def _draw_disk(
    probabilities: NDArray[np.float32], grid: Box, stride: int, click: Click, window: Window
) -> None:
    step_y, step_x = window.steps
    # where the network's pixels are finer than the field's: the click's own pixel at least
    reach = 0.5 if stride == 1 else stride
    dy, rows = _distances(click.y, grid.y0, stride, max(reach, DISK_RADIUS_PX * step_y))
    dx, columns = _distances(click.x, grid.x0, stride, max(reach, DISK_RADIUS_PX * step_x))
    near = probabilities[rows, columns]  # not all of a large window for a disk of a few pixels
    dy, dx = dy[: near.shape[0], None], dx[: near.shape[1]]
    disk = np.hypot(dy / step_y, dx / step_x) <= DISK_RADIUS_PX
    disk |= (dy <= reach) & (dx <= reach)
    near[disk] = float(click.foreground)


def _distances(
    position: float, start: int, stride: int, reach: float
) -> tuple[NDArray[np.float64], slice]:
    """Distances of samples from a position in the field, and which samples: those within reach."""
    at = (position + 0.5 - start) / stride - 0.5
    first = max(0, math.floor(at - reach / stride))
    last = max(first, math.ceil(at + reach / stride) + 1)
    samples = np.arange(first, last)
    return np.abs(samples - at) * stride, slice(first, last)
