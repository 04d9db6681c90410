"""An image whose pixels change: what was read of the old ones is of no use any more."""

from __future__ import annotations

import pytest

from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def test_a_running_click_is_taken_again_on_the_new_pixels(
    hand: Hand, predictor: FakePredictor
) -> None:
    image = hand.panel.session.image
    predictor.gate.clear()
    hand.click(30, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 1)
    image.data[:] = 7
    image.data = image.data
    assert len(hand.panel.session.clicks) == 1
    predictor.gate.set()
    hand.wait()
    hand.click_and_wait(30, 70)
    old, new, next_one = predictor.fields
    assert new.token != old.token
    assert next_one is new
    assert [round(click.x) for click in hand.panel.session.clicks] == [20, 70]
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 1)


def test_a_field_is_kept_while_the_pixels_stay(hand: Hand, predictor: FakePredictor) -> None:
    hand.click_and_wait(30, 20)
    hand.click_and_wait(30, 70)
    assert predictor.fields[0] is predictor.fields[1]


def test_data_of_other_dimensions_get_clicks_and_labels_of_their_own(
    hand: Hand, told: list[str]
) -> None:
    hand.click_and_wait(30, 20)
    flat = hand.panel.session.labels
    hand.panel.session.image.data = grey((3, 80, 100))
    assert hand.panel.tool.layer.ndim == 3
    hand.viewer.dims.set_current_step(0, 1)
    hand.click_and_wait(1, 30, 20)
    assert hand.panel.session.labels is not flat
    assert hand.at(1, 30, 20) == 1
    assert told == []


def test_limits_that_the_user_set_are_remembered_while_another_image_is_worked_on(
    hand: Hand,
) -> None:
    image = hand.viewer.add_image([grey(), grey()[::2, ::2]], multiscale=True)
    other = hand.panel.session.image
    hand.panel.image_box.value = image
    image.contrast_limits = (10, 20)
    hand.panel.image_box.value = other
    hand.panel.image_box.value = image
    session = hand.panel.session
    plane = session.chosen.plane_in_view()
    assert session.chosen.source(image, plane, "auto").changed_by_user
