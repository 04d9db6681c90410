"""napari's own brush and eraser, and labels that were there: the next click goes on from them.

The fake's mask is a square around each click (`RADIUS`); its background clicks cut out half of one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Box, Click
from napari_fcfi.plugin import object_layer
from tests.gui.fake import RADIUS, FakePredictor
from tests.gui.hand import Hand, grey
from tests.gui.test_writing import Store

pytestmark = pytest.mark.gui

FLAT = Plane((None, None))
WIDTH_PX = 5


def paint(hand: Hand, point: tuple[int, int], mode: str = "paint") -> np.ndarray:
    """Use napari's brush or eraser at a point of the labels; gives the pixels that changed."""
    labels = hand.panel.session.labels
    before = np.array(labels.data)
    hand.viewer.layers.selection.active = labels
    labels.brush_size, labels.mode = WIDTH_PX, mode
    hand.click(*point)
    labels.mode = "pan_zoom"
    hand.panel.tool.activate()
    changed = np.array(labels.data) != before
    assert changed.any()
    return changed


def erase(hand: Hand, point: tuple[int, int]) -> np.ndarray:
    return paint(hand, point, "erase")


def mask_of(hand: Hand, label: int = 1) -> np.ndarray:
    """The mask of an object's state."""
    found = hand.panel.session._objects.annotation.get(label)
    return found.state.mask(Box.of(hand.own(label).shape))


def undo(hand: Hand) -> None:
    hand.key("Z", "control")


def redo(hand: Hand) -> None:
    hand.key("Z", "control", "shift")


@pytest.fixture
def given(dock: Callable[..., Hand]) -> Hand:
    """Label 7 of another program, and its neighbour 3; 7 is chosen."""
    data = np.zeros((80, 100), np.uint8)
    data[20:40, 20:50] = 7
    data[20:40, 50:60] = 3
    hand = dock(grey())
    hand.panel.labels_box.value = hand.viewer.add_labels(data)
    hand.panel.session.labels.selected_label = 7
    hand.panel.tool.activate()
    return hand


