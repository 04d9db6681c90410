"""An image whose pixels change: what was read of the old ones is of no use any more."""

from __future__ import annotations

import pytest

from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand

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
