"""The robot user: a deterministic stand-in for the person who corrects a mask click by click.

It clicks where the largest error is, at the pixel farthest from that error's border. Nothing here
knows a network, so anything that takes clicks can be measured by it.

The rules (the standard protocol of click-based segmentation, defects of common implementations
mended):

- FN = object, not in the mask, not ignored; FP = in the mask, not object, not ignored.
- Distances are Euclidean, to the nearest pixel outside the error; outside the picture counts as
  outside. They are compared as exact integer squares, so that equal distances *are* equal.
- FN farther in than FP gives a foreground click, anything else (a tie, too) a background click.
- Among equally distant pixels the first in row-major order is taken; no pixel is clicked twice.
- A mask without an error gets no click.

`released_click` keeps one defect of the authors' programs, for their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt


class RobotClick(NamedTuple):
    """One click of the robot user, in pixels of the picture."""

    y: int
    x: int
    foreground: bool


def next_click(
    object_mask: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    clicked: Iterable[tuple[int, int]] = (),
    ignore: NDArray[np.bool_] | None = None,
) -> RobotClick | None:
    """Click that the robot user makes next.

    Parameters
    ----------
    object_mask
        The object to be segmented, ``(H, W)``.
    mask
        The mask so far, ``(H, W)``; all False before the first click.
    clicked
        Pixels ``(y, x)`` clicked before; none of them is clicked again.
    ignore
        Pixels that are neither error nor target, ``(H, W)``.

    Returns
    -------
    RobotClick or None
        None when the mask is perfect, or when every pixel of the error has been clicked already.
    """
    wrong = object_mask != mask
    if ignore is not None:
        wrong = wrong & ~ignore
    clicked = list(clicked)
    missed_depth, missed_at = _innermost(wrong & object_mask, clicked)
    excess_depth, excess_at = _innermost(wrong & ~object_mask, clicked)
    if missed_depth > excess_depth:
        return RobotClick(*missed_at, foreground=True)
    if excess_depth > 0:
        return RobotClick(*excess_at, foreground=False)
    return None


def released_click(
    object_mask: NDArray[np.bool_],
    mask: NDArray[np.bool_],
    clicked: Iterable[tuple[int, int]] = (),
    ignore: NDArray[np.bool_] | None = None,
) -> RobotClick:
    """Click that the authors' robot user makes next; parameters are those of `next_click`.

    Where there is no error to be clicked on it makes a background click at the picture's first
    pixel, again and again, whatever lies there.
    """
    return next_click(object_mask, mask, clicked, ignore) or RobotClick(0, 0, foreground=False)


def squared_distances(region: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Exact squared distance of each pixel of a region to the nearest pixel outside it.

    Parameters
    ----------
    region
        ``(H, W)``. What lies beyond the array is outside the region.

    Returns
    -------
    ndarray
        ``(H, W)`` int64, px²; 0 outside the region.
    """
    padded = np.pad(region, 1)
    nearest = distance_transform_edt(padded, return_distances=False, return_indices=True)
    offsets = nearest - np.indices(padded.shape)
    squares: NDArray[np.int64] = (offsets**2).sum(axis=0)[1:-1, 1:-1]
    return squares


def _innermost(
    region: NDArray[np.bool_], clicked: list[tuple[int, int]]
) -> tuple[int, tuple[int, int]]:
    """Largest squared distance among the pixels not clicked yet, and the first pixel that has it.

    Only the region's bounding box is looked at. A pixel beyond the ring around that box can
    never be the nearest one outside (the ring itself lies between), so distances are the same,
    and the cost follows the size of the error, not of the picture.
    """
    rows = np.flatnonzero(region.any(axis=1))
    if not rows.size:
        return 0, (0, 0)
    columns = np.flatnonzero(region.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    depths = squared_distances(region[top : int(rows[-1]) + 1, left : int(columns[-1]) + 1])
    for y, x in clicked:
        if 0 <= y - top < depths.shape[0] and 0 <= x - left < depths.shape[1]:
            depths[y - top, x - left] = 0
    row, column = divmod(int(depths.argmax()), depths.shape[1])
    return int(depths[row, column]), (top + row, left + column)
