"""The points layer in which clicks are made, shown, moved and deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from napari.layers import Image, Layer, Points

    from napari_fcfi.annotation import Plane
    from napari_fcfi.inference import Click

NAME = "FCFI clicks"
MARK = "napari-fcfi: clicks"

# Unlike in shape, and three to one in luminance.
FOREGROUND = {"symbol": "disc", "colour": "#2ee59d"}
BACKGROUND = {"symbol": "cross", "colour": "#c2185b"}

Row = tuple[tuple[float, ...], bool]
"""A point in all dimensions, and whether it is foreground."""


def new_clicks_layer(image: Image) -> Points:
    """An empty layer for clicks on an image; not in any viewer yet, and without a transform."""
    from napari.layers import Points

    layer = Points(
        np.zeros((0, image.ndim)),
        ndim=image.ndim,
        name=NAME,
        size=10,
        canvas_size_limits=(9, 14),
        border_color="white",
        border_width=0.12,
    )
    # Its own name: metadata are copied with a layer, and a copy belongs to whoever made it.
    layer.metadata[MARK] = str(layer.unique_id)
    return layer


def is_ours(layer: Layer) -> bool:
    """Whether a layer was made here."""
    return bool(layer.metadata.get(MARK) == str(layer.unique_id))


class ClicksLayer:
    """Shows rows of clicks in a points layer and reports what the user does to them.

    Parameters
    ----------
    layer : the points layer
    removed : called with the rows that the user deleted
    moved : called with a row and its new point in all dimensions; False puts it back
    added : called with the points that the user added by napari's own means
    """

    def __init__(
        self,
        layer: Points,
        *,
        removed: Callable[[list[int]], None],
        moved: Callable[[int, Sequence[float]], bool],
        added: Callable[[Sequence[Sequence[float]]], None],
    ) -> None:
        self.layer = layer
        self._rows: list[Row] = []
        self._removed, self._moved, self._added = removed, moved, added
        self._own_change = False
        layer.events.data.connect(self._on_data)

    def close(self) -> None:
        """Listen no more."""
        with suppress(ValueError, RuntimeError):
            self.layer.events.data.disconnect(self._on_data)

    def show(self, plane: Plane | None, clicks: Sequence[Click]) -> None:
        """Show these clicks on their plane, and nothing else."""
        rows: list[Row] = (
            []
            if plane is None
            else [(plane.point(click.y, click.x), click.foreground) for click in clicks]
        )
        if rows == self._rows and len(self.layer.data) == len(rows):
            return
        self._rows = rows
        with self._changing():
            self._fill(rows)

    def restore(self) -> None:
        """Show again what was shown, whatever the user did to it."""
        with self._changing():
            self._fill(self._rows)

    def _fill(self, rows: list[Row]) -> None:
        layer = self.layer
        looks = [FOREGROUND if foreground else BACKGROUND for _, foreground in rows]
        layer.selected_data = set()
        layer.data = np.array([point for point, _ in rows]).reshape(len(rows), layer.ndim)
        if rows:
            layer.face_color = [look["colour"] for look in looks]
            layer.symbol = [look["symbol"] for look in looks]
            layer.features = {
                "click": ["foreground" if foreground else "background" for _, foreground in rows]
            }

    @contextmanager
    def _changing(self) -> Iterator[None]:
        self._own_change = True
        try:
            yield
        finally:
            self._own_change = False

    def _on_data(self, event: Any) -> None:
        if self._own_change:
            return
        action = str(getattr(event.action, "value", event.action))
        count = len(self._rows)
        if action == "removed":
            gone = sorted({int(index) % count for index in event.data_indices})
            self._rows = [row for index, row in enumerate(self._rows) if index not in gone]
            self._removed(gone)
        elif action == "changed" and len(self.layer.data) == count:
            self._report_moves()
        elif action == "added":
            points = [tuple(map(float, point)) for point in self.layer.data[count:]]
            self.restore()
            self._added(points)

    def _report_moves(self) -> None:
        points = [tuple(map(float, point)) for point in self.layer.data]
        for index, point in enumerate(points):
            before, foreground = self._rows[index]
            if point == before:
                continue
            self._rows[index] = point, foreground
            if not self._moved(index, point):
                self._rows[index] = before, foreground
                self.restore()
