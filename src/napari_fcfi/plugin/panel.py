"""The docked widget: layers, model, settings, buttons, and the line that says what happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from magicgui.widgets import CheckBox, ComboBox
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QFormLayout, QLabel, QVBoxLayout, QWidget
from superqt import QCollapsible

from napari_fcfi.plugin.click_tool import ClickTool
from napari_fcfi.plugin.first_view import FirstView
from napari_fcfi.plugin.labels_layer import labels_for, problem_of
from napari_fcfi.plugin.messages import Say, clicks_in_words, sentence
from napari_fcfi.plugin.model_loading import DEFAULT_DEVICE, DEFAULT_MODEL, Loaded, ModelLoader
from napari_fcfi.plugin.panel_parts import (
    ActionButtons,
    LeftClickButton,
    ModelRow,
    StatusLine,
    TiffOffer,
)
from napari_fcfi.plugin.preferences import store_settings, stored_settings
from napari_fcfi.plugin.session import Session
from napari_fcfi.plugin.setting_widgets import (
    setting_widgets,
    settings_from,
    show_protocols_values,
)
from napari_fcfi.settings import Protocol, Settings

if TYPE_CHECKING:
    import napari
    from napari.layers import Layer

NEW_LAYER = "new layer"
OFTEN_USED = ("expansion_ratio", "threshold", "zoom_in", "overwrite")
WIDTH_PX = 320
LABEL_WIDTH_PX = 110
STORE_AFTER_MS = 500
"""How long settings must stay unchanged before they are written to napari's settings file."""


