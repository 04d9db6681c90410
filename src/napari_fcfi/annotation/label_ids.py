"""Numbers of objects, and the integer type that holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNSIGNED = (np.uint8, np.uint16, np.uint32, np.uint64)

BLOCK_PX = 2**24
"""Pixels of a store that are read at a time, unless one of its chunks has more."""


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
    labels : array of integers of any shape, lazy or not; a store is read block by block
    used : labels that are taken although they have no pixel
    """
    return max(_largest(labels), *used, 0) + 1


def _largest(labels: Any) -> int:
    """Largest label; 0 where there is no pixel."""
    if not all(labels.shape):
        return 0
    # numpy and dask know a way of their own; a pyramid's levels are no dimension.
    if hasattr(labels, "max") or isinstance(labels, Sequence):
        return int(np.max(labels))
    chunks = getattr(labels, "chunks", None) or (1,) * len(labels.shape)
    blocks = _blocks(tuple(labels.shape), tuple(chunks))
    return max(int(np.max(np.asarray(labels[block]))) for block in blocks)


def _blocks(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Parts of an array that cover it: whole chunks, as many as `BLOCK_PX` has room for."""
    block = list(chunks)
    for axis in reversed(range(len(shape))):
        block[axis] = min(shape[axis], block[axis] * max(1, BLOCK_PX // prod(block)))
    starts = (range(0, size, step) for size, step in zip(shape, block, strict=True))
    for corner in product(*starts):
        yield tuple(slice(at, at + step) for at, step in zip(corner, block, strict=True))
