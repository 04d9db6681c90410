"""Deleting or dragging a point redoes the rest, wherever its click is on its way."""

from __future__ import annotations

import pytest
from napari.layers import Points

from napari_fcfi.inference import Click
from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand

pytestmark = pytest.mark.gui


def three_clicks(hand: Hand) -> None:
    for x in (20, 45, 70):
        hand.click_and_wait(30, x)


def delete(hand: Hand, *rows: int) -> None:
    layer = hand.panel.tool.layer
    layer.selected_data = set(rows)
    hand.key("Delete")


def test_deleting_a_point_removes_its_click_and_keeps_the_others(hand: Hand) -> None:
    three_clicks(hand)
    delete(hand, 1)
    hand.wait()
    assert [hand.at(30, x) for x in (20, 45, 70)] == [1, 0, 1]
    assert [round(click.x) for click in hand.panel.session.clicks] == [20, 70]
    assert len(hand.panel.tool.layer.data) == 2


def test_deleting_several_points_at_once_removes_them_all(hand: Hand) -> None:
    three_clicks(hand)
    delete(hand, 0, 2)
    hand.wait()
    assert [hand.at(30, x) for x in (20, 45, 70)] == [0, 1, 0]
    assert len(hand.panel.tool.layer.data) == 1


def test_deleting_a_point_can_be_undone(hand: Hand) -> None:
    three_clicks(hand)
    before = hand.own(1)
    delete(hand, 1)
    hand.wait()
    hand.key("Z", "control")
    assert (hand.own(1) == before).all()
    assert len(hand.panel.session.clicks) == 3
    assert len(hand.panel.tool.layer.data) == 3


def test_dragging_a_point_moves_its_click(hand: Hand) -> None:
    three_clicks(hand)
    hand.panel.tool.layer.mode = "select"
    hand.drag((30, 45), (60, 45))
    hand.wait()
    assert (hand.at(30, 45), hand.at(60, 45)) == (0, 1)
    assert [hand.at(30, x) for x in (20, 70)] == [1, 1]
    assert [round(click.y) for click in hand.panel.session.clicks] == [30, 60, 30]


def test_a_point_dragged_outside_the_image_goes_back(hand: Hand, told: list[str]) -> None:
    three_clicks(hand)
    hand.panel.tool.layer.mode = "select"
    hand.drag((30, 45), (-4, 45))
    hand.wait()
    assert hand.at(30, 45) == 1
    assert round(hand.panel.tool.layer.data[1][0]) == 30
    assert "outside" in told[-1]


def test_a_point_whose_click_waits_is_taken_out_of_the_queue(
    hand: Hand, predictor: FakePredictor
) -> None:
    predictor.gate.clear()
    for x in (20, 45, 70):
        hand.click(30, x)
    delete(hand, 1)
    predictor.gate.set()
    hand.wait()
    assert [hand.at(30, x) for x in (20, 45, 70)] == [1, 0, 1]
    assert len(hand.panel.tool.layer.data) == 2


def test_a_point_whose_click_runs_is_taken_back_and_the_rest_goes_on(
    hand: Hand, predictor: FakePredictor
) -> None:
    predictor.gate.clear()
    hand.click(30, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 1)
    hand.click(30, 70)
    delete(hand, 0)
    predictor.gate.set()
    hand.wait()
    assert (hand.at(30, 20), hand.at(30, 70)) == (0, 1)
    assert [round(click.x) for click in hand.panel.session.clicks] == [70]


def test_the_other_clicks_of_a_running_group_are_taken_again(
    hand: Hand, predictor: FakePredictor
) -> None:
    predictor.gate.clear()
    hand.click(60, 20)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 1)
    for x in (20, 45, 70):
        hand.click(30, x)
    predictor.gate.let_one_pass()
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 2)  # the three run together now
    delete(hand, 2)
    predictor.gate.set()
    hand.wait()
    assert [hand.at(30, x) for x in (20, 45, 70)] == [1, 0, 1]
    assert hand.at(60, 20) == 1
    assert len(hand.panel.session.clicks) == 3


def test_deleting_points_of_another_layer_removes_no_click(hand: Hand) -> None:
    three_clicks(hand)
    other = hand.viewer.add_points([[30, 45]])
    other.selected_data = {0}
    hand.key("Delete")
    assert len(hand.panel.session.clicks) == 3
    assert len(other.data) == 0


def test_the_points_are_those_of_the_current_object(hand: Hand) -> None:
    three_clicks(hand)
    hand.key("N")
    assert len(hand.panel.tool.layer.data) == 0
    hand.click_and_wait(60, 20)
    hand.panel.session.labels.selected_label = 1
    assert len(hand.panel.tool.layer.data) == 3
    assert all(isinstance(click, Click) for click in hand.panel.session.clicks)


def test_a_copy_of_the_clicks_layer_is_left_alone(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    ours = hand.panel.tool.layer
    copy = Points(ours.data.copy(), metadata=ours.metadata)
    hand.viewer.layers.insert(0, copy)
    hand.viewer.layers.remove(ours)
    hand.key("N")
    hand.panel.actions.buttons["click"].click()
    assert hand.panel.tool.layer not in (copy, ours)
    assert len(copy.data) == 1
