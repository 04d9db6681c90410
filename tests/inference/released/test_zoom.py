"""The released window, by hand."""

from __future__ import annotations

import pytest

from napari_fcfi.inference import Box
from napari_fcfi.inference.released.zoom import box_around, of_side, overlap

FIELD = Box(0, 0, 240, 320)


def test_a_window_is_as_many_times_as_large_with_both_ends_rounded_half_to_even() -> None:
    # rows 100..109: centre 104.5, half 7, so 97.5 and 111.5, which become 98 and 112
    assert box_around(Box(100, 50, 110, 61), 1.4, 1, FIELD) == Box(98, 47, 113, 64)


def test_a_window_has_its_least_side_and_ends_with_the_field() -> None:
    assert box_around(Box(0, 300, 10, 310), 1.4, 40, FIELD) == Box(0, 284, 25, 320)
    assert box_around(Box(0, 0, 240, 320), 4.0, 40, FIELD) == FIELD


def test_the_longer_side_becomes_the_size_asked_for_up_or_down() -> None:
    assert of_side(Box(0, 0, 50, 100), 400).size == (200, 400)
    assert of_side(Box(0, 0, 800, 500), 400).size == (400, 250)
    assert of_side(Box(0, 0, 5, 10), 125).size == (62, 125)  # 62.5, half to even


def test_a_side_never_vanishes() -> None:
    assert of_side(Box(0, 0, 1, 2000), 400).size == (1, 400)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (Box(0, 0, 10, 20), 1.0),
        (Box(5, 0, 15, 20), 5 / 15),
        (Box(5, 10, 15, 30), 5 / 15 * 10 / 30),
        (Box(10, 0, 20, 20), 0.0),
        (Box(0, 50, 10, 60), 0.0),
    ],
)
def test_overlap_is_the_product_of_rows_and_columns(other: Box, expected: float) -> None:
    assert overlap(Box(0, 0, 10, 20), other) == pytest.approx(expected)
    assert overlap(other, Box(0, 0, 10, 20)) == pytest.approx(expected)
