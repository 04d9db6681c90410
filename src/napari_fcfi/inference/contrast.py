"""From pixels of any kind to 0–1: which values are black and white, and the scaling itself.

The limits are estimated once for a field, on a bounded number of its pixels: a lazy array is asked
for at most 49 small blocks, which are 49 chunks of a usual store.
"""

from __future__ import annotations

from collections.abc import Sequence
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
BLOCKS_A_SIDE = 7
BLOCK_PX = 64
"""Blocks begin at multiples of their side, so that each lies in one chunk of most stores."""


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
        0 and 1.
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
    return (_percentiles(sample(array)),)


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
        rows, columns = _block_starts(height), _block_starts(width)
        blocks = [
            np.asarray(array[y : y + BLOCK_PX, x : x + BLOCK_PX]) for y in rows for x in columns
        ]
        found = np.concatenate([b.reshape(b.shape[0] * b.shape[1], *b.shape[2:]) for b in blocks])
        found = found[:, None]
    found = found[..., :3] if found.ndim == 3 else found
    finite: NDArray[Any] = found[np.isfinite(found)]
    return finite


def _block_starts(length: int) -> list[int]:
    last = max(0, length - BLOCK_PX)
    starts = np.linspace(0, last, BLOCKS_A_SIDE)
    return sorted({int(start) // BLOCK_PX * BLOCK_PX for start in starts})


def _percentiles(values: NDArray[Any]) -> tuple[float, float]:
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(v) for v in np.percentile(values.astype(np.float64), PERCENTILES))
    if low < high:
        return low, high
    # a few bright pixels on an even ground: percentiles would make all of it black
    return float(values.min()), float(values.max())


def _full_range(array: ArrayLike, dtype: np.dtype[Any]) -> tuple[float, float]:
    if np.issubdtype(dtype, np.integer):
        info = np.iinfo(dtype)
        return float(info.min), float(info.max)
    values = array if isinstance(array, np.ndarray) else sample(array)
    values = values[..., :3] if values.ndim == 3 else values
    values = values[np.isfinite(values)]
    return (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)


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
    exact = plane.dtype.itemsize <= 2 or (
        plane.dtype == np.float32 and max(abs(low), abs(high)) < 1e30
    )
    kind = np.float32 if exact else np.float64
    values = np.asarray(plane, dtype=kind)
    if plane.dtype.kind == "f":
        values = np.where(np.isfinite(values), values, kind(low))
    width = high - low if high > low else 1.0
    scaled = (np.clip(values, low, high) - kind(low)) / kind(width)
    return np.asarray(scaled, dtype=np.float32)
