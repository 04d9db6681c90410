"""An object stays with the image that it was begun on, whichever is chosen later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.gui.fake import FakePredictor, radius_at
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


@pytest.fixture
def dim(hand: Hand) -> Any:
    """Object 1 has two clicks on the image; then another channel of it, a dim one, is chosen."""
    hand.click_and_wait(30, 20)
    hand.click_and_wait(30, 40)
    image = hand.viewer.add_image(grey() // 4, name="dim")
    choose(hand, image)
    return image


def choose(hand: Hand, image: Any) -> None:
    hand.panel.image_box.value = image
    hand.panel.tool.activate()


def pick(hand: Hand) -> None:
    hand.panel.session.labels.selected_label = 1


def undo(hand: Hand) -> None:
    hand.key("Z", "control")


def click(hand: Hand) -> None:
    hand.click(60, 70)


def delete_point(hand: Hand) -> None:
    hand.panel.tool.layer.selected_data = {0}
    hand.key("Delete")


def drag_point(hand: Hand) -> None:
    hand.panel.tool.layer.mode = "select"
    hand.drag((30, 20), (60, 20))


def pixels_read(predictor: FakePredictor) -> np.ndarray:
    """What the newest call could read."""
    field = predictor.fields[-1]
    return np.asarray(field.read(field.box))


@pytest.mark.parametrize("go_back", [pick, undo])
@pytest.mark.parametrize("act", [click, delete_point, drag_point])
def test_an_object_is_changed_on_its_own_image(
    hand: Hand,
    dim: Any,
    predictor: FakePredictor,
    go_back: Callable[[Hand], None],
    act: Callable[[Hand], None],
) -> None:
    go_back(hand)
    act(hand)
    hand.wait()
    assert len(predictor.fields) == 3
    assert np.array_equal(pixels_read(predictor), grey())
    assert "on “image”" in hand.panel.status.text.text()
    hand.key("N")
    hand.panel.tool.activate()
    hand.click_and_wait(60, 40)
    assert np.array_equal(pixels_read(predictor), dim.data)
    assert "on “" not in hand.panel.status.text.text()


def test_new_pixels_of_its_own_image_are_read_although_another_is_chosen(
    hand: Hand, dim: Any, predictor: FakePredictor
) -> None:
    pick(hand)
    hand.click_and_wait(60, 70)
    image = hand.viewer.layers["image"]
    image.data[:] = 7
    image.data = image.data
    hand.click_and_wait(60, 40)
    assert predictor.fields[-1] is not predictor.fields[-2]


def test_a_number_that_is_used_again_belongs_to_each_image_in_its_time(
    hand: Hand, dim: Any, predictor: FakePredictor
) -> None:
    pick(hand)
    hand.panel.session.delete_object()
    hand.click_and_wait(60, 70)
    assert hand.at(60, 70) == 1
    assert np.array_equal(pixels_read(predictor), dim.data)
    undo(hand)
    undo(hand)
    assert len(hand.panel.session.clicks) == 2
    hand.click_and_wait(60, 40)
    assert np.array_equal(pixels_read(predictor), grey())


def test_an_object_that_a_hand_wiped_out_begins_anew_on_its_own_image(
    hand: Hand, dim: Any, predictor: FakePredictor
) -> None:
    pick(hand)
    labels = hand.panel.session.labels
    labels.data_setitem(np.nonzero(labels.data == 1), 0)
    for at in ((60, 70), (60, 40)):
        hand.click_and_wait(*at)
        assert np.array_equal(pixels_read(predictor), grey())
        assert "on “image”" in hand.panel.status.text.text()


@pytest.mark.parametrize("act", [click, delete_point, drag_point])
def test_an_object_whose_image_was_removed_is_left_as_it_is(
    hand: Hand, dim: Any, told: list[str], act: Callable[[Hand], None]
) -> None:
    hand.viewer.layers.remove("image")
    pick(hand)
    before, clicks = np.array(hand.panel.session.labels.data), hand.panel.session.clicks
    points = np.array(hand.panel.tool.layer.data)
    act(hand)
    hand.wait()
    assert len(told) == 1
    assert told[0].startswith("Object 1 can be changed only on the image that it was begun on")
    assert hand.panel.status.text.text() == told[0]
    assert np.array_equal(hand.panel.session.labels.data, before)
    assert hand.panel.session.clicks == clicks
    assert np.array_equal(hand.panel.tool.layer.data, points)


def test_the_threshold_needs_no_image(hand: Hand, dim: Any, told: list[str]) -> None:
    hand.viewer.layers.remove("image")
    pick(hand)
    hand.panel.settings_widgets["threshold"].value = 0.7
    hand.wait()
    assert hand.own(1).sum() == 2 * (2 * radius_at(0.7) + 1) ** 2
    assert told == []
