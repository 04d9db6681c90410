"""The disk encoding of clicks."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.network.clicks import interaction_map, pool_to_stride, to_feature_grid


def by_hand(clicks: list[tuple[float, float, float]], size: tuple[int, int]) -> np.ndarray:
    """Second opinion: every pixel against every click."""
    disks = np.zeros((2, *size), np.float32)
    for y, x, sign in clicks:
        if sign < 0:
            continue
        for row in range(size[0]):
            for column in range(size[1]):
                if (row - y) ** 2 + (column - x) ** 2 <= 25:
                    disks[0 if sign == 1 else 1, row, column] = 1
    return disks


@given(
    st.lists(
        st.tuples(
            st.integers(-4, 60).map(lambda n: n / 2),
            st.integers(-4, 60).map(lambda n: n / 2),
            st.sampled_from([0.0, 1.0]),
        ),
        max_size=4,
    )
)
def test_disks_agree_with_a_pixel_by_pixel_reading(
    clicks: list[tuple[float, float, float]],
) -> None:
    table = torch.tensor([[*clicks, (-1.0, -1.0, -1.0)]])
    np.testing.assert_array_equal(interaction_map(table, (23, 31))[0], by_hand(clicks, (23, 31)))


def test_an_empty_slot_leaves_no_disk_at_the_corner() -> None:
    assert interaction_map(torch.full((1, 3, 3), -1.0), (16, 16)).sum() == 0


def test_no_slots_give_an_empty_map() -> None:
    assert interaction_map(torch.empty(2, 0, 3), (8, 8)).shape == (2, 2, 8, 8)


def test_pooling_never_loses_a_disk() -> None:
    disks = interaction_map(torch.tensor([[[37.0, 40.0, 1.0]]]), (64, 64))
    assert pool_to_stride(disks, 16)[0, 0].sum() >= 1


def test_a_click_falls_into_the_feature_cell_that_covers_it() -> None:
    clicks = torch.tensor([[[0.0, 3.0, 1.0], [4.0, 7.0, 1.0], [63.0, 90.0, 0.0]]])
    assert to_feature_grid(clicks, 4, (16, 16)).tolist() == [[[0, 0], [1, 1], [15, 15]]]
