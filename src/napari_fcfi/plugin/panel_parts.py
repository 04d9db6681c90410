"""Small parts of the panel, each with its own widgets: buttons, model, status line, TIFF offer.

Buttons never take the keyboard's focus, so that keys keep going to the image.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import Any

from magicgui.widgets import ComboBox
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from napari_fcfi.plugin import preferences
from napari_fcfi.plugin.keys import tooltip
from napari_fcfi.plugin.model_loading import DEFAULT_DEVICE, DEFAULT_MODEL, Loaded, Request

FILE_FILTER = "Models (*.safetensors *.pth)"


def button(text: str, tip: str, *, checkable: bool = False) -> QPushButton:
    """A push button that leaves the keyboard's focus where it is."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    made.setCheckable(checkable)
    return made


class ActionButtons(QWidget):  # type: ignore[misc]
    """What can be done with objects and steps."""

    def __init__(self) -> None:
        super().__init__()
        self.buttons = {
            "click": button("Click objects", "Make the clicks layer the active one"),
            "next": button(
                "Next object",
                tooltip("Keep this object; the next click begins another one", "next"),
            ),
            "undo": button("Undo", tooltip("Take back the newest step", "undo")),
            "redo": button("Redo", tooltip("Do again what was undone", "redo")),
            "reset": button("Reset object", "Take back all clicks of this object; undo restores"),
            "delete": button("Delete object", "Remove this object's pixels; undo restores them"),
        }
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for index, made in enumerate(self.buttons.values()):
            grid.addWidget(made, index // 2, index % 2)


class LeftClickButton(QPushButton):  # type: ignore[misc]
    """Says what a left click means, and swaps it."""

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setToolTip(
            tooltip(
                "What a left click means; a right click, or Shift and a left click, always means "
                "background",
                "toggle",
            )
        )
        self.show_meaning(True)

    def show_meaning(self, foreground: bool) -> None:
        """Show what a left click means now."""
        self.setText("Left click: ● object" if foreground else "Left click: ✚ background")


class ModelRow(QWidget):  # type: ignore[misc]
    """The model, a button for a file of one's own, and the model's terms."""

    wanted = Signal(str, str)
    """Name or path of the model that the user wants, and the device."""

    def __init__(self, label_width_px: int) -> None:
        super().__init__()
        self._former = Request()
        self.model = ComboBox(label="Model", choices=[DEFAULT_MODEL], tooltip="The network.")
        self.device = ComboBox(
            label="Device",
            choices=[DEFAULT_DEVICE, "cpu"],
            tooltip="Where the network runs; auto: a GPU if there is one, else the processor.",
        )
        self.file = button("Open…", "Choose a model file (.safetensors, or .pth of the authors)")
        self.terms = QLabel("")
        self.terms.setWordWrap(True)
        self.terms.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout()
        label = QLabel("Model")
        label.setMinimumWidth(label_width_px)
        row.addWidget(label)
        row.addWidget(self.model.native, 1)
        row.addWidget(self.file)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.terms)
        self.model.changed.connect(self._ask)
        self.device.changed.connect(self._ask)
        self.file.clicked.connect(self._ask_for_file)

    def show_loaded(self, loaded: Loaded) -> None:
        """Show a model that is there, and what else could be chosen."""
        request = loaded.request
        self._former = request
        names = list(dict.fromkeys([*loaded.names, request.name]))
        self._fill([(_short(name), name) for name in names], list(loaded.devices), request)
        card = loaded.predictor.model.card
        self.terms.setText(f"<small>{escape(card.terms or card.licence)}</small>")
        self.terms.setToolTip(_facts(loaded))

    def show_former(self) -> None:
        """Show again the model that was there before the one that did not load."""
        self._fill(list(self.model.choices), list(self.device.choices), self._former)

    def _fill(self, models: list[Any], devices: list[Any], request: Request) -> None:
        with self.model.changed.blocked(), self.device.changed.blocked():
            self.model.choices = models
            self.device.choices = devices
            self.model.value = request.name
            self.device.value = request.device

    def _ask(self, _: Any = None) -> None:
        self.wanted.emit(str(self.model.value), str(self.device.value))

    def _ask_for_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", FILE_FILTER)
        if path:
            self.wanted.emit(path, str(self.device.value))


class StatusLine(QWidget):  # type: ignore[misc]
    """One line that says what is happening, and a bar that moves while something is."""

    def __init__(self) -> None:
        super().__init__()
        self._said = self._running = ""
        self.text = QLabel("")
        self.text.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setRange(0, 0)
        self.bar.setTextVisible(False)
        self.bar.setFixedHeight(4)
        keeps_room = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        keeps_room.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(keeps_room)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.bar)
        layout.addWidget(self.text)
        self.bar.hide()

    def say(self, text: str) -> None:
        """Show a sentence until the next one."""
        self._said = text
        self.text.setText(text)

    def show_busy(self, what: str) -> None:
        """Show what runs and the sign of it; where nothing does (empty), what was said last."""
        self.bar.setVisible(bool(what))
        if what != self._running:  # else something newer may stand there
            self._running = what
            self.text.setText(what or self._said)


class TiffOffer(QWidget):  # type: ignore[misc]
    """Offers to keep napari's own reader for TIFF files, as long as no choice is stored."""

    def __init__(self) -> None:
        super().__init__()
        self.button = button(
            "Keep napari's TIFF reader",
            "Stores in napari's settings that it opens *.tif and *.tiff by its own reader, so that "
            "it does not ask which reader to use",
        )
        asked = preferences.asked_tiff_patterns()
        note = QLabel(f"<small>napari asks which reader opens {' and '.join(asked)} files.</small>")
        note.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(note)
        layout.addWidget(self.button)
        self.button.clicked.connect(self._accept)
        # Never shown from here: without a parent yet, it would be a window of its own.
        if not asked:
            self.hide()

    def _accept(self) -> None:
        preferences.keep_naparis_tiff_reader()
        self.hide()


def _facts(loaded: Loaded) -> str:
    model = loaded.predictor.model
    facts = {
        "Model": model.name,
        "Licence": model.card.licence,
        "Trained on": ", ".join(model.card.data),
        "SHA-256": model.sha256,
    }
    return "\n".join(f"{name}: {value}" for name, value in facts.items() if value)


def _short(name: str) -> str:
    return Path(name).name or name
