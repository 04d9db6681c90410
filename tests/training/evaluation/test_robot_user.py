"""The robot user: by hand, against the reference, and against a slow second opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from training.evaluation.robot_user import next_click, released_click, squared_distances


def picture(*rows: str) -> NDArray[np.bool_]:
    return np.array([[pixel == "#" for pixel in row] for row in rows])


EMPTY = np.zeros((5, 7), bool)
SQUARE = picture(".......", "..###..", "..###..", "..###..", ".......")


def test_the_first_click_is_at_the_object_s_innermost_pixel() -> None:
    assert next_click(SQUARE, EMPTY) == (2, 3, True)


def test_a_mask_that_is_too_large_gets_a_background_click() -> None:
    assert next_click(EMPTY, SQUARE) == (2, 3, False)


def test_a_tie_is_a_background_click() -> None:
    object_mask, mask = EMPTY.copy(), EMPTY.copy()
    object_mask[0, 0] = mask[4, 6] = True
    assert next_click(object_mask, mask) == (4, 6, False)


def test_among_equal_pixels_the_first_in_row_major_order_is_taken() -> None:
    object_mask = picture("..#....", "#.....#", ".......", ".......", ".......")
    assert next_click(object_mask, EMPTY) == (0, 2, True)


def test_no_pixel_is_clicked_twice() -> None:
    assert next_click(SQUARE, EMPTY, [(2, 3)]) == (1, 2, True)


def test_a_perfect_mask_gets_no_click() -> None:
    assert next_click(SQUARE, SQUARE) is None


def test_an_error_whose_pixels_were_all_clicked_gets_no_click() -> None:
    object_mask = EMPTY.copy()
    object_mask[3, 3] = True
    assert next_click(object_mask, EMPTY, [(3, 3)]) is None


def test_ignored_pixels_are_neither_clicked_nor_part_of_an_error() -> None:
    ignore = EMPTY.copy()
    ignore[2, 3] = True
    assert next_click(SQUARE, EMPTY, ignore=ignore) == (1, 2, True)
    assert next_click(SQUARE, EMPTY, ignore=SQUARE) is None


def test_the_picture_s_edge_is_a_border_of_the_error() -> None:
    assert next_click(np.ones((5, 5), bool), np.zeros((5, 5), bool)) == (2, 2, True)


def test_distances_are_whole_squares_to_the_nearest_pixel_outside() -> None:
    found = squared_distances(picture("####", "####", "####", "##.#"))
    assert found.tolist() == [[1, 1, 1, 1], [1, 4, 4, 1], [1, 2, 1, 1], [1, 1, 0, 1]]
    assert found.dtype == np.int64


@settings(max_examples=60)
@given(
    masks=arrays(bool, (3, 6, 8)),
    clicked=st.lists(st.tuples(st.integers(0, 5), st.integers(0, 7)), max_size=5),
)
def test_it_agrees_with_a_search_over_all_pairs_of_pixels(
    masks: NDArray[np.bool_], clicked: list[tuple[int, int]]
) -> None:
    object_mask, mask, ignore = masks
    best: dict[bool, tuple[int, int, int]] = {}
    for foreground in (True, False):
        error = (object_mask == foreground) & (mask != foreground) & ~ignore
        outside = [(-1, x) for x in range(-1, 9)] + [(6, x) for x in range(-1, 9)]
        outside += [(y, -1) for y in range(6)] + [(y, 8) for y in range(6)]
        outside += [(int(y), int(x)) for y, x in np.argwhere(~error)]
        best[foreground] = (0, 0, 0)
        for y, x in np.argwhere(error).tolist():
            depth = min((y - v) ** 2 + (x - u) ** 2 for v, u in outside)
            if (y, x) not in clicked and depth > best[foreground][0]:
                best[foreground] = (depth, y, x)
    foreground = best[True][0] > best[False][0]
    depth, y, x = best[foreground]
    expected = (y, x, foreground) if depth else None
    assert next_click(object_mask, mask, clicked, ignore) == expected


def test_it_makes_the_reference_s_clicks(data_root: Path) -> None:
    reference = np.load(data_root / "reference" / "robot_user.npz", allow_pickle=False)
    height, width = reference["gt"].shape[1:]
    masks = np.unpackbits(reference["pred_packed"], axis=-1)[..., :width].astype(bool)
    assert masks.shape[1:] == (height, width)
    perfect = 0
    for truth, mask, clicked, expected in zip(
        reference["gt"],
        masks,
        reference["already_clicked"],
        reference["next_click_y_x_positive"],
        strict=True,
    ):
        before = [(y, x) for y, x in clicked.tolist() if y >= 0]
        found = next_click(truth == 1, mask, before, truth == -1)
        if found is None:  # here the reference clicks at (0, 0), whatever lies there
            perfect += 1
            assert expected.tolist() == [0, 0, 0]
        else:
            assert found == tuple(expected.tolist())
        assert released_click(truth == 1, mask, before, truth == -1) == tuple(expected.tolist())
    assert perfect == 20


def test_the_reference_s_distances_are_the_square_roots_of_ours(data_root: Path) -> None:
    reference = np.load(data_root / "reference" / "robot_user.npz", allow_pickle=False)
    width = reference["gt"].shape[2]
    masks = np.unpackbits(reference["pred_packed"], axis=-1)[..., :width].astype(bool)
    for truth, mask, clicked, expected in zip(
        reference["gt"],
        masks,
        reference["already_clicked"],
        reference["max_distance_fn_fp"],
        strict=True,
    ):
        wrong = ((truth == 1) != mask) & (truth != -1)
        for error, distance in zip((wrong & ~mask, wrong & mask), expected, strict=True):
            depths = squared_distances(error)
            for y, x in clicked.tolist():
                depths[y, x] *= y < 0
            assert abs(np.sqrt(depths.max()) - distance) <= 2e-6


def test_as_released_a_perfect_mask_gets_background_clicks_at_the_first_pixel() -> None:
    assert released_click(SQUARE, SQUARE) == (0, 0, False)
    assert released_click(SQUARE, SQUARE, [(0, 0)]) == (0, 0, False)
    assert released_click(SQUARE, EMPTY) == next_click(SQUARE, EMPTY)
