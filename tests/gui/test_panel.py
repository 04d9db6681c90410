"""The panel itself: its widgets, its size, what it remembers, and what its keys clash with."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel
from superqt import QCollapsible

from napari_fcfi.checkpoints import CheckpointError
from napari_fcfi.checkpoints.load import choose_device
from napari_fcfi.plugin import keys, preferences
from napari_fcfi.plugin import panel as panel_module
from napari_fcfi.plugin.model_loading import one_sentence
from napari_fcfi.plugin.panel import SegmentPanel
from napari_fcfi.plugin.panel_parts import TiffOffer
from napari_fcfi.plugin.preferences import store_settings, stored_settings
from napari_fcfi.settings import Settings
from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def test_there_is_a_widget_for_every_setting_with_its_default(hand: Hand) -> None:
    widgets = hand.panel.settings_widgets
    assert list(widgets) == list(Settings.model_fields)
    for name, field in Settings.model_fields.items():
        assert widgets[name].value == field.default
        assert widgets[name].tooltip == field.description
        assert widgets[name].native.window() is hand.panel.window()  # it is docked, not loose


def test_numbers_have_the_range_of_the_settings(hand: Hand) -> None:
    ratio = hand.panel.settings_widgets["expansion_ratio"]
    assert (ratio.min, ratio.max) == (0.05, 2.0)


def test_a_changed_setting_counts_at_the_next_click_and_is_remembered(hand: Hand) -> None:
    hand.panel.settings_widgets["expansion_ratio"].value = 1.5
    hand.panel.settings_widgets["contrast"].value = "full"
    hand.click_and_wait(30, 20)
    settings = hand.panel.session.current.state.settings
    assert settings == Settings(expansion_ratio=1.5, contrast="full")
    hand.qtbot.waitUntil(lambda: stored_settings() == settings)
    hand.viewer.window.remove_dock_widget(hand.panel)
    _, again = hand.viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    assert again.settings_widgets["expansion_ratio"].value == pytest.approx(1.5)
    assert again.settings_widgets["contrast"].value == "full"


def test_a_protocol_brings_its_own_values(hand: Hand) -> None:
    widgets = hand.panel.settings_widgets
    widgets["protocol"].value = "released"
    assert hand.panel.session.settings == Settings(protocol="released")
    widgets["zoom_size"].value = 480
    assert hand.panel.session.settings == Settings(protocol="released", zoom_size=480)
    widgets["protocol"].value = "clean"
    assert hand.panel.session.settings == Settings()


def test_a_protocols_own_values_come_back_with_it(hand: Hand) -> None:
    widgets = hand.panel.settings_widgets
    widgets["zoom_size"].value = 384
    widgets["protocol"].value = "released"
    widgets["threshold"].value = 0.4
    widgets["protocol"].value = "clean"
    assert hand.panel.session.settings == Settings(zoom_size=384)
    widgets["protocol"].value = "released"
    assert hand.panel.session.settings == Settings(protocol="released", threshold=0.4)


def test_a_slider_that_moves_is_stored_once(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Settings] = []
    monkeypatch.setattr(panel_module, "store_settings", lambda now, since: written.append(now))
    for ratio in (0.5, 0.6, 0.7):
        hand.panel.settings_widgets["expansion_ratio"].value = ratio
    assert hand.panel.session.settings.expansion_ratio == pytest.approx(0.7)
    assert written == []
    hand.qtbot.waitUntil(lambda: len(written) > 0)
    hand.qtbot.wait(50)
    assert written == [hand.panel.session.settings]


def test_a_setting_that_was_stored_elsewhere_meanwhile_stays(hand: Hand) -> None:
    store_settings(Settings(zoom_size=512))  # as in napari's preferences
    hand.panel.settings_widgets["expansion_ratio"].value = 1.5
    hand.panel.close_session()
    assert stored_settings() == Settings(zoom_size=512, expansion_ratio=1.5)


def test_a_setting_changed_right_before_the_panel_is_closed_is_stored(
    hand: Hand,
) -> None:
    hand.panel.settings_widgets["expansion_ratio"].value = 1.5
    hand.panel.close_session()
    assert stored_settings() == Settings(expansion_ratio=1.5)


def test_the_labels_layer_is_made_at_the_first_click_with_the_images_transform(
    dock: Callable[..., Hand],
) -> None:
    hand = dock(grey(), scale=(2, 3), translate=(5, 7), rotate=20)
    assert [layer.name for layer in hand.viewer.layers] == ["image", "FCFI clicks"]
    hand.click_and_wait(30, 20)
    assert len(hand.viewer.layers) == 3
    labels, image = hand.panel.session.labels, hand.panel.session.image
    assert hand.viewer.layers.index(labels) == 1
    assert labels.data.dtype == np.uint8
    for point in [(0, 0), (10, 3)]:
        assert np.allclose(labels.data_to_world(point), image.data_to_world(point))
    assert hand.panel.labels_box.value == labels
    assert hand.viewer.layers.selection.active == hand.panel.tool.layer


def test_an_image_that_is_opened_later_is_chosen_and_ready_to_be_clicked(
    dock: Callable[..., Hand],
) -> None:
    hand = dock()
    assert hand.panel.session.image is None
    assert "open an image" in hand.panel.status.text.text()
    hand.viewer.add_image(grey())
    hand.qtbot.waitUntil(lambda: hand.panel.tool.layer is not None)
    hand.click_and_wait(30, 20)
    assert hand.at(30, 20) == 1


def test_another_image_gets_its_own_labels_and_the_first_ones_stay(
    dock: Callable[..., Hand],
) -> None:
    hand = dock(grey())
    hand.click_and_wait(30, 20)
    first = hand.panel.session.labels
    before = np.array(first.data)
    other = hand.viewer.add_image(grey((50, 60)), name="other", scale=(2, 2))
    hand.panel.image_box.value = other
    hand.click_and_wait(20, 30)
    assert hand.panel.session.labels != first
    assert hand.panel.session.labels.data.shape == (50, 60)
    assert hand.at(20, 30) == 1
    assert np.array_equal(first.data, before)
    hand.panel.image_box.value = hand.viewer.layers[0]
    assert hand.panel.session.labels == first
    first.selected_label = 1
    assert len(hand.panel.tool.layer.data) == 1  # its objects and their history are still known
    hand.key("Z", "control")
    assert not first.data.any()


def test_channels_as_layers_share_labels_and_each_begins_its_own_object(
    dock: Callable[..., Hand],
) -> None:
    hand = dock(grey())
    hand.click_and_wait(30, 20)
    labels = hand.panel.session.labels
    hand.panel.image_box.value = hand.viewer.add_image(grey()[::-1], name="other channel")
    hand.click_and_wait(30, 70)
    assert hand.panel.session.labels == labels
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)


def test_an_image_of_more_dimensions_gets_a_clicks_layer_of_its_own(
    dock: Callable[..., Hand],
) -> None:
    hand = dock(grey())
    hand.click_and_wait(30, 20)
    hand.panel.image_box.value = hand.viewer.add_image(grey((3, 40, 50)), name="stack")
    hand.viewer.dims.set_current_step(0, 2)
    hand.click_and_wait(2, 20, 30)
    assert hand.at(2, 20, 30) == 1
    names = [layer.name for layer in hand.viewer.layers if "clicks" in layer.name]
    assert len(names) == 1


def test_layer_lists_follow_the_viewer(hand: Hand) -> None:
    extra = hand.viewer.add_image(grey((50, 60)), name="extra")
    assert extra in list(hand.panel.image_box.choices)
    extra.name = "renamed"
    assert hand.panel.image_box.get_choice("renamed") == extra
    assert hand.panel.image_box.get_choice("extra") is None
    hand.viewer.layers.remove(extra)
    assert extra not in list(hand.panel.image_box.choices)


@pytest.mark.parametrize("name", ["renamed", "extra"])  # two layers never have one name
def test_a_renamed_image_stays_chosen_and_is_clicked_on(hand: Hand, name: str) -> None:
    hand.viewer.add_image(grey((50, 60)), name="extra")
    image = hand.panel.session.image
    image.name = name
    box = hand.panel.image_box
    assert (box.value, box.current_choice) == (image, image.name)
    hand.panel.tool.activate()
    hand.click_and_wait(30, 20)
    assert hand.panel.session.image == image
    assert hand.at(30, 20) == 1


def test_renamed_labels_stay_chosen_and_are_written_further(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    labels, box = hand.panel.session.labels, hand.panel.labels_box
    labels.name = "mine"
    assert (box.value, box.current_choice) == (labels, "mine")
    other = hand.viewer.add_labels(np.zeros((80, 100), np.uint8), name="other")
    hand.panel.tool.activate()
    hand.click_and_wait(30, 70)
    assert hand.panel.session.labels == labels
    assert (labels.data[30, 20], labels.data[30, 70]) == (1, 1)
    assert not other.data.any()


def test_a_closed_panel_hears_of_no_new_name(hand: Hand) -> None:
    box, image = hand.panel.image_box, hand.panel.session.image
    hand.panel.close_session()
    before = box.choices
    image.name = "renamed"
    assert box.get_choice("renamed") is None
    assert box.choices == before


def test_the_status_line_counts_clicks_and_names_time_and_device(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    text = hand.panel.status.text.text()
    assert text.startswith("1 click · ")
    assert text.endswith(" ms · cpu")
    hand.click_and_wait(40, 20)
    assert hand.panel.status.text.text().startswith("2 clicks · ")


def test_the_models_terms_are_shown(hand: Hand) -> None:
    assert "Terms of the fake." in hand.panel.model_row.terms.text()
    assert "LicenseRef-fake" in hand.panel.model_row.terms.toolTip()


def test_another_device_loads_the_model_anew(hand: Hand) -> None:
    hand.panel.model_row.device.value = "cpu"
    assert hand.panel.loader.busy
    hand.qtbot.waitUntil(lambda: not hand.panel.loader.busy)
    assert hand.panel.model_row.device.value == "cpu"
    hand.click_and_wait(30, 20)
    assert hand.at(30, 20) == 1


def test_an_error_that_is_not_ours_is_told_with_its_kind_and_what_to_do(
    hand: Hand, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ValueError("math domain error")

    monkeypatch.setattr(hand.panel.loader, "_load", broken)
    hand.panel.model_row.device.value = "cpu"
    hand.qtbot.waitUntil(lambda: not hand.panel.loader.busy)
    sentence = "The model could not be loaded (ValueError: math domain error): choose another one."
    assert told == [sentence]
    assert hand.panel.status.text.text() == sentence
    assert hand.panel.model_row.device.value == "auto"


def test_a_device_that_is_unknown_is_told_in_its_own_words() -> None:
    with pytest.raises(CheckpointError) as caught:
        choose_device("abacus")
    assert one_sentence(caught.value) == str(caught.value)
    assert "abacus" in one_sentence(caught.value)


def test_buttons_and_the_canvas_keep_the_keyboards_focus(hand: Hand) -> None:
    for button in hand.panel.actions.buttons.values():
        assert button.focusPolicy() == Qt.FocusPolicy.NoFocus
        assert button.toolTip()


def test_every_key_is_named_in_a_tooltip(hand: Hand) -> None:
    buttons = hand.panel.actions.buttons
    for name in ("next", "undo", "redo"):
        assert keys.KEYS[name].shown in buttons[name].toolTip()
    assert keys.KEYS["toggle"].shown in hand.panel.left_click.toolTip()


def test_our_keys_clash_with_none_of_naparis(hand: Hand) -> None:
    from app_model.types import KeyBinding
    from napari.settings import get_settings
    from napari.utils.action_manager import action_manager

    ours = {KeyBinding.from_int(key.code) for key in keys.KEYS.values()}
    shortcuts = get_settings().shortcuts.shortcuts
    for command, bindings in shortcuts.items():
        action = action_manager._actions.get(command)
        provider = getattr(getattr(action, "keymapprovider", None), "__name__", "")
        if provider in ("Points", "ViewerModel", "Viewer"):
            assert not ours & set(bindings), command
    layer = type(hand.panel.tool.layer)
    assert not ours & set(layer.class_keymap)
    assert not ours & set(type(hand.viewer).class_keymap)
    assert ours == set(hand.panel.tool.layer.keymap)


def close(hand: Hand, panel: SegmentPanel) -> None:
    """Close the dock, and wait until its panel knows."""
    hand.viewer.window.remove_dock_widget(panel)
    hand.qtbot.waitUntil(lambda: panel.session.image is None)


def test_a_closed_panel_leaves_no_keys_on_the_clicks_layer(hand: Hand, told: list[str]) -> None:
    tool, layer = hand.panel.tool, hand.panel.tool.layer
    close(hand, hand.panel)
    assert not layer.keymap
    assert hand.viewer.layers.selection.active == layer
    hand.key("T")
    assert tool.left_is_foreground
    assert told == []


def test_a_panel_that_ends_late_takes_no_keys_from_the_next_one(hand: Hand) -> None:
    layer = hand.panel.tool.layer
    hand.viewer.window.remove_dock_widget(hand.panel)
    _, again = hand.viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    hand.qtbot.waitUntil(lambda: hand.panel.session.image is None and not again.loader.busy)
    hand.key("T")
    assert not again.tool.left_is_foreground
    close(hand, again)
    assert not layer.keymap


@pytest.mark.parametrize("expanded", [False, True])
def test_the_panel_fits_a_small_screen(dock: Callable[..., Hand], expanded: bool) -> None:
    hand = dock(grey(), show=True)
    window = hand.viewer.window._qt_window
    if expanded:
        hand.panel.findChild(QCollapsible).expand(animate=False)
    window.resize(1366, 768)
    hand.qtbot.wait(100)
    assert window.height() <= 768
    assert window.width() <= 1366
    panel = hand.panel
    for part in (panel.status, panel.actions, panel.tiff_offer):
        bottom = part.mapTo(window, part.rect().bottomLeft()).y()
        assert bottom <= 768


def test_naparis_tiff_reader_is_offered_until_it_is_chosen(dock: Callable[..., Hand]) -> None:
    from napari.settings import get_settings

    plugins = get_settings().plugins
    plugins.extension2reader = {"*.npy": "other"}
    hand = dock(grey())
    assert not hand.panel.tiff_offer.isHidden()
    assert plugins.extension2reader == {"*.npy": "other"}  # never written unasked
    hand.panel.tiff_offer.button.click()
    assert plugins.extension2reader == {
        "*.npy": "other",
        "*.tif": "napari",
        "*.tiff": "napari",
    }
    assert hand.panel.tiff_offer.isHidden()
    _, again = hand.viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    assert again.tiff_offer.isHidden()
    plugins.extension2reader = {}


def test_the_offer_names_only_what_napari_still_asks_for(qtbot: QtBot) -> None:
    from napari.settings import get_settings

    plugins = get_settings().plugins
    plugins.extension2reader = {"*.tif": "napari"}  # as "Remember this choice" stores it
    offer = TiffOffer()
    qtbot.addWidget(offer)
    assert "opens *.tiff files" in offer.findChild(QLabel).text()
    plugins.extension2reader = {}


@pytest.mark.parametrize("asked", [["*.tif", "*.tiff"], []])
def test_the_offer_is_no_window_of_its_own(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, asked: list[str]
) -> None:
    monkeypatch.setattr(preferences, "asked_tiff_patterns", lambda: asked)
    offer = TiffOffer()
    qtbot.addWidget(offer)
    assert not offer.isVisible()


def test_a_stored_choice_of_another_reader_is_not_overwritten() -> None:
    from napari.settings import get_settings

    from napari_fcfi.plugin.preferences import keep_naparis_tiff_reader

    plugins = get_settings().plugins
    plugins.extension2reader = {"*.tif": "somebody"}
    keep_naparis_tiff_reader()
    assert plugins.extension2reader == {"*.tif": "somebody", "*.tiff": "napari"}
    plugins.extension2reader = {}


def test_changed_pixels_make_a_new_field(hand: Hand, predictor: FakePredictor) -> None:
    hand.click_and_wait(30, 20)
    image = hand.panel.session.image
    chosen, plane = hand.panel.session.chosen, hand.panel.session.plane
    source = chosen.source(image, plane, "auto")
    assert chosen.field(image, source) is not None
    image.data = image.data  # the same array, as after a change in place
    assert chosen.field(image, chosen.source(image, plane, "auto")) is None
