"""The user's hand: mouse and keys on the canvas of a real viewer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tests.gui.fake import TIMEOUT_MS


class Hand:
    """Clicks, drags and types, and waits for the answers."""

    def __init__(self, viewer: Any, panel: Any, qtbot: Any) -> None:
        self.viewer, self.panel, self.qtbot = viewer, panel, qtbot

    @property
    def canvas(self) -> Any:
        return self.viewer.window._qt_viewer.canvas

    @property
    def native(self) -> Any:
        return self.canvas.native

    def place(self, layer: Any, point: Sequence[float]) -> Any:
        """Where a data point of a layer is on the canvas, in its own pixels."""
        from qtpy.QtCore import QPoint

        shown = list(self.viewer.dims.displayed)
        world = np.asarray(layer.data_to_world(point))
        lead = self.viewer.dims.ndim - layer.ndim
        target = world[[axis - lead for axis in shown]]
        origin, right, down = (
            np.asarray(self.canvas._map_canvas2world(at, self.canvas.view))[shown]
            for at in ((0, 0), (1, 0), (0, 1))
        )
        steps = np.stack([right - origin, down - origin], axis=1)
        x, y = np.linalg.solve(steps, target - origin)
        return QPoint(round(x), round(y))

    def click(self, *point: float, button: str = "left", modifier: str | None = None) -> None:
        """Click on a data point of the session's image."""
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        where = self.place(self.panel.session.image, point)
        QTest.mouseClick(self.native, *self._how(button, modifier, Qt), where)

    def double_click(self, *point: float) -> None:
        """The second of two fast clicks: Qt sends a double-click in the place of its press."""
        from qtpy.QtCore import QEvent, Qt

        where, button = self.place(self.panel.session.image, point), Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonDblClick, where, button, button)
        self._send(QEvent.Type.MouseButtonRelease, where, button, Qt.MouseButton.NoButton)

    def camera_centre(self) -> tuple[float, ...]:
        """Where the camera looks; napari's own camera follows only when something is drawn."""
        return tuple(self.canvas.view.camera.center)

    def drag(self, start: Sequence[float], end: Sequence[float], button: str = "left") -> None:
        """Press at one data point of the image, move, and release at another."""
        image = self.panel.session.image
        self.drag_px(self.place(image, start), self.place(image, end), button)

    def drag_px(self, start: Any, end: Any, button: str = "left") -> None:
        from qtpy.QtCore import QEvent, Qt
        from qtpy.QtTest import QTest

        how = self._how(button, None, Qt)
        QTest.mousePress(self.native, *how, start)
        for share in (0.3, 0.6, 1.0):
            between = start + (end - start) * share
            # vispy drops moves that follow too soon; QTest.mouseMove knows no pressed button.
            self.qtbot.wait(50)
            self._send(QEvent.Type.MouseMove, between, Qt.MouseButton.NoButton, how[0])
        QTest.mouseRelease(self.native, *how, end)

    def _send(self, kind: Any, where: Any, button: Any, pressed: Any) -> None:
        from qtpy.QtCore import QPointF, Qt
        from qtpy.QtGui import QMouseEvent
        from qtpy.QtWidgets import QApplication

        place = QPointF(self.native.mapToGlobal(where))
        none = Qt.KeyboardModifier.NoModifier
        event = QMouseEvent(kind, QPointF(where), place, button, pressed, none)
        QApplication.sendEvent(self.native, event)

    @staticmethod
    def _how(button: str, modifier: str | None, qt: Any) -> tuple[Any, Any]:
        buttons = {"left": qt.MouseButton.LeftButton, "right": qt.MouseButton.RightButton}
        modifiers = {None: "NoModifier", "shift": "ShiftModifier", "control": "ControlModifier"}
        return buttons[button], getattr(qt.KeyboardModifier, modifiers[modifier])

    def key(self, name: str, *modifiers: str) -> None:
        from qtpy.QtCore import Qt
        from qtpy.QtTest import QTest

        held = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            held |= getattr(Qt.KeyboardModifier, f"{modifier.capitalize()}Modifier")
        QTest.keyClick(self.native, getattr(Qt.Key, f"Key_{name}"), held)

    def wait(self) -> None:
        """Until nothing is on its way any more."""
        session = self.panel.session
        self.qtbot.waitUntil(lambda: not session.busy, timeout=TIMEOUT_MS)

    def click_and_wait(self, *point: float, **how: Any) -> None:
        self.click(*point, **how)
        self.wait()

    def at(self, *point: int) -> int:
        """The label at a data point."""
        return int(self.panel.session.labels.data[point])

    def own(self, label: int) -> np.ndarray:
        """Where the labels layer holds a label."""
        return np.asarray(self.panel.session.labels.data) == label


def grey(shape: tuple[int, ...] = (80, 100)) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
