"""Half-open rectangles of whole pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Box:
    """Pixels ``y0 <= y < y1``, ``x0 <= x < x1`` of a field; may be empty.

    As areas, the box reaches from ``y0 - 0.5`` to ``y1 - 0.5``, since pixel centres are integers.
    """

    y0: int
    x0: int
    y1: int
    x1: int

    @classmethod
    def of(cls, shape: tuple[int, int]) -> Box:
        """The box of a whole array of this shape."""
        return cls(0, 0, *shape)

    @classmethod
    def around(cls, y: float, x: float, height: float, width: float) -> Box:
        """The box of about this height and width (at least 1) whose centre is nearest y, x."""
        rows, columns = max(1, round(height)), max(1, round(width))
        # floor(v + 0.5), not round(): a point on a pixel's upper edge belongs to that pixel
        y0, x0 = math.floor(y - rows / 2 + 1), math.floor(x - columns / 2 + 1)
        return cls(y0, x0, y0 + rows, x0 + columns)

    @classmethod
    def of_nonzero(cls, values: NDArray[Any]) -> Box:
        """The smallest box that holds all of a 2-D array that is not zero; may be empty."""
        rows, columns = (np.flatnonzero(values.any(axis=axis)) for axis in (1, 0))
        if rows.size == 0:
            return cls(0, 0, 0, 0)
        return cls(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)

    @property
    def height(self) -> int:
        """Number of rows."""
        return max(0, self.y1 - self.y0)

    @property
    def width(self) -> int:
        """Number of columns."""
        return max(0, self.x1 - self.x0)

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.height, self.width

    @property
    def area(self) -> int:
        """Number of pixels."""
        return self.height * self.width

    @property
    def centre(self) -> tuple[float, float]:
        """Centre, y and x."""
        return (self.y0 + self.y1 - 1) / 2, (self.x0 + self.x1 - 1) / 2

    @property
    def slices(self) -> tuple[slice, slice]:
        """Index of the box in an array of the whole field; the box must lie inside it."""
        return slice(self.y0, self.y1), slice(self.x0, self.x1)

    def contains(self, y: float, x: float) -> bool:
        """Whether this point lies on one of the box's pixels."""
        return self.y0 - 0.5 <= y < self.y1 - 0.5 and self.x0 - 0.5 <= x < self.x1 - 0.5

    def covers(self, other: Box) -> bool:
        """Whether all pixels of the other box (which may be empty) are in this one."""
        return other.area == 0 or self.intersect(other) == other

    def intersect(self, other: Box) -> Box:
        """The pixels that are in both; an empty box when there are none."""
        y0, x0 = max(self.y0, other.y0), max(self.x0, other.x0)
        return Box(y0, x0, max(y0, min(self.y1, other.y1)), max(x0, min(self.x1, other.x1)))

    def union(self, other: Box) -> Box:
        """The smallest box around both; an empty box adds nothing."""
        if self.area == 0:
            return other
        if other.area == 0:
            return self
        return Box(
            min(self.y0, other.y0),
            min(self.x0, other.x0),
            max(self.y1, other.y1),
            max(self.x1, other.x1),
        )

    def grown(self, by: int) -> Box:
        """The box with so many pixels more on every side."""
        return Box(self.y0 - by, self.x0 - by, self.y1 + by, self.x1 + by)

    def shifted_into(self, outer: Box) -> Box:
        """The box moved into the outer one, and cut only where it is larger than that."""
        height, width = min(self.height, outer.height), min(self.width, outer.width)
        y0 = min(max(self.y0, outer.y0), outer.y1 - height)
        x0 = min(max(self.x0, outer.x0), outer.x1 - width)
        return Box(y0, x0, y0 + height, x0 + width)

    def moved(self, dy: int, dx: int) -> Box:
        """The box so many rows further down and columns further right."""
        return Box(self.y0 + dy, self.x0 + dx, self.y1 + dy, self.x1 + dx)

    def relative_to(self, other: Box) -> Box:
        """The same box counted from the other one's first pixel."""
        return self.moved(-other.y0, -other.x0)

    def scaled(self, y: float, x: float) -> Box:
        """The smallest box around the one whose areas are ``y`` and ``x`` times as long."""
        tiny = 1e-6  # what rounding left over is no pixel
        return Box(
            math.floor(self.y0 * y + tiny),
            math.floor(self.x0 * x + tiny),
            math.ceil(self.y1 * y - tiny),
            math.ceil(self.x1 * x - tiny),
        )

    def cells_in(self, frame: Box, stride: int) -> tuple[slice, slice]:
        """Rows and columns of a frame's cells of ``stride`` pixels that this box meets.

        The frame is aligned to the stride.
        """
        rows, columns = self.aligned(stride).relative_to(frame).slices
        return (
            slice(rows.start // stride, rows.stop // stride),
            slice(columns.start // stride, columns.stop // stride),
        )

    def aligned(self, stride: int) -> Box:
        """The smallest box around this one whose edges are multiples of the stride."""
        return Box(
            self.y0 // stride * stride,
            self.x0 // stride * stride,
            -(-self.y1 // stride) * stride,
            -(-self.x1 // stride) * stride,
        )
