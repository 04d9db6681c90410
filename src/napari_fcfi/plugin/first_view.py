"""The first view of an image, which napari fits before the panel takes its part of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import napari

TOLERANCE = 0.15
"""By how much a fitted view may differ in zoom: napari fits the first layer before the controls of
that layer take their width. (The wheel moves the centre, too, which must be the same.)"""


class FirstView:
    """Fits the view again once the panel is docked, unless the user has moved it.

    Parameters
    ----------
    viewer : before the panel is docked in it
    """

    def __init__(self, viewer: napari.viewer.Viewer) -> None:
        self._viewer = viewer
        self._fitted = _camera(viewer) if _is_fitted(viewer) else None

    def fit_again(self) -> None:
        """Fit what was fitted, into what is left of the canvas; later calls do nothing."""
        if self._fitted is not None and _camera(self._viewer) == self._fitted:
            self._viewer.reset_view()
        self._fitted = None


def _is_fitted(viewer: napari.viewer.Viewer) -> bool:
    """Whether the camera is where napari puts it for the layers that are there."""
    if not viewer.layers or viewer.dims.ndisplay != 2:
        return False
    centre, zoom = _camera(viewer)
    viewer.reset_view()  # there is no other way to learn what it would be
    fitted_centre, fitted_zoom = _camera(viewer)
    camera = _camera_of(viewer)
    camera.center, camera.zoom = centre, zoom
    same_centre = np.allclose(centre, fitted_centre)
    return same_centre and bool(np.isclose(zoom, fitted_zoom, rtol=TOLERANCE))


def _camera(viewer: napari.viewer.Viewer) -> tuple[tuple[float, ...], float]:
    camera = _camera_of(viewer)
    return tuple(camera.center), float(camera.zoom)


def _camera_of(viewer: napari.viewer.Viewer) -> Any:
    # napari 0.9 has it in the scene, and warns of its former place
    return viewer.scene.camera if hasattr(viewer, "scene") else viewer.camera
