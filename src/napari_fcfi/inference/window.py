"""The bridge between the field and the network: the only place where coordinates are mapped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .box import Box
from .click import Click
from .contrast import Limits, scale
from .field import Field
from .patch import Patch, as_probabilities
from .resample import Area, block_means, resample

SMALLEST_INPUT_PX = 32
"""Sides of the network's input are at least this, whatever the window's shape."""

READ_AT_ONCE_PX = 2**22
"""Pixels that are held as floats at a time; larger windows are read in bands of rows."""


@dataclass(frozen=True)
class Window:
    """A box of the field, and the size at which the network sees it.

    Input pixel ``i`` of ``n`` is the area from ``i`` to ``i + 1`` in units of ``side / n`` field
    pixels, counted from the box's upper edge; resampling and clicks agree on that.
    """

    box: Box
    size: tuple[int, int]

    @classmethod
    def of(cls, box: Box, longest: int) -> Window:
        """The window of a box whose longer side becomes ``longest`` input pixels."""
        factor = longest / max(box.shape)
        height, width = (max(SMALLEST_INPUT_PX, round(side * factor)) for side in box.shape)
        return cls(box, (height, width))

    @property
    def steps(self) -> tuple[float, float]:
        """Field pixels an input pixel, along y and x."""
        return self.box.height / self.size[0], self.box.width / self.size[1]

    def inward(self, y: float, x: float) -> tuple[float, float]:
        """Position in the input of a position in the field."""
        step_y, step_x = self.steps
        return (y + 0.5 - self.box.y0) / step_y - 0.5, (x + 0.5 - self.box.x0) / step_x - 0.5

    def outward(self, y: float, x: float) -> tuple[float, float]:
        """Position in the field of a position in the input."""
        step_y, step_x = self.steps
        return (y + 0.5) * step_y + self.box.y0 - 0.5, (x + 0.5) * step_x + self.box.x0 - 0.5

    def clicks(self, clicks: Iterable[Click]) -> NDArray[np.float32]:
        """Rows ``y, x, sign`` in input pixels, ``(K, 3)`` float32, of the clicks in the window."""
        rows = [
            (*self.inward(click.y, click.x), float(click.foreground))
            for click in clicks
            if self.box.contains(click.y, click.x)
        ]
        return np.array(rows, dtype=np.float32).reshape(-1, 3)

    def image(self, field: Field, limits: Limits) -> NDArray[np.float32]:
        """The field's pixels at the input's size.

        Returns
        -------
        ndarray
            ``(3, H, W)`` float32, 0–1; a grey picture three times.
        """
        step = min(self.steps)
        level = field.level_for(step)
        fy, fx = field.levels[level]
        source = field.level_box(self.box, level)
        # halve the work of large windows: averages over whole blocks, to at least twice the input
        factor = max(1, int(step / max(fy, fx) / 2))
        reduced = _read_reduced(field, source, level, factor, limits)
        area = (
            (self.box.y0 / fy - source.y0) / factor,
            (self.box.x0 / fx - source.x0) / factor,
            (self.box.y1 / fy - source.y0) / factor,
            (self.box.x1 / fx - source.x0) / factor,
        )
        planes = np.stack([resample(plane, area, self.size) for plane in reduced])
        # contrast is clipped before, so this takes back no more than a rounding error
        planes = planes.clip(0, 1)
        return np.broadcast_to(planes, (3, *self.size)) if len(planes) == 1 else planes

    def feedback(self, patch: Patch) -> NDArray[np.float32]:
        """The patch's probabilities at the input's size, ``(H, W)`` float32, 0–1."""
        patch = patch.on_grid_for(self.box)  # a fine one may lie in a corner of a vast window
        grid = self.box.aligned(patch.stride)
        area = _in_units(self.box, grid, patch.stride)
        return resample(as_probabilities(patch.samples_in(grid)), area, self.size).clip(0, 1)

    def spread(
        self, values: NDArray[np.float32], grid: Box, stride: int, cell: int = 1
    ) -> NDArray[np.float32]:
        """Values of the input's area on a grid of the field.

        Parameters
        ----------
        values : ndarray
            ``(h, w)`` float32 that cover the whole input, as its logits or affinity.
        grid : Box
            Where they are wanted, aligned to the stride; beyond the window its rim goes on.
        stride : int
            Field pixels a sample.
        cell : int
            Input pixels a value, along both sides; the last values may reach beyond the input.

        Returns
        -------
        ndarray
            ``(grid.height / stride, grid.width / stride)`` float32.
        """
        step_y, step_x = (cell * step for step in self.steps)
        inner = grid.relative_to(self.box)
        area = (inner.y0 / step_y, inner.x0 / step_x, inner.y1 / step_y, inner.x1 / step_x)
        return resample(values, area, (grid.height // stride, grid.width // stride))


def _in_units(box: Box, grid: Box, stride: int) -> Area:
    inner = box.relative_to(grid)
    return inner.y0 / stride, inner.x0 / stride, inner.y1 / stride, inner.x1 / stride


def _read_reduced(
    field: Field, source: Box, level: int, factor: int, limits: Limits
) -> NDArray[np.float32]:
    """Pixels of a level's box, scaled, as means over blocks: ``(1 | 3, h, w)`` float32, 0–1."""
    rows = max(1, READ_AT_ONCE_PX // (source.width * factor)) * factor
    bands = []
    for y0 in range(source.y0, source.y1, rows):
        band = Box(y0, source.x0, min(y0 + rows, source.y1), source.x1)
        planes = scale(field.read_level(band, level), limits)
        bands.append(np.stack([block_means(plane, factor) for plane in planes]))
    return bands[0] if len(bands) == 1 else np.concatenate(bands, axis=1)
