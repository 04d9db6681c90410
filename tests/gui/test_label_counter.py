"""The next free label, whoever wrote into the layer and however."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels

from napari_fcfi.plugin import label_counter
from napari_fcfi.plugin.label_counter import LabelCounter
from tests.gui.hand import Hand

pytestmark = pytest.mark.gui

PIXEL = (np.array([3]), np.array([4]))


def counted() -> tuple[Labels, LabelCounter]:
    """A layer whose counter has looked at it already."""
    labels = Labels(np.zeros((8, 9), np.uint8))
    counter = LabelCounter(labels)
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
    with counter.own_write(1, takes_away=False):
        labels.data_setitem(PIXEL, 1)
    assert counter.next(()) == 2


def test_a_layer_made_at_the_first_click_is_not_looked_at(
    hand: Hand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_counter, "next_label", None)
    hand.click_and_wait(30, 20)
    hand.key("N")
    hand.click_and_wait(30, 70)
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)
