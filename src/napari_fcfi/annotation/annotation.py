"""The objects of one labels array, and one history of steps across all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from weakref import ref

from napari_fcfi.annotation.change import Change
from napari_fcfi.annotation.holding import Holding
from napari_fcfi.annotation.plane import Plane

if TYPE_CHECKING:
    from napari_fcfi.inference import State

NOT_TOUCHED = Change.none()
"""No person changed anything."""


@dataclass(frozen=True)
class SegmentedObject:
    """One object: its label, its plane, its newest state, the pixels it took, and its image.

    The image is what the object was begun on, where that was said; nothing here looks at it.
    """

    label: int
    plane: Plane
    state: State
    holding: Holding
    image: ref[Any] | None = None


@dataclass(frozen=True)
class Step:
    """One thing that was done to one object, and can be undone.

    Attributes
    ----------
    label, plane : the object
    before, after : its states; None where there was, or is, no such object
    change : the label pixels that changed with it
    image : what the object was begun on, where that is known
    by_hand : what a person had changed of the object before, and the step took over; it lies in the
        plane already, and stays there when the step is taken back
    retunes : settings alone changed, as the threshold does
    """

    label: int
    plane: Plane
    before: State | None
    after: State | None
    change: Change
    image: ref[Any] | None = None
    by_hand: Change = NOT_TOUCHED
    retunes: bool = False

    def reversed(self) -> Step:
        """The step that takes this one back."""
        return replace(
            self,
            before=self.after,
            after=self.before,
            change=self.change.reversed(),
            by_hand=NOT_TOUCHED,
        )


@dataclass(frozen=True)
class _Done:
    """A step that was done, and holdings that it replaced and that its change does not tell."""

    step: Step
    replaced: dict[int, Holding]


class Annotation:
    """Objects by label, and the steps that led to them.

    The label pixels themselves live elsewhere: whoever calls writes the change of a step.
    """

    def __init__(self) -> None:
        self._objects: dict[int, SegmentedObject] = {}
        self._done: list[_Done] = []
        self._cursor = 0

    @property
    def labels(self) -> tuple[int, ...]:
        """Labels of all objects, in the order in which they were begun."""
        return tuple(self._objects)

    @property
    def covered(self) -> tuple[int, ...]:
        """For each object the largest label that lies beneath it, and would come back; 0: none."""
        return tuple(int(o.holding.beneath.max(initial=0)) for o in self._objects.values())

    def get(self, label: int) -> SegmentedObject | None:
        """The object with this label, or None."""
        return self._objects.get(label)

    def holding(self, label: int) -> Holding:
        """What the object with this label holds; nothing where there is no such object."""
        found = self._objects.get(label)
        return Holding.nothing() if found is None else found.holding

    def states(self, label: int) -> tuple[State, ...]:
        """States of an object that led to its newest one, the newest last."""
        found = self._objects.get(label)
        if found is None:
            return ()
        before = [
            done.step.before
            for done in self._done[: self._cursor]
            if done.step.label == label and done.step.before is not None
        ]
        return (*before, found.state)

    def begun_with(self, label: int) -> Change:
        """The pixels of its label from which an object began; nothing where there is none."""
        steps = (done.step for done in reversed(self._done[: self._cursor]))
        first = (step.by_hand for step in steps if step.label == label and step.before is None)
        return next(first, NOT_TOUCHED) if label in self._objects else NOT_TOUCHED

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._cursor < len(self._done)

    @property
    def step_to_undo(self) -> Step | None:
        """The reversed newest step, which `undo` takes over; None at the beginning."""
        return self._done[self._cursor - 1].step.reversed() if self.can_undo else None

    @property
    def step_to_redo(self) -> Step | None:
        """The step that was undone last, which `redo` takes over again; None at the end."""
        return self._done[self._cursor].step if self.can_redo else None

    def do(self, step: Step) -> None:
        """Take over a step whose change was written; what was undone is forgotten."""
        del self._done[self._cursor :]
        self._done.append(_Done(step, self._replaced_by(step)))
        self._cursor += 1
        self._follow(step)

    def undo(self) -> Step | None:
        """The reversed newest step, taken over already; None at the beginning."""
        step = self.step_to_undo
        if step is not None:
            self._cursor -= 1
            self._follow(step)
            self._put_holdings(self._done[self._cursor].replaced)
        return step

    def redo(self) -> Step | None:
        """The step that was undone last, taken over again; None at the end."""
        step = self.step_to_redo
        if step is not None:
            self._forget_what_vanished(step)
            self._cursor += 1
            self._follow(step)
        return step

    def _follow(self, step: Step) -> None:
        holding = self.holding(step.label).after(step.by_hand, step.label)
        holding = holding.after(step.change, step.label)
        if step.after is None:
            self._objects.pop(step.label, None)
        else:
            self._objects[step.label] = SegmentedObject(
                step.label, step.plane, step.after, holding, step.image
            )

    def _replaced_by(self, step: Step) -> dict[int, Holding]:
        """The holdings that come back when a step is taken back."""
        if step.by_hand and step.label in self._objects:
            return {step.label: self.holding(step.label)}
        return self._forget_what_vanished(step)

    def _forget_what_vanished(self, step: Step) -> dict[int, Holding]:
        """Let no object hold what a step removes; gives the holdings as they were before."""
        if step.after is not None:
            return {}
        before = {label: found.holding for label, found in self._objects.items()}
        after = {label: holding.without(step.label) for label, holding in before.items()}
        self._put_holdings(after)
        return {
            label: holding
            for label, holding in before.items()
            if label == step.label or after[label] is not holding
        }

    def _put_holdings(self, holdings: dict[int, Holding]) -> None:
        for label, holding in holdings.items():
            self._objects[label] = replace(self._objects[label], holding=holding)
