"""Reports what a napari process shows, and closes it when asked; for tests of the start commands.

Python imports a module of this name at the start of every process that finds it on PYTHONPATH, so
the command under test runs as it is. Once there is a Qt application, a thread asks the GUI thread a
few times a second to write the open docks, layers and dialogs to ``report.json`` in the folder
``$PROBE_FOLDER``; when there is a file ``quit`` in it, the viewer is closed.
"""

import json
import os
import sys
import threading
import time
import traceback
from pathlib import Path


def _docks(viewer, widgets):
    # By Qt and not by `Window.dock_widgets`, which older versions of napari lack.
    docks = viewer.window._qt_window.findChildren(widgets.QDockWidget)
    return [dock.objectName() for dock in docks if dock.isVisible()]


def _layers(viewer):
    return [
        {
            "name": layer.name,
            "shape": list(layer.data.shape),
            "reader": layer.source.reader_plugin,
        }
        for layer in viewer.layers
        if layer.source.path
    ]


def _is_at_rest():
    """Whether the event loop runs and the panel is not just being docked (that too runs events)."""
    from qtpy.QtCore import QThread

    busy = any(f.f_code.co_name == "add_plugin_dock_widget" for f, _ in traceback.walk_stack(None))
    return QThread.currentThread().loopLevel() > 0 and not busy


def _dialogs(widgets):
    return [
        {"title": widget.windowTitle(), "window": int(widget.winId())}
        for widget in widgets.QApplication.topLevelWidgets()
        if isinstance(widget, widgets.QDialog) and widget.isVisible()
    ]


def _report(folder, widgets):
    """Write what is open; True once the viewer was closed."""
    import napari

    viewer = napari.current_viewer()
    shown = viewer is not None and viewer.window._qt_window.isVisible() and _is_at_rest()
    report = {
        "shown": shown,
        "docks": _docks(viewer, widgets) if shown else [],
        "layers": _layers(viewer) if shown else [],
        "dialogs": _dialogs(widgets),
    }
    unfinished = folder / "report.tmp"
    unfinished.write_text(json.dumps(report))
    unfinished.replace(folder / "report.json")
    done = shown and (folder / "quit").exists()
    if done:
        viewer.close()
    return done


def _watch(folder):
    widgets = _wait_for_application()
    from qtpy.QtCore import QObject, Signal, Slot

    class Reporter(QObject):
        asked = Signal()
        done = False

        @Slot()
        def report(self):
            self.done = self.done or _report(folder, widgets)

    reporter = Reporter()
    reporter.moveToThread(widgets.QApplication.instance().thread())
    reporter.asked.connect(reporter.report)
    while not reporter.done:
        reporter.asked.emit()
        time.sleep(0.2)


def _wait_for_application():
    while True:
        widgets = sys.modules.get("qtpy.QtWidgets")
        application = getattr(widgets, "QApplication", None)
        if application is not None and application.instance() is not None:
            return widgets
        time.sleep(0.05)


if "PROBE_FOLDER" in os.environ:
    threading.Thread(target=_watch, args=(Path(os.environ["PROBE_FOLDER"]),), daemon=True).start()
