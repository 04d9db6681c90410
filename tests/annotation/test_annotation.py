"""History across objects: a state machine against the list of all label arrays that there were."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as nps
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from napari_fcfi.annotation import Annotation, Change, Plane, Step, claim, claim_nothing
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

    def write(self, step: Step) -> None:
        view = step.plane.of(self.labels)
        rows, columns, values = step.change.pixels(view)
        view[rows, columns] = values

    def do(self, step: Step) -> None:
        self.past.append(self.labels.copy())
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

    @precondition(lambda self: self.future)
    @rule()
    def redo(self) -> None:
        step = self.annotation.redo()
        assert step is not None
        self.past.append(self.labels.copy())
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
