"""Numbers of objects, and the integer type that holds them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)


def smallest_dtype(label: int) -> np.dtype[Any]:
    """Smallest unsigned integer type that holds a label.

    Raises
    ------
    ValueError
        For a negative label, or one that no integer type holds.
    """
    if label < 0:
        raise ValueError(f"A label is a number from 0 on; {label} came: choose another one.")
    for dtype in UNSIGNED:
        if label <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise ValueError(f"Labels end at {np.iinfo(np.uint64).max}; {label} came: choose another one.")


def widened(labels: NDArray[Any], label: int) -> NDArray[Any] | None:
    """Copy of a labels array in a type that holds `label`; None where its own type does.

    Every value of the array fits into the copy: signed arrays with negative values stay signed.
    """
    if labels.dtype == np.bool_:
        raise ValueError(
            "A labels array of integers was expected, one of booleans came: convert it first."
        )
    if label <= np.iinfo(labels.dtype).max:
        return None
    return labels.astype(np.promote_types(labels.dtype, smallest_dtype(label)))


def next_label(labels: Any, used: tuple[int, ...] = ()) -> int:
    """One more than the largest label in the array and among `used`; 1 where there is none.

    Parameters
    ----------
    labels : array of integers of any shape, lazy or not
    used : labels that are taken although they have no pixel
    """
    largest = int(np.max(labels)) if all(labels.shape) else 0
    return max(largest, *used, 0) + 1
