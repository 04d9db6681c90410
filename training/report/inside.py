"""What is inside one answer of a network, in a row of pictures, as in the paper's Fig. 6."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from .recorder import Inside
from .tiles import LONG_SIDE, RGB, Mark, map_picture, picture

CAPTIONS = (
    "new click",
    "feedback M(t−1)",
    "affinity W",
    "refined M(r)",
    "updated M(u)",
    "mask M(t)",
)

FEEDBACK_NOTE = (
    "Hard white or black patches in M(t−1) are pixels inside FFCM's window that are connected with "
    "an earlier click by high affinity and have its sign; a straight black edge is the border of "
    "the window before."
)


def inside_strip(
    inside: Inside,
    *,
    outline: NDArray[np.bool_] | None = None,
    marks: Sequence[Mark] = (),
    long_side: int = LONG_SIDE,
) -> list[RGB]:
    """A picture for each of `CAPTIONS`; what is beside the maps is drawn on the first one.

    Parameters
    ----------
    inside
        What is shown.
    outline
        Of the object, ``(H, W)``.
    marks
        Clicks besides the new ones, px of the window.
    long_side
        Of each picture, px.
    """
    height, width = inside.image.shape[:2]
    new = [Mark(float(y), float(x), sign > 0) for y, x, sign in inside.new_clicks]
    small = (inside.affinity.shape[0] / height, inside.affinity.shape[1] / width)
    on_map = [
        Mark((m.y + 0.5) * small[0] - 0.5, (m.x + 0.5) * small[1] - 0.5, m.foreground) for m in new
    ]
    frame = _frame(inside)
    image = (255 * np.clip(inside.image, 0, 1)).round().astype(np.uint8)
    image_of, map_of = (
        partial(picture, long_side=long_side),
        partial(map_picture, long_side=long_side),
    )
    return [
        image_of(image, mask=inside.feedback > 0.5, outline=outline, marks=[*marks, *new]),
        map_of(inside.feedback, marks=new),
        map_of(inside.affinity, heat=True, marks=on_map, frame=frame),
        map_of(inside.refined, frame=frame),
        map_of(inside.updated),
        image_of(image, mask=inside.answer > 0.5),
    ]


def _frame(inside: Inside) -> tuple[float, float, float, float] | None:
    """FFCM's box, px of the maps; None where it is the whole of them."""
    within = inside.box > 0.5
    if within.all() or not within.any():
        return None
    rows, columns = (np.flatnonzero(within.any(axis=axis)) for axis in (1, 0))
    return (rows[0] - 0.5, columns[0] - 0.5, rows[-1] + 0.5, columns[-1] + 0.5)
