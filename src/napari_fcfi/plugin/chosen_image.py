"""The image that clicks go to: its planes, and what was read of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Box, Click
from napari_fcfi.plugin.field_cache import FieldCache
from napari_fcfi.plugin.image_source import ContrastWatch, ImageSource, shape_of
from napari_fcfi.plugin.messages import RefusedError, Say, sentence
from napari_fcfi.plugin.view import go_to, plane_in_view, position_on, visible_box

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Image

    from napari_fcfi.inference import Field

SCOPE_FROM_PX = 4096
"""Fields with a longer side are searched at the first click only where the canvas shows them."""


class ChosenImage:
    """One image layer of the viewer, or none yet, and the fields made of its planes.

    Of every image that was ever chosen it knows whether its contrast limits are the user's.

    Parameters
    ----------
    dims : what the viewer shows
    replaced : called when the layer's pixels are others; with True where their shape is, too
    """

    def __init__(self, dims: Dims, replaced: Callable[[bool], None]) -> None:
        self.layer: Image | None = None
        self._dims = dims
        self._replaced = replaced
        self._shape: tuple[int, ...] = ()
        self._fields = FieldCache()
        self._watches: WeakKeyDictionary[Image, ContrastWatch] = WeakKeyDictionary()

    def choose(self, layer: Image | None) -> None:
        """Choose another layer; the fields of the former one are forgotten."""
        if self.layer is not None:
            self.layer.events.data.disconnect(self._on_data)
        self._fields.clear()
        self.layer = layer
        if layer is not None:
            self._shape = shape_of(layer)
            if layer not in self._watches:  # whose limits may be the user's by now
                self._watches[layer] = ContrastWatch(layer)
            layer.events.data.connect(self._on_data)

    # Its planes

    def click(self, world: Sequence[float], foreground: bool) -> tuple[Plane, Click]:
        """The click at a position in the world, and the plane in view, on which it is.

        Raises
        ------
        RefusedError
            Where no plane is in view, or the click is outside the one that is.
        """
        plane = self.plane_in_view()
        click = Click(*position_on(plane, self._given_layer(), world), foreground)
        self.check_inside(plane, click)
        return plane, click

    def plane_in_view(self) -> Plane:
        """The plane that the viewer shows.

        Raises
        ------
        RefusedError
            Where it shows none that could be clicked on.
        """
        layer = self._given_layer()
        shape = shape_of(layer)
        if not all(shape):
            raise RefusedError(sentence(Say.EMPTY_IMAGE, layer.name))
        if self._dims.ndisplay == 3:
            raise RefusedError(sentence(Say.THREE_D))
        plane = plane_in_view(layer, self._dims, shape)
        if plane is None:
            raise RefusedError(sentence(Say.NOT_IN_VIEW, layer.name))
        return plane

    def shows(self, plane: Plane) -> bool:
        """Whether a plane is in view: in 3D all are, and all where there is no image."""
        if self.layer is None or self._dims.ndisplay == 3:
            return True
        return plane == plane_in_view(self.layer, self._dims, shape_of(self.layer))

    def bring_into_view(self, plane: Plane) -> None:
        """Show a plane that something is about to be done on.

        Raises
        ------
        RefusedError
            Where the view is rolled, so that it cannot be shown.
        """
        if self.layer is None or self.shows(plane):
            return
        go_to(plane, self.layer, self._dims)
        if not self.shows(plane):
            raise RefusedError(sentence(Say.OTHER_AXES))

    def check_inside(self, plane: Plane, click: Click) -> None:
        """Let a click pass that lies in the plane.

        Raises
        ------
        RefusedError
            Where it does not.
        """
        layer = self._given_layer()
        if not Box.of(plane.shape_in(shape_of(layer))).contains(click.y, click.x):
            raise RefusedError(sentence(Say.OUTSIDE, layer.name))

    def scope(self, plane: Plane) -> Box | None:
        """The largest box that a first click may look at; None: no limit."""
        if self.layer is None:
            return None
        shape = shape_of(self.layer)
        is_small = max(plane.shape_in(shape)) <= SCOPE_FROM_PX
        return None if is_small else visible_box(plane, self.layer, shape)

    def _given_layer(self) -> Image:
        if self.layer is None:
            raise RefusedError(sentence(Say.NO_IMAGE))
        return self.layer

    # What is read of it, and of images that were chosen before

    def source(self, image: Image, plane: Plane, contrast: str) -> ImageSource:
        """A plane of an image that is or was chosen, as it is now."""
        return self._watches[image].source(image, plane, contrast)

    def field(self, image: Image, source: ImageSource) -> Field | None:
        """The field that was made of such a source before; None where there is none.

        Only the chosen image says when its pixels change: of another one there never is.
        """
        return self._fields.get(source) if image == self.layer else None

    def remember(self, image: Image, source: ImageSource, field: Field) -> None:
        """Remember a field, of the chosen image alone."""
        if image == self.layer:
            self._fields.put(source, field)

    def _on_data(self, _: object = None) -> None:
        if self.layer is None:
            return
        # Other pixels, perhaps in the same array: what was read of the old ones does not hold.
        self._fields.clear()
        before, self._shape = self._shape, shape_of(self.layer)
        self._replaced(before != self._shape)
