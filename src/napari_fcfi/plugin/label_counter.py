"""The next free label of a layer, without looking at all its pixels for every object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from napari_fcfi.annotation import next_label
from napari_fcfi.plugin.view import plane_in_view

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Labels

    from napari_fcfi.annotation import Plane

LARGEST_PLANE_LOOKED_AT_PX = 2**24
"""A larger plane, and that of a store, is not looked at for every object."""


class LabelCounter:
    """Knows the largest label of a layer; looks again only after somebody else wrote into it.

    Parameters
    ----------
    dims : what the viewer shows
    largest : the largest label of the layer where it is known, as in a new one; None: look
    """

    def __init__(self, labels: Labels, dims: Dims, largest: int | None = None) -> None:
        self._labels, self._dims = labels, dims
        self._largest = largest
        self._shown = self._plane_in_view()
        self._events = (labels.events.paint, labels.events.data, labels.events.visible)
        # What was written into the array itself, and the layer's own undo, only show as `set_data`.
        # Of a hidden layer nothing shows.
        for event in self._events:
            event.connect(self._look_again)
        labels.events.set_data.connect(self._on_set_data)

    def close(self) -> None:
        """Listen to the layer no more."""
        for event in self._events:
            event.disconnect(self._look_again)
        self._labels.events.set_data.disconnect(self._on_set_data)

    def next(self, used: tuple[int, ...]) -> int:
        """One more than the largest label in the layer and among those in use."""
        if self._largest is None:
            self._largest = next_label(self._labels.data) - 1
        return max(self._largest, self._largest_in_view(), *used, 0) + 1

    @contextmanager
    def own_write(self, *, comes_back: int, gone: int | None) -> Iterator[None]:
        """Around a write of an object, after which the layer need seldom be looked at again.

        Parameters
        ----------
        comes_back : the largest label of others that lay beneath and is written; 0: none
        gone : the object's label, where that may be gone afterwards
        """
        known = self._largest
        yield
        # Objects that were begun since the layer was looked at have larger labels than it had then.
        self._largest = None if known is None or gone == known else max(known, comes_back)

    def _largest_in_view(self) -> int:
        """Of the plane in view, into which somebody may have written without a word."""
        data = self._labels.data
        if not isinstance(data, np.ndarray):
            return 0
        plane = self._plane_in_view()
        if plane is None or np.prod(plane.shape_in(data.shape)) > LARGEST_PLANE_LOOKED_AT_PX:
            return 0
        return int(plane.of(data).max(initial=0))

    def _plane_in_view(self) -> Plane | None:
        return plane_in_view(self._labels, self._dims, self._labels.data.shape)

    def _on_set_data(self, _: object = None) -> None:
        # It comes once as well when another plane is shown, whose pixels are what they were.
        before, self._shown = self._shown, self._plane_in_view()
        if self._shown is None or self._shown == before:
            self._look_again()

    def _look_again(self, _: object = None) -> None:
        self._largest = None
