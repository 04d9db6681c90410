"""The work at one viewer: clicks become jobs, answers become labels.

Lives in the GUI thread and never waits there: predictions run in the thread of `inference`, their
answers come back by signals. Knows no widgets; the panel shows what this says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from qtpy.QtCore import QObject, Signal

from napari_fcfi.annotation import Change, Plane, SegmentedObject, Step
from napari_fcfi.inference import Box, Click, InputError
from napari_fcfi.plugin import labels_layer
from napari_fcfi.plugin.field_cache import FieldCache
from napari_fcfi.plugin.image_source import ContrastWatch, shape_of
from napari_fcfi.plugin.job_line import Call, JobLine
from napari_fcfi.plugin.jobs import Job
from napari_fcfi.plugin.messages import (
    RefusedError,
    Say,
    clicks_in_words,
    complain,
    memory_problem,
    sentence,
    warn,
)
from napari_fcfi.plugin.object_layer import ObjectLayer
from napari_fcfi.plugin.prediction import Answer, Subject, compute
from napari_fcfi.plugin.view import go_to, plane_in_view, position_on, visible_box
from napari_fcfi.settings import Settings

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_fcfi.inference import Predictor

SCOPE_FROM_PX = 4096
"""Fields with a longer side are searched at the first click only where the canvas shows them."""

T = TypeVar("T")

logger = logging.getLogger(__name__)


class Session(QObject):  # type: ignore[misc]
    """Objects in one labels layer, and what is being computed for them.

    A new object begins on the chosen image. It stays with that one: its further clicks are read
    from there whichever image is chosen, and refused once that image is removed.
    """

    changed = Signal()
    """Something that the panel or the clicks layer shows is different now."""
    said = Signal(str)
    """A sentence for the status line."""
    labels_made = Signal(object)
    """A labels layer was made on demand, and is in the viewer."""
    threshold_returned = Signal(float)
    """A step over which the threshold moved was undone or done again; this is the one now."""
    reshaped = Signal(object)
    """The image has data of another shape now, which other labels and clicks belong to."""

    def __init__(self, viewer: Any, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.viewer = viewer
        self.settings = settings
        self.image: Image | None = None
        self._shape: tuple[int, ...] = ()
        self.jobs = JobLine(self._prepare, self._take, self._fail, self)
        self._objects: ObjectLayer | None = None
        self._known: dict[Labels, ObjectLayer] = {}
        self._predictor: Predictor | None = None
        self._predictor_comes = True
        self._fields = FieldCache()
        self._watches: WeakKeyDictionary[Image, ContrastWatch] = WeakKeyDictionary()

    # What is worked on

    @property
    def labels(self) -> Labels | None:
        """The layer that masks are written into; None until the first click makes one."""
        return None if self._objects is None else self._objects.labels

    def set_image(self, image: Image | None) -> None:
        """Work on another image layer; what waits for the old one is dropped."""
        if image == self.image:
            return
        self._drop_all()
        if self.image is not None:
            self.image.events.data.disconnect(self._on_image_data)
        self._fields.clear()
        self.image = image
        if image is not None:
            self._shape = shape_of(image)
            if image not in self._watches:  # whose limits may be the user's by now
                self._watches[image] = ContrastWatch(image)
            image.events.data.connect(self._on_image_data)
            if self.current is not None:
                # An object belongs to the image that it was begun on, and to its contrast.
                self.next_object()
        self.changed.emit()

    def set_labels(self, labels: Labels | None, largest: int | None = None) -> None:
        """Write into another labels layer; None: make one at the first click.

        Parameters
        ----------
        largest : the largest label in the layer, where it is known
        """
        if labels == self.labels:
            return
        self._drop_all()
        self._use_labels(labels, largest)
        self.changed.emit()

    def set_predictor(self, predictor: Predictor) -> None:
        """Predict with this one from now on; clicks that wait for one are taken."""
        self._predictor = predictor
        self.expect_predictor(False)

    def expect_predictor(self, comes: bool) -> None:
        """Let clicks wait for a predictor that comes; if it does not, the former one takes them.

        Where there is none, those that wait are taken back, and further ones are refused.
        """
        self._predictor_comes = comes
        if self._may_predict:
            self._go_on()
        else:
            self.take_back()

    def set_settings(self, settings: Settings) -> None:
        """Use these settings from the next click on."""
        before = self.settings.threshold
        threshold_moved = settings.threshold != before
        self.settings = settings
        plane = self.plane
        if threshold_moved and plane is not None and self._is_in_view(plane):
            # The mask follows at once, or as soon as it is there. All else counts from the next
            # click on.
            self.jobs.add(Job(self.label, plane, "retune", threshold_before=before))
            self._go_on()

    def forget_layer(self, layer: Any) -> None:
        """A layer left the viewer; what was computed for it is of no use any more."""
        if layer in (self.image, self.labels):
            self.jobs.drop_all()
        if self.image is not None and layer == self.image:
            self.set_image(None)
        if self.labels is not None and layer == self.labels:
            self.set_labels(None)
        if layer in self._known:
            self._known.pop(layer).close()

    def close(self) -> None:
        """Listen to no layer any more; a running prediction is dropped."""
        self.jobs.drop_all()
        self.set_image(None)
        self.set_labels(None)
        for known in list(self._known):
            self.forget_layer(known)

    # What is shown

    @property
    def label(self) -> int:
        """The label that clicks go to; 0 while there is no labels layer."""
        return 0 if self._objects is None else self._objects.label

    @property
    def current(self) -> SegmentedObject | None:
        """The object under the current label, once it has an answer."""
        return None if self._objects is None else self._objects.annotation.get(self.label)

    @property
    def plane(self) -> Plane | None:
        """The plane of the current object, answered or not."""
        found = self.current
        return self.jobs.plane_of(self.label) if found is None else found.plane

    @property
    def clicks(self) -> list[Click]:
        """Clicks of the current object: those in its mask, then those that are on their way."""
        found = self.current
        answered = () if found is None else found.state.clicks
        return self.jobs.clicks_of(self.label, answered)

    @property
    def busy(self) -> bool:
        """Whether clicks are being taken, or wait."""
        return bool(self.jobs.pending)

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return self.busy or (self._objects is not None and self._objects.annotation.can_undo)

    @property
    def can_redo(self) -> bool:
        """Whether something that was taken back can be done again."""
        return not self.busy and self._objects is not None and self._objects.annotation.can_redo

    # What the user does

    def click_at(self, world: Sequence[float], foreground: bool) -> None:
        """Take a click at a position in the world, or say why it cannot be taken."""
        image, plane = self.image, self._plane_in_view()
        if image is None or plane is None:
            return
        y, x = position_on(plane, image, world)
        self.click(plane, Click(y, x, foreground))

    def click(self, plane: Plane, click: Click) -> None:
        """Take a click on a plane of the image, or say why it cannot be taken."""
        if not self._is_inside(plane, click):
            return
        if not self._may_predict:
            self._refuse(Say.NO_MODEL)
            return
        if not self._labels_are_ready():
            return
        label = self._label_for(plane)
        if label == 0:
            return
        self.jobs.add(Job(label, plane, "click", (click,), self._scope(plane)))
        self._go_on()

    def remove_clicks(self, rows: Sequence[int]) -> None:
        """Take single clicks of the current object back; the rest is done again."""
        clicks, plane = self.clicks, self.plane
        if plane is None:
            return
        for row in rows:
            self.jobs.change_click(self.label, plane, clicks[row], None)
        self._go_on()

    def move_click(self, row: int, point: Sequence[float]) -> bool:
        """Move one click of the current object; the rest is done again. False: it must stay."""
        plane = self.plane
        if plane is None:
            return False
        old = self.clicks[row]
        new = Click(*plane.position(point), old.foreground)
        if not self._is_inside(plane, new):
            return False
        self.jobs.change_click(self.label, plane, old, new)
        self._go_on()
        return True

    def take_back(self) -> None:
        """Take back every click that has no answer yet, its point too."""
        self.jobs.drop_all()
        self.changed.emit()

    def undo(self) -> None:
        """Take back the newest step: a click that waits, the one that runs, or one that is done."""
        dropped = self.jobs.drop_newest()
        if dropped is None:
            if self._objects is not None and self._can_write():
                self._show_step(self._attempt(self._objects.undo))
        elif dropped.kind == "retune":
            # Set here first: what the panel then tells is no new move.
            update = {"threshold": dropped.threshold_before}
            self.settings = self.settings.model_copy(update=update)
            self.threshold_returned.emit(dropped.threshold_before)
        self._go_on()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.can_redo and self._objects is not None and self._can_write():
            self._show_step(self._attempt(self._objects.redo))
            self.changed.emit()

    def next_object(self) -> None:
        """Leave the current object as it is, and let the next click begin another one."""
        if self._objects is not None:
            in_use = tuple(job.label for job in self.jobs.pending)
            self._attempt(partial(self._objects.choose_next, in_use))
            self.changed.emit()

    def reset_object(self) -> None:
        """Take all clicks of the current object back; its pixels return to what was there."""
        if self._objects is None or not self._can_write():
            return
        if not self._bring_into_view(self.plane):
            return
        self.jobs.drop_object(self.label)
        self._attempt(partial(self._objects.reset, self.label))
        self._go_on()

    def delete_object(self) -> None:
        """Remove the current object from its plane, and go on with the next one."""
        label = self.label
        if self._objects is None or label == 0 or not self._can_write():
            return
        plane = self.plane if self.plane is not None else self._plane_in_view()
        if plane is None or not self._bring_into_view(plane):
            return
        self.jobs.drop_object(label)
        if self._attempt(partial(self._objects.delete, label, plane)) is not None:
            self.next_object()
        self._go_on()

    # Whether it can be done

    def _plane_in_view(self) -> Plane | None:
        image = self.image
        if image is None:
            self._refuse(Say.NO_IMAGE)
            return None
        shape = shape_of(image)
        if not all(shape):
            self._refuse(Say.EMPTY_IMAGE, image.name)
            return None
        if self.viewer.dims.ndisplay == 3:
            self._refuse(Say.THREE_D)
            return None
        plane = plane_in_view(image, self.viewer.dims, shape)
        if plane is None:
            self._refuse(Say.NOT_IN_VIEW, image.name)
        return plane

    def _is_inside(self, plane: Plane, click: Click) -> bool:
        image = self.image
        if image is None:
            return self._refuse(Say.NO_IMAGE)
        if Box.of(plane.shape_in(shape_of(image))).contains(click.y, click.x):
            return True
        return self._refuse(Say.OUTSIDE, image.name)

    @property
    def _may_predict(self) -> bool:
        return self._predictor_comes or self._predictor is not None

    def _labels_are_ready(self) -> bool:
        """Whether there is a labels layer for the image; it is made where there is none."""
        image = self.image
        if image is None:
            return False
        labels = self.labels
        if labels is None:
            try:
                labels = labels_layer.insert_new(self.viewer, image)
            except MemoryError:
                return self._refuse(Say.NO_ROOM, labels_layer.times(shape_of(image)))
            self.set_labels(labels, largest=0)
            self.labels_made.emit(labels)
        return self._can_write()

    def _can_write(self) -> bool:
        """Whether there is a labels layer that takes what is written, or say why it does not."""
        labels, image = self.labels, self.image
        if labels is None:
            return False
        problem = labels_layer.problem_of(labels, image)
        if problem is not None:
            self._complain(problem)
        return problem is None

    def _attempt(self, act: Callable[[], T]) -> T | None:
        """Do something to the labels layer; where it cannot take it, say so: None."""
        try:
            return act()
        except RefusedError as refused:
            self._complain(str(refused))
        except Exception as problem:  # whatever a store may raise
            logger.exception("The labels could not be written")
            what = f"{type(problem).__name__}: {problem}"
            name = "" if self.labels is None else self.labels.name
            self._complain(sentence(Say.NOT_WRITTEN, name, what))
        return None

    def _refuse(self, say: Say, *values: object) -> bool:
        text = sentence(say, *values)
        warn(text)
        self.said.emit(text)
        return False

    def _complain(self, text: str) -> None:
        complain(text)
        self.said.emit(text)

    # How it is done

    def _label_for(self, plane: Plane) -> int:
        # An object belongs to one plane: a click on another one begins another object.
        there = self.plane
        if self.label == 0 or (there is not None and there != plane):
            self.next_object()  # no label is chosen where that fails
        return self.label

    def _scope(self, plane: Plane) -> Box | None:
        if self.image is None:
            return None
        shape = shape_of(self.image)
        is_small = max(plane.shape_in(shape)) <= SCOPE_FROM_PX
        return None if is_small else visible_box(plane, self.image, shape)

    def _use_labels(self, labels: Labels | None, largest: int | None) -> None:
        """Objects and their history are kept for every labels layer that was worked in."""
        self._objects = None if labels is None else self._known.get(labels)
        if labels is not None and self._objects is None:
            self._objects = self._known[labels] = ObjectLayer(labels, self.changed.emit, largest)
            # a layer that is only chosen stays as it is
            self._attempt(partial(self._objects.choose_next, may_widen=False))

    def _go_on(self) -> None:
        if self._predictor is not None and not self._predictor_comes:
            self.jobs.go_on()
        self.changed.emit()

    def _drop_all(self) -> None:
        """Take back all that has no answer, and say so where clicks were among it."""
        clicks = sum(len(job.clicks) for job in self.jobs.pending if job.kind == "click")
        self.jobs.drop_all()
        if clicks:
            self._refuse(Say.TAKEN_BACK, clicks_in_words(clicks))

    def _is_in_view(self, plane: Plane) -> bool:
        image, dims = self.image, self.viewer.dims
        if image is None or dims.ndisplay == 3:  # all planes are
            return True
        return plane == plane_in_view(image, dims, self._shape)

    def _bring_into_view(self, plane: Plane | None) -> bool:
        """Show a plane that something is about to be done on; where that fails, say so: False."""
        image = self.image
        if plane is None or image is None or self._is_in_view(plane):
            return True
        go_to(plane, image, self.viewer.dims)
        return self._is_in_view(plane) or self._refuse(Say.OTHER_AXES)

    def _prepare(self, job: Job) -> Call | None:
        objects = self._objects
        if objects is None:
            return None
        states = objects.annotation.states(job.label)
        if not states and job.kind != "click":
            return None
        if job.kind == "retune" and states[-1].settings.threshold == self.settings.threshold:
            return None  # a click that waited with it was taken with this one already
        image = self._image_for(job)
        if image is None:
            self._refuse(Say.IMAGE_GONE, job.label)
            return None
        by_hand = self._attempt(partial(objects.changed_by_hand, job.label, job.plane))
        if by_hand is None:
            return None
        holding = objects.annotation.holding(job.label)
        if job.kind == "click" and holding.is_erased_by(by_hand):
            states, by_hand = (), Change.none()  # nothing is left of it: it begins anew
        source = self._watches[image].source(image, job.plane, self.settings.contrast)
        # Only the chosen image says when its pixels change.
        field = self._fields.get(source) if image == self.image else None
        subject = Subject(states, source, field, holding.box, by_hand)
        return compute, (self._predictor, self.settings, subject, job)

    def _image_for(self, job: Job) -> Image | None:
        """The image that a job is done on; None where it left the viewer."""
        if job.kind == "retune" and self.image is not None:
            return self.image  # another threshold reads no pixels: any image of this shape will do
        return self._image_of(job.label)

    def _image_of(self, label: int) -> Image | None:
        """The image that an object was begun on, or begins on now; None where it is gone."""
        objects = self._objects
        if objects is None or objects.annotation.get(label) is None:
            return self.image
        image = objects.image_of(label)
        return image if image in self.viewer.layers else None

    def _take(self, job: Job, answer: Answer) -> None:
        if self._image_for(job) == self.image:
            self._fields.put(answer.source, answer.field)
        if self._objects is not None and self._can_write():
            if answer.begins and self._objects.annotation.get(job.label) is not None:
                self._attempt(partial(self._objects.reset, job.label))
            take = partial(
                self._objects.take,
                job.label,
                job.plane,
                answer.state,
                answer.box,
                answer.mask,
                image=self.image,
                by_hand=answer.by_hand,
                retunes=job.kind == "retune",
                overwrite=self.settings.overwrite,
            )
            kept = self._attempt(take)
            if kept is not None:
                self.said.emit(self._report(job, answer, kept))
        self._go_on()

    def _report(self, job: Job, answer: Answer, kept: int) -> str:
        parts = [clicks_in_words(len(answer.state.clicks)), f"{answer.duration_ms:.0f} ms"]
        if self._predictor is not None:
            parts.append(str(self._predictor.model.device))
        image = self._image_for(job)
        if image is not None and image != self.image:
            parts.append(f"on “{image.name}”")
        if kept:
            parts.append(f"{kept} px kept by other labels")
        return " · ".join(parts)

    def _fail(self, problem: BaseException) -> None:
        logger.error("A prediction failed", exc_info=problem)
        device = "cpu" if self._predictor is None else str(self._predictor.model.device)
        short_of_memory = memory_problem(problem, device)
        if isinstance(problem, InputError):  # a sentence already
            self._complain(str(problem))
        elif short_of_memory is not None:
            self._complain(sentence(short_of_memory))
        else:
            self._complain(sentence(Say.FAILED, f"{type(problem).__name__}: {problem}"))
        self._go_on()

    def _show_step(self, step: Step | None) -> None:
        if step is None:
            return
        if self.image is not None:
            go_to(step.plane, self.image, self.viewer.dims)
        if step.before is not None and step.after is not None:
            was, now = (state.settings.threshold for state in (step.before, step.after))
            if was != now:
                self.threshold_returned.emit(now)

    def _on_image_data(self, _: object = None) -> None:
        if self.image is not None and shape_of(self.image) != self._shape:
            self._shape = shape_of(self.image)
            self._drop_all()
            self.reshaped.emit(self.image)
        # Other pixels, perhaps in the same array: what was read of the old ones does not hold, nor
        # does the answer that is being made of them.
        self._fields.clear()
        self.jobs.restart()
        self._go_on()
