"""Metrics of click-based segmentation, from the masks after each click.

Definitions are the standard ones, with the cases mended that they leave open: ignored pixels,
two empty masks, and an object that reaches the threshold with the very last click.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import KDTree

BAND = 0.02
"""Width of the band along a border, as a share of the picture's diagonal (Cheng et al., 2021)."""


def iou(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
) -> float:
    """Intersection over union of two masks, outside the ignored pixels.

    Parameters
    ----------
    mask, object_mask
        ``(H, W)`` bool.
    ignore
        ``(H, W)`` bool, pixels that count neither for nor against the mask.

    Returns
    -------
    float
        0-1; 1 when both masks are empty, since then they agree.
    """
    both, either = mask & object_mask, mask | object_mask
    if ignore is not None:
        both, either = both & ~ignore, either & ~ignore
    union = np.count_nonzero(either)
    return np.count_nonzero(both) / union if union else 1.0


def biou(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
    band: float = BAND,
) -> float:
    """Boundary IoU: intersection over union of the bands along the inner side of both borders.

    Parameters
    ----------
    mask, object_mask
        ``(H, W)`` bool.
    ignore
        ``(H, W)`` bool; there the object is taken to be what the mask says.
    band
        Width of the bands as a share of the picture's diagonal; at least one pixel.

    Returns
    -------
    float
        0-1; 1 when both masks are empty, since then they agree.

    References
    ----------
    B. Cheng et al., "Boundary IoU: Improving Object-Centric Image Segmentation Evaluation", 2021,
    arXiv:2103.16562.
    """
    truth = _as_seen(mask, object_mask, ignore)
    bands = [border_band(m.astype(np.uint8), band) > 0 for m in (mask, truth)]
    return iou(*bands)


def border_band(values: NDArray[np.uint8], band: float) -> NDArray[np.uint8]:
    """What a picture loses when the minimum over a square is taken: bands inside its borders.

    Parameters
    ----------
    values
        ``(H, W)`` uint8; outside the picture they are 0.
    band
        Half the square's side as a share of the diagonal; at least one pixel.
    """
    reach = max(1, round(band * float(np.hypot(*values.shape))))
    least = ndimage.minimum_filter(values, size=2 * reach + 1, mode="constant", cval=0)
    lost: NDArray[np.uint8] = values - least
    return lost


def assd(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
) -> float:
    """Average symmetric surface distance: mean distance of the contours' pixels to the other one.

    Contours are the pixels of a mask with a neighbour outside of it, holes included; the mean is
    over the pixels of both.

    Parameters
    ----------
    mask, object_mask
        ``(H, W)`` bool.
    ignore
        ``(H, W)`` bool; there the object is taken to be what the mask says.

    Returns
    -------
    float
        Pixels; 0 when both masks are empty, the picture's diagonal when one of them is.
    """
    contours = [_contour(m) for m in (mask, _as_seen(mask, object_mask, ignore))]
    ours, theirs = contours
    if not len(ours) or not len(theirs):
        return float(np.hypot(*mask.shape)) if len(ours) or len(theirs) else 0.0
    distances = (KDTree(theirs).query(ours)[0], KDTree(ours).query(theirs)[0])
    return float(np.concatenate(distances).mean())


def _contour(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.argwhere(mask & ~ndimage.binary_erosion(mask))


def _as_seen(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None,
) -> NDArray[np.bool_]:
    return object_mask if ignore is None else np.where(ignore, mask, object_mask)


def carried_on(values: Sequence[float], max_clicks: int) -> list[float]:
    """IoUs (or other values) of one object with the last one repeated up to `max_clicks` values.

    An object whose mask is perfect gets no further click, and keeps its mask.

    Raises
    ------
    ValueError
        When there is no value at all, or more than `max_clicks` of them.
    """
    if not 0 < len(values) <= max_clicks:
        raise ValueError(
            f"Expected the values of 1 to {max_clicks} clicks, got {len(values)}; "
            "pass those of one object, one a click."
        )
    return [*values, *[values[-1]] * (max_clicks - len(values))]


def clicks_needed(
    ious: ArrayLike,
    threshold: float,
    max_clicks: int = 20,
    start: ArrayLike | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Clicks until each object reaches an IoU, and which objects reach it at all.

    Parameters
    ----------
    ious
        ``(objects, clicks)`` float, IoU after each click.
    threshold
        The IoU to be reached (reached when equal).
    max_clicks
        Clicks that an object may get; later ones are not looked at.
    start
        ``(objects,)`` float, IoU before the first click; where it suffices, no click is needed.

    Returns
    -------
    clicks : ndarray
        ``(objects,)`` int; `max_clicks` for an object that never reaches it.
    reached : ndarray
        ``(objects,)`` bool.

    Examples
    --------
    >>> clicks, reached = clicks_needed([[0.5, 0.9, 0.8], [0.1, 0.2, 0.3]], 0.9, max_clicks=3)
    >>> clicks.tolist(), reached.tolist()
    ([2, 3], [True, False])
    """
    enough: NDArray[np.bool_] = np.asarray(ious)[:, :max_clicks] >= threshold
    reached: NDArray[np.bool_] = np.asarray(enough.any(axis=1))
    first: NDArray[np.int64] = enough.argmax(axis=1) + 1
    clicks = np.where(reached, first, max_clicks)
    if start is None:
        return clicks, reached
    at_once = np.asarray(start) >= threshold
    return np.where(at_once, 0, clicks), reached | at_once


def noc(
    ious: ArrayLike, threshold: float, max_clicks: int = 20, start: ArrayLike | None = None
) -> float:
    """NoC@threshold: mean number of clicks to the threshold; a miss counts `max_clicks`.

    Parameters are those of `clicks_needed`.
    """
    return float(clicks_needed(ious, threshold, max_clicks, start)[0].mean())


def nof(
    ious: ArrayLike, threshold: float, max_clicks: int = 20, start: ArrayLike | None = None
) -> int:
    """NoF@threshold: number of objects that do not reach the threshold in `max_clicks` clicks.

    One that reaches it with the last click is no failure. Parameters are those of
    `clicks_needed`.
    """
    return int(np.count_nonzero(~clicks_needed(ious, threshold, max_clicks, start)[1]))


def share_lowered(ious: Sequence[Sequence[float]]) -> float:
    """Share of all clicks after which the IoU is lower than before them, 0-1.

    Parameters
    ----------
    ious
        IoUs of each object, the first of them before its first click; an object that got no click
        has that one alone.

    Examples
    --------
    >>> share_lowered([[0, 0.5, 0.4, 0.9], [0, 1]])
    0.25
    """
    steps = np.concatenate([np.diff(row) for row in ious])
    return float(np.mean(steps < 0))


def mean_after(values: ArrayLike, clicks: int) -> float:
    """IoU@N, BIoU@N, ASSD@N: mean over the objects of the value after N clicks.

    Parameters
    ----------
    values
        ``(objects, clicks)`` float, the value after each click.
    clicks
        N, from 1.
    """
    return float(np.asarray(values)[:, clicks - 1].mean())
