"""Probabilities in a box of the field."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.inference import Box, Patch
from napari_fcfi.inference.patch import MOST_SAMPLES, quantised, stride_for


def test_outside_the_patch_there_is_no_object() -> None:
    patch = Patch.from_array(np.ones((4, 5), bool), Box(10, 10, 14, 15))
    assert patch.box == Box(10, 10, 14, 15)
    around = patch.probabilities(Box(8, 8, 16, 17))
    assert around.sum() == 20
    assert around[2:6, 2:7].all()
    assert not patch.probabilities(Box(0, 0, 5, 5)).any()


def test_what_is_kept_is_no_more_than_what_is_not_zero() -> None:
    values = np.zeros((100, 100), np.float32)
    values[20:30, 40:45] = 0.5
    values[99, 99] = 0.001  # less than half a sample's step
    patch = Patch.from_array(values, Box(0, 0, 100, 100))
    assert patch.box == Box(20, 40, 30, 45)
    assert patch.samples.shape == (10, 5)


@given(st.floats(0, 1))
def test_samples_are_as_near_as_8_bits_allow(probability: float) -> None:
    patch = Patch.from_array(np.full((2, 2), probability, np.float32), Box(0, 0, 2, 2))
    np.testing.assert_allclose(patch.probabilities(Box(0, 0, 2, 2)), probability, atol=0.5 / 255)


@pytest.mark.parametrize(
    ("side", "stride"), [(2048, 1), (2049, 2), (4096, 2), (4100, 4), (30_000, 16)]
)
def test_the_stride_keeps_the_number_of_samples_bounded(side: int, stride: int) -> None:
    assert stride_for(Box(0, 0, side, side)) == stride
    assert (
        Box(1, 1, side + 1, side + 1).aligned(stride_for(Box(1, 1, side + 1, side + 1))).area
        / (stride_for(Box(1, 1, side + 1, side + 1)) ** 2)
        <= MOST_SAMPLES
    )


def test_a_coarse_patch_keeps_edges_where_they_are() -> None:
    patch = Patch(Box(8, 8, 40, 40), 4, np.full((8, 8), 255, np.uint8))
    inside = patch.probabilities(Box(8, 8, 40, 40)) > 0.5
    assert inside[2:-2, 2:-2].all()
    outside = patch.probabilities(Box(0, 0, 48, 48)) > 0.5
    assert outside.sum() == inside.sum() == 32 * 32 - 4  # corners are round


def test_pasting_changes_the_box_alone() -> None:
    patch = Patch.from_array(np.full((6, 6), 0.4, np.float32), Box(0, 0, 6, 6))
    pasted = patch.pasted(Box(4, 4, 9, 9), np.full((5, 5), 200, np.uint8))
    found = pasted.samples_in(Box(0, 0, 9, 9))
    assert (found[4:, 4:] == 200).all()
    assert (found[:4, :6] == 102).all()
    assert not found[:4, 6:].any()
    assert (patch.samples == 102).all()


def test_pasting_zeros_everywhere_leaves_nothing() -> None:
    patch = Patch.from_array(np.ones((6, 6), bool), Box(3, 3, 9, 9))
    gone = patch.pasted(Box(0, 0, 10, 10), np.zeros((10, 10), np.uint8))
    assert gone.box.area == 0
    assert gone.pasted(Box(2, 2, 4, 4), np.ones((2, 2), np.uint8)).box == Box(2, 2, 4, 4)


def test_a_coarser_grid_holds_means_and_a_finer_one_the_same_area() -> None:
    samples = np.zeros((4, 4), np.uint8)
    samples[:2, :2] = 200
    patch = Patch(Box(4, 4, 8, 8), 1, samples)
    coarse = patch.with_stride(2)
    np.testing.assert_array_equal(coarse.samples, [[200, 0], [0, 0]])
    assert coarse.with_stride(1).samples.shape == (4, 4)
    # 5 rows: the coarse grid begins before the patch, with zeros
    odd = Patch(Box(3, 4, 8, 8), 1, np.full((5, 4), 100, np.uint8)).with_stride(2)
    assert odd.box == Box(2, 4, 8, 8)
    np.testing.assert_array_equal(odd.samples[:, 0], [50, 100, 100])


def test_a_coarse_patch_is_refined_only_when_the_box_covers_it() -> None:
    patch = Patch(Box(0, 0, 16, 16), 4, np.full((4, 4), 255, np.uint8))
    assert patch.on_grid_for(Box(0, 0, 4, 4)) is not None
    assert patch.on_grid_for(Box(0, 0, 4, 4)).stride == 4
    assert patch.on_grid_for(Box(0, 0, 16, 16)).stride == 1
    assert patch.on_grid_for(Box(0, 0, 9000, 9000)).stride == 8


def test_the_masks_box_is_that_of_what_is_above_the_threshold() -> None:
    values = np.full((8, 8), 0.3, np.float32)
    values[2:4, 5:7] = 0.6
    patch = Patch.from_array(values, Box(10, 10, 18, 18))
    assert patch.mask_box(0.5) == Box(12, 15, 14, 17)
    assert patch.mask_box(0.2) == patch.box
    assert patch.mask_box(0.7).area == 0


def test_probabilities_beyond_the_range_are_cut_off() -> None:
    np.testing.assert_array_equal(quantised(np.array([-0.1, 1.2], np.float32)), [0, 255])


def test_exact_probabilities_survive_a_coarser_grid() -> None:
    values = np.full((64, 64), 0.7, np.float32)
    coarse = Patch.from_floats(values, Box(0, 0, 64, 64)).with_stride(4)
    assert coarse.probabilities(Box(16, 16, 48, 48)) == pytest.approx(0.7, abs=0.01)
