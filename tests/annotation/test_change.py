from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from napari_fcfi.annotation import Change
from napari_fcfi.inference import Box

LABELS = nps.arrays(np.uint8, (5, 7), elements=st.integers(0, 3))


def written(plane: np.ndarray, change: Change) -> np.ndarray:
    rows, columns, values = change.pixels(plane)
    result = plane.copy()
    result[rows, columns] = values
    return result


@given(before=LABELS, after=LABELS)
def test_a_change_leads_from_one_array_to_the_other_and_back(before, after) -> None:
    change = Change.between(Box.of(before.shape), before, after)
    assert np.array_equal(written(before, change), after)
    assert np.array_equal(written(after, change.reversed()), before)
    assert bool(change) is not np.array_equal(before, after)


def test_a_change_keeps_only_the_box_around_what_changed() -> None:
    before = np.zeros((100, 100), np.uint8)
    after = before.copy()
    after[40:43, 50:60] = 1
    change = Change.between(Box(1000, 2000, 1100, 2100), before, after)
    assert change.box == Box(1040, 2050, 1043, 2060)
    assert change.packed.nbytes + change.before.nbytes + change.after.nbytes < 10


def test_pixels_written_by_somebody_else_since_are_left_alone() -> None:
    before, after = np.zeros((1, 3), np.uint8), np.array([[4, 4, 4]], np.uint8)
    change = Change.between(Box.of(before.shape), before, after)
    since = np.array([[4, 9, 4]], np.uint8)
    assert written(since, change.reversed()).tolist() == [[0, 9, 0]]


def test_no_change_writes_nothing() -> None:
    plane = np.ones((2, 2), np.uint8)
    assert not Change.none()
    assert np.array_equal(written(plane, Change.none()), plane)
