"""What the values of a mask file mean: where an object is, and where nothing is counted.

Each coding reads one plane of a file as an `Annotation`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from .entries import IGNORE, Annotation, annotated
from .files import DataError, Pixels, read_mask

Coding = Callable[[Path, int], Annotation]


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


def labels_or_trimap(path: Path, plane: int = 0) -> Annotation:
    """Labels or the published coding, whichever a mask shows.

    It holds labels if it is grey (or a palette picture) and, where it is an 8-bit one, has some
    value from 1 to 127. Each plane is judged by itself.
    """
    values = read_mask(path, plane)
    eight_bit = values.dtype in (np.uint8, np.bool_)
    low = values.dtype == bool or not eight_bit or bool(((values > 0) & (values < 128)).any())
    return _labels(values, path) if values.ndim == 2 and low else trimap(path, plane)


def nonzero(path: Path, plane: int = 0) -> Annotation:
    """One object wherever some channel is not zero (DAVIS)."""
    return _one_object(read_mask(path, plane), 0)


def bright(path: Path, plane: int = 0) -> Annotation:
    """One object wherever some channel is above 128 (COCO MVal, DAVIS-585)."""
    return _one_object(read_mask(path, plane, indices=False), 128)


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
