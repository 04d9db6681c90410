"""The objects of one labels array, and one history of steps across all of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from napari_fcfi.annotation.change import Change
from napari_fcfi.annotation.holding import Holding
from napari_fcfi.annotation.plane import Plane

if TYPE_CHECKING:
    from napari_fcfi.inference import State


@dataclass(frozen=True)
class SegmentedObject:
    """One object: its label, its plane, its newest state, and the pixels it took."""

    label: int
    plane: Plane
    state: State
    holding: Holding


@dataclass(frozen=True)
class Step:
    """One thing that was done to one object, and can be undone.

    Attributes
    ----------
    label, plane : the object
    before, after : its states; None where there was, or is, no such object
    change : the label pixels that changed with it
    """

    label: int
    plane: Plane
    before: State | None
    after: State | None
    change: Change

    def reversed(self) -> Step:
        """The step that takes this one back."""
        return replace(self, before=self.after, after=self.before, change=self.change.reversed())


class Annotation:
    """Objects by label, and the steps that led to them.

    The label pixels themselves live elsewhere: whoever calls writes the change of a step.
    """

    def __init__(self) -> None:
        self._objects: dict[int, SegmentedObject] = {}
        self._steps: list[Step] = []
        self._cursor = 0

    @property
    def labels(self) -> tuple[int, ...]:
        """Labels of all objects, in the order in which they were begun."""
        return tuple(self._objects)

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
            step.before
            for step in self._steps[: self._cursor]
            if step.label == label and step.before is not None
        ]
        return (*before, found.state)

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to take back."""
        return self._cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._cursor < len(self._steps)

    def do(self, step: Step) -> None:
        """Take over a step whose change was, or will be, written; what was undone is forgotten."""
        del self._steps[self._cursor :]
        self._steps.append(step)
        self._cursor += 1
        self._follow(step)

    def undo(self) -> Step | None:
        """The reversed newest step, taken over already; None at the beginning."""
        if not self.can_undo:
            return None
        self._cursor -= 1
        step = self._steps[self._cursor].reversed()
        self._follow(step)
        return step

    def redo(self) -> Step | None:
        """The step that was undone last, taken over again; None at the end."""
        if not self.can_redo:
            return None
        step = self._steps[self._cursor]
        self._cursor += 1
        self._follow(step)
        return step

    def _follow(self, step: Step) -> None:
        holding = self.holding(step.label).after(step.change, step.label)
        if step.after is not None:
            self._objects[step.label] = SegmentedObject(step.label, step.plane, step.after, holding)
            return
        self._objects.pop(step.label, None)
        self._objects = {
            label: replace(other, holding=other.holding.without(step.label))
            for label, other in self._objects.items()
        }
