"""A 2-D picture that is read in part, whatever holds its pixels."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Contrast

from .box import Box
from .contrast import ArrayLike, Limits, limits_of
from .errors import InputError

LOOKED_AT_PX = 2**20
"""A level of a pyramid has at least so many pixels, where there is one, to take contrast from."""

KEPT_BYTES = 2**26
"""Most that is kept of a lazy array while several windows of it are looked at."""

_tokens = itertools.count()


@dataclass(frozen=True, eq=False)
class Field:
    """A plane of an image, from fine to coarse, of which only the boxes asked for are read.

    Attributes
    ----------
    arrays : tuple of array-like
        ``(H, W)`` or ``(H, W, 3 | 4)``, the finest first; more than one for a pyramid.
    limits : Limits
        Values that count as black and white, fixed when the field was made.
    token : int
        Differs between any two fields; whoever changes pixels makes a new field.
    """

    arrays: tuple[ArrayLike, ...]
    limits: Limits
    token: int

    @classmethod
    def from_array(
        cls,
        image: ArrayLike,
        *,
        contrast: Contrast = "auto",
        displayed: Sequence[Any] | None = None,
        changed_by_user: bool = False,
    ) -> Field:
        """A field of one array; see `from_levels`."""
        return cls.from_levels(
            [image], contrast=contrast, displayed=displayed, changed_by_user=changed_by_user
        )

    @classmethod
    def from_levels(
        cls,
        levels: Sequence[ArrayLike],
        *,
        contrast: Contrast = "auto",
        displayed: Sequence[Any] | None = None,
        changed_by_user: bool = False,
    ) -> Field:
        """A field of a pyramid.

        Parameters
        ----------
        levels : sequence of array-like
            The same plane at falling resolution, finest first. Of each only ``shape``, ``dtype``,
            slices of the first two axes and, where it tells them, ``chunks`` are used.
        contrast, displayed, changed_by_user
            See `contrast.limits_of`; the coarsest level of a million pixels is looked at. In one
            that is coarser still small bright things have faded into their surroundings.

        Raises
        ------
        ValueError
            When there is no pixel, the shape is none of the three, or the type is not numeric.
        """
        if not levels:
            raise InputError(
                "At least one level of the image was expected, but none came; pass the image."
            )
        for array in levels:
            check_image(array)
        looked_at = next(
            (array for array in reversed(levels) if prod(array.shape[:2]) >= LOOKED_AT_PX),
            levels[0],
        )
        limits = limits_of(
            looked_at, contrast, displayed=displayed, changed_by_user=changed_by_user
        )
        return cls(tuple(levels), limits, next(_tokens))

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the finest level."""
        return self._shape(0)

    @property
    def box(self) -> Box:
        """The whole field."""
        return Box.of(self.shape)

    @property
    def levels(self) -> tuple[tuple[float, float], ...]:
        """Pixels of the field for a pixel of each level, along y and x; the first is 1, 1."""
        height, width = self.shape
        shapes = [self._shape(level) for level in range(len(self.arrays))]
        return tuple((height / h, width / w) for h, w in shapes)

    def level_for(self, step: float) -> int:
        """The coarsest level that still has a pixel for every ``step`` pixels of the field."""
        tolerance = 1.001  # 2 px into 1 may be written as 1001 px into 500
        fine = [i for i, factors in enumerate(self.levels) if max(factors) <= step * tolerance]
        return max(fine, default=0)

    def level_box(self, box: Box, level: int) -> Box:
        """The pixels of a level that a box of the field meets."""
        fy, fx = self.levels[level]
        return box.scaled(1 / fy, 1 / fx).intersect(Box.of(self._shape(level)))

    def read(self, box: Box, level: int = 0) -> NDArray[Any]:
        """Native pixels ``(h, w)`` or ``(h, w, 3 | 4)`` of a level under a box of the field."""
        return self.read_level(self.level_box(box, level), level)

    def read_level(self, level_box: Box, level: int) -> NDArray[Any]:
        """Native pixels of a box that is counted in pixels of the level."""
        return np.asarray(self.arrays[level][level_box.slices])

    def keeping(self, box: Box) -> Field:
        """The same field for somebody who looks at several windows in a box, the box itself too.

        A single lazy array is read once for all of them: its store may decode a whole page for
        each, or compute it. The box is forgotten with the field that is returned.
        """
        (array, *coarser), dtype = self.arrays, self.arrays[0].dtype
        size = box.area * prod(array.shape[2:]) * np.dtype(dtype).itemsize
        if coarser or isinstance(array, np.ndarray) or size > KEPT_BYTES:
            return self
        return replace(self, arrays=(_Kept(array, box),))

    def _shape(self, level: int) -> tuple[int, int]:
        height, width = self.arrays[level].shape[:2]
        return int(height), int(width)


class _Kept:
    """An array of which one box is read once, when the first pixel in it is needed."""

    def __init__(self, array: ArrayLike, box: Box) -> None:
        self._array, self._box = array, box
        self.shape, self.dtype = array.shape, array.dtype

    @cached_property
    def _pixels(self) -> NDArray[Any]:
        return np.asarray(self._array[self._box.slices])

    def __getitem__(self, key: tuple[slice, slice]) -> Any:
        rows, columns = key
        asked = Box(rows.start, columns.start, rows.stop, columns.stop)
        if not self._box.covers(asked):
            return self._array[key]
        return self._pixels[asked.relative_to(self._box).slices]


def check_image(array: ArrayLike) -> None:
    """Let pass what has the shape and type of an image; nothing of it is read.

    Raises
    ------
    ValueError
        When there is no pixel, the shape is none of the three, or the type is not numeric.
    """
    shape = tuple(array.shape)
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (3, 4)):
        raise InputError(
            "An image of shape (H, W), (H, W, 3) or (H, W, 4) was expected, but one of shape "
            f"{shape} came; choose one plane or three channels of it."
        )
    if 0 in shape:
        raise InputError(
            f"An image with at least one pixel was expected, but one of shape {shape} came; "
            "choose an image that is not empty."
        )
    try:
        kind = np.dtype(array.dtype).kind
    except TypeError as error:  # of another library, as torch
        raise InputError(
            f"An array whose type numpy knows was expected, but one of type {array.dtype} came; "
            "make a numpy array of it, for example by .numpy()."
        ) from error
    if kind not in "buif":
        raise InputError(
            f"An image of numbers or bool was expected, but one of type {array.dtype} came; "
            "convert it, for example to its absolute value."
        )
