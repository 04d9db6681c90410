"""Metrics of click-based segmentation, from the masks after each click.

Definitions are the standard ones, with the cases mended that they leave open: ignored pixels,
two empty masks, and an object that reaches the threshold with the very last click.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray


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


def carried_on(ious: Sequence[float], max_clicks: int) -> list[float]:
    """IoUs of one object with the last one repeated up to `max_clicks` values.

    An object whose mask is perfect gets no further click, and keeps its mask.

    Raises
    ------
    ValueError
        When there is no IoU at all, or more than `max_clicks` of them.
    """
    if not 0 < len(ious) <= max_clicks:
        raise ValueError(
            f"expected the IoUs of 1 to {max_clicks} clicks, got {len(ious)}; "
            "pass those of one object, one a click."
        )
    return [*ious, *[ious[-1]] * (max_clicks - len(ious))]


def clicks_needed(
    ious: ArrayLike, threshold: float, max_clicks: int = 20
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

    Returns
    -------
    clicks : ndarray
        ``(objects,)`` int, from 1; `max_clicks` for an object that never reaches it.
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
    return np.where(reached, first, max_clicks), reached


def noc(ious: ArrayLike, threshold: float, max_clicks: int = 20) -> float:
    """NoC@threshold: mean number of clicks to the threshold; a miss counts `max_clicks`.

    Parameters are those of `clicks_needed`.
    """
    return float(clicks_needed(ious, threshold, max_clicks)[0].mean())


def nof(ious: ArrayLike, threshold: float, max_clicks: int = 20) -> int:
    """NoF@threshold: number of objects that do not reach the threshold in `max_clicks` clicks.

    One that reaches it with the last click is no failure. Parameters are those of
    `clicks_needed`.
    """
    return int(np.count_nonzero(~clicks_needed(ious, threshold, max_clicks)[1]))


def iou_at(ious: ArrayLike, clicks: int) -> float:
    """IoU@N: mean over the objects of the IoU after N clicks.

    Parameters
    ----------
    ious
        ``(objects, clicks)`` float, IoU after each click.
    clicks
        N, from 1.
    """
    return float(np.asarray(ious)[:, clicks - 1].mean())
