"""One plane of an array of any number of dimensions: the two axes that are seen, the rest fixed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray


class ArrayLike(Protocol):
    """What is asked of an array, so that lazy ones (dask, zarr) need not be loaded."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of all dimensions."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the elements."""

    def __getitem__(self, key: Any, /) -> Any: ...


@dataclass(frozen=True)
class Plane:
    """Position of a plane in an array.

    Attributes
    ----------
    index : one entry a dimension, None on the two axes that span the plane (rows first), the fixed
        position on the others.

    Raises
    ------
    ValueError
        Unless exactly two axes are free.
    """

    index: tuple[int | None, ...]

    def __post_init__(self) -> None:
        free = self.index.count(None)
        if free != 2:
            raise ValueError(f"A plane has two free axes; {free} came: fix the others.")

    @property
    def axes(self) -> tuple[int, int]:
        """The axes of rows and of columns."""
        rows, columns = (axis for axis, at in enumerate(self.index) if at is None)
        return rows, columns

    def shape_in(self, shape: Sequence[int]) -> tuple[int, int]:
        """Height and width of the plane in an array of this shape."""
        rows, columns = self.axes
        return shape[rows], shape[columns]

    def lies_in(self, shape: Sequence[int]) -> bool:
        """Whether an array of this shape (further axes, as colour, allowed) has the plane."""
        return len(shape) >= len(self.index) and all(
            at is None or 0 <= at < size for at, size in zip(self.index, shape, strict=False)
        )

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """The plane as a view `(H, W)` or `(H, W, C)` of a numpy array."""
        view: NDArray[Any] = array[tuple(slice(None) if at is None else at for at in self.index)]
        return view

    def indices(self, rows: NDArray[Any], columns: NDArray[Any]) -> tuple[NDArray[np.intp], ...]:
        """Index arrays, one a dimension, of the plane's pixels `rows`, `columns`."""
        free = iter((rows, columns))
        return tuple(
            np.asarray(next(free) if at is None else np.full(len(rows), at), dtype=np.intp)
            for at in self.index
        )

    def position(self, point: Sequence[float]) -> tuple[float, float]:
        """The y, x of a point that is given in all dimensions of the array."""
        rows, columns = self.axes
        return float(point[rows]), float(point[columns])

    def point(self, y: float, x: float) -> tuple[float, ...]:
        """The point in all dimensions at y, x of the plane."""
        free = iter((y, x))
        return tuple(float(next(free)) if at is None else float(at) for at in self.index)


@dataclass(frozen=True)
class PlaneView:
    """A plane of a lazy array, which is read only where it is asked for.

    Looks like an array `(H, W)` or `(H, W, C)`: `shape`, `dtype` and slicing of its first two axes.
    """

    array: ArrayLike
    plane: Plane

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the plane, colour last."""
        colour = tuple(self.array.shape[len(self.plane.index) :])
        return (*self.plane.shape_in(self.array.shape), *colour)

    @property
    def ndim(self) -> int:
        """Two, or three with colour."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Data type of the array."""
        return self.array.dtype

    @property
    def chunks(self) -> tuple[Any, ...] | None:
        """Chunks along rows and columns as the array tells them: a size, or that of each chunk."""
        chunks = getattr(self.array, "chunks", None)
        return None if chunks is None else self.plane.shape_in(chunks)

    def __getitem__(self, key: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        if Ellipsis in keys:
            at = keys.index(Ellipsis)
            missing = self.ndim - (len(keys) - 1)
            keys = (*keys[:at], *(slice(None),) * missing, *keys[at + 1 :])
        keys = keys + (slice(None),) * (2 - len(keys))
        free = iter(keys[:2])
        full = tuple(next(free) if at is None else at for at in self.plane.index)
        return self.array[full + keys[2:]]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self[:, :], dtype=dtype, copy=copy)
