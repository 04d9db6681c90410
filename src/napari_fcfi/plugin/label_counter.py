"""The next free label of a layer, without looking at all its pixels for every object."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from napari_fcfi.annotation import next_label

if TYPE_CHECKING:
    from napari.layers import Labels


class LabelCounter:
    """Knows the largest label of a layer; looks again only after somebody else wrote into it.

    Parameters
    ----------
    largest : the largest label of the layer where it is known, as in a new one; None: look
    """

    def __init__(self, labels: Labels, largest: int | None = None) -> None:
        self._labels = labels
        self._largest = largest
        # What was written into the array itself, and the layer's own undo, only show as `set_data`.
        self._events = (labels.events.paint, labels.events.data, labels.events.set_data)
        for event in self._events:
            event.connect(self._look_again)

    def close(self) -> None:
        """Listen to the layer no more."""
        for event in self._events:
            event.disconnect(self._look_again)

    def next(self, used: tuple[int, ...]) -> int:
        """One more than the largest label in the layer and among those in use."""
        if self._largest is None:
            self._largest = next_label(self._labels.data) - 1
        return max(self._largest, *used, 0) + 1

    @contextmanager
    def own_write(self, largest: int, *, takes_away: bool) -> Iterator[None]:
        """Around a write of ours, after which the layer need not be looked at again.

        Parameters
        ----------
        largest : the largest label that is written
        takes_away : whether a label may be gone afterwards; then it is looked at again
        """
        known = self._largest
        yield
        self._largest = None if takes_away or known is None else max(known, largest)

    def _look_again(self, _: object = None) -> None:
        self._largest = None
