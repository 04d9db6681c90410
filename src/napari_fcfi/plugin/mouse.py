"""Clicks of the mouse on a layer, told apart from drags that pan and zoom.

napari's own modes do not serve: in `add` every button adds a point. So the layer stays in pan_zoom
and a press that is released within a few screen pixels is a click. The second of two fast clicks
reaches Qt as a double-click and no drag callback at all; it is taken from there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

CLICK_RADIUS = 5.0
"""Screen pixels that a click may wobble; napari's own points use the same."""

LEFT, RIGHT = 1, 2

Clicked = Callable[[Sequence[float], bool], None]
"""Called with the position in the world, and whether the background was meant explicitly."""


def listen(layer: Any, clicked: Clicked) -> Callable[[], None]:
    """Report clicks on a layer in pan_zoom mode; gives back the function that ends it."""

    def on_drag(layer: Any, event: Any) -> Iterator[None]:
        if not _may_click(layer, event):
            return
        start, position, background = tuple(event.pos), tuple(event.position), _background(event)
        is_click = True
        yield
        while event.type == "mouse_move":
            is_click = is_click and math.dist(event.pos, start) < CLICK_RADIUS
            if is_click:
                event.handled = True  # or a wobble of three pixels would pan
            yield
        if is_click:
            clicked(position, background)

    def on_double_click(layer: Any, event: Any) -> None:
        if _may_click(layer, event):
            clicked(tuple(event.position), _background(event))

    layer.mouse_drag_callbacks.append(on_drag)
    layer.mouse_double_click_callbacks.append(on_double_click)

    def stop() -> None:
        layer.mouse_drag_callbacks.remove(on_drag)
        layer.mouse_double_click_callbacks.remove(on_double_click)

    return stop


def _may_click(layer: Any, event: Any) -> bool:
    # Alt and drag is napari's zoom box.
    return (
        layer.mode == "pan_zoom" and event.button in (LEFT, RIGHT) and "Alt" not in event.modifiers
    )


def _background(event: Any) -> bool:
    return event.button == RIGHT or "Shift" in event.modifiers or "Control" in event.modifiers


class DoubleClickZoom:
    """Takes napari's zoom by double-click out of a viewer, and puts it back where it was."""

    def __init__(self, viewer: Any) -> None:
        self._callbacks = viewer.mouse_double_click_callbacks
        self._taken: list[tuple[int, Any]] = []

    def take_out(self) -> None:
        """Fast clicks at one place do not zoom any more."""
        if self._taken:
            return
        for index, callback in enumerate(list(self._callbacks)):
            if getattr(callback, "__name__", "") == "double_click_to_zoom":
                self._taken.append((index, callback))
        for _, callback in self._taken:
            self._callbacks.remove(callback)

    def put_back(self) -> None:
        """A double-click zooms again."""
        for index, callback in self._taken:
            self._callbacks.insert(index, callback)
        self._taken.clear()
