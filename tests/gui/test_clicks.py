"""What the mouse does: left and right, drags and wobbles, fast clicks, and any transform."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from qtpy.QtCore import QPoint

from napari_fcfi.inference import Click
from tests.gui.fake import RADIUS
from tests.gui.hand import Hand, grey

pytestmark = pytest.mark.gui


def test_a_left_click_gives_the_object_its_pixels(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    expected = np.zeros((80, 100), bool)
    expected[30 - RADIUS : 31 + RADIUS, 40 - RADIUS : 41 + RADIUS] = True
    assert np.array_equal(hand.own(1), expected)


def test_a_right_click_takes_pixels_away(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    hand.click_and_wait(32, 42, button="right")
    assert hand.at(32, 42) == 0
    assert hand.at(30 - RADIUS, 40 - RADIUS) == 1
    assert [click.foreground for click in hand.panel.session.clicks] == [True, False]


@pytest.mark.parametrize("modifier", ["shift", "control"])
def test_a_left_click_with_a_modifier_is_a_background_click(hand: Hand, modifier: str) -> None:
    hand.click_and_wait(30, 40)
    hand.click_and_wait(32, 42, modifier=modifier)
    assert hand.at(32, 42) == 0


def test_t_swaps_what_a_left_click_means_and_back(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    hand.key("T")
    assert "background" in hand.panel.left_click.text()
    hand.click_and_wait(32, 42)
    assert hand.at(32, 42) == 0
    hand.key("T")
    hand.click_and_wait(32, 42)
    assert hand.at(32, 42) == 1


def test_foreground_and_background_differ_in_colour_and_symbol(hand: Hand) -> None:
    hand.click_and_wait(30, 40)
    hand.click_and_wait(32, 42, button="right")
    layer = hand.panel.tool.layer
    foreground, background = layer.symbol
    assert foreground != background
    assert not np.allclose(layer.face_color[0], layer.face_color[1])
    assert list(layer.features["click"]) == ["foreground", "background"]


def test_a_wobble_of_three_pixels_is_a_click_and_moves_no_camera(hand: Hand) -> None:
    centre = hand.camera_centre()
    start = hand.place(hand.panel.session.image, (30, 40))
    hand.drag_px(start, start + QPoint(3, 0))
    hand.wait()
    assert len(hand.panel.session.clicks) == 1
    assert hand.camera_centre() == centre


def test_a_drag_moves_the_camera_and_is_no_click(hand: Hand) -> None:
    centre = hand.camera_centre()
    start = hand.place(hand.panel.session.image, (30, 40))
    hand.drag_px(start, start + QPoint(60, 30))
    assert hand.panel.session.clicks == []
    assert hand.camera_centre() != centre


def test_the_second_of_two_fast_clicks_is_not_lost_and_does_not_zoom(hand: Hand) -> None:
    zoom = hand.viewer.scene.camera.zoom
    hand.click(30, 40)
    hand.double_click(30, 40)
    hand.wait()
    assert len(hand.panel.session.clicks) == 2
    assert hand.viewer.scene.camera.zoom == zoom


def test_a_double_click_zooms_again_when_another_layer_is_active(hand: Hand) -> None:
    before = list(hand.viewer.mouse_double_click_callbacks)
    hand.viewer.layers.selection.active = hand.viewer.layers[0]
    names = [callback.__name__ for callback in hand.viewer.mouse_double_click_callbacks]
    assert "double_click_to_zoom" in names
    assert "double_click_to_zoom" not in [callback.__name__ for callback in before]


def test_clicks_in_another_layer_are_not_ours(hand: Hand) -> None:
    hand.viewer.layers.selection.active = hand.viewer.layers[0]
    hand.click(30, 40)
    assert hand.panel.session.clicks == []


TRANSFORMS = {
    "none": {},
    "scale": {"scale": (2.0, 0.5)},
    "translate": {"translate": (300.0, -70.0)},
    "rotate": {"rotate": 30.0},
    "shear": {"shear": (0.3,)},
    "affine": {"affine": np.array([[1.2, 0.3, 5], [-0.2, 0.8, -9], [0, 0, 1]])},
    "all": {"scale": (0.1, 0.3), "translate": (4, 2), "rotate": -50.0},
}


@pytest.mark.parametrize("how", TRANSFORMS.values(), ids=TRANSFORMS)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_click_on_a_data_pixel_is_that_pixel_under_any_transform(
    dock: Callable[..., Hand], how: dict, order: tuple[int, int]
) -> None:
    hand = dock(grey(), **how)
    hand.viewer.dims.order = order
    hand.viewer.reset_view()
    hand.click_and_wait(30, 40)
    (click,) = hand.panel.session.clicks
    assert abs(click.y - 30) <= 0.5
    assert abs(click.x - 40) <= 0.5
    expected = np.zeros((80, 100), bool)
    expected[30 - RADIUS : 31 + RADIUS, 40 - RADIUS : 41 + RADIUS] = True
    assert np.array_equal(hand.own(1), expected)
    labels, image = hand.panel.session.labels, hand.panel.session.image
    assert np.allclose(labels.data_to_world((3, 5)), image.data_to_world((3, 5)))
    points = hand.panel.tool.layer
    assert np.allclose(points.data_to_world((3, 5)), image.data_to_world((3, 5)))
    assert np.allclose(points.data, [[click.y, click.x]])


def test_a_colour_image_is_clicked_in_two_dimensions(dock: Callable[..., Hand]) -> None:
    hand = dock(grey((60, 70, 3)), rgb=True)
    hand.click_and_wait(20, 30)
    assert hand.panel.session.labels.data.shape == (60, 70)
    assert hand.at(20, 30) == 1


def test_a_point_added_by_naparis_own_mode_is_a_click(hand: Hand) -> None:
    hand.panel.tool.layer.mode = "add"
    hand.click_and_wait(30, 40)
    assert hand.at(30, 40) == 1
    assert len(hand.panel.tool.layer.data) == 1
    assert isinstance(hand.panel.session.clicks[0], Click)
