"""The pixels that an object has taken, and what lay there before it took them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.annotation.change import Change
from napari_fcfi.inference import Box


@dataclass(frozen=True)
class Holding:
    """What one object holds in its plane.

    Pixels that carry the object's label but were not taken by it (painted by hand, or there from
    the start) are not part of it: the object cannot give them up.

    Attributes
    ----------
    box : box of the plane, around all that was taken
    taken : bool `(h, w)`, pixels that the object took
    beneath : labels `(h, w)`, what lay there before; 0 elsewhere
    """

    box: Box
    taken: NDArray[np.bool_]
    beneath: NDArray[Any]

    @classmethod
    def nothing(cls) -> Holding:
        """An object that holds no pixel yet."""
        return cls(Box(0, 0, 0, 0), np.zeros((0, 0), np.bool_), np.zeros((0, 0), np.uint8))

    def seen_in(self, box: Box) -> tuple[NDArray[np.bool_], NDArray[Any]]:
        """`taken` and `beneath` of any box; nothing is taken outside the holding's own."""
        taken = np.zeros(box.shape, np.bool_)
        beneath = np.zeros(box.shape, self.beneath.dtype)
        shared = self.box.intersect(box)
        if shared.area:
            there, here = shared.relative_to(box).slices, shared.relative_to(self.box).slices
            taken[there], beneath[there] = self.taken[here], self.beneath[here]
        return taken, beneath

    def after(self, change: Change, label: int) -> Holding:
        """The holding once a change was written; also for a change that is taken back."""
        if not change:
            return self
        box = self.box.union(change.box)
        taken, beneath = self.seen_in(box)
        inside, where = change.box.relative_to(box).slices, change.changed
        count = int(where.sum())
        old, new = np.broadcast_to(change.before, count), np.broadcast_to(change.after, count)
        beneath = beneath.astype(np.promote_types(beneath.dtype, change.before.dtype))
        taken[inside][where] = new == label
        beneath[inside][where] = np.where(new == label, old, 0)
        used = Box.of_nonzero(taken)  # a first answer may have flooded the plane
        at = used.slices
        return Holding(used.moved(box.y0, box.x0), taken[at].copy(), beneath[at].copy())

    def is_erased_by(self, change: Change) -> bool:
        """Whether a change turns all that was taken into background, and nothing else."""
        if not change or change.after.any():
            return False
        return int(change.changed.sum()) == int(self.taken.sum())

    def without(self, label: int) -> Holding:
        """The holding once another object is deleted: nothing of that one lies beneath any more."""
        if not (self.beneath == label).any():
            return self
        return Holding(self.box, self.taken, np.where(self.beneath == label, 0, self.beneath))