def test_erased_pixels_stay_erased_at_the_next_click(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    erased = erase(hand, (30 - RADIUS, 40))
    hand.click_and_wait(30, 60)
    assert hand.own(1)[30, 60]
    assert not (hand.own(1) & erased).any()
    assert np.array_equal(mask_of(hand), hand.own(1))


def test_erased_pixels_can_be_taken_again_by_a_click_on_them(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    erased = erase(hand, (30 - RADIUS, 40))
    hand.click_and_wait(30, 40)
    assert hand.own(1)[erased & mask_of(hand)].all()
    assert hand.at(30 - RADIUS, 40) == 1


def test_painted_pixels_belong_to_the_object_and_a_background_click_removes_them(
    hand: Hand,
) -> None:
    hand.click_and_wait(30, 40)
    painted = paint(hand, (60, 80))
    hand.click_and_wait(32, 40)
    assert mask_of(hand)[painted].all()
    hand.click_and_wait(60, 80, button="right")
    assert not hand.own(1)[painted].any()
    assert np.array_equal(mask_of(hand), hand.own(1))


def test_a_click_on_painted_pixels_removes_them_at_once(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    painted = paint(hand, (60, 80))
    hand.click_and_wait(60, 80, button="right")
    assert not hand.own(1)[painted].any()


def test_a_pixel_erased_and_painted_again_is_in_the_object(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    erased = erase(hand, (30, 40))
    hand.click_and_wait(30, 60)
    assert not mask_of(hand)[erased].any()
    paint(hand, (30, 40))
    hand.click_and_wait(30, 80)
    assert mask_of(hand)[erased].all()
    assert hand.own(1)[erased].all()


def test_undo_and_redo_take_the_edit_with_the_click_and_leave_the_users_pixels(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    first = mask_of(hand)
    paint(hand, (60, 80))
    erase(hand, (30 - RADIUS, 40))
    by_hand = hand.own(1)
    hand.click_and_wait(60, 78, button="right")
    after = hand.own(1)
    for _ in range(2):
        undo(hand)
        assert np.array_equal(hand.own(1), by_hand)
        assert np.array_equal(mask_of(hand), first)
        redo(hand)
        assert np.array_equal(hand.own(1), after)
        assert np.array_equal(mask_of(hand), after)


def test_after_an_undo_the_next_click_finds_the_edit_again(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    painted, erased = paint(hand, (60, 80)), erase(hand, (30 - RADIUS, 40))
    hand.click_and_wait(60, 20)
    undo(hand)
    hand.click_and_wait(60, 20)
    assert mask_of(hand)[painted].all()
    assert not mask_of(hand)[erased].any()
    hand.click_and_wait(60, 80, button="right")
    assert not hand.own(1)[painted].any()


def test_an_undone_object_leaves_what_the_user_painted(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    painted = paint(hand, (60, 80))
    hand.click_and_wait(32, 40)
    undo(hand)
    undo(hand)
    assert np.array_equal(hand.own(1), painted)


def test_what_is_erased_while_the_network_works_stays_erased(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(30, 40)
    predictor.gate.clear()
    hand.click(30, 60)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 2)
    erased = erase(hand, (30 - RADIUS, 40))
    predictor.gate.set()
    hand.wait()
    assert hand.at(30, 60) == 1
    assert not hand.own(1)[erased].any()
    hand.click_and_wait(60, 60)
    assert not mask_of(hand)[erased].any()


def test_erased_pixels_do_not_come_back_with_another_threshold(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    erased = erase(hand, (30, 40))
    hand.panel.settings_widgets["threshold"].value = 0.4
    hand.wait()
    assert hand.own(1).any()
    assert not hand.own(1)[erased].any()


def test_where_another_label_was_painted_nothing_was_erased(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    labels = hand.panel.session.labels
    labels.selected_label = 9
    other = paint(hand, (30, 40))
    labels.selected_label = 1
    hand.click_and_wait(30, 60)
    assert (np.array(labels.data)[other] == 9).all()
    assert mask_of(hand)[other].all()


def test_a_background_click_cuts_a_label_that_was_there(given: Hand) -> None:
    before = np.array(given.panel.session.labels.data)
    given.click_and_wait(30, 22, button="right")
    after = np.array(given.panel.session.labels.data)
    cut = np.s_[30 - RADIUS // 2 : 31 + RADIUS // 2, 20 : 23 + RADIUS // 2]
    assert not after[cut].any()
    after[cut] = 7
    assert np.array_equal(after, before)


def test_a_click_adds_to_a_label_that_was_there_and_spares_its_neighbour(given: Hand) -> None:
    before = given.own(7), given.own(3)
    given.click_and_wait(40, 48)
    assert given.own(7)[before[0]].all()
    assert given.at(40 + RADIUS, 48) == 7
    assert np.array_equal(given.own(3), before[1])
    assert np.array_equal(mask_of(given, 7) & ~before[1], given.own(7))


@pytest.mark.parametrize("by", ["undo", "reset"])
def test_a_label_that_was_there_is_there_again(given: Hand, by: str) -> None:
    before = np.array(given.panel.session.labels.data)
    given.click_and_wait(30, 22, button="right")
    given.panel.session.undo() if by == "undo" else given.panel.session.reset_object()
    assert np.array_equal(given.panel.session.labels.data, before)
    assert given.panel.session.clicks == []
    given.click_and_wait(30, 48, button="right")
    assert given.at(30, 48) == 0
    assert given.at(30, 22) == 7


def test_a_label_of_one_plane_starts_from_its_pixels_there(dock: Callable[..., Hand]) -> None:
    data = np.zeros((3, 80, 100), np.uint8)
    data[:, 20:40, 20:50] = 7
    hand = dock(np.stack([grey()] * 3))
    hand.panel.labels_box.value = hand.viewer.add_labels(data)
    hand.panel.session.labels.selected_label = 7
    hand.panel.session.click(Plane((1, None, None)), Click(30, 22, False))
    hand.wait()
    assert [hand.at(z, 30, 22) for z in range(3)] == [7, 0, 7]


def test_edits_are_taken_over_in_the_prediction_thread(
    given: Hand, predictor: FakePredictor
) -> None:
    given.click_and_wait(30, 22)
    erase(given, (30, 30))
    given.click_and_wait(30, 22)
    assert len(predictor.threads) == 2
    assert threading.main_thread() not in predictor.threads


def test_a_click_without_an_edit_brings_none(hand: Hand, predictor: FakePredictor) -> None:
    hand.click_and_wait(30, 40)
    hand.key("N")
    hand.click_and_wait(30, 44)  # its mask reaches into the neighbour, and is cut
    hand.click_and_wait(32, 44)
    assert predictor.threads == []


def test_the_network_corrects_a_label_that_was_there(
    make_napari_viewer: Callable[..., Any], qtbot: Any
) -> None:
    rows, columns = np.ogrid[:160, :200]
    disk = (rows - 70) ** 2 + (columns - 120) ** 2 < 25**2
    labels = np.where(disk, 7, 0).astype(np.uint8)
    labels[100:130, 100:140] = 7
    before = ((labels == 7) & ~disk).sum()
    viewer = make_napari_viewer()
    viewer.add_image(np.where(disk, 200, 40).astype(np.uint8))
    layer = viewer.add_labels(labels)
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    qtbot.waitUntil(lambda: not panel.loader.busy, timeout=120_000)
    panel.labels_box.value, layer.selected_label = layer, 7
    panel.session.click(FLAT, Click(117, 120, False))
    qtbot.waitUntil(lambda: not panel.session.busy, timeout=120_000)
    mask = layer.data == 7
    assert not mask[117, 120]
    assert (mask & ~disk).sum() < before - 100
    assert mask[disk].mean() > 0.9


def in_a_store(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Any:
    return Store(np.zeros((80, 100), np.uint8))


def in_a_large_plane(hand: Hand, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(object_layer, "LARGEST_PLANE_LOOKED_AT_PX", 80 * 100 - 1)
    return np.zeros((80, 100), np.uint8)


@pytest.mark.parametrize("where", [in_a_store, in_a_large_plane])
def test_far_from_the_object_only_a_small_plane_in_memory_is_looked_at(
    hand: Hand, monkeypatch: pytest.MonkeyPatch, where: Callable[..., Any]
) -> None:
    labels = hand.viewer.add_labels(where(hand, monkeypatch))
    hand.panel.labels_box.value = labels
    hand.panel.tool.activate()
    hand.click_and_wait(30, 40)
    labels.data[30, 40], labels.data[70, 90] = 0, 1
    hand.click_and_wait(30, 60)
    assert hand.at(30, 40) == 0
    assert not mask_of(hand)[30, 40]
    assert not mask_of(hand)[70, 90]


def columns(hand: Hand) -> list[int]:
    return [round(click.x) for click in hand.panel.session.clicks]


@pytest.mark.parametrize("by", ["the layer's own undo", "filling with background"])
def test_an_object_that_a_hand_wiped_out_begins_anew(
    hand: Hand, predictor: FakePredictor, by: str
) -> None:
    hand.click_and_wait(30, 40)
    labels = hand.panel.session.labels
    if by == "the layer's own undo":
        labels.undo()
    else:
        labels.fill((30, 40), 0)
    assert not hand.own(1).any()
    hand.click_and_wait(30, 44)
    assert predictor.threads == []  # nothing was taken for an edit
    assert columns(hand) == [44]
    assert hand.own(1)[30, 44 - RADIUS : 44 + RADIUS].all()
    undo(hand)
    undo(hand)
    assert columns(hand) == [40]


def test_an_object_that_another_one_covers_does_not_begin_anew(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    hand.key("N")
    hand.panel.settings_widgets["overwrite"].value = True
    hand.click_and_wait(30, 40)
    assert not hand.own(1).any()
    hand.panel.session.labels.selected_label = 1
    hand.panel.settings_widgets["overwrite"].value = False
    hand.click_and_wait(30, 60)
    assert columns(hand) == [40, 60]


def test_a_first_click_that_is_taken_back_leaves_the_object_that_was_wiped_out(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(30, 40)
    hand.panel.session.labels.undo()
    predictor.gate.clear()
    hand.click(30, 60)
    hand.key("Escape")
    assert columns(hand) == [40]
    predictor.gate.set()
    hand.wait()
    assert columns(hand) == [40]
