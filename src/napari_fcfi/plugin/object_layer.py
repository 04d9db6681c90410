"""A labels layer with the objects in it: the only place where masks become label pixels."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.annotation import (
    Annotation,
    Change,
    Plane,
    SegmentedObject,
    Step,
    changed_by_hand,
    claim,
    claim_nothing,
)
from napari_fcfi.inference import Box
from napari_fcfi.plugin import labels_layer
from napari_fcfi.plugin.label_counter import LARGEST_PLANE_LOOKED_AT_PX, LabelCounter
from napari_fcfi.plugin.messages import FailedError, RefusedError, Say, sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari.components import Dims
    from napari.layers import Image, Labels

    from napari_fcfi.annotation.plane import ArrayLike
    from napari_fcfi.inference import State

P = ParamSpec("P")
T = TypeVar("T")

logger = logging.getLogger(__name__)


def _in_one_sentence(
    act: Callable[Concatenate[ObjectLayer, P], T],
) -> Callable[Concatenate[ObjectLayer, P], T]:
    """A method that raises `FailedError` for whatever the layer's data raise, as stores do."""

    @wraps(act)
    def acted(layer: ObjectLayer, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return act(layer, *args, **kwargs)
        except RefusedError:
            raise
        except Exception as problem:
            logger.exception("The labels could not be read or written")
            what = f"{type(problem).__name__}: {problem}"
            raise FailedError(sentence(Say.NOT_WRITTEN, layer.labels.name, what)) from problem

    return acted


class ObjectLayer:
    """Objects by label, written into a napari layer step by step; every step can be undone.

    What reads or writes the layer raises `RefusedError` where its data cannot take a label, and
    `FailedError` where they raise something themselves; the history tells of no step that the
    layer did not take.

    Parameters
    ----------
    labels : the layer
    dims : what the viewer shows
    label_changed : called when another label is chosen in the layer
    largest : the largest label in the layer, where it is known
    """

    def __init__(
        self,
        labels: Labels,
        dims: Dims,
        label_changed: Callable[[], None],
        largest: int | None = None,
    ) -> None:
        self.labels = labels
        self.annotation = Annotation()
        self._counter = LabelCounter(labels, dims, largest)
        self._label_changed = label_changed
        labels.events.selected_label.connect(self._on_label)

    def close(self) -> None:
        """Listen to the layer no more."""
        self.labels.events.selected_label.disconnect(self._on_label)
        self._counter.close()

    @property
    def label(self) -> int:
        """The label that is chosen in the layer."""
        return int(self.labels.selected_label)

    @_in_one_sentence
    def choose_next(self, in_use: tuple[int, ...] = (), *, may_widen: bool = True) -> None:
        """Choose the next free label, after those in the layer, of all objects, and `in_use`.

        None (0) where the layer's type would have to be widened for it, and must not.
        """
        with self._no_label_if_it_fails():
            label = self._counter.next(self.annotation.labels + self.annotation.covered + in_use)
        fits = may_widen or labels_layer.holds(self.labels, label)
        self._choose(label if fits else 0)

    def _choose(self, label: int) -> None:
        """Choose a label; the layer's type is widened where it does not hold it.

        Raises
        ------
        RefusedError
            Where it cannot be widened; then no label is chosen (0).
        """
        with self._no_label_if_it_fails():
            labels_layer.make_room(self.labels, label)
            self.labels.selected_label = label

    @contextmanager
    def _no_label_if_it_fails(self) -> Iterator[None]:
        """No label is chosen afterwards where something is raised: no click goes to a wrong one."""
        try:
            yield
        except Exception:
            self.labels.selected_label = 0
            raise

    def image_of(self, label: int) -> Image | None:
        """The image that an object was begun on; None where there is neither of them any more."""
        image = _image_of(self.annotation.get(label))
        return None if image is None else image()

    @_in_one_sentence
    def changed_by_hand(self, label: int, plane: Plane) -> Change:
        """What a person painted into an object or erased of it since it was written.

        Of a label without an object, all its pixels; nothing of the layer's array is kept.
        """
        holding = self.annotation.holding(label)
        box = self._box_of(label, plane).union(holding.box)
        here = np.asarray(self._pixels(plane)[box.slices])
        return changed_by_hand(here, box, label, holding)

    @_in_one_sentence
    def take(
        self,
        label: int,
        plane: Plane,
        state: State,
        box: Box,
        mask: NDArray[np.bool_],
        *,
        image: Image | None,
        by_hand: Change,
        retunes: bool,
        overwrite: bool,
    ) -> int:
        """Write an object's new mask in a box; gives the number of pixels that neighbours kept.

        The object begins on `image`, or stays with the one that it was begun on.
        ``by_hand`` is what of `changed_by_hand` is in the state. Where settings alone changed,
        again and again as by a slider, that is one step.
        """
        retunes = retunes and not by_hand
        if retunes:
            self._take_back_retuning(label)
        found = self.annotation.get(label)
        claimed = claim(
            self._pixels(plane),
            box,
            mask,
            label,
            self.annotation.holding(label).after(by_hand, label),
            overwrite=overwrite,
        )
        begun_on = None if image is None else ref(image)
        begun_on = begun_on if found is None else found.image
        before = _state_of(found)
        self._do(Step(label, plane, before, state, claimed.change, begun_on, by_hand, retunes))
        return claimed.protected

    @_in_one_sentence
    def reset(self, label: int) -> None:
        """Forget an object's clicks; every pixel returns to what was there before the first."""
        found = self.annotation.get(label)
        if found is None:
            return
        begun = self.annotation.begun_with(label)
        box = found.holding.box.union(begun.box)
        mask = np.zeros(box.shape, np.bool_)
        mask[begun.box.relative_to(box).slices] = begun.changed
        claimed = claim(self._pixels(found.plane), box, mask, label, found.holding)
        self._do(Step(label, found.plane, found.state, None, claimed.change, found.image))

    @_in_one_sentence
    def delete(self, label: int, plane: Plane) -> None:
        """Remove all pixels of a label from a plane, and its object, where there is either."""
        found = self.annotation.get(label)
        holding = self.annotation.holding(label)
        # All of it is read, also of a store: a hand may have painted the label anywhere.
        change = claim_nothing(np.asarray(self._pixels(plane)), label, holding)
        if found is not None or change:
            self._do(Step(label, plane, _state_of(found), None, change, _image_of(found)))

    @_in_one_sentence
    def undo(self) -> Step | None:
        """Take the newest step back, and choose its label; None where there is none."""
        return self._repeat(self.annotation.step_to_undo, self.annotation.undo)

    @_in_one_sentence
    def redo(self) -> Step | None:
        """Do again what was undone last, and choose its label; None where there is none."""
        return self._repeat(self.annotation.step_to_redo, self.annotation.redo)

    def _take_back_retuning(self, label: int) -> None:
        step = self.annotation.step_to_undo
        if step is not None and step.retunes and step.label == label:
            self._write(step)
            self.annotation.undo()

    def _do(self, step: Step) -> None:
        self._write(step)  # first, as it may be refused
        self.annotation.do(step)

    def _repeat(self, step: Step | None, take_over: Callable[[], Step | None]) -> Step | None:
        if step is not None:
            self._write(step)
            take_over()
            self._choose(step.label)
        return step

    def _write(self, step: Step) -> None:
        after = step.change.after
        comes_back = int(np.max(after[after != step.label], initial=0))
        gone = step.label if step.after is None else None
        with self._counter.own_write(comes_back=comes_back, gone=gone):
            labels_layer.write(self.labels, step.plane, step.change)

    def _pixels(self, plane: Plane) -> ArrayLike:
        return labels_layer.plane_of(self.labels, plane)

    def _box_of(self, label: int, plane: Plane) -> Box:
        """The box around a label's pixels in a plane; empty where that is too much to ask."""
        data = self.labels.data
        if not isinstance(data, np.ndarray):
            return Box(0, 0, 0, 0)
        pixels = plane.of(data)
        is_small = pixels.size <= LARGEST_PLANE_LOOKED_AT_PX
        return Box.of_nonzero(pixels == label) if is_small else Box(0, 0, 0, 0)

    def _on_label(self, _: object = None) -> None:
        self._label_changed()


def _state_of(found: SegmentedObject | None) -> State | None:
    return None if found is None else found.state


def _image_of(found: SegmentedObject | None) -> ref[Image] | None:
    return None if found is None else found.image
