"""From pixels of any kind to 0–1: which values are black and white, and the scaling itself.

The limits are estimated once for a field, on a bounded number of its pixels: of a lazy array at
most 49 chunks are read, each once, or as many small blocks where it does not tell its chunks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Contrast

from .errors import InputError

Limits = tuple[tuple[float, float], ...]
"""Lower and upper limit: one pair for all channels, or one pair a channel."""

PERCENTILES = (0.1, 99.9)
SAMPLED_WHOLE_PX = 2**18
"""A field of at most this many pixels is looked at whole, as reading it costs a chunk or so."""
SAMPLES_IN_MEMORY_PX = 2**20
MOST_BLOCKS = 49
BLOCK_PX = 64
"""Blocks begin at multiples of their side, so that each lies in one chunk of most stores."""
LOOKED_THROUGH_PX = 2**26
"""A lazy array of at most this many pixels is looked through for its extremes where those decide;
one in memory is whatever its size."""
BAND_PX = 2**24
"""Pixels that are looked at together."""


class ArrayLike(Protocol):
    """What is asked of an image: enough for numpy, dask, zarr and their like."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows, columns, and channels if there are any."""
        ...

    @property
    def dtype(self) -> Any:
        """Type of the pixels."""
        ...

    def __getitem__(self, key: Any, /) -> Any: ...


def limits_of(
    array: ArrayLike,
    contrast: Contrast = "auto",
    *,
    displayed: Sequence[Any] | None = None,
    changed_by_user: bool = False,
) -> Limits:
    """The values that count as black and white.

    Parameters
    ----------
    array : array-like
        ``(H, W)`` or ``(H, W, 3 | 4)``, the coarsest level of a pyramid; read in part.
    contrast : {"auto", "displayed", "percentile", "full"}
        ``auto``: 8-bit colour as it is, else the displayed limits once the user has changed them,
        else percentiles. ``displayed`` without displayed limits means percentiles. Bool is always
        0 and 1. Where percentiles are equal, as on an even ground with few other pixels, the
        extremes count.
    displayed : sequence, optional
        The viewer's limits, one pair or one pair a channel.
    changed_by_user : bool
        Whether these are the user's wish rather than the viewer's guess.
    """
    dtype = np.dtype(array.dtype)
    if dtype == np.bool_:
        return ((0.0, 1.0),)
    is_8_bit_colour = dtype == np.uint8 and len(array.shape) == 3
    if contrast == "auto":
        if is_8_bit_colour:
            return ((0.0, 255.0),)
        contrast = "displayed" if changed_by_user else "percentile"
    if contrast == "displayed" and displayed is not None:
        return _as_limits(displayed)
    if contrast == "full":
        return (_full_range(array, dtype),)
    low, high = _percentiles(sample(array))
    if low < high:
        return ((low, high),)
    # few pixels on an even ground, that percentiles or the sample have missed
    if _is_looked_through(array) or displayed is None:
        return (_extremes(array),)
    return _as_limits(displayed)


def scale(pixels: NDArray[Any], limits: Limits) -> NDArray[np.float32]:
    """Pixels between the limits, as planes of 0–1.

    Parameters
    ----------
    pixels : ndarray
        ``(h, w)`` or ``(h, w, 3 | 4)`` of any numeric type or bool; a fourth channel is ignored.
    limits : Limits
        See `limits_of`. NaN and both infinities count as the lower limit.

    Returns
    -------
    ndarray
        ``(1 | 3, h, w)`` float32, 0–1.
    """
    planes = [pixels] if pixels.ndim == 2 else [pixels[..., c] for c in range(3)]
    pairs = limits if len(limits) == len(planes) else limits[:1] * len(planes)
    return np.stack([_scaled(plane, *pair) for plane, pair in zip(planes, pairs, strict=True)])


def sample(array: ArrayLike) -> NDArray[Any]:
    """Some of the finite values, spread over the field; alpha left out. May be empty."""
    height, width = array.shape[:2]
    if height * width <= SAMPLED_WHOLE_PX:
        found = np.asarray(array[0:height, 0:width])
    elif isinstance(array, np.ndarray):
        step = int(np.ceil(np.sqrt(height * width / SAMPLES_IN_MEMORY_PX)))
        found = array[::step, ::step]
    else:
        found = _sample_of_lazy(array)
    found = found[..., :3] if found.ndim == 3 else found
    finite: NDArray[Any] = found[np.isfinite(found)]
    return finite


