"""The one way in which values are resampled, so that pixels, clicks and feedback stay in step.

Positions are *edges*: pixel ``i`` of an array is the area from ``i`` to ``i + 1``, its centre is
``i + 0.5`` (half-pixel centres). Bilinear; when shrinking, the triangle is as wide as the step, so
that every input pixel counts (an average over areas, no aliasing).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Area = tuple[float, float, float, float]
"""Edges ``y0, x0, y1, x1``; need not be whole numbers."""


def resample(values: NDArray[np.float32], area: Area, size: tuple[int, int]) -> NDArray[np.float32]:
    """The values of an area of a picture, in ``size`` samples.

    Parameters
    ----------
    values : ndarray
        ``(h, w)`` float32, not empty.
    area : tuple of float
        What is wanted, in edges of ``values``; beyond its rim the rim's values go on.
    size : tuple of int
        Height and width of the result.

    Returns
    -------
    ndarray
        ``(height, width)`` float32; the values themselves where nothing is to be done.
    """
    height, width = values.shape
    y0, x0, y1, x1 = area
    above, left = max(0, math.ceil(-y0)), max(0, math.ceil(-x0))
    below, right = max(0, math.ceil(y1 - height)), max(0, math.ceil(x1 - width))
    if above or left or below or right:
        values = np.pad(values, ((above, below), (left, right)), mode="edge")
        y0, y1, x0, x1 = y0 + above, y1 + above, x0 + left, x1 + left
    picture = Image.fromarray(np.ascontiguousarray(values))
    resized = picture.resize(size[::-1], Image.Resampling.BILINEAR, box=(x0, y0, x1, y1))
    return np.asarray(resized, dtype=np.float32)


def block_means(values: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Means over blocks of ``factor`` x ``factor``; those at the rim hold what there is."""
    if factor == 1:
        return values
    picture = Image.fromarray(np.ascontiguousarray(values)).reduce(factor)
    return np.asarray(picture, dtype=np.float32)
