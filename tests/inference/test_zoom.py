"""Which window to look at when there is a mask already."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_fcfi.inference import Box, Click, ClickGroup, Patch, State, Window
from napari_fcfi.inference.zoom import grown, next_window, seen_box, whole_box, with_margin
from napari_fcfi.settings import Settings

FIELD = Box(0, 0, 1000, 1200)


def state_with(mask: Box | None, *clicks: Click, zoom: Box | None = None, **settings: Any) -> State:
    chosen = Settings(**settings)
    patch = None if mask is None else Patch.from_array(np.ones(mask.shape, bool), mask)
    events = (ClickGroup(clicks, chosen),) if clicks else ()
    window = None if zoom is None else Window.of(zoom, chosen.zoom_size)
    return State(chosen, events, patch, zoom=window)


def test_a_new_window_is_the_box_around_mask_and_clicks_with_a_margin() -> None:
    state = state_with(Box(100, 200, 200, 280), Click(150, 299))
    assert seen_box(state) == Box(100, 200, 200, 300)
    window = next_window(FIELD, state)
    assert window.box == Box(80, 180, 220, 320)
    assert window.size == (320, 320)


def test_a_click_too_far_from_the_mask_is_refused_in_one_sentence() -> None:
    field, mask = Box(0, 0, 60_000, 60_000), Box(0, 0, 50, 50)
    with pytest.raises(
        ValueError, match=r"268,435,456 pixels .*begin a new object there instead\.$"
    ):
        next_window(field, state_with(mask, Click(40_000, 40_000)))
    assert next_window(field, state_with(mask, Click(16_000, 16_000))).box.height > 16_000


def test_a_small_object_gets_the_smallest_window() -> None:
    window = next_window(FIELD, state_with(Box(100, 200, 104, 204)))
    assert window.box.shape == (48, 48)
    assert next_window(FIELD, state_with(Box(100, 200, 104, 204), zoom_min=100)).box.height == 100


def test_a_long_thin_object_gets_some_room_beside_it() -> None:
    assert with_margin(Box(0, 0, 400, 4), Settings()).shape == (560, 280)


def test_at_the_fields_rim_the_window_is_moved_inside() -> None:
    window = next_window(FIELD, state_with(Box(0, 1100, 100, 1200)))
    assert window.box == Box(0, 1060, 140, 1200)


def test_the_last_window_stays_while_it_holds_mask_and_clicks() -> None:
    last = Box(50, 50, 350, 350)
    state = state_with(Box(120, 120, 280, 280), Click(300, 300), zoom=last)
    assert next_window(FIELD, state).box == last


@pytest.mark.parametrize(
    ("mask", "click"),
    [
        (Box(120, 120, 280, 280), Click(360, 200)),  # a click outside
        (Box(120, 120, 347, 280), Click(200, 200)),  # the mask comes near the edge
        (Box(180, 180, 210, 210), Click(200, 200)),  # the window is far too large
    ],
)
def test_a_window_that_no_longer_fits_is_taken_anew(mask: Box, click: Click) -> None:
    state = state_with(mask, click, zoom=Box(50, 50, 350, 350))
    window = next_window(FIELD, state)
    assert window.box == with_margin(seen_box(state), state.settings)


def test_at_the_fields_own_edge_a_mask_may_meet_the_windows() -> None:
    state = state_with(Box(0, 0, 200, 200), Click(100, 100), zoom=Box(0, 0, 300, 300))
    assert next_window(FIELD, state).box == Box(0, 0, 300, 300)


def test_without_a_mask_the_window_stays_however_close_the_clicks_are() -> None:
    state = state_with(None, Click(100, 100), zoom=Box(0, 0, 900, 900))
    assert next_window(FIELD, state).box == Box(0, 0, 900, 900)


def test_without_zoom_in_the_whole_field_is_looked_at() -> None:
    state = state_with(Box(5, 5, 9, 9), Click(6, 6), zoom=Box(0, 0, 50, 50), zoom_in=False)
    assert next_window(FIELD, state).box == FIELD


def test_without_zoom_in_a_huge_field_is_looked_at_around_the_clicks() -> None:
    huge = Box(0, 0, 50_000, 50_000)
    state = state_with(Box(9000, 9000, 9100, 9100), Click(9050, 9050), zoom_in=False)
    first = next_window(huge, state).box
    assert first.shape == (4096, 4096)
    moved = state_with(Box(9000, 9000, 9500, 9500), Click(9400, 9050), zoom=first, zoom_in=False)
    assert next_window(huge, moved).box == first


def test_the_scope_is_what_may_be_looked_at_and_holds_what_is_seen() -> None:
    scope = Box(100, 100, 200, 200)
    assert whole_box(FIELD, Box(150, 150, 151, 151), scope) == scope
    assert whole_box(FIELD, Box(150, 220, 151, 221), scope) == Box(100, 100, 200, 221)
    assert whole_box(FIELD, Box(5, 5, 6, 6), None) == FIELD


def mask_in(window: Window, rows: slice, columns: slice) -> np.ndarray:
    mask = np.zeros(window.size, bool)
    mask[rows, columns] = True
    return mask


def test_a_window_grows_where_the_mask_meets_its_edge() -> None:
    window = Window.of(Box(400, 400, 500, 500), 128)
    mask = mask_in(window, slice(40, 80), slice(60, 128))
    larger = grown(window, mask, FIELD, Settings())
    assert larger is not None
    assert larger.box == Box(400, 400, 500, 550)
    everywhere = grown(window, np.ones(window.size, bool), FIELD, Settings())
    assert everywhere is not None
    assert everywhere.box == Box(350, 350, 550, 550)


def test_a_window_does_not_grow_for_a_speck_nor_out_of_the_field() -> None:
    window = Window.of(Box(400, 400, 500, 500), 128)
    assert grown(window, mask_in(window, slice(9, 10), slice(127, 128)), FIELD, Settings()) is None
    assert grown(window, mask_in(window, slice(40, 80), slice(20, 90)), FIELD, Settings()) is None
    whole = Window.of(FIELD, 128)
    assert grown(whole, np.ones(whole.size, bool), FIELD, Settings()) is None
