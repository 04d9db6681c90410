"""History across objects: a state machine against the list of all label arrays that there were."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_fcfi.annotation import (
    Annotation,
    Change,
    Plane,
    Step,
    changed_by_hand,
    claim,
    claim_nothing,
)
from napari_fcfi.inference import Box

SHAPE = (2, 4, 5)
PLANES = st.sampled_from([Plane((0, None, None)), Plane((1, None, None))])
MASKS = nps.arrays(np.bool_, SHAPE[1:])


class History(RuleBasedStateMachine):
    """Objects on two planes of a stack, clicked, deleted, undone and redone."""

    def __init__(self) -> None:
        super().__init__()
        self.annotation = Annotation()
        self.labels = np.zeros(SHAPE, np.uint8)
        self.labels[0, 0, :] = 9
        self.past: list[np.ndarray] = []
        self.future: list[np.ndarray] = []
        self.count = 0
        self.held_before: list[dict[int, Any]] = []

    def held(self) -> dict[int, Any]:
        """What every object holds, as it can be compared: pixels that carry its label, and what
        lies beneath."""
        whole, seen = Box.of(SHAPE[1:]), {}
        for label in self.annotation.labels:
            found = self.annotation.get(label)
            assert found is not None
            taken, beneath = found.holding.seen_in(whole)
            taken = taken & (found.plane.of(self.labels) == label)
            seen[label] = taken.tolist(), np.where(taken, beneath, 0).tolist()
        return seen

    def write(self, step: Step) -> None:
        view = step.plane.of(self.labels)
        rows, columns, values = step.change.pixels(view)
        view[rows, columns] = values

    def do(self, step: Step) -> None:
        self.past.append(self.labels.copy())
        self.held_before.append(self.held())
        self.future.clear()
        self.annotation.do(step)
        self.write(step)

    @rule(label=st.integers(1, 3), plane=PLANES, mask=MASKS, overwrite=st.booleans())
    def click(self, label: int, plane: Plane, mask: np.ndarray, overwrite: bool) -> None:
        found = self.annotation.get(label)
        plane = plane if found is None else found.plane
        self.count += 1
        state: Any = f"state {self.count}"
        change = claim(
            plane.of(self.labels),
            Box.of(SHAPE[1:]),
            mask,
            label,
            self.annotation.holding(label),
            overwrite=overwrite,
        ).change
        self.do(Step(label, plane, None if found is None else found.state, state, change))
        assert self.annotation.states(label)[-1] == state

    @rule(label=st.integers(1, 3))
    def delete(self, label: int) -> None:
        found = self.annotation.get(label)
        if found is None:
            return
        change = claim_nothing(found.plane.of(self.labels), label, found.holding)
        self.do(Step(label, found.plane, found.state, None, change))
        assert self.annotation.get(label) is None
        assert not (found.plane.of(self.labels) == label).any()

    @precondition(lambda self: self.past)
    @rule()
    def undo(self) -> None:
        step = self.annotation.undo()
        assert step is not None
        self.future.append(self.labels.copy())
        self.write(step)
        assert np.array_equal(self.labels, self.past.pop())
        assert self.held() == self.held_before.pop()

    @precondition(lambda self: self.future)
    @rule()
    def redo(self) -> None:
        before = self.held()
        step = self.annotation.redo()
        assert step is not None
        self.past.append(self.labels.copy())
        self.held_before.append(before)
        self.write(step)
        assert np.array_equal(self.labels, self.future.pop())

    @invariant()
    def the_ends_are_known(self) -> None:
        assert self.annotation.can_undo is bool(self.past)
        assert self.annotation.can_redo is bool(self.future)


History.TestCase.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestHistory = History.TestCase


def test_undo_and_redo_at_the_ends_do_nothing() -> None:
    annotation = Annotation()
    assert annotation.undo() is None
    assert annotation.redo() is None


def test_states_are_those_that_led_to_the_newest_one() -> None:
    annotation, plane = Annotation(), Plane((None, None))
    first, second, other = "first", "second", "other"
    annotation.do(Step(1, plane, None, first, Change.none()))  # type: ignore[arg-type]
    annotation.do(Step(2, plane, None, other, Change.none()))  # type: ignore[arg-type]
    annotation.do(Step(1, plane, first, second, Change.none()))  # type: ignore[arg-type]
    assert annotation.states(1) == ("first", "second")
    annotation.undo()
    assert annotation.states(1) == ("first",)
    assert annotation.states(3) == ()


class OnePlane:
    """An annotation and the plane that its changes are written into."""

    def __init__(self) -> None:
        self.annotation, self.plane = Annotation(), np.zeros((1, 6), np.uint8)

    def write(self, step: Step | None) -> None:
        assert step is not None
        rows, columns, values = step.change.pixels(self.plane)
        self.plane[rows, columns] = values

    def do(self, label: int, columns: slice | None) -> None:
        """Give an object these columns; None deletes it."""
        found, holding = self.annotation.get(label), self.annotation.holding(label)
        after: Any = None
        if columns is None:
            change = claim_nothing(self.plane, label, holding)
            by_hand = Change.none()
        else:
            after, mask = f"{label} in {columns}", np.zeros(self.plane.shape, np.bool_)
            mask[:, columns] = True
            box = Box.of((1, 6))
            by_hand = changed_by_hand(self.plane, box, label, holding)
            known = holding.after(by_hand, label)
            change = claim(self.plane, box, mask, label, known, overwrite=True).change
        state = None if found is None else found.state
        step = Step(label, Plane((None, None)), state, after, change, by_hand=by_hand)
        self.write(step)
        self.annotation.do(step)

    @property
    def row(self) -> list[int]:
        return self.plane[0].tolist()


def test_an_undone_delete_brings_back_what_lies_beneath_other_objects() -> None:
    one = OnePlane()
    one.do(1, slice(0, 4))
    one.do(2, slice(2, 6))
    one.do(1, None)
    assert one.row == [0, 0, 2, 2, 2, 2]
    one.write(one.annotation.undo())
    assert one.row == [1, 1, 2, 2, 2, 2]
    one.do(2, slice(4, 6))
    assert one.row == [1, 1, 1, 1, 2, 2]


def test_a_delete_done_again_leaves_nothing_of_the_object_beneath_others() -> None:
    one = OnePlane()
    one.do(1, slice(0, 4))
    one.do(2, slice(2, 6))
    one.do(1, None)
    one.write(one.annotation.undo())
    one.write(one.annotation.redo())
    one.do(2, slice(4, 6))
    assert one.row == [0, 0, 0, 0, 2, 2]


def test_an_undone_first_click_forgets_no_painted_pixels_beneath_others() -> None:
    one = OnePlane()
    one.plane[0, :4] = 1  # painted, not clicked
    one.do(2, slice(2, 6))
    one.do(1, slice(0, 2))
    one.write(one.annotation.undo())
    one.do(2, slice(4, 6))
    assert one.row == [1, 1, 1, 1, 2, 2]


def test_an_edit_is_taken_back_with_its_step_and_its_pixels_stay() -> None:
    one = OnePlane()
    one.do(2, slice(0, 1))
    one.do(1, slice(0, 3))  # over 2
    before = one.annotation.holding(1)
    one.plane[0] = 0, 1, 1, 0, 1, 1
    one.do(1, slice(2, 4))
    assert one.row == [0, 0, 1, 1, 0, 0]
    one.write(one.annotation.undo())
    assert one.row == [0, 1, 1, 0, 1, 1]
    assert one.annotation.holding(1) is before
    one.write(one.annotation.redo())
    assert one.row == [0, 0, 1, 1, 0, 0]
    assert not changed_by_hand(one.plane, Box.of((1, 6)), 1, one.annotation.holding(1))


def test_an_object_knows_the_pixels_that_it_began_with() -> None:
    one = OnePlane()
    one.plane[0, 1:3] = 1
    one.do(1, slice(2, 5))
    one.do(1, slice(0, 6))
    begun = one.annotation.begun_with(1)
    assert begun.box == Box(0, 1, 1, 3)
    assert begun.changed.all()
    assert not one.annotation.begun_with(2)
    one.do(1, None)
    assert not one.annotation.begun_with(1)


def test_a_step_that_was_only_looked_at_is_not_taken_back() -> None:
    one = OnePlane()
    one.do(1, slice(0, 4))
    assert one.annotation.step_to_redo is None
    step = one.annotation.step_to_undo
    assert step is not None
    assert one.annotation.get(1) is not None
    assert one.annotation.undo() == step
    assert one.annotation.step_to_undo is None
