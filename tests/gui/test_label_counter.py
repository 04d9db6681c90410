"""The next free label, whoever wrote into the layer and however."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from napari.components import Dims
from napari.layers import Labels

from napari_fcfi.plugin import label_counter
from napari_fcfi.plugin.label_counter import LabelCounter
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui

PIXEL = (np.array([3]), np.array([4]))


def counted() -> tuple[Labels, LabelCounter]:
    """A layer whose counter has looked at it already."""
    labels = Labels(np.zeros((8, 9), np.uint8))
    counter = LabelCounter(labels, Dims(ndim=2))
    assert counter.next(()) == 1
    return labels, counter


def test_what_was_written_into_the_array_counts_once_the_layer_is_refreshed() -> None:
    labels, counter = counted()
    labels.data[PIXEL] = 9
    labels.refresh()
    assert counter.next(()) == 10


def test_what_the_layers_own_redo_brought_back_counts() -> None:
    labels, counter = counted()
    labels.data_setitem(PIXEL, 9)
    labels.undo()
    assert counter.next(()) == 1
    labels.redo()
    assert counter.next(()) == 10


def test_after_a_write_of_our_own_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    labels, counter = counted()
    monkeypatch.setattr(label_counter, "next_label", None)
    monkeypatch.setattr(label_counter, "LARGEST_PLANE_LOOKED_AT_PX", 0)
    with counter.own_write(comes_back=0, gone=None):
        labels.data_setitem(PIXEL, 1)
    assert counter.next((1,)) == 2


def test_a_layer_made_at_the_first_click_is_not_looked_at(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_counter, "next_label", None)
    hand.click_and_wait(30, 20)
    hand.key("N")
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)


@pytest.fixture
def stack(dock: Callable[..., Hand]) -> Hand:
    """A stack whose labels were looked at already."""
    hand = dock(grey((5, 80, 100)))
    labels = hand.viewer.add_labels(np.zeros((5, 80, 100), np.uint16))
    hand.panel.labels_box.value = labels
    hand.panel.tool.activate()
    hand.viewer.dims.set_current_step(0, 0)
    hand.click_and_wait(0, 30, 20)
    return hand


def test_another_plane_in_view_is_no_reason_to_look_at_all_of_them(
    stack: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_counter, "next_label", None)
    for z in (3, 1, 4):
        stack.viewer.dims.set_current_step(0, z)
        stack.click_and_wait(z, 30, 20)
    assert [stack.at(z, 30, 20) for z in (0, 3, 1, 4)] == [1, 2, 3, 4]


def test_the_number_of_a_deleted_object_is_free_again_without_a_look(
    stack: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_counter, "next_label", None)
    stack.key("N")
    stack.click_and_wait(0, 30, 70)
    stack.panel.session.delete_object()
    stack.click_and_wait(0, 60, 70)
    assert stack.at(0, 60, 70) == 2


def test_what_was_written_into_a_plane_without_a_word_counts_once_it_is_in_view(
    stack: Hand,
) -> None:
    labels = stack.panel.session.labels
    labels.data[3, 5, 5] = 40
    stack.viewer.dims.set_current_step(0, 3)
    stack.click_and_wait(3, 30, 20)
    assert stack.at(3, 30, 20) == 41
    labels.data[2, 5, 5] = 90
    labels.refresh()
    stack.viewer.dims.set_current_step(0, 1)
    stack.click_and_wait(1, 30, 20)
    assert stack.at(1, 30, 20) == 91


def test_numbers_of_objects_that_were_there_at_a_look_are_free_again(stack: Hand) -> None:
    stack.key("N")
    stack.click_and_wait(0, 30, 70)
    labels = stack.panel.session.labels
    labels.refresh()  # as after a stroke
    stack.key("N")
    labels.selected_label = 2
    stack.panel.session.delete_object()
    assert labels.selected_label == 2


def test_a_label_that_comes_back_from_beneath_an_object_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels, counter = counted()
    monkeypatch.setattr(label_counter, "next_label", None)
    monkeypatch.setattr(label_counter, "LARGEST_PLANE_LOOKED_AT_PX", 0)
    with counter.own_write(comes_back=7, gone=1):
        labels.data_setitem(PIXEL, 7)
    assert counter.next(()) == 8


def test_a_write_while_the_layer_was_hidden_counts(stack: Hand) -> None:
    labels = stack.panel.session.labels
    labels.visible = False
    stack.viewer.dims.set_current_step(0, 3)
    labels.data[1, 5, 5] = 40
    labels.refresh()
    labels.visible = True
    stack.click_and_wait(3, 30, 20)
    assert stack.at(3, 30, 20) == 41


def test_a_slider_of_an_axis_that_the_labels_lack_hides_no_write(stack: Hand) -> None:
    stack.viewer.add_image(np.zeros((4, 5, 80, 100), np.uint8))
    labels = stack.panel.session.labels
    stack.viewer.dims.set_current_step(0, 2)
    labels.data[2, 5, 5] = 40
    labels.refresh()
    assert stack.panel.session._objects._counter.next(()) == 41
