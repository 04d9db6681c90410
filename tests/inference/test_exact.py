"""What a person drew or gave, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_fcfi.inference import Bits, Box
from napari_fcfi.inference.exact import NOTHING, Exact

BOX = Box(3, 4, 10, 15)
planes = hnp.arrays(bool, BOX.shape)


@given(planes, planes)
def test_bits_come_out_as_they_went_in(known: np.ndarray, values: np.ndarray) -> None:
    found_known, found_values = Bits.of(BOX, known, values).unpacked(BOX)
    np.testing.assert_array_equal(found_known, known)
    np.testing.assert_array_equal(found_values, values & known)


@given(planes, planes, planes, planes)
def test_later_strokes_lie_over_earlier_ones(
    known: np.ndarray, values: np.ndarray, later: np.ndarray, later_values: np.ndarray
) -> None:
    both = Bits.of(BOX, known, values).with_drawn(Bits.of(BOX, later, later_values))
    ground = np.zeros(BOX.shape, bool)
    expected = np.where(later, later_values, known & values)
    np.testing.assert_array_equal(both.over(ground, BOX), expected)


@given(planes, planes, st.sampled_from([None, True, False]))
def test_a_box_is_forgotten_and_nothing_else(
    known: np.ndarray, values: np.ndarray, value: bool | None
) -> None:
    box = Box(5, 6, 8, 30)
    found, _ = Bits.of(BOX, known, values).without(box, value).unpacked(BOX)
    inside = np.zeros(BOX.shape, bool)
    inside[2:5, 2:] = True
    gone = inside if value is None else inside & (values == value)
    np.testing.assert_array_equal(found, known & ~gone)


def test_a_mask_is_known_where_it_is_and_around_it_not() -> None:
    mask = np.zeros((6, 6), bool)
    mask[1, 1] = mask[3, 4] = True
    bits = Bits.of_mask(Box(10, 10, 16, 16), mask)
    assert bits.box == Box(11, 11, 14, 15)
    everywhere = np.ones((20, 20), bool)
    assert bits.over(everywhere, Box(0, 0, 20, 20)).sum() == 400 - 12 + 2


@given(planes, planes, st.integers(0, 12), st.integers(0, 17), st.integers(1, 9))
def test_any_part_comes_out_as_of_the_whole(
    known: np.ndarray, values: np.ndarray, y: int, x: int, side: int
) -> None:
    bits, part = Bits.of(BOX, known, values), Box(y, x, y + side, x + side)
    frame = Box(0, 0, 30, 30)
    for found, whole in zip(bits.unpacked(part), bits.unpacked(frame), strict=True):
        np.testing.assert_array_equal(found, whole[part.slices])


@given(planes, planes, st.sampled_from([1, 2, 4]))
def test_samples_far_from_what_is_known_stay(
    known: np.ndarray, values: np.ndarray, stride: int
) -> None:
    bits, near, far = Bits.of(BOX, known, values), Box(0, 0, 16, 16), Box(0, 0, 64, 48)
    ground = np.full((far.height // stride, far.width // stride), 77, np.uint8)
    found = bits.over_samples(ground, far, stride)
    cells = slice(0, 16 // stride)
    inner = bits.over_samples(ground[cells, cells], near, stride)
    np.testing.assert_array_equal(found[cells, cells], inner)
    found[cells, cells] = 77
    np.testing.assert_array_equal(found, ground)


def test_one_bit_a_pixel() -> None:
    bits = Bits.of_mask(Box(0, 0, 1000, 800), np.ones((1000, 800), bool))
    assert bits.known.nbytes == bits.values.nbytes == 100_000


@pytest.mark.parametrize("stride", [1, 2, 4])
def test_samples_become_sure_where_most_of_them_is_known(stride: int) -> None:
    drawn = Bits.of_mask(Box(4, 4, 12, 12), np.ones((8, 8), bool))
    grid = Box(0, 0, 16, 16)
    samples = np.full((16 // stride, 16 // stride), 100, np.uint8)
    found = drawn.over_samples(samples, grid, stride)
    assert (found == 255).sum() == 64 // stride**2
    assert (found == 100).sum() == (256 - 64) // stride**2


def test_an_answer_replaces_what_was_given_and_keeps_what_was_drawn() -> None:
    given = Bits.of_mask(Box(0, 0, 4, 4), np.ones((4, 4), bool))
    drawn = Bits.of_mask(Box(1, 1, 3, 3), np.ones((2, 2), bool))
    after = Exact(given, drawn).after_answer(Box(0, 0, 4, 2))
    mask = after.over(np.zeros((4, 4), bool), Box(0, 0, 4, 4))
    np.testing.assert_array_equal(mask[:, 2:], True)
    np.testing.assert_array_equal(mask[:, :2], [[0, 0], [0, 1], [0, 1], [0, 0]])
    assert NOTHING.after_answer(Box(0, 0, 9, 9)).box.area == 0


def test_a_click_takes_back_what_was_drawn_of_the_other_sign_near_it() -> None:
    drawn = Bits.of_mask(Box(0, 0, 4, 8), np.ones((4, 8), bool))
    exact = Exact(Bits.nothing(), drawn)
    ground, box = np.zeros((4, 8), bool), Box(0, 0, 4, 8)
    assert exact.after_click(True, Box(0, 0, 4, 4)).over(ground, box).sum() == 32
    assert exact.after_click(False, Box(0, 0, 4, 4)).over(ground, box).sum() == 16
