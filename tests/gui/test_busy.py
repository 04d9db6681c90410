"""While a prediction runs: the window lives, clicks wait together, late answers are dropped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from qtpy.QtCore import QTimer

from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def running(hand: Hand, predictor: FakePredictor, y: float = 30, x: float = 20) -> None:
    """Click, and wait until the prediction has begun and cannot end."""
    predictor.gate.clear()
    count = len(predictor.calls)
    hand.click(y, x)
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == count + 1)


def settle(hand: Hand, predictor: FakePredictor) -> None:
    """Let the prediction end, and give a late answer the time to arrive."""
    predictor.gate.set()
    from napari_fcfi.inference import submit

    submit(int).result()  # the prediction thread is done with all before
    hand.qtbot.wait(50)


def test_the_status_line_says_at_once_that_a_click_is_worked_on(
    hand: Hand, predictor: FakePredictor
) -> None:
    text = hand.panel.status.text.text
    ready = text()
    running(hand, predictor)
    assert text() == "1 click · working …"
    hand.click(40, 60)
    assert text() == "2 clicks · working …"
    hand.panel.session.take_back()
    assert text() == ready
    settle(hand, predictor)


def test_what_is_said_while_a_click_is_worked_on_stays_until_its_answer(
    hand: Hand, predictor: FakePredictor
) -> None:
    text = hand.panel.status.text.text
    running(hand, predictor)
    hand.panel.session.said.emit("something else")
    hand.panel.session.changed.emit()
    assert text() == "something else"
    settle(hand, predictor)
    assert text().startswith("1 click · ")
    assert text().endswith(" ms · cpu")


def test_the_window_lives_while_a_prediction_runs(hand: Hand, predictor: FakePredictor) -> None:
    running(hand, predictor)
    ticks: list[int] = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(1))
    timer.start(5)
    # The prediction cannot end before the gate opens, so these ticks come while it runs.
    hand.qtbot.waitUntil(lambda: len(ticks) >= 20)
    timer.stop()
    assert hand.panel.session.busy
    assert not hand.panel.status.bar.isHidden()
    predictor.gate.set()
    hand.wait()
    assert hand.at(30, 20) == 1
    assert hand.panel.status.bar.isHidden()


def test_clicks_made_meanwhile_are_taken_together_in_their_order(
    hand: Hand, predictor: FakePredictor
) -> None:
    running(hand, predictor)
    hand.click(30, 50)
    hand.click(32, 52, button="right")
    hand.click(30, 80)
    assert len(hand.panel.tool.layer.data) == 4  # shown at once
    predictor.gate.set()
    hand.wait()
    groups = [[round(click.x) for click in clicks] for _, clicks in predictor.calls]
    assert groups == [[20], [50, 52, 80]]
    assert [hand.at(26, x) for x in (20, 50, 80)] == [1, 1, 1]
    assert hand.at(32, 52) == 0


def test_clicks_before_the_model_is_loaded_are_taken_once_it_is(
    make_napari_viewer: Callable, predictor: FakePredictor, monkeypatch, qtbot
) -> None:
    from napari_fcfi.plugin import panel as panel_module
    from napari_fcfi.plugin.model_loading import Loaded, ModelLoader

    def slow_load(request):
        assert predictor.gate.wait(10)
        return Loaded(request, predictor, ("fcfi-lite",), ("auto", "cpu"))

    predictor.gate.clear()
    monkeypatch.setattr(panel_module, "ModelLoader", lambda p: ModelLoader(p, load=slow_load))
    viewer = make_napari_viewer()
    viewer.add_image(grey())
    _, panel = viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    hand = Hand(viewer, panel, qtbot)
    hand.click(30, 20)
    hand.click(30, 70)
    assert panel.loader.busy
    assert len(panel.tool.layer.data) == 2
    predictor.gate.set()
    hand.wait()
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 1)


def test_a_next_object_begun_meanwhile_keeps_both(hand: Hand, predictor: FakePredictor) -> None:
    running(hand, predictor)
    hand.key("N")
    hand.click(30, 70)
    predictor.gate.set()
    hand.wait()
    assert (hand.at(30, 20), hand.at(30, 70)) == (1, 2)


def test_esc_takes_back_the_running_click_and_its_point(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(30, 70)
    running(hand, predictor)
    hand.click(60, 20)
    hand.key("Escape")
    assert not hand.panel.session.busy
    assert len(hand.panel.tool.layer.data) == 1
    settle(hand, predictor)
    assert (hand.at(30, 20), hand.at(30, 70)) == (0, 1)
    hand.click_and_wait(30, 45)
    assert hand.at(30, 45) == 1
    assert (hand.at(30, 20), hand.at(60, 20)) == (0, 0)


def test_a_late_answer_is_not_taken_for_that_of_the_next_click(
    hand: Hand, predictor: FakePredictor
) -> None:
    running(hand, predictor)
    hand.key("Escape")
    hand.click(30, 70)  # waits behind the prediction that nobody waits for any more
    predictor.gate.let_one_pass()
    hand.qtbot.waitUntil(lambda: len(predictor.calls) == 2)
    hand.qtbot.wait(50)
    assert hand.panel.session.busy
    assert not hand.own(1).any()
    predictor.gate.set()
    hand.wait()
    assert (hand.at(30, 20), hand.at(30, 70)) == (0, 1)


def test_undo_takes_back_what_waits_before_what_runs_before_what_is_done(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(30, 80)
    running(hand, predictor)
    hand.click(30, 50)
    for left in (2, 1, 0):
        hand.key("Z", "control")
        assert len(hand.panel.session.clicks) == left
    settle(hand, predictor)
    assert not hand.own(1).any()


@pytest.mark.parametrize("action", ["reset", "delete"])
def test_an_answer_for_an_object_that_was_reset_or_deleted_is_dropped(
    hand: Hand, predictor: FakePredictor, action: str
) -> None:
    hand.click_and_wait(30, 70)
    running(hand, predictor)
    hand.panel.actions.buttons[action].click()
    settle(hand, predictor)
    assert not hand.own(1).any()
    assert len(hand.panel.tool.layer.data) == 0


@pytest.mark.parametrize("which", ["image", "labels", "points"])
def test_a_layer_removed_while_a_prediction_runs_does_no_harm(
    hand: Hand, predictor: FakePredictor, told: list[str], which: str
) -> None:
    hand.click_and_wait(30, 70)
    session = hand.panel.session
    layer = {"image": session.image, "labels": session.labels, "points": hand.panel.tool.layer}
    running(hand, predictor)
    hand.viewer.layers.remove(layer[which])
    settle(hand, predictor)
    assert not session.busy
    assert told == []


def test_after_the_labels_layer_is_removed_the_next_click_makes_another(
    hand: Hand, predictor: FakePredictor
) -> None:
    running(hand, predictor)
    old = hand.panel.session.labels
    hand.viewer.layers.remove(old)
    settle(hand, predictor)
    hand.click_and_wait(30, 70)
    assert hand.at(30, 70) == 1
    assert hand.at(30, 20) == 0
    assert hand.panel.session.labels in hand.viewer.layers


def test_after_the_clicks_layer_is_removed_a_button_brings_it_back(
    hand: Hand, predictor: FakePredictor
) -> None:
    running(hand, predictor)
    hand.viewer.layers.remove(hand.panel.tool.layer)
    predictor.gate.set()
    hand.wait()
    assert hand.at(30, 20) == 1
    hand.panel.actions.buttons["click"].click()
    assert len(hand.panel.tool.layer.data) == 1
    hand.click_and_wait(30, 70)
    assert hand.at(30, 70) == 1


def test_renamed_and_hidden_layers_are_written_all_the_same(
    hand: Hand, predictor: FakePredictor
) -> None:
    hand.click_and_wait(30, 70)
    running(hand, predictor)
    session = hand.panel.session
    session.labels.name, session.image.name = "other", "names"
    session.labels.visible = session.image.visible = False
    predictor.gate.set()
    hand.wait()
    assert hand.at(30, 20) == 1
    session.labels.visible = True
    assert session.labels.get_value((30, 20)) == 1


def test_closing_the_panel_while_a_prediction_runs_does_no_harm(
    hand: Hand, predictor: FakePredictor, told: list[str]
) -> None:
    running(hand, predictor)
    labels, tool = hand.panel.session.labels, hand.panel.tool
    hand.viewer.window.remove_dock_widget(hand.panel)
    hand.qtbot.waitUntil(lambda: hand.panel.session.image is None)
    hand.key("T")
    settle(hand, predictor)
    for key in (("Z", "control"), ("Z", "control", "shift"), ("N",), ("Escape",)):
        hand.key(*key)
    assert tool.left_is_foreground
    assert told == []
    assert not labels.data.any()
    names = [callback.__name__ for callback in hand.viewer.mouse_double_click_callbacks]
    assert "double_click_to_zoom" in names


def test_a_reopened_panel_goes_on_with_the_layer_it_made(hand: Hand) -> None:
    hand.click_and_wait(30, 20)
    labels = hand.panel.session.labels
    hand.viewer.window.remove_dock_widget(hand.panel)
    hand.qtbot.waitUntil(lambda: hand.panel.session.image is None)
    _, panel = hand.viewer.window.add_plugin_dock_widget("napari-fcfi", "Segment")
    assert panel is not hand.panel
    again = Hand(hand.viewer, panel, hand.qtbot)
    again.click(30, 70)
    again.wait()
    assert panel.session.labels == labels
    assert (again.at(30, 20), again.at(30, 70)) == (1, 2)
    assert sum(layer.name.startswith("FCFI clicks") for layer in hand.viewer.layers) == 1


def test_clicks_that_another_image_takes_back_are_told(
    hand: Hand, predictor: FakePredictor, told: list[str]
) -> None:
    other = hand.viewer.add_image(grey())
    hand.panel.tool.activate()
    predictor.gate.clear()
    hand.click(30, 20)
    hand.click(30, 40)
    hand.panel.image_box.value = other
    assert any(message.startswith("2 clicks without an answer") for message in told)


def test_clicks_wait_for_a_model_that_was_chosen(hand: Hand, predictor: FakePredictor) -> None:
    hand.panel.session.expect_predictor(True)
    hand.click(30, 20)
    assert predictor.calls == []
    other = FakePredictor()
    hand.panel.session.set_predictor(other)
    hand.wait()
    assert (len(predictor.calls), len(other.calls)) == (0, 1)