class SegmentPanel(QWidget):  # type: ignore[misc]
    """Click on an object in the image and get its mask; each further click corrects it."""

    def __init__(self, napari_viewer: napari.viewer.Viewer) -> None:
        super().__init__()
        self.viewer = napari_viewer
        self._closed = False
        self._first_view = FirstView(napari_viewer)
        settings = self._stored = stored_settings()
        self.session = Session(napari_viewer, settings, self)
        self.tool = ClickTool(self.session, self)
        self.loader = ModelLoader(self)
        self._left_settings: dict[Protocol, Settings] = {}
        self._store_later = QTimer(self, singleShot=True, interval=STORE_AFTER_MS)
        self._make_widgets(settings)
        self._lay_out()
        self._connect()
        self._choose_first_image()
        self.loader.request(DEFAULT_MODEL, DEFAULT_DEVICE)
        self._refresh()

    # Widgets

    def _make_widgets(self, settings: Any) -> None:
        self.image_box = ComboBox(
            label="Image",
            choices=self._images,
            nullable=True,
            tooltip="The image layer that is clicked on and shown to the network.",
        )
        self.labels_box = ComboBox(
            label="Labels",
            choices=lambda _: [(NEW_LAYER, NEW_LAYER), *self._label_layers()],
            tooltip=(
                "The layer that masks are written into. Other objects in it are protected. "
                f"“{NEW_LAYER}”: one is made at the first click."
            ),
        )
        self.model_row = ModelRow(LABEL_WIDTH_PX)
        self.left_click = LeftClickButton()
        self.actions = ActionButtons()
        self.settings_widgets = setting_widgets(settings)
        self.status = StatusLine()
        self.tiff_offer = TiffOffer()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        often = [self.settings_widgets[name] for name in OFTEN_USED]
        seldom = [w for name, w in self.settings_widgets.items() if name not in OFTEN_USED]
        more = QCollapsible("More settings", expandedIcon="▾", collapsedIcon="▸")
        more.addWidget(_rows([*seldom, self.model_row.device]))
        layout.addWidget(_rows([self.image_box, self.labels_box]))
        layout.addWidget(self.model_row)
        layout.addWidget(self.left_click)
        layout.addWidget(self.actions)
        layout.addWidget(_rows(often))
        layout.addWidget(more)
        layout.addWidget(self.status)
        layout.addWidget(self.tiff_offer)
        layout.addStretch(1)
        self.setMinimumWidth(WIDTH_PX)

    # What leads to what

    def _connect(self) -> None:
        session, tool, layers = self.session, self.tool, self.viewer.layers
        self.image_box.changed.connect(self._on_image_chosen)
        self.labels_box.changed.connect(self._on_labels_chosen)
        self.settings_widgets["protocol"].changed.connect(self._on_protocol)
        for widget in self.settings_widgets.values():
            widget.changed.connect(self._on_setting)
        self._store_later.timeout.connect(self._store_settings)
        self.model_row.wanted.connect(self._on_model_wanted)
        self.left_click.clicked.connect(tool.toggle)
        tool.toggled.connect(self.left_click.show_meaning)
        for name, action in {
            "click": tool.activate,
            "undo": session.undo,
            "redo": session.redo,
            "next": session.next_object,
            "reset": session.reset_object,
            "delete": session.delete_object,
        }.items():
            self.actions.buttons[name].clicked.connect(_without_arguments(action))
        session.changed.connect(self._refresh)
        session.said.connect(self.status.say)
        session.labels_made.connect(self._on_labels_made)
        session.threshold_returned.connect(self._on_threshold_returned)
        session.reshaped.connect(self._on_image_reshaped)
        self.loader.loaded.connect(self._on_model)
        self.loader.failed.connect(self._on_no_model)
        layers.events.inserted.connect(self._on_layer_inserted)
        layers.events.removed.connect(self._on_layer_removed)
        for layer in layers:
            layer.events.name.connect(self._on_layers)

    def _choose_first_image(self) -> None:
        if self._closed or self.image_box.value is not None:
            return
        images = [layer for _, layer in self._images()]
        active = self.viewer.layers.selection.active
        chosen = next(
            (image for image in images if image == active), images[-1] if images else None
        )
        if chosen is not None:
            self.image_box.value = chosen

    def _on_image_chosen(self, image: Any) -> None:
        self.session.set_image(image)
        if image is not None:
            self._take_labels_of(image)
            self.tool.activate()

    def _on_image_reshaped(self, image: Any) -> None:
        self._take_labels_of(image)
        layer = self.tool.layer
        if layer is not None and layer.ndim != image.ndim:
            self.tool.activate()

    def _take_labels_of(self, image: Any) -> None:
        """Go on with the labels that belong to the image, also after reopening the panel."""
        offered = [layer for _, layer in self._label_layers()]
        found = labels_for(image, self.session.labels, offered)
        self.labels_box.value = NEW_LAYER if found is None else found

    def _on_labels_chosen(self, chosen: Any) -> None:
        labels = None if chosen == NEW_LAYER else chosen
        problem = None
        if labels is not None and self.session.image is not None:
            problem = problem_of(labels, self.session.image)
        if problem is None:
            self.session.set_labels(labels)
            return
        self.session.tell(problem, failed=False)
        self.labels_box.value = NEW_LAYER if self.session.labels is None else self.session.labels

    def _on_labels_made(self, labels: Any) -> None:
        self._on_layers()
        self.labels_box.value = _unwrapped(labels)

    def _on_protocol(self, protocol: Any) -> None:
        left = self.session.settings
        self._left_settings[left.protocol] = left
        chosen = self._left_settings.get(protocol, Settings(protocol=protocol))
        show_protocols_values(chosen, self.settings_widgets)

    def _on_setting(self, _: Any = None) -> None:
        self.session.set_settings(settings_from(self.settings_widgets))
        # Later, since a slider comes by here at every step, and each write is a file.
        self._store_later.start()

    def _on_threshold_returned(self, threshold: float) -> None:
        self.settings_widgets["threshold"].value = threshold

    def _store_settings(self) -> None:
        self._store_later.stop()
        settings = settings_from(self.settings_widgets)
        store_settings(settings, since=self._stored)
        self._stored = settings

    def _on_layers(self, _: Any = None) -> None:
        """Offer the layers that are there; what is worked on stays chosen under any name."""
        image, labels = self.session.image, self.session.labels
        _offer_anew(self.image_box, image)
        _offer_anew(self.labels_box, NEW_LAYER if labels is None else labels)
        if self.image_box.value is None and self._images():
            # Later, since napari makes a new layer the active one after this.
            QTimer.singleShot(0, self._choose_first_image)

    def _on_layer_inserted(self, event: Any) -> None:
        # Every layer's own event: napari's list reports new names only in later versions.
        event.value.events.name.connect(self._on_layers)
        self._on_layers()

    def _on_layer_removed(self, event: Any) -> None:
        event.value.events.name.disconnect(self._on_layers)
        self.session.forget_layer(event.value)
        if self.tool.layer is not None and event.value == self.tool.layer:
            self.tool.detach()
        self._on_layers()

    # The model

    def _on_model_wanted(self, name: str, device: str) -> None:
        self.session.expect_predictor(True)
        self.loader.request(name, device)
        self._refresh()

    def _on_model(self, loaded: Loaded) -> None:
        self.model_row.show_loaded(loaded)
        self.status.say(ready_line(loaded, has_image=self.session.image is not None))
        self.session.set_predictor(loaded.predictor)

    def _on_no_model(self, problem: str) -> None:
        self.session.tell(problem, failed=True)
        self.model_row.show_former()
        self.session.expect_predictor(False)
        self._refresh()

    # What is shown

    def _refresh(self) -> None:
        session, buttons = self.session, self.actions.buttons
        has_label = session.label > 0
        buttons["undo"].setEnabled(session.can_undo)
        buttons["redo"].setEnabled(session.can_redo)
        buttons["next"].setEnabled(has_label)
        buttons["reset"].setEnabled(bool(session.clicks))
        buttons["delete"].setEnabled(has_label)
        buttons["click"].setEnabled(session.image is not None)
        self.status.show_busy(self._what_runs())

    def _what_runs(self) -> str:
        """What the status line says meanwhile; empty while nothing is worked on."""
        if self.loader.busy:
            return "loading the model …"
        if self.session.busy:
            return f"{clicks_in_words(len(self.session.clicks))} · working …"
        return ""

    def _images(self, _: Any = None) -> list[tuple[str, Any]]:
        from napari.layers import Image

        return self._layers_of(Image)

    def _label_layers(self, _: Any = None) -> list[tuple[str, Any]]:
        from napari.layers import Labels

        return self._layers_of(Labels)

    def _layers_of(self, kind: type[Layer]) -> list[tuple[str, Any]]:
        # The viewer hands out proxies; a combo box compares its values by identity.
        layers = map(_unwrapped, self.viewer.layers)
        return [(layer.name, layer) for layer in layers if isinstance(layer, kind)]

    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Fit the image into the canvas, which is smaller now by the panel."""
        super().showEvent(event)
        QTimer.singleShot(0, self._first_view.fit_again)

    # The end

    def changeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        """Notice when the dock is closed: no other sign is given than that the parent is gone."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange and self.parent() is None:
            QTimer.singleShot(0, self._close_if_undocked)

    def _close_if_undocked(self) -> None:
        # Floating a dock takes its parent for a moment only.
        if self.parent() is None:
            self.close_session()

    def close_session(self) -> None:
        """Disconnect from the viewer; layers stay as they are."""
        if self._closed:
            return
        self._closed = True
        if self._store_later.isActive():
            self._store_settings()
        layers = self.viewer.layers
        layers.events.inserted.disconnect(self._on_layer_inserted)
        layers.events.removed.disconnect(self._on_layer_removed)
        for layer in layers:
            layer.events.name.disconnect(self._on_layers)
        self.tool.close()
        self.session.close()


