"""Many objects in one labels layer: numbers, neighbours, undo and redo, reset and delete."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Click
from napari_fcfi.plugin import label_counter
from tests.gui.fake import RADIUS, FakePredictor, radius_at
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def data(hand: Hand) -> np.ndarray:
    return np.array(hand.panel.session.labels.data)


def press(hand: Hand, name: str) -> None:
    from qtpy.QtCore import Qt
    from qtpy.QtTest import QTest

    QTest.mouseClick(hand.panel.actions.buttons[name], Qt.MouseButton.LeftButton)


@pytest.mark.parametrize("by", ["key", "button"])
def test_the_next_object_gets_the_next_number(hand: Hand, by: str) -> None:
    hand.click_and_wait(30, 20)
    hand.key("N") if by == "key" else press(hand, "next")
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)
    assert len(hand.panel.session.clicks) == 1
    assert len(hand.panel.tool.layer.data) == 1


def test_a_neighbour_is_protected_and_the_clipped_pixels_are_counted(hand: Hand) -> None:
    hand.click_and_wait(30, 30)
    hand.key("N")
    hand.click_and_wait(30, 34)
    assert hand.own(1).sum() == (2 * RADIUS + 1) ** 2
    kept = (2 * RADIUS + 1) * (2 * RADIUS + 1 - 4)
    assert hand.own(2).sum() == (2 * RADIUS + 1) ** 2 - kept
    assert f"{kept} px kept" in hand.panel.status.text.text()


def test_a_neighbour_is_taken_when_that_is_allowed_and_undo_brings_it_back(hand: Hand) -> None:
    hand.click_and_wait(30, 30)
    before = data(hand)
    hand.panel.settings_widgets["overwrite"].value = True
    hand.key("N")
    hand.click_and_wait(30, 34)
    assert hand.own(2).sum() == (2 * RADIUS + 1) ** 2
    hand.key("Z", "control")
    assert np.array_equal(data(hand), before)


@pytest.mark.parametrize("by", ["key", "button"])
def test_undo_and_redo_restore_clicks_and_labels_bit_for_bit(hand: Hand, by: str) -> None:
    def undo() -> None:
        hand.key("Z", "control") if by == "key" else press(hand, "undo")

    def redo() -> None:
        hand.key("Z", "control", "shift") if by == "key" else press(hand, "redo")

    seen: list[tuple[np.ndarray, list[Click]]] = []

    def look() -> tuple[np.ndarray, list[Click]]:
        return data(hand), hand.panel.session.clicks

    hand.click_and_wait(30, 20)
    seen.append(look())
    hand.click_and_wait(32, 24, button="right")
    seen.append(look())
    hand.key("N")
    hand.click_and_wait(30, 70)
    seen.append(look())
    for expected in reversed(seen[:-1]):
        undo()
        assert np.array_equal(data(hand), expected[0])
        if expected is not seen[1]:  # there the newest object, now without a click, is current
            assert hand.panel.session.clicks == expected[1]
    undo()
    assert not data(hand).any()
    assert not hand.panel.session.can_undo
    for expected in seen:
        redo()
        assert np.array_equal(data(hand), expected[0])
        assert hand.panel.session.clicks == expected[1]
    assert not hand.panel.session.can_redo


def test_two_hundred_steps_can_be_undone(hand: Hand) -> None:
    session = hand.panel.session
    for step in range(200):
        session.click(Plane((None, None)), Click(20 + step % 40, 20 + step % 60))
        hand.wait()
    after = data(hand)
    for _ in range(200):
        session.undo()
    assert not data(hand).any()
    for _ in range(200):
        session.redo()
    assert np.array_equal(data(hand), after)


def test_reset_takes_all_clicks_of_the_object_and_undo_restores_them(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.key("N")
    hand.click_and_wait(30, 70)
    before = data(hand)
    press(hand, "reset")
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 0)
    assert hand.panel.session.clicks == []
    assert len(hand.panel.tool.layer.data) == 0
    press(hand, "undo")
    assert np.array_equal(data(hand), before)
    assert len(hand.panel.session.clicks) == 1


def test_delete_removes_painted_pixels_too_and_undo_restores_them(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    labels = hand.panel.session.labels
    labels.data_setitem((np.array([70]), np.array([90])), 1)
    before = data(hand)
    press(hand, "delete")
    assert not data(hand).any()
    assert len(hand.panel.tool.layer.data) == 0
    press(hand, "undo")
    assert np.array_equal(data(hand), before)


def test_after_deleting_the_largest_label_its_number_is_free_again(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    press(hand, "delete")
    hand.click_and_wait(30, 70)
    assert hand.at(30, 70) == 1


def test_the_current_label_is_the_one_that_is_chosen_in_the_layer(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.key("N")
    hand.click_and_wait(30, 70)
    hand.panel.session.labels.selected_label = 1
    assert len(hand.panel.tool.layer.data) == 1
    hand.click_and_wait(60, 20)
    assert hand.at(60, 20) == 1
    assert len(hand.panel.session.clicks) == 2


def test_the_256th_object_widens_the_layer_and_loses_nothing(dock: Callable[..., Hand]) -> None:
    hand = dock(grey())
    labels = np.zeros((80, 100), np.uint8)
    labels[0, :] = np.arange(100) + 156  # up to 255
    layer = hand.viewer.add_labels(labels)
    hand.panel.labels_box.value = layer
    hand.panel.tool.activate()
    hand.click_and_wait(40, 40)
    assert layer.data.dtype == np.uint16
    assert hand.at(40, 40) == 256
    assert np.array_equal(layer.data[0], np.arange(100) + 156)
    hand.key("Z", "control")
    assert np.array_equal(layer.data, labels)


def test_numbers_go_on_after_those_of_a_layer_that_was_there(dock: Callable[..., Hand]) -> None:
    hand = dock(grey())
    labels = np.zeros((80, 100), np.uint8)
    labels[5, 5] = 41
    hand.panel.labels_box.value = hand.viewer.add_labels(labels)
    hand.panel.tool.activate()
    hand.click_and_wait(40, 40)
    assert hand.at(40, 40) == 42
    assert hand.at(5, 5) == 41


def test_numbers_go_on_after_a_label_painted_meanwhile(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.panel.session.labels.data_setitem((np.array([70]), np.array([90])), 9)
    hand.key("N")
    hand.click_and_wait(30, 70)
    assert hand.at(30, 70) == 10


def test_the_threshold_moves_the_mask_of_the_current_object_at_once(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.panel.settings_widgets["threshold"].value = 0.7
    hand.wait()
    assert radius_at(0.7) < RADIUS
    assert hand.own(1).sum() == (2 * radius_at(0.7) + 1) ** 2


def test_a_slider_moved_in_many_small_steps_is_undone_in_one(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    threshold = hand.panel.settings_widgets["threshold"]
    for value in (0.55, 0.6, 0.65, 0.7, 0.6):
        threshold.value = value
        hand.wait()
    assert hand.own(1).sum() == (2 * radius_at(0.6) + 1) ** 2
    hand.key("Z", "control")
    assert hand.own(1).sum() == (2 * RADIUS + 1) ** 2
    hand.key("Z", "control")
    assert not hand.own(1).any()


def test_a_threshold_moved_after_another_click_is_a_step_of_its_own(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    threshold = hand.panel.settings_widgets["threshold"]
    threshold.value = 0.6
    hand.wait()
    hand.click_and_wait(30, 70)
    threshold.value = 0.7
    hand.wait()
    hand.key("Z", "control")
    assert hand.own(1).sum() == 2 * (2 * radius_at(0.6) + 1) ** 2


def test_undo_and_redo_take_the_threshold_along(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    threshold = hand.panel.settings_widgets["threshold"]
    threshold.value = 0.7
    hand.wait()
    hand.panel.settings_widgets["overwrite"].value = True  # is no step, and changes no mask
    hand.key("Z", "control")
    assert threshold.value == 0.5
    hand.key("Z", "control", "shift")
    assert threshold.value == 0.7
    assert hand.own(1).sum() == (2 * radius_at(0.7) + 1) ** 2
    hand.key("Z", "control")
    hand.click_and_wait(30, 70)
    assert hand.own(1).sum() == 2 * (2 * RADIUS + 1) ** 2


def test_a_threshold_moved_while_the_first_click_runs_counts_for_it(
    hand: Hand, predictor: FakePredictor
) -> None:
    predictor.gate.clear()
    hand.click(30, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 1)
    hand.panel.settings_widgets["threshold"].value = 0.7
    predictor.gate.set()
    hand.wait()
    assert hand.own(1).sum() == (2 * radius_at(0.7) + 1) ** 2


def test_a_threshold_that_a_waiting_click_was_taken_with_is_no_step_of_its_own(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(60, 80)
    predictor.gate.clear()
    hand.click(60, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 2)
    hand.key("N")
    hand.click(30, 20)
    hand.panel.settings_widgets["threshold"].value = 0.7
    predictor.gate.set()
    hand.wait()
    assert hand.own(2).sum() == (2 * radius_at(0.7) + 1) ** 2
    hand.key("Z", "control")
    assert not hand.own(2).any()


def test_an_object_is_not_continued_on_another_image(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.panel.image_box.value = hand.viewer.add_image(grey()[::-1], name="other channel")
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)


def test_a_label_without_an_answer_is_kept_for_another_image(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    hand.key("N")
    hand.panel.image_box.value = hand.viewer.add_image(grey()[::-1], name="other channel")
    assert hand.panel.session.label == 2


def test_undo_of_a_delete_brings_back_what_lies_beneath_a_neighbour(hand: Hand) -> None:
    hand.panel.settings_widgets["overwrite"].value = True
    hand.click_and_wait(30, 30)
    hand.key("N")
    hand.click_and_wait(30, 34)
    session = hand.panel.session
    session.labels.selected_label = 1
    press(hand, "delete")
    press(hand, "undo")
    session.labels.selected_label = 2
    press(hand, "reset")
    assert hand.own(1).sum() == (2 * RADIUS + 1) ** 2


def test_a_label_that_may_come_back_is_not_given_to_another_object(
    dock: Callable[..., Hand],
) -> None:
    data = np.zeros((80, 100), np.uint8)
    data[28:33, 38:43] = 5
    hand = dock(grey())
    hand.panel.labels_box.value = hand.viewer.add_labels(data)
    hand.panel.tool.activate()
    hand.panel.session.labels.selected_label = 2
    hand.panel.settings_widgets["overwrite"].value = True
    hand.click_and_wait(30, 40)
    assert not hand.own(5).any()
    hand.panel.session.labels.refresh()
    hand.key("N")
    assert hand.panel.session.label == 6
    hand.panel.session.labels.selected_label = 2
    hand.click_and_wait(30, 40, button="right")
    assert hand.at(30, 40) == 5


def test_a_threshold_that_waits_goes_with_one_undo(hand: Hand, predictor: FakePredictor) -> None:
    hand.click_and_wait(30, 40)
    threshold = hand.panel.settings_widgets["threshold"]
    predictor.gate.clear()
    hand.click(30, 60)
    for value in (0.55, 0.6, 0.65, 0.7):
        threshold.value = value
    hand.key("Z", "control")
    assert len(hand.panel.session.clicks) == 2
    assert threshold.value == 0.5
    hand.key("Z", "control")
    assert len(hand.panel.session.clicks) == 1
    hand.click(30, 60)
    predictor.gate.set()
    hand.wait()
    assert hand.panel.session.current.state.settings.threshold == 0.5


def test_where_no_next_label_is_found_no_click_goes_to_another_plane(
    dock: Callable[..., Hand], monkeypatch: pytest.MonkeyPatch, told: list[str]
) -> None:
    def broken(_: object) -> int:
        raise OSError("the share is gone")

    hand = dock(grey((3, 60, 80)))
    hand.click_and_wait(0, 20, 30)
    before = np.array(hand.panel.session.labels.data)
    monkeypatch.setattr(label_counter, "next_label", broken)
    hand.panel.session.labels.events.paint(value=[])
    hand.viewer.dims.set_current_step(0, 2)
    hand.click_and_wait(2, 20, 30)
    assert np.array_equal(hand.panel.session.labels.data, before)
    assert hand.panel.session.label == 0
    assert any("the share is gone" in message for message in told)


def test_a_threshold_moved_while_the_first_click_runs_returns_with_undo(
    hand: Hand, predictor: FakePredictor
) -> None:
    threshold = hand.panel.settings_widgets["threshold"]
    predictor.gate.clear()
    hand.click(30, 40)
    threshold.value = 0.7
    hand.key("Z", "control")
    assert (threshold.value, len(hand.panel.session.clicks)) == (0.5, 1)
    predictor.gate.set()
    hand.wait()
    assert hand.panel.session.current.state.settings.threshold == 0.5


def test_a_click_under_a_negative_number_begins_an_object(hand: Hand, told: list[str]) -> None:
    labels = hand.viewer.add_labels(np.zeros((80, 100), np.int32))
    hand.panel.labels_box.value = labels
    labels.selected_label = -1
    hand.panel.tool.activate()
    hand.click_and_wait(30, 20)
    assert hand.at(30, 20) == 1
    assert told == []
