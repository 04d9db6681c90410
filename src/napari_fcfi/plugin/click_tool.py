"""The clicks layer in a viewer: mouse, keys, and the points of the current object.

The layer comes when there is an image to click on, and comes back when it was removed and is asked
for again. Everything that is connected here is disconnected by `close`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_fcfi.plugin import keys, mouse
from napari_fcfi.plugin.clicks_layer import ClicksLayer, is_ours, new_clicks_layer
from napari_fcfi.plugin.labels_layer import transform_of
from napari_fcfi.plugin.session import Session

if TYPE_CHECKING:
    from napari.layers import Image, Points


class ClickTool(QObject):  # type: ignore[misc]
    """Turns what the user does in the clicks layer into calls of a session."""

    toggled = Signal(bool)
    """A left click means foreground (True) or background now."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.session = session
        self.left_is_foreground = True
        self._clicks: ClicksLayer | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._unbind_keys: Callable[[], None] | None = None
        self._zoom = mouse.DoubleClickZoom(session.viewer)
        session.changed.connect(self._show)
        session.viewer.layers.selection.events.active.connect(self._on_active)

    @property
    def layer(self) -> Points | None:
        """The clicks layer, or None while there is none."""
        return None if self._clicks is None else self._clicks.layer

    def activate(self) -> None:
        """Make the clicks layer the active one; make it first where there is none."""
        image = self.session.image
        if image is None:
            return
        layer = self._layer_for(image)
        # Lie where the image lies, so that a click on data pixel p is stored as p.
        for name, value in transform_of(image).items():
            setattr(layer, name, value)
        layer.visible = True
        layer.mode = "pan_zoom"
        self.session.viewer.layers.selection.active = layer
        self._on_active()
        self._show()

    def toggle(self) -> None:
        """Swap what a left click means."""
        self.set_left(not self.left_is_foreground)

    def set_left(self, foreground: bool) -> None:
        """Say what a left click means; a right click always means background."""
        if foreground != self.left_is_foreground:
            self.left_is_foreground = foreground
            self.toggled.emit(foreground)

    def detach(self) -> None:
        """The layer is gone, or not ours any more."""
        if self._clicks is None:
            return
        self._clicks.close()
        for end in (self._stop_listening, self._unbind_keys):
            if end is not None:
                end()
        self._clicks = self._stop_listening = self._unbind_keys = None
        self._zoom.put_back()

    def close(self) -> None:
        """End everything that was connected; the layer stays, with its points."""
        self.detach()
        self.session.viewer.layers.selection.events.active.disconnect(self._on_active)

    def _layer_for(self, image: Image) -> Points:
        """The clicks layer, with as many dimensions as the image."""
        if self._clicks is not None and self._clicks.layer.ndim != image.ndim:
            old = self._clicks.layer
            self.detach()
            self.session.viewer.layers.remove(old)
        if self._clicks is None:
            self._clicks = self._attach(self._found_or_new(image))
        return self._clicks.layer

    def _found_or_new(self, image: Image) -> Points:
        viewer = self.session.viewer
        for layer in viewer.layers:
            if is_ours(layer) and layer.ndim == image.ndim:
                return layer
        layer = new_clicks_layer(image)
        viewer.add_layer(layer)
        return layer

    def _attach(self, layer: Points) -> ClicksLayer:
        self._stop_listening = mouse.listen(layer, self._on_click)
        session = self.session
        self._unbind_keys = keys.bind(
            layer,
            {
                "toggle": self.toggle,
                "undo": session.undo,
                "redo": session.redo,
                "next": session.next_object,
                "take_back": session.take_back,
            },
        )
        return ClicksLayer(
            layer,
            removed=session.remove_clicks,
            moved=session.move_click,
            added=self._on_added,
        )

    def _on_click(self, world: Sequence[float], background: bool) -> None:
        self.session.click_at(world, self.left_is_foreground and not background)

    def _on_added(self, points: Sequence[Sequence[float]]) -> None:
        """Points that were added by napari's own means (its add mode, pasting) are clicks."""
        layer = self.layer
        if layer is None:
            return
        for point in points:
            self.session.click_at(layer.data_to_world(point), self.left_is_foreground)

    def _on_active(self, _: Any = None) -> None:
        layer = self.layer
        if layer is not None and self.session.viewer.layers.selection.active == layer:
            self._zoom.take_out()
        else:
            self._zoom.put_back()

    def _show(self) -> None:
        if self._clicks is not None:
            self._clicks.show(self.session.plane, self.session.clicks)
