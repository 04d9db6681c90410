"""The rules of ownership: what a mask may change in a plane of labels.

1. Only pixels in the given box change, and only those of the object itself or of nobody.
2. Pixels of other labels are protected unless overwriting is allowed.
3. A pixel that the object gives up returns to what was there before the object took it.
4. What a person erased stays erased until it was taken over (`changed_by_hand`): only then may the
   object take it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.annotation.change import Change
from napari_fcfi.annotation.holding import Holding
from napari_fcfi.annotation.label_ids import smallest_dtype
from napari_fcfi.inference import Box

if TYPE_CHECKING:
    from napari_fcfi.annotation.plane import ArrayLike

BACKGROUND = 0


@dataclass(frozen=True)
class Claim:
    """A change to be written, and the number of pixels that protected neighbours kept."""

    change: Change
    protected: int = 0


def claim(
    plane: ArrayLike,
    box: Box,
    mask: NDArray[np.bool_],
    label: int,
    holding: Holding,
    *,
    overwrite: bool = False,
) -> Claim:
    """What has to change so that the object owns its mask, as far as it may.

    Parameters
    ----------
    plane : labels `(H, W)`; the change holds `label` even where the plane's type is too narrow;
        only the box is read
    box : where pixels may change, inside the plane
    mask : bool `(h, w)` of the box
    label : the object's number, from 1 on
    holding : what the object took before
    overwrite : whether it may take pixels of other labels
    """
    here = np.asarray(plane[box.slices])
    taken, beneath = holding.seen_in(box)
    mine = here == label
    wanted = mask & ~mine & ~(taken & (here == BACKGROUND))
    free = wanted if overwrite else wanted & (here == BACKGROUND)
    given_up = ~mask & mine & taken
    wide = np.promote_types(beneath.dtype, smallest_dtype(label))
    after = here.astype(np.promote_types(here.dtype, wide))
    after[free] = label
    after[given_up] = beneath[given_up]
    return Claim(Change.between(box, here, after), int((wanted & ~free).sum()))


def changed_by_hand(here: NDArray[Any], box: Box, label: int, holding: Holding) -> Change:
    """What a person painted into an object or erased of it, from what it wrote to what is there.

    Every pixel of its label that it did not take counts as painted. Where another label lies now,
    nothing was erased: the object wants what it wanted, and the neighbour is protected.

    Parameters
    ----------
    here : labels `(h, w)` of the box
    box : box of the plane
    label : the object's number
    holding : what the object took
    """
    taken, _ = holding.seen_in(box)
    mine = here == label
    written = taken & (mine | (here == BACKGROUND))
    one = smallest_dtype(label).type(label)
    return Change.between(box, written * one, mine * one)


def claim_nothing(plane: NDArray[Any], label: int, holding: Holding) -> Change:
    """What has to change so that the object vanishes from the plane.

    What it took returns to what was there; further pixels of its label (painted by hand) become
    background.
    """
    rows, columns = np.flatnonzero((plane == label).any(axis=1)), slice(None)
    if not rows.size:
        return Change.none()
    box = Box(int(rows[0]), 0, int(rows[-1]) + 1, plane.shape[1])
    here = plane[box.slices]
    taken, beneath = holding.seen_in(box)
    mine = here == label
    after = here.copy()
    after[mine] = np.where(taken, beneath, BACKGROUND)[mine]
    return Change.between(box, here, after[:, columns])
