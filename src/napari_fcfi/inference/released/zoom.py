"""Zoom-in as released: which window the network sees, and into which one its answer goes."""

from __future__ import annotations

from typing import NamedTuple

from napari_fcfi.inference.box import Box
from napari_fcfi.inference.click import Click
from napari_fcfi.inference.state import State
from napari_fcfi.inference.window import Window

from .options import ReleasedOptions

SKIPPED_CLICKS = 1
"""So many clicks see the whole picture, at its own size."""

OWN_THRESHOLD = 0.5
"""Of the window; that of the mask is a setting, 0.49 as released."""

LEAST_OVERLAP = 0.5
"""A window stays while it overlaps the one now wanted at least so much."""


class Look(NamedTuple):
    """What the network is shown, and the window its answer is written to (None: the whole field).

    The two differ only where a window has outlived its mask; see `ReleasedOptions`.
    """

    shown: Window
    zoom: Window | None


def next_look(state: State, field_box: Box, options: ReleasedOptions) -> Look:
    """Where to look for the newest clicks of a state, which are among its events already."""
    whole = Window(field_box, field_box.shape)
    settings, followed = state.settings, state.zoom_patch
    # without a map to follow, a window is one that the clean protocol left
    if not settings.zoom_in or followed is None:
        return Look(whole, None)
    last = None if state.zoom is None else state.zoom.box
    threshold = OWN_THRESHOLD if options.window_has_own_threshold else settings.threshold
    seen = followed.mask_box(threshold)
    if len(state.clicks) <= SKIPPED_CLICKS or seen.area == 0:
        if last is None or not options.window_outlives_its_mask:
            return Look(whole, None)
        return Look(whole, of_side(last, settings.zoom_size))
    ignoring = options.window_ignores_background_clicks
    clicks = [click for click in state.clicks if click.foreground or not ignoring]
    for click in clicks:
        seen = seen.union(Box(int(click.y), int(click.x), int(click.y) + 1, int(click.x) + 1))
    wanted = box_around(seen, settings.zoom_margin, settings.zoom_min, field_box)
    box = wanted
    if (
        last is not None
        and all(_is_inside(last, click, options) for click in clicks)
        and overlap(last, wanted) >= LEAST_OVERLAP
    ):
        box = last
    window = of_side(box, settings.zoom_size)
    return Look(window, window)


def of_side(box: Box, longest: int) -> Window:
    """The window of a box whose longer side becomes ``longest`` input pixels."""
    scale = longest / max(box.shape)
    # the released programs fail where a side would vanish
    return Window(box, (max(1, round(box.height * scale)), max(1, round(box.width * scale))))


def box_around(seen: Box, margin: float, least: int, field_box: Box) -> Box:
    """The box as many times as large, at least ``least`` px a side, cut to the field.

    Both its ends are rounded half to even and belong to it.
    """
    ends = []
    for start, stop, side in zip(
        (seen.y0, seen.x0), (seen.y1, seen.x1), field_box.shape, strict=True
    ):
        centre = 0.5 * (start + stop - 1)
        half = 0.5 * max(margin * (stop - start), least)
        ends.append((max(0, round(centre - half)), min(side - 1, round(centre + half)) + 1))
    (y0, y1), (x0, x1) = ends
    return Box(y0, x0, y1, x1)


def overlap(a: Box, b: Box) -> float:
    """Product of the intersections over unions of the rows and of the columns."""
    rows = _interval_overlap((a.y0, a.y1), (b.y0, b.y1))
    return rows * _interval_overlap((a.x0, a.x1), (b.x0, b.x1))


def _interval_overlap(a: tuple[int, int], b: tuple[int, int]) -> float:
    shared = max(0, min(a[1], b[1]) - max(a[0], b[0]))
    return shared / (max(a[1], b[1]) - min(a[0], b[0]))


def _is_inside(box: Box, click: Click, options: ReleasedOptions) -> bool:
    y1, x1 = box.y1 - 1, box.x1 - 1
    if options.last_line_is_outside:
        return box.y0 <= click.y < y1 and box.x0 <= click.x < x1
    return box.y0 <= click.y <= y1 and box.x0 <= click.x <= x1
