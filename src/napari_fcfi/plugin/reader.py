"""Opens TIFF files as napari does, and docks the panel beside them.

For `napari --plugin napari-fcfi image.tif`: whoever asks for this plugin by name wants its panel.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from napari_fcfi.plugin import PANEL, PLUGIN
from napari_fcfi.plugin.preferences import NAPARI_READER, TIFF_PATTERNS

Paths = str | Sequence[str]
Read = Callable[[Paths], list[Any]]

ENDINGS = tuple(pattern.removeprefix("*") for pattern in TIFF_PATTERNS)


def get_reader(path: Paths) -> Read | None:
    """The function that reads these paths; None where one of them is no TIFF file."""
    paths = [path] if isinstance(path, str) else list(path)
    return read if paths and all(p.lower().endswith(ENDINGS) for p in paths) else None


def read(path: Paths) -> list[Any]:
    """Layer data as napari's own reader gives them, many pages and compressed files included.

    Several paths are one stack. The panel is docked once the viewer that asked is there.
    """
    import npe2

    paths = [path] if isinstance(path, str) else list(path)
    layers = npe2.read(paths, stack=len(paths) > 1, plugin_name=NAPARI_READER)
    dock_panel_soon()
    return list(layers)


def dock_panel_soon() -> None:
    """Dock the panel when the event loop is next idle, by when the file is shown."""
    from qtpy.QtCore import QTimer
    from qtpy.QtWidgets import QApplication

    if QApplication.instance() is not None:
        QTimer.singleShot(0, dock_panel)


def dock_panel() -> None:
    """Dock the panel in the viewer in front, unless it is there already."""
    import napari

    viewer = napari.current_viewer()
    if viewer is not None:
        viewer.window.add_plugin_dock_widget(PLUGIN, PANEL)
