from __future__ import annotations

import numpy as np
import pytest

from napari_fcfi.annotation import Plane
from napari_fcfi.annotation.plane import PlaneView

STACK = np.arange(3 * 4 * 5).reshape(3, 4, 5)


class CountsReads:
    """A lazy array that remembers what was asked of it."""

    def __init__(self, array: np.ndarray) -> None:
        self.array, self.shape, self.dtype, self.keys = array, array.shape, array.dtype, []

    def __getitem__(self, key):
        self.keys.append(key)
        return self.array[key]


def test_a_plane_is_a_view_of_the_two_free_axes() -> None:
    plane = Plane((None, 2, None))
    view = plane.of(STACK)
    assert np.array_equal(view, STACK[:, 2, :])
    assert np.shares_memory(view, STACK)
    assert plane.axes == (0, 2)
    assert plane.shape_in(STACK.shape) == (3, 5)


def test_indices_reach_the_pixels_of_the_plane() -> None:
    plane = Plane((1, None, None))
    rows, columns = np.array([0, 3]), np.array([4, 2])
    assert np.array_equal(STACK[plane.indices(rows, columns)], STACK[1, [0, 3], [4, 2]])


def test_a_point_on_the_plane_has_its_fixed_coordinates_and_comes_back() -> None:
    plane = Plane((7, None, 2, None))
    assert plane.point(1.5, 3.25) == (7.0, 1.5, 2.0, 3.25)
    assert plane.position(plane.point(1.5, 3.25)) == (1.5, 3.25)


@pytest.mark.parametrize("index", [(None,), (None, None, None), (1, 2)])
def test_a_plane_has_exactly_two_free_axes(index: tuple[int | None, ...]) -> None:
    with pytest.raises(ValueError, match="two free axes"):
        Plane(index)


@pytest.mark.parametrize(
    ("index", "lies"),
    [((0, None, None), True), ((3, None, None), False), ((-1, None, None), False)],
)
def test_a_plane_lies_in_an_array_where_its_fixed_axes_do(index, lies: bool) -> None:
    assert Plane(index).lies_in(STACK.shape) is lies


def test_a_lazy_plane_reads_only_the_part_that_is_asked_for() -> None:
    lazy = CountsReads(STACK)
    view = PlaneView(lazy, Plane((1, None, None)))
    assert view.shape == (4, 5)
    assert np.array_equal(view[1:3, 2:4], STACK[1, 1:3, 2:4])
    assert lazy.keys == [(1, slice(1, 3), slice(2, 4))]
    assert np.array_equal(np.asarray(view), STACK[1])


def test_a_lazy_plane_of_colour_keeps_its_channels_last() -> None:
    colour = np.arange(2 * 4 * 5 * 3).reshape(2, 4, 5, 3)
    view = PlaneView(CountsReads(colour), Plane((1, None, None)))
    assert view.shape == (4, 5, 3)
    assert np.array_equal(view[0:2, 1:3], colour[1, 0:2, 1:3])
    assert np.array_equal(view[..., :2], colour[1][..., :2])