def ready_line(loaded: Loaded, *, has_image: bool) -> str:
    """What the status line says once a model is there."""
    model = loaded.predictor.model
    what = "click on an object" if has_image else "open an image to begin"
    if loaded.failed_gpu is not None:
        return sentence(Say.GPU_FAILED, *loaded.failed_gpu, what)
    return f"ready · {model.name} · {model.device}: {what}"


def _unwrapped(layer: Any) -> Any:
    """The layer itself, where the viewer handed out a proxy."""
    return getattr(layer, "__wrapped__", layer)


def _offer_anew(box: ComboBox, chosen: Any) -> None:
    """List a box's choices anew without a word, and leave it at what is chosen."""
    # The box knows its items by their text: where that is gone, it goes to the first item and says
    # so, as if the user had chosen it.
    with box.changed.blocked():
        box.reset_choices()
        # Not there while napari still settles two layers' common name; it reports that anew.
        if chosen in box.choices:
            box.value = _unwrapped(chosen)


def _rows(widgets: list[Any]) -> QWidget:
    """Widgets one below the other, their labels in one column."""
    rows = QWidget()
    form = QFormLayout(rows)
    form.setContentsMargins(0, 0, 0, 0)
    form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for widget in widgets:
        if isinstance(widget, CheckBox):
            widget.text = widget.label
            form.addRow(widget.native)
            continue
        label = QLabel(widget.label)
        label.setToolTip(widget.tooltip)
        label.setMinimumWidth(LABEL_WIDTH_PX)
        form.addRow(label, widget.native)
    return rows


def _without_arguments(action: Callable[[], None]) -> Callable[..., None]:
    """The action for a signal that says whether a button is checked."""
    return lambda *_: action()
