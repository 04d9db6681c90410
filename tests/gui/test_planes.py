"""Layers of more dimensions: clicks work on the plane in view, an object belongs to one plane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tests.gui.fake import FakePredictor
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


@pytest.fixture
def stack(dock: Callable[..., Hand]) -> Hand:
    return dock(grey((5, 60, 80)), scale=(3.0, 1.0, 1.0))


def go_to(hand: Hand, plane: int) -> None:
    hand.viewer.dims.set_current_step(0, plane)


def test_a_click_writes_the_plane_in_view_alone(stack: Hand) -> None:
    go_to(stack, 3)
    stack.click_and_wait(3, 20, 30)
    planes = np.flatnonzero(stack.own(1).any(axis=(1, 2)))
    assert planes.tolist() == [3]
    assert stack.at(3, 20, 30) == 1
    assert np.round(stack.panel.tool.layer.data).tolist() == [[3, 20, 30]]


def test_a_click_on_another_plane_begins_another_object(stack: Hand) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    go_to(stack, 2)
    stack.click_and_wait(2, 20, 30)
    stack.click_and_wait(2, 20, 60)
    assert (stack.at(1, 20, 30), stack.at(2, 20, 30), stack.at(2, 20, 60)) == (1, 2, 2)


def test_an_object_that_still_runs_on_its_plane_is_not_continued_on_another(
    stack: Hand, predictor: FakePredictor
) -> None:
    predictor.gate.clear()
    go_to(stack, 1)
    stack.click(1, 20, 30)
    go_to(stack, 2)
    stack.click(2, 20, 30)
    predictor.gate.set()
    stack.wait()
    assert (stack.at(1, 20, 30), stack.at(2, 20, 30)) == (1, 2)


def test_undo_moves_the_view_to_where_it_happened(stack: Hand) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    stack.click_and_wait(1, 20, 60)
    go_to(stack, 4)
    stack.key("Z", "control")
    assert stack.viewer.dims.current_step[0] == 1
    assert (stack.at(1, 20, 30), stack.at(1, 20, 60)) == (1, 0)


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (1, 2, 0)])
def test_any_two_axes_can_be_in_view(dock: Callable[..., Hand], order: tuple[int, ...]) -> None:
    hand = dock(grey((40, 50, 60)))
    hand.viewer.dims.order = order
    hand.viewer.reset_view()
    point = (22, 25, 27)
    for axis in order[:1]:
        hand.viewer.dims.set_current_step(axis, point[axis])
    hand.click_and_wait(*point)
    assert hand.at(*point) == 1
    written = np.argwhere(hand.own(1))
    assert set(written[:, order[0]]) == {point[order[0]]}
    assert len(set(written[:, order[1]])) == len(set(written[:, order[2]])) == 13


def test_a_colour_stack_is_clicked_plane_by_plane(dock: Callable[..., Hand]) -> None:
    hand = dock(grey((3, 40, 50, 3)), rgb=True)
    go_to(hand, 2)
    hand.click_and_wait(2, 20, 30)
    assert hand.panel.session.labels.data.shape == (3, 40, 50)
    assert np.flatnonzero(hand.own(1).any(axis=(1, 2))).tolist() == [2]


def test_a_flat_image_in_a_viewer_of_more_dimensions(dock: Callable[..., Hand]) -> None:
    hand = dock(grey((60, 80)))
    hand.viewer.add_image(grey((7, 60, 80)), name="stack")
    hand.panel.tool.activate()
    hand.viewer.dims.set_current_step(0, 4)
    hand.click_and_wait(20, 30)
    assert hand.at(20, 30) == 1


def test_a_time_lapse_of_stacks_with_anisotropic_pixels(dock: Callable[..., Hand]) -> None:
    hand = dock(grey((3, 4, 40, 50)), scale=(1, 0.5, 0.1, 0.1), translate=(0, 2, 1, 1))
    hand.viewer.dims.set_current_step(0, 2)
    hand.viewer.dims.set_current_step(1, 1)
    hand.click_and_wait(2, 1, 20, 30)
    assert np.argwhere(hand.own(1))[:, :2].tolist()[0] == [2, 1]
    assert hand.at(2, 1, 20, 30) == 1


def test_a_pyramid_is_read_at_the_plane_in_view(dock: Callable[..., Hand]) -> None:
    full = grey((4, 128, 160))
    hand = dock([full, full[:, ::2, ::2]], multiscale=True)
    go_to(hand, 3)
    hand.click_and_wait(3, 60, 70)
    assert hand.panel.session.labels.data.shape == (4, 128, 160)
    assert hand.at(3, 60, 70) == 1


def test_points_are_seen_on_their_plane_only(stack: Hand) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    shown = stack.panel.tool.layer
    assert shown.get_value((1 * 3, 20, 30), world=True) == 0
    go_to(stack, 2)
    assert shown.get_value((2 * 3, 20, 30), world=True) is None


@pytest.mark.parametrize("button", ["delete", "reset"])
def test_nothing_is_removed_on_a_plane_that_is_not_in_view(stack: Hand, button: str) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    go_to(stack, 4)
    stack.panel.actions.buttons[button].click()
    assert stack.viewer.dims.current_step[0] == 1
    assert not stack.own(1).any()


def test_the_threshold_moves_no_mask_on_another_plane(stack: Hand) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    before = stack.own(1)
    go_to(stack, 4)
    stack.panel.settings_widgets["threshold"].value = 0.8
    stack.wait()
    assert np.array_equal(stack.own(1), before)


def test_nothing_is_removed_on_a_plane_across_the_one_in_view(stack: Hand, told: list[str]) -> None:
    go_to(stack, 1)
    stack.click_and_wait(1, 20, 30)
    before = stack.own(1)
    stack.viewer.dims.order = (1, 0, 2)
    stack.panel.actions.buttons["delete"].click()
    assert np.array_equal(stack.own(1), before)
    assert any("across the one in view" in message for message in told)
