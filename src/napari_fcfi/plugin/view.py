"""Which plane of a layer is in view, and where on it a point of the world lies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from napari_fcfi.annotation import Plane

if TYPE_CHECKING:
    from napari.components import Dims
    from napari.layers import Layer

    from napari_fcfi.inference import Box


def plane_in_view(layer: Layer, dims: Dims, shape: Sequence[int]) -> Plane | None:
    """The plane of the layer that the viewer shows in 2D; None where it shows none.

    Rows and columns are in the order of the data, however the view is turned, so the same click
    gives the same mask in every view.

    Parameters
    ----------
    shape : the layer's shape without colour
    """
    lead = dims.ndim - layer.ndim
    shown = {axis - lead for axis in dims.displayed}
    if len(shown) != 2 or min(shown) < 0:
        return None
    point = layer.world_to_data(dims.point)
    plane = Plane(
        tuple(None if axis in shown else round(float(at)) for axis, at in enumerate(point))
    )
    return plane if plane.lies_in(shape) else None


def position_on(plane: Plane, layer: Layer, world: Sequence[float]) -> tuple[float, float]:
    """The y, x in pixels of the layer's plane at a position in the world."""
    return plane.position(layer.world_to_data(world))


def go_to(plane: Plane, layer: Layer, dims: Dims) -> None:
    """Bring a plane of the layer into view."""
    world, lead = layer.data_to_world(plane.point(0, 0)), dims.ndim - layer.ndim
    for axis, at in enumerate(plane.index):
        if at is not None:
            dims.set_point(axis + lead, world[axis])


def visible_box(plane: Plane, layer: Any, shape: Sequence[int]) -> Box | None:
    """The part of the plane that is on the canvas; None where that is not known."""
    from napari_fcfi.inference import Box

    factors = layer.downsample_factors[layer.data_level] if layer.multiscale else [1] * layer.ndim
    (y0, x0), (y1, x1) = (
        plane.position([at * factor for at, factor in zip(corner, factors, strict=False)])
        for corner in layer.corner_pixels
    )
    height, width = plane.shape_in(shape)
    box = Box(max(0, int(y0)), max(0, int(x0)), min(height, int(y1) + 1), min(width, int(x1) + 1))
    return box if box.y0 < box.y1 and box.x0 < box.x1 else None
