"""The probabilities of an object, in a box of the field; everywhere else they are zero."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .resample import block_means, resample

MOST_SAMPLES = 2**22

Samples = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Patch:
    """Probabilities as samples; what is kept is what is fed back.

    Attributes
    ----------
    box : Box
        Its edges are multiples of ``stride``, so it may reach beyond the field by less than one.
    stride : int
        Side of a sample in field pixels, a power of two.
    samples : ndarray
        ``(box.height / stride, box.width / stride)``, at most 4 M: uint8, in which 255 is
        probability 1, or float32 (released protocol, which rounds nothing).
    """

    box: Box
    stride: int
    samples: Samples

    @classmethod
    def empty(cls) -> Patch:
        """No object anywhere."""
        return cls(Box(0, 0, 0, 0), 1, np.zeros((0, 0), np.uint8))

    @classmethod
    def from_array(cls, values: NDArray[Any], box: Box) -> Patch:
        """Probabilities 0–1, or a bool mask, given for each field pixel of the box."""
        used = Box.of_nonzero(values)
        found = used.moved(box.y0, box.x0)
        stride = stride_for(found)
        grid = found.aligned(stride)
        inner = found.relative_to(grid)
        padding = ((inner.y0, grid.height - inner.y1), (inner.x0, grid.width - inner.x1))
        full = np.pad(values[used.slices].astype(np.float32), padding)
        return cls(grid, stride, quantised(block_means(full, stride))).trimmed()

    @classmethod
    def from_floats(cls, values: NDArray[Any], box: Box) -> Patch:
        """Probabilities 0–1 of each field pixel of a box of at most 4 M, not rounded."""
        return cls(box, 1, values.astype(np.float32)).trimmed()

    @property
    def rounded(self) -> Patch:
        """The patch with 8-bit samples."""
        if self.samples.dtype == np.uint8:
            return self
        return Patch(self.box, self.stride, quantised(as_probabilities(self.samples))).trimmed()

    def samples_in(self, grid: Box) -> Samples:
        """Copy of the samples of a box that is aligned to the stride; zero outside the patch."""
        shape = (grid.height // self.stride, grid.width // self.stride)
        samples: Samples = np.zeros(shape, self.samples.dtype)
        common = grid.intersect(self.box)
        if common.area:
            at, found = common.cells_in(grid, self.stride), common.cells_in(self.box, self.stride)
            samples[at] = self.samples[found]
        return samples

    def probabilities(self, box: Box) -> NDArray[np.float32]:
        """Probabilities at each field pixel of a box, float32 0–1; interpolated if coarse."""
        if self.stride == 1:
            return as_probabilities(self.samples_in(box))
        s = self.stride
        around = box.aligned(s).grown(s)
        inner = box.relative_to(around)
        area = (inner.y0 / s, inner.x0 / s, inner.y1 / s, inner.x1 / s)
        return resample(as_probabilities(self.samples_in(around)), area, box.shape)

    def with_stride(self, stride: int) -> Patch:
        """The same probabilities on another grid, on which samples have 8 bits."""
        if stride == self.stride or self.box.area == 0:
            return Patch(self.box, stride, self.samples)
        grid = self.box.aligned(max(stride, self.stride))
        values = self.rounded.samples_in(grid).astype(np.float32)
        if stride > self.stride:
            values = block_means(values, stride // self.stride)
        else:
            size = (grid.height // stride, grid.width // stride)
            values = resample(values, (0, 0, *values.shape), size)
        return Patch(grid, stride, np.rint(values).clip(0, 255).astype(np.uint8))

    def on_grid_for(self, box: Box) -> Patch:
        """The patch on the finest grid that can hold it and a box.

        A coarse patch is not refined while a part of it lies outside the box, so that what lies
        there keeps its samples.
        """
        needed = stride_for(self.box.union(box))
        keeps = self.stride > needed and not box.covers(self.box)
        return self.with_stride(self.stride if keeps else needed)

    def pasted(self, grid: Box, samples: Samples) -> Patch:
        """The patch with other samples in an aligned box, grown where needed, trimmed again."""
        box = self.box.union(grid)
        all_samples = self.samples_in(box)
        all_samples[grid.cells_in(box, self.stride)] = samples
        return Patch(box, self.stride, all_samples).trimmed()

    def trimmed(self) -> Patch:
        """The patch without the rows and columns of zeros around it."""
        used = Box.of_nonzero(self.samples)
        samples = self.samples[used.slices].copy()
        return Patch(self._in_field(used), self.stride, samples)

    def mask_box(self, threshold: float) -> Box:
        """The smallest box of samples that holds all that is above the threshold; may be empty."""
        above = self.samples > threshold * (255 if self.samples.dtype == np.uint8 else 1)
        return self._in_field(Box.of_nonzero(above))

    def _in_field(self, samples: Box) -> Box:
        """The part of the field under a box of samples; empty if that is."""
        s = self.stride
        box = Box(samples.y0 * s, samples.x0 * s, samples.y1 * s, samples.x1 * s)
        return box.moved(self.box.y0, self.box.x0) if box.area else box


def stride_for(box: Box) -> int:
    """The finest stride, a power of two, at which the box has at most `MOST_SAMPLES` samples."""
    stride = 1
    while True:
        grid = box.aligned(stride)
        if grid.area // stride**2 <= MOST_SAMPLES:
            return stride
        stride *= 2


def quantised(probabilities: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Probabilities 0–1 as the 8-bit samples of a patch."""
    return np.asarray(np.rint(probabilities.clip(0, 1) * 255), dtype=np.uint8)


def as_probabilities(samples: Samples) -> NDArray[np.float32]:
    """Samples as probabilities, float32 0–1."""
    values = np.asarray(samples, dtype=np.float32)
    return values / np.float32(255) if samples.dtype == np.uint8 else values
