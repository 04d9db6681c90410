"""Metrics as the authors' evaluation programs compute them, their defects included.

What `training.evaluation.metrics` does instead is told in docs/protocols.md. Nothing here is used
outside the released protocol.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from training.evaluation import metrics

IGNORED = 255
"""Value of an ignored pixel once labels are bytes."""


def iou(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
) -> float:
    """Intersection over union outside the ignored pixels; nan when both masks are empty there.

    Parameters are those of `training.evaluation.metrics.iou`.
    """
    counted = np.ones_like(mask) if ignore is None else ~ignore
    if not ((mask | object_mask) & counted).any():
        return float("nan")
    return metrics.iou(mask, object_mask, ignore)


def biou(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,
    band: float = metrics.BAND,
) -> float:
    """IoU of the bands along both borders, in which ignored pixels count as very much an object.

    So the object has no border against ignored pixels, and a correct mask has 0 where they
    surround it. Nan when no pixel is left. Parameters are those of
    `training.evaluation.metrics.biou`.
    """
    labels = object_mask.astype(np.uint8)
    if ignore is not None:
        labels[ignore] = IGNORED
    ours, theirs = (metrics.border_band(m, band) for m in (mask.astype(np.uint8), labels))
    either = ((ours == 1) | (theirs == 1)) & (theirs != IGNORED)
    if not either.any():
        return float("nan")
    return np.count_nonzero((ours == 1) & (theirs == 1)) / np.count_nonzero(either)


def assd(
    mask: NDArray[np.bool_],
    object_mask: NDArray[np.bool_],
    ignore: NDArray[np.bool_] | None = None,  # noqa: ARG001 - ignored pixels count as background
) -> float:
    """Average symmetric distance of the outer contours, px; borders of holes are none.

    From an empty contour, distances are measured to a point above the picture's first pixel. Nan
    when both are empty. Parameters are those of `training.evaluation.metrics.assd`.
    """
    ours, theirs = (_outer_contour(m) for m in (mask, object_mask))
    if not len(ours) + len(theirs):
        return float("nan")
    there, back = _distances(ours, theirs), _distances(theirs, ours)
    return float((there.sum() + back.sum()) / (len(ours) + len(theirs)))


def nof(
    ious: ArrayLike, threshold: float, max_clicks: int = 20, start: ArrayLike | None = None
) -> int:
    """Number of objects that need all clicks, those that succeed with the last one among them.

    Parameters are those of `training.evaluation.metrics.clicks_needed`.
    """
    clicks, _ = metrics.clicks_needed(ious, threshold, max_clicks, start)
    return int(np.count_nonzero(clicks == max_clicks))


def _outer_contour(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    filled = ndimage.binary_fill_holes(mask)
    return np.argwhere(filled & ~ndimage.binary_erosion(filled))


def _distances(contour: NDArray[np.intp], other: NDArray[np.intp]) -> NDArray[np.float64]:
    """Distance of each point of a contour ``(N, 2)`` to the other one."""
    target = other if len(other) else np.array([[-1, 0]])
    if not len(contour):
        return np.zeros(0)
    return np.asarray(KDTree(target).query(contour)[0], dtype=np.float64)
