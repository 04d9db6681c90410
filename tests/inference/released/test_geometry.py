"""Into a released window and out of it."""

from __future__ import annotations

import numpy as np
import torch

from napari_fcfi.inference import Box, Click, Field, Patch, Window
from napari_fcfi.inference.released.geometry import clicks_in, feedback_in, image_in, out_of

WINDOW = Window(Box(10, 20, 30, 60), (40, 80))


def test_clicks_go_in_by_the_ratio_of_the_sides() -> None:
    clicks = [Click(10, 20), Click(29, 59, False), Click(15, 19)]
    found = clicks_in(WINDOW, clicks, ignoring_corners=True)
    assert found.tolist() == [[0, 0, 1], [38, 78, 0], [10, -2, 1]]


def test_mended_clicks_go_where_the_pixels_go() -> None:
    found = clicks_in(WINDOW, [Click(10, 20), Click(29, 59, False)], ignoring_corners=False)
    assert found.tolist() == [[0, 0, 1], [39, 79, 0]]


def test_a_window_of_one_row_takes_clicks_too() -> None:
    thin = Window(Box(5, 0, 6, 10), (1, 20))
    for ignoring in (True, False):
        assert clicks_in(thin, [Click(5, 0)], ignoring_corners=ignoring).tolist() == [[0, 0, 1]]


def test_pixels_go_in_and_out_corner_on_corner() -> None:
    values = np.zeros((100, 100), np.uint8)
    values[10, 20] = values[29, 59] = 255
    field = Field.from_array(values, contrast="full")
    image = image_in(WINDOW, field, field.limits)
    assert image.shape == (1, 3, 40, 80)
    assert image[0, :, 0, 0].tolist() == [1, 1, 1]
    assert float(image[0, 0, -1, -1]) == 1
    back = out_of(WINDOW.box, image[:, :1])
    assert back.shape == WINDOW.box.shape
    assert back[0, 0] == back[-1, -1] == 1


def test_a_window_at_its_own_size_changes_no_pixel(rng: np.random.Generator) -> None:
    values = rng.random((20, 40), np.float32)
    whole = Window(Box(0, 0, 20, 40), (20, 40))
    patch = Patch.from_floats(values, whole.box)
    np.testing.assert_array_equal(feedback_in(whole, patch)[0, 0], values)
    np.testing.assert_array_equal(out_of(whole.box, torch.from_numpy(values)[None, None]), values)


def test_without_a_patch_feedback_is_zero() -> None:
    assert not feedback_in(WINDOW, None).any()
    assert feedback_in(WINDOW, None).shape == (1, 1, 40, 80)
