"""Windows: the one place where pixels are resampled and coordinates mapped."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.inference import Box, Click, Field, Patch, Window
from napari_fcfi.inference.resample import resample

windows = st.builds(
    lambda y, x, h, w, size: Window.of(Box(y, x, y + h, x + w), size),
    st.integers(0, 300),
    st.integers(0, 300),
    st.integers(1, 700),
    st.integers(1, 700),
    st.integers(128, 400),
)
shares = st.floats(0, 0.999)


@given(windows, shares, shares)
def test_a_click_that_goes_in_comes_out_where_it_was(window: Window, y: float, x: float) -> None:
    box = window.box
    point = box.y0 - 0.5 + y * box.height, box.x0 - 0.5 + x * box.width
    inside = window.inward(*point)
    assert -0.5 <= inside[0] < window.size[0] - 0.499
    assert -0.5 <= inside[1] < window.size[1] - 0.499
    np.testing.assert_allclose(window.outward(*inside), point, atol=1e-6)


@given(windows)
def test_the_input_keeps_the_windows_shape(window: Window) -> None:
    height, width = window.size
    assert min(height, width) >= 32
    step_y, step_x = window.steps
    if min(height, width) > 32:
        assert step_y == pytest.approx(step_x, rel=0.02)


@given(
    st.integers(40, 200),
    st.integers(40, 200),
    st.data(),
)
def test_a_bright_pixel_lands_where_its_click_lands(height: int, width: int, data: Any) -> None:
    y, x = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    y0, x0 = data.draw(st.integers(0, y)), data.draw(st.integers(0, x))
    box = Box(y0, x0, data.draw(st.integers(y + 1, height)), data.draw(st.integers(x + 1, width)))
    image = np.zeros((height, width), np.float32)
    image[y, x] = 1
    window = Window.of(box, 150)
    seen = window.image(Field.from_array(image, contrast="full"), ((0, 1),))[0]
    rows, columns = np.indices(seen.shape)
    centre = (rows * seen).sum() / seen.sum(), (columns * seen).sum() / seen.sum()
    ((click_y, click_x, sign),) = window.clicks([Click(y, x)])
    # at the window's rim the bright spot is cut, and its centre moves inward
    room = 1 + 1 / np.array(window.steps)
    if np.all([click_y, click_x] > room) and np.all([click_y, click_x] < window.size - room - 1):
        np.testing.assert_allclose(centre, (click_y, click_x), atol=0.1)
    assert sign == 1


@pytest.mark.parametrize("size", [50, 96, 200, 333])
def test_a_ramp_keeps_its_coordinates(size: int) -> None:
    rows, columns = np.mgrid[:120, :160].astype(np.float32)
    window = Window.of(Box(10, 20, 106, 150), size)
    for image, axis in ((rows, 0), (columns, 1)):
        seen = window.image(Field.from_array(image), ((0, 160),))[0] * 160
        inner = seen[8:-8, 8:-8]
        where = np.indices(seen.shape)[:, 8:-8, 8:-8]
        expected = window.outward(where[0], where[1])[axis]  # type: ignore[arg-type]
        np.testing.assert_allclose(inner, expected, atol=0.08)  # a sampled triangle's own error


def test_a_window_at_the_fields_own_size_holds_the_fields_pixels() -> None:
    image = np.arange(64 * 64, dtype=np.float32).reshape(64, 64)
    window = Window(Box(8, 16, 40, 56), (32, 40))
    seen = window.image(Field.from_array(image), ((0, 4095),))
    assert seen.shape == (3, 32, 40)
    np.testing.assert_array_equal(seen[0], seen[2])
    np.testing.assert_allclose(seen[0] * 4095, image[8:40, 16:56], rtol=1e-5)


def test_shrinking_averages_and_does_not_skip() -> None:
    checks = (np.indices((400, 400)).sum(axis=0) % 2).astype(np.float32)
    seen = Window.of(Box.of((400, 400)), 50).image(Field.from_array(checks), ((0, 1),))
    np.testing.assert_allclose(seen, 0.5, atol=0.01)


@pytest.mark.parametrize("levels", [1, 3])
def test_a_spot_in_a_huge_window_lands_where_its_click_lands(levels: int) -> None:
    image = np.zeros((3001, 2001), np.float32)
    image[2000:2080, 700:780] = 1
    arrays = [image]
    for _ in range(levels - 1):
        last = arrays[-1]
        even = last[: last.shape[0] // 2 * 2, : last.shape[1] // 2 * 2]
        arrays.append(even.reshape(even.shape[0] // 2, 2, -1, 2).mean(axis=(1, 3)))
    window = Window.of(Box(3, 5, 2997, 1994), 300)
    seen = window.image(Field.from_levels(arrays), ((0, 1),))[0]
    rows, columns = np.indices(seen.shape)
    centre = (rows * seen).sum() / seen.sum(), (columns * seen).sum() / seen.sum()
    np.testing.assert_allclose(centre, window.inward(2039.5, 739.5), atol=0.1)


def test_a_large_window_is_read_in_bands_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    field = Field.from_array(rng.integers(0, 255, (1000, 900, 3), dtype=np.uint8))
    window = Window.of(Box(13, 7, 990, 890), 130)
    at_once = window.image(field, field.limits)
    monkeypatch.setattr("napari_fcfi.inference.window.READ_AT_ONCE_PX", 10_000)
    np.testing.assert_array_equal(window.image(field, field.limits), at_once)


class Lazy:
    def __init__(self, shape: tuple[int, int]) -> None:
        self.shape, self.dtype, self.read = shape, np.dtype(np.uint16), []

    def __getitem__(self, key: Any) -> Any:
        rows, columns = key
        self.read.append((rows.start, columns.start, rows.stop, columns.stop))
        return np.zeros((rows.stop - rows.start, columns.stop - columns.start), self.dtype)


def test_only_the_windows_pixels_are_read() -> None:
    array = Lazy((100_000, 100_000))
    field = Field.from_array(array)
    array.read.clear()
    Window.of(Box(5000, 7000, 5500, 7400), 384).image(field, field.limits)
    assert array.read == [(5000, 7000, 5500, 7400)]


def test_a_large_window_reads_a_coarse_level_of_a_pyramid() -> None:
    arrays = [Lazy((100_000 // 4**k, 100_000 // 4**k)) for k in range(5)]
    field = Field.from_levels(arrays)
    for array in arrays:
        array.read.clear()
    Window.of(Box(0, 0, 40_000, 40_000), 384).image(field, field.limits)
    assert [bool(array.read) for array in arrays] == [False, False, False, True, False]
    assert arrays[3].read == [(0, 0, 625, 625)]


@given(st.integers(0, 100), st.integers(0, 100), st.integers(33, 90))
def test_feedback_lands_where_the_pixels_land(y: int, x: int, side: int) -> None:
    values = np.zeros((40, 50), np.float32)
    values[10:30, 20:40] = 1
    patch = Patch.from_array(values, Box(30, 30, 70, 80))
    full = np.zeros((260, 260), np.float32)
    full[30:70, 30:80] = values
    window = Window.of(Box(y, x, y + side, x + side + 7), 100)
    seen = window.image(Field.from_array(full), ((0, 1),))[0]
    np.testing.assert_allclose(window.feedback(patch), seen, atol=1e-5)


def test_feedback_in_a_vast_window_takes_the_memory_of_a_coarse_patch() -> None:
    patch = Patch.from_array(np.ones((50, 50), bool), Box(0, 0, 50, 50))
    window = Window.of(Box(0, 0, 16_000, 16_000), 320)
    tracemalloc.start()
    feedback = window.feedback(patch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert feedback[0, 0] > 0.5  # an input pixel is as large as the patch
    assert feedback[3:].max() < 0.01
    assert peak < 100e6  # at a byte a pixel it would be 256e6


def test_what_is_spread_over_the_field_covers_the_window() -> None:
    window = Window.of(Box(10, 20, 110, 220), 100)
    values = np.zeros(window.size, np.float32)
    values[20:30, 40:60] = 1  # field rows 50-69, columns 100-139
    spread = window.spread(values, window.box, 1)
    assert spread.shape == (100, 200)
    full = np.zeros((100, 200), bool)
    full[40:60, 80:120] = True
    np.testing.assert_array_equal(spread > 0.5, full)
    coarse = window.spread(values, window.box.aligned(4), 4)
    assert coarse.shape == (26, 50)


@given(windows, st.integers(0, 10_000))
def test_what_goes_out_and_in_again_is_the_same_where_the_field_is_finer(
    window: Window, seed: int
) -> None:
    fine = Window(window.box, (max(1, window.box.height // 3), max(1, window.box.width // 3)))
    values = np.full(fine.size, np.float32(seed / 10_000))
    spread = fine.spread(values, fine.box, 1)
    np.testing.assert_allclose(spread, seed / 10_000, atol=1e-6)
    patch = Patch.from_array(spread, fine.box)
    np.testing.assert_allclose(fine.feedback(patch), seed / 10_000, atol=0.002)


def test_beyond_its_rim_a_picture_goes_on() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = resample(values, (-2.0, -1.0, 5.0, 4.0), (7, 5))
    np.testing.assert_array_equal(found[:, 0], [0, 0, 0, 4, 8, 8, 8])
    np.testing.assert_array_equal(found[2:5, 1:], values)


def test_clicks_outside_the_window_are_left_out() -> None:
    window = Window.of(Box(10, 10, 20, 20), 128)
    assert window.clicks([Click(9.4, 15), Click(15, 19.5)]).shape == (0, 3)
    assert window.clicks([Click(9.5, 15, False), Click(15, 19.4)]).shape == (2, 3)
