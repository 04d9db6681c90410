"""Where a click may change labels, and which part of an image is in view."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Box
from napari_fcfi.plugin.view import visible_box
from tests.gui.fake import RADIUS, FakePredictor, radius_at
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def test_a_click_writes_labels_only_inside_its_window(hand: Hand, predictor: FakePredictor) -> None:
    hand.click_and_wait(30, 40)
    expected = hand.own(1)
    assert expected.sum() == (2 * RADIUS + 1) ** 2
    predictor.window_half = 1  # of the square that the background click cuts out
    hand.click_and_wait(30, 40, button="right")
    expected[29:32, 39:42] = False
    assert np.array_equal(hand.own(1), expected)


@pytest.mark.parametrize(("first", "later"), [(0.5, 0.7), (0.7, 0.5)], ids=["higher", "lower"])
def test_a_click_with_another_threshold_leaves_no_mask_of_two_thresholds(
    hand: Hand, predictor: FakePredictor, first: float, later: float
) -> None:
    threshold = hand.panel.settings_widgets["threshold"]
    threshold.value = first
    hand.click_and_wait(30, 40)
    hand.key("N")
    threshold.value = later
    hand.panel.session.labels.selected_label = 1
    assert hand.own(1).sum() == (2 * radius_at(first) + 1) ** 2
    predictor.window_half = 1
    hand.click_and_wait(30, 40)
    assert hand.own(1).sum() == (2 * radius_at(later) + 1) ** 2


def test_an_image_is_fitted_again_once_the_panel_is_docked(dock: Callable[..., Hand]) -> None:
    shape = (100, 400)  # wide: the panel would cut its sides off
    hand = dock(grey(shape), show=True)
    hand.qtbot.waitUntil(lambda: whole(hand, shape))


def test_a_view_that_the_user_moved_stays_when_the_panel_is_docked(
    dock: Callable[..., Hand],
) -> None:
    hand = dock(grey((100, 400)), show=True, view=((50, 100), 5.0))
    hand.qtbot.wait(200)
    camera = hand.viewer.scene.camera
    assert (camera.center[-2:], camera.zoom) == ((50, 100), 5.0)


def whole(hand: Hand, shape: tuple[int, int]) -> bool:
    hand.viewer.screenshot(flash=False)
    return visible_box(Plane((None, None)), hand.panel.session.image, shape) == Box.of(shape)


def test_the_visible_box_is_the_part_of_the_image_on_the_canvas(dock: Callable[..., Hand]) -> None:
    hand = dock(grey((600, 800)))
    image, plane = hand.panel.session.image, Plane((None, None))
    hand.viewer.reset_view()
    hand.viewer.screenshot(flash=False)
    assert visible_box(plane, image, (600, 800)).shape == (600, 800)
    hand.viewer.scene.camera.center = (200, 300)
    hand.viewer.scene.camera.zoom = 8.0
    hand.viewer.screenshot(flash=False)
    box = visible_box(plane, image, (600, 800))
    width, height = (size / 8 for size in hand.canvas.view.size)
    assert abs((box.y0 + box.y1) / 2 - 200) <= 2
    assert abs((box.x0 + box.x1) / 2 - 300) <= 2
    assert abs(box.shape[0] - height) <= 3
    assert abs(box.shape[1] - width) <= 3
