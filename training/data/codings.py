"""What the values of a mask file mean: where an object is, and where nothing is counted.

Each coding reads one plane of a file as an `Annotation`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TypeVar

import numpy as np

from .entries import IGNORE, Annotation, annotated
from .files import DataError, Pixels, plane_count, read_mask

Coding = Callable[[Path, int], Annotation]
T = TypeVar("T")

TRIMAP_VALUES = (0, 128, IGNORE)
MOST_FILES, MOST_PLANES = 100, 10
"""Of so many masks of a set, evenly spread, so many planes are looked at to tell its coding."""


def labels(path: Path, plane: int = 0) -> Annotation:
    """0 background, 1 to N objects; 255 in 8-bit masks is ignored."""
    return _labels(read_mask(path, plane), path)


def painted(path: Path, plane: int = 0) -> Annotation:
    """0 background, every other value an object (napari's labels)."""
    values = _one_number_a_pixel(read_mask(path, plane), path)
    return annotated(values, np.zeros(values.shape, bool))


def trimap(path: Path, plane: int = 0) -> Annotation:
    """More than 128 object, 128 ignored, by the blue channel (GrabCut, Berkeley)."""
    values = read_mask(path, plane, indices=False)
    blue = values if values.ndim == 2 else values[..., 2]
    blue = blue.astype(np.uint8) * 255 if blue.dtype == bool else blue
    return annotated((blue > 128).astype(np.uint8), blue == 128)


def coding_of(masks: Sequence[Path]) -> Coding:
    """Coding of a set that may hold labels or the published values 0, 128 and 255.

    A mask in colour has the published ones. In a grey 8-bit one that shows nothing else, 255 is an
    object if no other mask of the set shows labels, else it is ignored as in those. The others are
    looked at when the first such mask is read, until one has labels.
    """

    @cache
    def hold_labels() -> bool:
        return any(map(_shows_labels, _spread(masks, MOST_FILES)))

    def coding(path: Path, plane: int = 0) -> Annotation:
        values = read_mask(path, plane)
        published = values.ndim == 3 or (
            values.dtype in (np.uint8, np.bool_) and not _has_labels(values) and not hold_labels()
        )
        return trimap(path, plane) if published else _labels(values, path)

    return coding


def nonzero(path: Path, plane: int = 0) -> Annotation:
    """One object wherever some channel is not zero (DAVIS)."""
    return _one_object(read_mask(path, plane), 0)


def bright(path: Path, plane: int = 0) -> Annotation:
    """One object wherever some channel is above 128 (COCO MVal, DAVIS-585)."""
    return _one_object(read_mask(path, plane, indices=False), 128)


def _shows_labels(path: Path) -> bool:
    try:
        planes = _spread(range(plane_count(path, stack=True)), MOST_PLANES)
        return any(_has_labels(read_mask(path, plane)) for plane in planes)
    except DataError:  # is told when that mask itself is read
        return False


def _has_labels(values: Pixels) -> bool:
    return values.ndim == 2 and values.dtype != bool and not np.isin(values, TRIMAP_VALUES).all()


def _spread(items: Sequence[T], most: int) -> Sequence[T]:
    return items[:: -(-len(items) // most) or 1]


def _one_object(values: Pixels, above: int) -> Annotation:
    highest = values if values.ndim == 2 else values.max(axis=2)
    highest = highest.astype(np.uint8) * 255 if highest.dtype == bool else highest
    return annotated((highest > above).astype(np.uint8), np.zeros(highest.shape, bool))


def _labels(values: Pixels, path: Path) -> Annotation:
    values = _one_number_a_pixel(values, path)
    ignore = (values == IGNORE) & (values.dtype == np.uint8)
    return annotated(np.where(ignore, 0, values), ignore)


def _one_number_a_pixel(values: Pixels, path: Path) -> Pixels:
    if values.ndim != 2:
        raise DataError(
            f"expected a grey mask, one number an object, got one in colour in {path}; "
            "save it as a greyscale PNG."
        )
    return values.astype(np.uint8) if values.dtype == bool else values
