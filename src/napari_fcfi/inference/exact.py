"""What a person drew or gave, pixel by pixel: it lies over the probabilities.

Two kinds, since they say different things. A mask that was *given* is where work begins: within
its window a click's answer takes its place. What was *drawn* by brush is a correction: it stays,
until a later click of the other sign says otherwise nearby.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .patch import Samples

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Bits:
    """Known pixels of a box and their values, one bit each.

    Attributes
    ----------
    box : Box
        Where anything is known.
    known, values : ndarray
        Packed bits, row by row; a value counts only where its pixel is known.
    """

    box: Box
    known: NDArray[np.uint8]
    values: NDArray[np.uint8]

    @classmethod
    def of(cls, box: Box, known: Mask, values: Mask) -> Bits:
        """Bits of bool arrays of the box's shape, trimmed to what is known."""
        used = Box.of_nonzero(known)
        return cls(
            used.moved(box.y0, box.x0) if used.area else used,
            np.packbits(known[used.slices]),
            np.packbits((values & known)[used.slices]),
        )

    @classmethod
    def of_mask(cls, box: Box, mask: Mask) -> Bits:
        """Bits of a whole mask of a box; outside of it nothing is known."""
        used = Box.of_nonzero(mask)
        inner = mask[used.slices]
        return cls.of(used.moved(box.y0, box.x0), np.ones_like(inner), inner)

    @classmethod
    def nothing(cls) -> Bits:
        """No pixel is known."""
        return cls(Box(0, 0, 0, 0), np.zeros(0, np.uint8), np.zeros(0, np.uint8))

    def unpacked(self, box: Box) -> tuple[Mask, Mask]:
        """Known and values in any box, bool arrays of its shape."""
        known, values = np.zeros(box.shape, bool), np.zeros(box.shape, bool)
        common = box.intersect(self.box)
        if common.area:
            there, here = common.relative_to(box).slices, common.relative_to(self.box).slices
            rows, columns = here
            known[there] = self._rows(self.known, rows)[:, columns]
            values[there] = self._rows(self.values, rows)[:, columns]
        return known, values

    def over(self, mask: Mask, box: Box) -> Mask:
        """The mask of a box, with what is known in place of what it says."""
        if box.intersect(self.box).area == 0:
            return mask
        known, values = self.unpacked(box)
        return np.where(known, values, mask)

    def with_drawn(self, later: Bits) -> Bits:
        """These bits with later ones over them."""
        box = self.box.union(later.box)
        known, values = self.unpacked(box)
        later_known, later_values = later.unpacked(box)
        return Bits.of(box, known | later_known, np.where(later_known, later_values, values))

    def without(self, box: Box, value: bool | None = None) -> Bits:
        """These bits with a box forgotten; with ``value``, only the bits of that value."""
        common = box.intersect(self.box)
        if common.area == 0:
            return self
        known, values = self.unpacked(self.box)
        at = common.relative_to(self.box).slices
        known[at] &= False if value is None else values[at] != value
        return Bits.of(self.box, known, values)

    def over_samples(self, samples: Samples, grid: Box, stride: int) -> Samples:
        """Samples of a grid, with probability 0 or 1 where at least half of a sample is known."""
        common = grid.intersect(self.box)
        if common.area == 0:
            return samples
        inner = common.aligned(stride)  # a stroke may lie in a corner of a vast grid
        known, values = (
            bits.reshape(inner.height // stride, stride, inner.width // stride, stride).sum((1, 3))
            for bits in self.unpacked(inner)
        )
        certain = 255 if samples.dtype == np.uint8 else 1
        laid = (2 * values > known).astype(samples.dtype) * samples.dtype.type(certain)
        at = inner.cells_in(grid, stride)
        found = samples.copy()
        found[at] = np.where(2 * known >= stride**2, laid, samples[at])
        return found

    def _rows(self, packed: NDArray[np.uint8], rows: slice) -> Mask:
        """Some rows of the box; only their bits are unpacked."""
        first, last = rows.start * self.box.width, rows.stop * self.box.width
        bits = np.unpackbits(packed[first // 8 : -(-last // 8)])
        flat = bits[first % 8 : first % 8 + last - first]
        return flat.reshape(-1, self.box.width).astype(bool)


@dataclass(frozen=True, eq=False)
class Exact:
    """The given mask (if any) and, over it, what was drawn."""

    given: Bits
    drawn: Bits

    @property
    def box(self) -> Box:
        """Where anything is known."""
        return self.given.box.union(self.drawn.box)

    def over(self, mask: Mask, box: Box) -> Mask:
        """The mask of a box, with what is known in place of what it says."""
        return self.drawn.over(self.given.over(mask, box), box)

    def after_answer(self, box: Box) -> Exact:
        """What is left of the given mask when a click's answer takes its place in a box."""
        return replace(self, given=self.given.without(box))

    def after_click(self, foreground: bool, box: Box) -> Exact:
        """What is left of the drawn pixels after a click that corrects a box."""
        return replace(self, drawn=self.drawn.without(box, not foreground))


NOTHING = Exact(Bits.nothing(), Bits.nothing())
"""Nothing was given or drawn."""
