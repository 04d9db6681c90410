"""What one step changed in a plane of labels: which pixels, what they were, what they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.inference import Box

if TYPE_CHECKING:
    from napari_fcfi.annotation.plane import ArrayLike


@dataclass(frozen=True)
class Change:
    """Pixels of one plane that changed together, kept small: one bit a pixel of their box.

    Attributes
    ----------
    box : the smallest box around the changed pixels, in pixels of the plane
    packed : bits of the box in row order, 1 where a pixel changed
    before, after : values of the changed pixels in row order; a single one where all are equal
    """

    box: Box
    packed: NDArray[np.uint8]
    before: NDArray[Any]
    after: NDArray[Any]

    @classmethod
    def between(cls, box: Box, before: NDArray[Any], after: NDArray[Any]) -> Change:
        """Difference of two label arrays of a box."""
        changed = before != after
        rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
        if not rows.size:
            return cls.none()
        inner = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        around = Box(
            int(box.y0 + rows[0]),
            int(box.x0 + columns[0]),
            int(box.y0 + rows[-1] + 1),
            int(box.x0 + columns[-1] + 1),
        )
        where = changed[inner]
        return cls(
            around,
            np.packbits(where),
            _shortest(before[inner][where]),
            _shortest(after[inner][where]),
        )

    @classmethod
    def none(cls) -> Change:
        """A change of nothing."""
        empty = np.zeros(0, dtype=np.uint8)
        return cls(Box(0, 0, 0, 0), empty, empty, empty)

    @property
    def changed(self) -> NDArray[np.bool_]:
        """The changed pixels of the box, bool `(h, w)`."""
        height, width = self.box.shape
        bits = np.unpackbits(self.packed, count=height * width)
        return bits.astype(np.bool_).reshape(height, width)

    def __bool__(self) -> bool:
        return self.packed.size > 0

    def reversed(self) -> Change:
        """The change that takes this one back."""
        return Change(self.box, self.packed, before=self.after, after=self.before)

    def pixels(self, plane: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
        """Rows, columns and new values of the pixels that still are what they were before it.

        Pixels that something else has written since (a brush, another program) keep what they hold.
        Only the change's box is read.
        """
        here = np.asarray(plane[self.box.slices])
        rows, columns = np.nonzero(self.changed)
        still = here[rows, columns] == self.before
        after = np.broadcast_to(self.after, rows.shape)
        return rows[still] + self.box.y0, columns[still] + self.box.x0, after[still]


def _shortest(values: NDArray[Any]) -> NDArray[Any]:
    return values[:1].copy() if (values == values[0]).all() else values.copy()
