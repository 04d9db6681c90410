"""Rules of ownership, by hand on small arrays and by hypothesis on random ones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps

from napari_fcfi.annotation import Claim, Holding, changed_by_hand, claim, claim_nothing
from napari_fcfi.inference import Box

SHAPE = (6, 8)
WHOLE = Box.of(SHAPE)
LABEL = 5
PLANES = nps.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 0, 1, 2]))
MASKS = nps.arrays(np.bool_, SHAPE)


@st.composite
def boxes(draw) -> Box:
    y0, x0 = draw(st.integers(0, 5)), draw(st.integers(0, 7))
    return Box(y0, x0, draw(st.integers(y0 + 1, 6)), draw(st.integers(x0 + 1, 8)))


def step(
    plane: np.ndarray, box: Box, mask: np.ndarray, holding: Holding, overwrite: bool = False
) -> tuple[np.ndarray, Holding, Claim]:
    claimed = claim(plane, box, mask, LABEL, holding, overwrite=overwrite)
    rows, columns, values = claimed.change.pixels(plane)
    written = plane.copy()
    written[rows, columns] = values
    return written, holding.after(claimed.change, LABEL), claimed


def test_an_object_takes_background_and_leaves_its_neighbour() -> None:
    plane = np.array([[0, 1, 0]], np.uint8)
    written, _, claimed = step(
        plane, Box(0, 0, 1, 3), np.array([[1, 1, 0]], bool), Holding.nothing()
    )
    assert written.tolist() == [[LABEL, 1, 0]]
    assert claimed.protected == 1


def test_with_overwriting_it_takes_the_neighbour_and_gives_it_back() -> None:
    plane = np.array([[0, 1, 0]], np.uint8)
    box = Box(0, 0, 1, 3)
    taken, holding, claimed = step(
        plane, box, np.array([[1, 1, 0]], bool), Holding.nothing(), overwrite=True
    )
    assert taken.tolist() == [[LABEL, LABEL, 0]]
    assert claimed.protected == 0
    given_up, _, _ = step(taken, box, np.array([[1, 0, 0]], bool), holding)
    assert given_up.tolist() == [[LABEL, 1, 0]]


def test_pixels_painted_by_hand_are_not_given_up() -> None:
    plane = np.array([[LABEL, 0]], np.uint8)
    written, _, _ = step(plane, Box(0, 0, 1, 2), np.array([[0, 1]], bool), Holding.nothing())
    assert written.tolist() == [[LABEL, LABEL]]


def test_pixels_that_were_painted_over_belong_to_the_other_label() -> None:
    box = Box(0, 0, 1, 2)
    written, holding, _ = step(
        np.zeros((1, 2), np.uint8), box, np.ones((1, 2), bool), Holding.nothing()
    )
    written[0, 1] = 9
    again, _, _ = step(written, box, np.zeros((1, 2), bool), holding)
    assert again.tolist() == [[0, 9]]


def test_painted_and_erased_pixels_are_what_a_person_changed() -> None:
    box = Box(0, 0, 1, 4)
    written, holding, _ = step(
        np.zeros((1, 4), np.uint8), box, np.array([[1, 1, 1, 0]], bool), Holding.nothing()
    )
    written[0] = LABEL, 0, 9, LABEL
    change = changed_by_hand(written, box, LABEL, holding)
    assert change.box == Box(0, 1, 1, 4)
    assert change.changed.tolist() == [[True, False, True]]
    assert change.before.tolist() == [LABEL, 0]
    assert change.after.tolist() == [0, LABEL]
    known = holding.after(change, LABEL)
    assert not changed_by_hand(written, box, LABEL, known)


def test_without_an_edit_nothing_was_changed_whatever_neighbours_took() -> None:
    box = Box(0, 0, 1, 3)
    plane = np.array([[0, 1, 0]], np.uint8)
    written, holding, _ = step(plane, box, np.ones((1, 3), bool), Holding.nothing())
    written[0, :2] = 2, 0  # a neighbour took one pixel, another neighbour gave one up
    assert not changed_by_hand(written, box, LABEL, holding)


def test_an_erased_pixel_is_taken_again_only_once_it_is_known() -> None:
    box, mask = Box(0, 0, 1, 2), np.ones((1, 2), bool)
    written, holding, _ = step(np.zeros((1, 2), np.uint8), box, mask, Holding.nothing())
    written[0, 1] = 0
    unknown, _, _ = step(written, box, mask, holding)
    assert unknown.tolist() == [[LABEL, 0]]
    known = holding.after(changed_by_hand(written, box, LABEL, holding), LABEL)
    again, _, _ = step(written, box, mask, known)
    assert again.tolist() == [[LABEL, LABEL]]


def test_a_label_too_large_for_the_plane_is_in_the_change() -> None:
    change = claim(
        np.zeros((1, 1), np.uint8), Box(0, 0, 1, 1), np.ones((1, 1), bool), 300, Holding.nothing()
    ).change
    assert change.after.tolist() == [300]


@given(plane=PLANES, masks=st.lists(st.tuples(boxes(), MASKS), max_size=5))
def test_protected_labels_never_change_and_nothing_outside_the_box(plane, masks) -> None:
    others = plane > 0
    written, holding = plane, Holding.nothing()
    for box, mask in masks:
        before = written
        written, holding, _ = step(before, box, mask[box.slices], holding)
        outside = np.ones(SHAPE, bool)
        outside[box.slices] = False
        assert np.array_equal(written[outside], before[outside])
        assert np.array_equal(written[others], plane[others])
        inside = mask[box.slices] & ~others[box.slices]
        assert np.array_equal(written[box.slices] == LABEL, inside)


@given(plane=PLANES, masks=st.lists(st.tuples(boxes(), MASKS, st.booleans()), max_size=5))
def test_an_object_that_gives_up_everything_leaves_the_plane_as_it_was(plane, masks) -> None:
    written, holding = plane, Holding.nothing()
    for box, mask, overwrite in masks:
        written, holding, _ = step(written, box, mask[box.slices], holding, overwrite)
    assert np.array_equal(holding.seen_in(WHOLE)[0], written == LABEL)
    written, holding, _ = step(written, WHOLE, np.zeros(SHAPE, bool), holding)
    assert np.array_equal(written, plane)
    assert not holding.taken.any()


@given(plane=PLANES, mask=MASKS)
def test_a_deleted_object_has_no_pixel_left_and_neighbours_come_back(plane, mask) -> None:
    taken, holding, _ = step(plane, WHOLE, mask, Holding.nothing(), overwrite=True)
    rows, columns, values = claim_nothing(taken, LABEL, holding).pixels(taken)
    taken[rows, columns] = values
    assert np.array_equal(taken, plane)


def test_what_a_first_answer_flooded_is_not_kept_once_it_is_given_up() -> None:
    plane, some = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, bool)
    some[2:4, 3:6] = True
    plane, holding, _ = step(plane, WHOLE, np.ones(SHAPE, bool), Holding.nothing())
    assert holding.box == WHOLE
    _, holding, _ = step(plane, WHOLE, some, holding)
    assert holding.box == Box(2, 3, 4, 6)


def test_deleting_removes_pixels_painted_by_hand_too() -> None:
    plane = np.array([[LABEL, 0, 1]], np.uint8)
    rows, columns, values = claim_nothing(plane, LABEL, Holding.nothing()).pixels(plane)
    plane[rows, columns] = values
    assert plane.tolist() == [[0, 0, 1]]


def test_a_deleted_neighbour_does_not_come_back_from_beneath() -> None:
    box = Box(0, 0, 1, 1)
    written, holding, _ = step(
        np.ones((1, 1), np.uint8), box, np.ones((1, 1), bool), Holding.nothing(), overwrite=True
    )
    given_up, _, _ = step(written, box, np.zeros((1, 1), bool), holding.without(1))
    assert given_up.tolist() == [[0]]
