"""At a click the mask has the click's sign, whatever the network says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.inference import Box, Click, Window
from napari_fcfi.inference.promise import focus_box, keep_promise, like_the_click


@given(
    st.integers(1, 6000),
    st.floats(0, 0.999),
    st.floats(0, 0.999),
    st.sampled_from([1, 2, 4, 8]),
    st.booleans(),
)
def test_every_click_is_kept_at_every_scale(
    side: int, y: float, x: float, stride: int, foreground: bool
) -> None:
    window = Window.of(Box(64, 64, 64 + side, 64 + side), 128)
    click = Click(63.5 + y * side, 63.5 + x * side, foreground)
    # a corner of the grid is enough: the click's surroundings
    grid = Box.around(click.y, click.x, 40, 40).aligned(stride)
    against = np.full((grid.height // stride, grid.width // stride), float(not foreground))
    nothing = np.zeros((32, 32), np.float32)
    kept = keep_promise(against.astype(np.float32), grid, stride, [click], window, nothing)
    row = round(click.y) - grid.y0
    column = round(click.x) - grid.x0
    assert kept[row // stride, column // stride] == float(foreground)


def test_the_disk_has_the_size_of_two_input_pixels() -> None:
    window = Window.of(Box(0, 0, 1280, 1280), 128)  # 10 field pixels an input pixel
    kept = keep_promise(
        np.zeros((1280, 1280), np.float32),
        window.box,
        1,
        [Click(600, 600)],
        window,
        np.zeros((32, 32), np.float32),
    )
    assert kept.sum() == pytest.approx(np.pi * 20**2, rel=0.02)
    assert kept[600, 580] == 1
    assert kept[600, 579] == 0


def test_where_clicks_contradict_each_other_the_newest_wins() -> None:
    window = Window.of(Box(0, 0, 128, 128), 128)
    clicks = [Click(50, 50), Click(50, 51, False), Click(80, 80, False), Click(80, 81)]
    kept = keep_promise(
        np.full((128, 128), 0.5, np.float32),
        window.box,
        1,
        clicks,
        window,
        np.zeros((32, 32), np.float32),
    )
    assert kept[50, 51] == kept[50, 50] == 0
    assert kept[80, 81] == kept[80, 80] == 1
    assert kept[50, 48] == 1  # what the newer disk does not reach


def test_what_is_like_the_newest_click_gets_its_sign_but_not_an_older_clicks_disk() -> None:
    window = Window.of(Box(0, 0, 128, 128), 128)
    alike = np.zeros((32, 32), np.float32)
    alike[10:20, 10:20] = 1
    kept = keep_promise(
        np.zeros((128, 128), np.float32),
        window.box,
        1,
        [Click(50, 50, False), Click(70, 70)],
        window,
        alike,
    )
    assert kept[42:46, 42:46].all()
    assert not kept[49:52, 49:52].any()


def test_like_the_click_is_what_hangs_together_with_it_inside_ffcms_box() -> None:
    window = Window.of(Box(0, 0, 128, 128), 128)
    affinity = np.zeros((32, 32), np.float32)
    affinity[16, 4:20] = 0.99  # a line through the click
    affinity[10:14, 10:14] = 0.99  # close, but not connected
    found = like_the_click(affinity, Click(65, 41), window, 0.5)  # cell 16, 10
    np.testing.assert_array_equal(np.nonzero(found)[0], 16)
    np.testing.assert_array_equal(np.nonzero(found)[1], np.arange(4, 19))
    assert like_the_click(affinity, Click(65, 41), window, 2.0).sum() == 16
    assert like_the_click(affinity * 0, Click(65, 41), window, 2.0).sum() == 1


def test_cells_that_reach_beyond_the_window_lie_where_the_network_has_them() -> None:
    window = Window.of(Box(0, 0, 77, 128), 128)  # 20 rows of cells, the last of one pixel alone
    affinity = np.zeros((20, 32), np.float32)
    affinity[13:18, 8:13] = 0.99  # input rows 52-71
    alike = like_the_click(affinity, Click(68, 41), window, 2.0)  # cell 17, 10
    np.testing.assert_array_equal(np.unique(np.nonzero(alike)[0]), np.arange(13, 18))
    kept = keep_promise(
        np.zeros((77, 128), np.float32), window.box, 1, [Click(68, 41)], window, alike
    )
    np.testing.assert_array_equal(np.nonzero(kept[:, 43])[0][[0, -1]], [52, 71])


def test_a_disk_is_drawn_as_far_as_the_samples_reach() -> None:
    window = Window.of(Box(0, 0, 128, 128), 128)
    whole, corner = (
        keep_promise(
            np.zeros(grid.shape, np.float32),
            grid,
            1,
            [Click(0, 1), Click(100, 100)],
            window,
            np.zeros((32, 32), np.float32),
        )
        for grid in (window.box, Box(0, 0, 2, 3))
    )
    np.testing.assert_array_equal(corner, whole[:2, :3])
    assert whole[:3, 1].all()
    assert whole[0, 1:4].all()


def test_ffcms_box_is_a_share_of_the_window() -> None:
    window = Window.of(Box(100, 100, 300, 500), 128)
    assert focus_box(Click(200, 300), window, 0.3) == Box(171, 241, 231, 361)
    assert focus_box(Click(100, 100), window, 2.0) == window.box
