"""From pixels of any kind to 0–1: which values are black and white, and the scaling itself.

The limits are estimated once for a field, on a bounded number of its pixels: of a lazy array at
most 49 chunks are read, each once, or as many small squares where it does not tell its chunks.
Only where these are all alike, or the range of floats is wanted, more of it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
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
SAMPLES_PX = 2**20
"""Most pixels of a sample."""
MOST_CHUNKS = 49
"""Of a lazy array that are read for a sample."""
READ_PX = 2**24
"""Most pixels of a lazy array that are read for a sample, or of any array at a time."""
SQUARE_PX = 64
"""Side of what is read of an array that tells no chunks: squares at multiples of their side lie in
one chunk of most stores."""
LOOKED_THROUGH_PX, LOOKED_THROUGH_CHUNKS = 2**28, 256
"""An array that has no more is looked through for its extremes, where those decide."""


class ArrayLike(Protocol):
    """What is asked of an image: enough for numpy, dask, zarr and their like.

    Whole chunks are read where it has ``chunks`` that are understood.
    """

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
        extremes count; for ``auto`` and a lazy array too large to look for them, the displayed
        limits.
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
        contrast = "displayed" if changed_by_user else contrast
    if contrast == "displayed" and displayed is not None:
        return _as_limits(displayed)
    if contrast != "auto":
        displayed = None
    if contrast == "full":
        return (_full_range(array, dtype),)
    values = sample(array)
    low, high = _percentiles(values)
    if low < high:
        return ((low, high),)
    # few pixels on an even ground, that percentiles or the sample have missed
    if _can_be_looked_through(array):
        return (_extremes(array),)
    return (_extremes_of(values) or (0.0, 1.0),) if displayed is None else _as_limits(displayed)


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
        step = int(np.ceil(np.sqrt(height * width / SAMPLES_PX)))
        found = array[::step, ::step]
    else:
        found = _sample_of_lazy(array)
    found = found[..., :3] if found.ndim == 3 else found
    finite: NDArray[Any] = found[np.isfinite(found)]
    return finite


def _sample_of_lazy(array: ArrayLike) -> NDArray[Any]:
    """Pixels ``(n, 1)`` or ``(n, 1, C)`` of chunks that are spread over the array."""
    ys, xs = (_intervals(array, axis) for axis in (0, 1))
    across = min(len(xs), max(math.isqrt(MOST_CHUNKS), MOST_CHUNKS // len(ys)))
    down = min(len(ys), MOST_CHUNKS // across)
    most, room = (limit // (down * across) for limit in (READ_PX, SAMPLES_PX))
    pixels = []
    for rows, columns in product(_spread(ys, down), _spread(xs, across)):
        height = max(math.isqrt(most), most // (columns.stop - columns.start))
        rows = _middle(rows, height)
        columns = _middle(columns, most // (rows.stop - rows.start))
        part = np.asarray(array[rows, columns])
        step = math.ceil(math.sqrt(part.shape[0] * part.shape[1] / room))
        thinned = part[::step, ::step]
        pixels.append(thinned.reshape(-1, 1, *part.shape[2:]))
    return np.concatenate(pixels)


def _intervals(array: ArrayLike, axis: int) -> list[slice]:
    """The chunks along one axis, or squares."""
    length = int(array.shape[axis])
    sizes = array.chunks[axis] if _tells_chunks(array) else SQUARE_PX  # type: ignore[attr-defined]
    if np.ndim(sizes) == 0:
        starts = [*range(0, length, int(sizes)), length]
    else:  # dask tells the size of each chunk
        starts = [0, *np.cumsum(sizes).tolist()]
    return [slice(start, stop) for start, stop in pairwise(starts) if start < stop]


def _tells_chunks(array: ArrayLike) -> bool:
    """Whether there are chunks, each a size, or the sizes of all along an axis."""
    try:
        chunks: Any = array.chunks  # type: ignore[attr-defined]
        told = [np.array(chunks[axis], dtype=np.int64) for axis in (0, 1)]
    except Exception:  # no chunks, or whatever else the word means there
        return False
    sizes = zip(told, array.shape[:2], strict=True)
    return all(
        bool(each > 0) if each.ndim == 0 else int(each.sum()) == length for each, length in sizes
    )


def _spread(intervals: Sequence[slice], count: int) -> list[slice]:
    """Some of the intervals, evenly spread; the first among them, and the last of several."""
    return [intervals[at] for at in np.linspace(0, len(intervals) - 1, count).round().astype(int)]


def _middle(interval: slice, length: int) -> slice:
    """What is in the middle of an interval, of at most a length."""
    start = interval.start + max(0, interval.stop - interval.start - length) // 2
    return slice(start, min(start + length, interval.stop))


def _percentiles(values: NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        return 0.0, 0.0
    low, high = np.percentile(values.astype(np.float64), PERCENTILES)
    return float(low), float(high)


def _can_be_looked_through(array: ArrayLike) -> bool:
    pixels = math.prod(array.shape[:2])
    if isinstance(array, np.ndarray):
        return pixels <= LOOKED_THROUGH_PX
    if not _tells_chunks(array):
        return pixels <= READ_PX
    chunks = math.prod(len(_intervals(array, axis)) for axis in (0, 1))
    return pixels <= LOOKED_THROUGH_PX and chunks <= LOOKED_THROUGH_CHUNKS


def _extremes(array: ArrayLike) -> tuple[float, float]:
    """The smallest and the largest finite value; every chunk is read once."""
    height, width = array.shape[:2]
    if _tells_chunks(array):
        bands = _intervals(array, 0)
    else:
        rows = max(1, READ_PX // width)
        bands = [slice(y, min(y + rows, height)) for y in range(0, height, rows)]
    found = [_extremes_of(np.asarray(array[band, 0:width])) for band in bands]
    known = [each for each in found if each is not None]
    return (min(low for low, _ in known), max(high for _, high in known)) if known else (0.0, 1.0)


def _extremes_of(values: NDArray[Any]) -> tuple[float, float] | None:
    values = values[..., :3] if values.ndim == 3 else values
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else None


def _full_range(array: ArrayLike, dtype: np.dtype[Any]) -> tuple[float, float]:
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return float(info.min), float(info.max)
    if _can_be_looked_through(array):
        return _extremes(array)
    return _extremes_of(sample(array)) or (0.0, 1.0)


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
    if high <= low:  # an even ground: what differs from it is seen
        high = low + max(1.0, 1e-6 * abs(low))
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
