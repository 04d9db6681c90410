"""Half-open rectangles."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_fcfi.inference import Box

coordinates = st.integers(-50, 50)
boxes = st.builds(
    lambda y, x, h, w: Box(y, x, y + h, x + w),
    coordinates,
    coordinates,
    st.integers(0, 40),
    st.integers(0, 40),
)


def pixels(box: Box) -> set[tuple[int, int]]:
    return {(y, x) for y in range(box.y0, box.y1) for x in range(box.x0, box.x1)}


@given(boxes, boxes)
def test_the_intersection_holds_the_pixels_of_both(a: Box, b: Box) -> None:
    assert pixels(a.intersect(b)) == pixels(a) & pixels(b)


@given(boxes, boxes)
def test_the_union_covers_both_and_nothing_smaller_does(a: Box, b: Box) -> None:
    union = a.union(b)
    both = pixels(a) | pixels(b)
    assert union.covers(a)
    assert union.covers(b)
    if both:
        rows, columns = zip(*both, strict=True)
        assert union == Box(min(rows), min(columns), max(rows) + 1, max(columns) + 1)


@given(boxes.filter(lambda box: box.area > 0), boxes.filter(lambda box: box.area > 0))
def test_a_shifted_box_lies_inside_and_keeps_its_size_where_it_can(box: Box, outer: Box) -> None:
    shifted = box.shifted_into(outer)
    assert outer.covers(shifted)
    assert shifted.shape == (min(box.height, outer.height), min(box.width, outer.width))


@given(st.floats(-20, 20), st.floats(-20, 20), st.integers(1, 9), st.integers(1, 9))
def test_a_box_around_a_point_contains_it(y: float, x: float, height: int, width: int) -> None:
    box = Box.around(y, x, height, width)
    assert box.shape == (height, width)
    assert box.contains(y, x)
    assert abs(box.centre[0] - y) <= 0.5
    assert abs(box.centre[1] - x) <= 0.5


def test_a_pixel_contains_its_area_but_for_the_far_edge() -> None:
    pixel = Box(3, 3, 4, 4)
    assert pixel.contains(2.5, 3.49)
    assert not pixel.contains(3.5, 3)
    assert not pixel.contains(2.49, 3)


@given(boxes, st.sampled_from([1, 2, 4, 8]))
def test_an_aligned_box_is_the_smallest_one_on_the_grid(box: Box, stride: int) -> None:
    aligned = box.aligned(stride)
    assert aligned.covers(box)
    assert all(edge % stride == 0 for edge in (aligned.y0, aligned.x0, aligned.y1, aligned.x1))
    assert aligned.height < box.height + 2 * stride


def test_the_box_of_nonzero_values_is_tight() -> None:
    values = np.zeros((6, 7), np.uint8)
    assert Box.of_nonzero(values).area == 0
    values[2, 3] = values[4, 5] = 1
    assert Box.of_nonzero(values) == Box(2, 3, 5, 6)


def test_scaling_leaves_no_pixel_to_rounding() -> None:
    assert Box(0, 0, 30, 30).scaled(1 / 3, 0.1) == Box(0, 0, 10, 3)
    assert Box(1, 1, 5, 5).scaled(0.5, 0.5) == Box(0, 0, 3, 3)
