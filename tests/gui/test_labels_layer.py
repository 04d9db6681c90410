"""Which labels layer belongs to an image: the one made for it, or shared by its file's channels."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_fcfi.plugin.labels_layer import labels_for, new_labels
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui

OPEN = Callable[[str], Image]


@pytest.fixture
def hand(dock: Callable[..., Hand]) -> Hand:
    """A panel without an image."""
    return dock()


@pytest.fixture
def open_file(hand: Hand, tmp_path: Path) -> OPEN:
    """A function that opens a file of this name, made where there is none, in the viewer."""

    def opened(name: str) -> Any:
        path = tmp_path / name
        if not path.exists():
            np.save(path, grey())
        (image,) = hand.viewer.open(path, plugin="napari")
        hand.qtbot.waitUntil(lambda: hand.panel.session.image is not None)
        return image

    return opened


def choose(hand: Hand, image: Image) -> None:
    hand.panel.image_box.value = image
    hand.panel.tool.activate()


def labels_after_a_click(hand: Hand, image: Image) -> Labels:
    choose(hand, image)
    hand.click_and_wait(30, 20)
    return hand.panel.session.labels


def test_another_file_of_the_same_shape_gets_labels_of_its_own(hand: Hand, open_file: OPEN) -> None:
    a, b = open_file("a.npy"), open_file("b.npy")
    labels_of_b = labels_after_a_click(hand, b)
    before = np.array(labels_of_b.data)
    labels_of_a = labels_after_a_click(hand, a)
    assert labels_of_a.name == "a labels"
    assert np.array_equal(labels_of_b.data, before)
    for image, labels in ((b, labels_of_b), (a, labels_of_a)):
        image.name = f"renamed {image.name}"
        choose(hand, image)
        assert hand.panel.session.labels == labels


def test_a_reopened_panel_finds_the_labels_of_the_image_it_chooses(
    hand: Hand, open_file: OPEN
) -> None:
    a, b = open_file("a.npy"), open_file("b.npy")
    labels_after_a_click(hand, a)
    labels_of_b = labels_after_a_click(hand, b)
    hand.viewer.window.remove_dock_widget(hand.panel)
    _, again = hand.viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    hand.qtbot.waitUntil(lambda: not again.loader.busy)
    assert (again.session.image, again.session.labels) == (b, labels_of_b)
    assert labels_of_b.name == "b labels"


def test_layers_of_one_file_share_labels_also_once_the_first_is_closed(
    hand: Hand, open_file: OPEN
) -> None:
    first, second, other = open_file("a.npy"), open_file("a.npy"), open_file("b.npy")
    labels = labels_after_a_click(hand, first)
    labels_after_a_click(hand, other)
    hand.viewer.layers.remove(first)
    choose(hand, second)
    assert hand.panel.session.labels == labels


def test_labels_of_another_file_can_be_chosen_by_hand(hand: Hand, open_file: OPEN) -> None:
    a, b = open_file("a.npy"), open_file("b.npy")
    labels_of_b = labels_after_a_click(hand, b)
    choose(hand, a)
    assert hand.panel.session.labels is None
    hand.panel.labels_box.value = labels_of_b
    hand.click_and_wait(30, 70)
    assert labels_of_b.data[30, 70] == 2


def test_the_labels_of_an_image_go_before_those_that_it_could_share() -> None:
    one, other = Image(grey()), Image(grey())
    labels, others_labels = new_labels(one), new_labels(other)
    drawn = Labels(np.zeros((80, 100), np.uint8))
    assert labels_for(one, others_labels, [others_labels, labels]) is labels
    assert labels_for(one, None, [others_labels]) is others_labels
    assert labels_for(one, drawn, [others_labels, drawn]) is drawn
    assert labels_for(one, None, [drawn]) is None


def test_an_image_that_lies_elsewhere_shares_no_labels() -> None:
    first, second = Image(grey()), Image(grey(), translate=(0, 200))
    labels, other = new_labels(first), Labels(np.zeros((80, 100), np.uint8))
    assert labels_for(Image(grey()), None, [labels]) is labels
    assert labels_for(second, None, [labels]) is None
    assert labels_for(second, other, [other]) is None


def test_a_copy_of_labels_was_made_by_somebody_else() -> None:
    image = Image(grey())
    labels = new_labels(image)
    copy = Labels(labels.data.copy(), metadata=labels.metadata)
    assert labels_for(image, None, [copy, labels]) is labels
    assert labels_for(image, None, [copy]) is None


def test_a_layer_that_is_only_chosen_keeps_its_type(dock: Callable[..., Hand]) -> None:
    hand = dock(grey())
    data = np.zeros((80, 100), np.uint8)
    data[5:9, 5:9] = 255
    labels = hand.viewer.add_labels(data)
    hand.panel.labels_box.value = labels
    assert labels.data is data
    hand.panel.tool.activate()
    hand.click_and_wait(30, 40)
    assert (labels.data.dtype, hand.at(30, 40), hand.at(6, 6)) == (np.uint16, 256, 255)
