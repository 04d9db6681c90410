"""Zoom-in: which window to look at when there is a mask already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings

from .box import Box
from .click import box_of
from .errors import InputError
from .state import State
from .window import Window

LARGEST_SIDE_PX = 4096
"""Without a scope nothing is looked at farther than this around the clicks."""

MOST_SEEN_PX = 2**28
"""Mask and clicks of one object may lie in a box of so many pixels; its mask is made whole."""

LEAST_ASPECT = 0.5
"""Shorter side of a new window as a share of the longer one, where the field allows."""

FREE_RIM = 0.02
"""Share of a window's side that mask and clicks must leave free at its edges for it to stay."""

SMALLEST_SHARE = 0.4
"""A window stays while a new one would be at least this share of its longer side."""

MOST_GROWTHS = 2
GROWTH = 0.5
"""Share of a window's side by which it grows at each edge that the mask meets."""

RIM_PX = 2
LEAST_MET = 0.02
"""The mask meets an edge when it covers this share of the outermost input pixels (2 of them)."""


def whole_box(field_box: Box, seen: Box, scope: Box | None) -> Box:
    """The largest box that may be looked at for what is seen; it holds all of that."""
    if scope is None:
        side = LARGEST_SIDE_PX
        scope = Box.around(*seen.centre, side, side).shifted_into(field_box)
    return scope.intersect(field_box).union(seen)


def next_window(field_box: Box, state: State, scope: Box | None = None) -> Window:
    """The window for the clicks that come after an answer or a given mask.

    The last window stays (its features are there already) while it holds the mask and all clicks,
    and is not far too large for them. Otherwise: the box around both, times the margin.

    Parameters
    ----------
    field_box : Box
        The whole field.
    state : State
        With the new clicks among its events.
    scope : Box, optional
        The largest box that may be looked at without zoom-in.

    Raises
    ------
    ValueError
        When mask and clicks lie too far apart for one object.
    """
    settings = state.settings
    seen = seen_box(state).intersect(field_box)
    if seen.area > MOST_SEEN_PX:
        raise InputError(
            f"Clicks and mask of one object within {MOST_SEEN_PX:,} pixels were expected, but the "
            f"box around them has {seen.area:,}; begin a new object there instead."
        )
    last = state.zoom
    if not settings.zoom_in:
        whole = whole_box(field_box, seen, scope)
        stays = last is not None and last.box.covers(seen) and last.box.area >= whole.area
        return Window.of(last.box if last is not None and stays else whole, settings.zoom_size)
    wanted = with_margin(seen, settings).shifted_into(field_box)
    if last is not None and _may_stay(last.box, seen, wanted, field_box, state):
        return Window.of(last.box, settings.zoom_size)
    return Window.of(wanted, settings.zoom_size)


def seen_box(state: State) -> Box:
    """The box around mask and clicks."""
    clicked = box_of(state.clicks)
    if state.patch is None:
        return clicked
    return clicked.union(state.patch.mask_box(state.settings.threshold))


def with_margin(seen: Box, settings: Settings) -> Box:
    """A box as many times as large as the margin says, not too small and not too narrow."""
    height, width = (max(side * settings.zoom_margin, settings.zoom_min) for side in seen.shape)
    longest = max(height, width)
    height, width = (max(side, longest * LEAST_ASPECT) for side in (height, width))
    return Box.around(*seen.centre, height, width)


def grown(
    window: Window, mask: NDArray[np.bool_], field_box: Box, settings: Settings
) -> Window | None:
    """A larger window if the mask meets an edge of this one inside the field, else None.

    Parameters
    ----------
    window : Window
        The window of the answer.
    mask : ndarray
        ``(H, W)`` bool at the window's input size.
    """
    box = window.box
    up, down = _meets(mask[:RIM_PX]), _meets(mask[-RIM_PX:])
    left, right = _meets(mask[:, :RIM_PX].T), _meets(mask[:, -RIM_PX:].T)
    by_y, by_x = (max(1, round(side * GROWTH)) for side in box.shape)
    larger = Box(
        box.y0 - by_y * up, box.x0 - by_x * left, box.y1 + by_y * down, box.x1 + by_x * right
    ).intersect(field_box)
    return None if larger == box else Window.of(larger, settings.zoom_size)


def _meets(rim: NDArray[np.bool_]) -> bool:
    return bool(rim.any(axis=0).mean() >= LEAST_MET)


def _may_stay(box: Box, seen: Box, wanted: Box, field_box: Box, state: State) -> bool:
    rim_y, rim_x = (max(1, round(side * FREE_RIM)) for side in box.shape)
    free = Box(
        box.y0 + rim_y * (box.y0 > field_box.y0),
        box.x0 + rim_x * (box.x0 > field_box.x0),
        box.y1 - rim_y * (box.y1 < field_box.y1),
        box.x1 - rim_x * (box.x1 < field_box.x1),
    )
    if not free.covers(seen):
        return False
    # without a mask the clicks alone do not say how large the object is
    has_mask = state.patch is not None and state.patch.box.area > 0
    return not has_mask or max(wanted.shape) >= SMALLEST_SHARE * max(box.shape)