def _sample_of_lazy(array: ArrayLike) -> NDArray[Any]:
    """Pixels ``(n, 1)`` or ``(n, 1, C)`` of blocks that are spread over the array."""
    blocks = list(_blocks(array))
    room = SAMPLES_IN_MEMORY_PX // len(blocks)
    pixels = []
    for rows, columns in blocks:
        block = np.asarray(array[rows, columns])
        step = math.ceil(math.sqrt(block.shape[0] * block.shape[1] / room))
        thinned = block[::step, ::step]
        pixels.append(thinned.reshape(-1, 1, *block.shape[2:]))
    return np.concatenate(pixels)


def _blocks(array: ArrayLike) -> Iterator[tuple[slice, slice]]:
    """Whole chunks where the array tells them, else squares; at most `MOST_BLOCKS`."""
    ys, xs = (_intervals(array, axis) for axis in (0, 1))
    across = min(len(xs), max(math.isqrt(MOST_BLOCKS), MOST_BLOCKS // len(ys)))
    down = min(len(ys), MOST_BLOCKS // across)
    return product(_spread(ys, down), _spread(xs, across))


def _intervals(array: ArrayLike, axis: int) -> list[slice]:
    """The blocks along one axis."""
    length = int(array.shape[axis])
    chunks = getattr(array, "chunks", None)
    sizes = BLOCK_PX if chunks is None else chunks[axis]
    if isinstance(sizes, int):
        starts = [*range(0, length, sizes), length]
    else:  # dask tells the size of each chunk
        starts = [0, *np.cumsum(sizes).tolist()]
    return [slice(*ends) for ends in pairwise(starts)]


def _spread(intervals: Sequence[slice], count: int) -> list[slice]:
    """Some of the intervals, evenly spread; the first among them, and the last of several."""
    return [intervals[at] for at in np.linspace(0, len(intervals) - 1, count).round().astype(int)]


def _percentiles(values: NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        return 0.0, 0.0
    low, high = np.percentile(values.astype(np.float64), PERCENTILES)
    return float(low), float(high)


def _is_looked_through(array: ArrayLike) -> bool:
    return isinstance(array, np.ndarray) or math.prod(array.shape[:2]) <= LOOKED_THROUGH_PX


def _extremes(array: ArrayLike) -> tuple[float, float]:
    """The smallest and the largest finite value; of a vast lazy array those of a sample."""
    if not _is_looked_through(array):
        return _extremes_of(sample(array)) or (0.0, 1.0)
    height, width = array.shape[:2]
    rows = max(1, BAND_PX // width)
    bands = (np.asarray(array[y : y + rows, 0:width]) for y in range(0, height, rows))
    found = [e for e in map(_extremes_of, bands) if e is not None]
    return (min(low for low, _ in found), max(high for _, high in found)) if found else (0.0, 1.0)


def _extremes_of(values: NDArray[Any]) -> tuple[float, float] | None:
    values = values[..., :3] if values.ndim == 3 else values
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _full_range(array: ArrayLike, dtype: np.dtype[Any]) -> tuple[float, float]:
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return float(info.min), float(info.max)
    return _extremes(array)


def _as_limits(displayed: Sequence[Any]) -> Limits:
    pairs = np.asarray(displayed, dtype=np.float64)
    if pairs.ndim == 1:
        pairs = pairs[None]
    if pairs.shape not in ((1, 2), (3, 2)) or not np.isfinite(pairs).all():
        raise InputError(
            "Displayed limits must be one finite pair (low, high), or one for each of three "
            f"channels, but {displayed!r} came; pass contrast_limits of the layer."
        )
    return tuple((float(low), float(high)) for low, high in pairs)


def _scaled(plane: NDArray[Any], low: float, high: float) -> NDArray[np.float32]:
    high = high if high > low else low + 1.0  # of an even ground: what differs from it is seen
    largest = max(abs(low), abs(high))
    # float32 tells limits of this kind apart, and their difference is none of its smallest numbers
    exact = plane.dtype.itemsize <= 2 or (
        plane.dtype == np.float32 and largest < 1e30 and high - low > max(1e-6 * largest, 1e-30)
    )
    kind = np.float32 if exact else np.float64
    values = np.asarray(plane, dtype=kind)
    if plane.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, kind(low))
    if largest > 1e300:  # the difference may be no number any more
        values, low, high = np.divide(values, 4), low / 4, high / 4
    scaled = (np.clip(values, low, high) - kind(low)) / kind(high - low)
    return np.asarray(scaled, dtype=np.float32)
