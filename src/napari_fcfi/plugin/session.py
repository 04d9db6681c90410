"""The work at one viewer: clicks become jobs, answers become labels.

Lives in the GUI thread and never waits there: predictions run in the thread of `inference`, their
answers come back by signals. Knows no widgets; the panel shows what this says.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QObject, Signal

from napari_fcfi.annotation import Change, Plane, SegmentedObject, Step
from napari_fcfi.inference import Click
from napari_fcfi.plugin import labels_layer
from napari_fcfi.plugin.chosen_image import ChosenImage
from napari_fcfi.plugin.image_source import shape_of
from napari_fcfi.plugin.job_line import Call, JobLine
from napari_fcfi.plugin.jobs import Job, Retune, TakeClicks
from napari_fcfi.plugin.messages import (
    FailedError,
    RefusedError,
    Say,
    clicks_in_words,
    complain,
    failure_in_words,
    sentence,
    warn,
)
from napari_fcfi.plugin.object_layer import ObjectLayer
from napari_fcfi.plugin.prediction import Answer, Subject, compute
from napari_fcfi.plugin.view import go_to
from napari_fcfi.settings import Settings

if TYPE_CHECKING:
    from napari.layers import Image, Labels

    from napari_fcfi.inference import Predictor

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
        self.chosen = ChosenImage(viewer.dims, self._on_pixels)
        self.jobs = JobLine(self._prepare, self._take, self._fail, self)
        self._objects: ObjectLayer | None = None
        self._known: dict[Labels, ObjectLayer] = {}
        self._predictor: Predictor | None = None
        self._predictor_comes = True

    # What is worked on

    @property
    def image(self) -> Image | None:
        """The layer that clicks go to and new objects begin on."""
        return self.chosen.layer

    @property
    def labels(self) -> Labels | None:
        """The layer that masks are written into; None until the first click makes one."""
        return None if self._objects is None else self._objects.labels

    def set_image(self, image: Image | None) -> None:
        """Work on another image layer; what waits for the old one is dropped."""
        if image == self.image:
            return
        self._drop_all()
        self.chosen.choose(image)
        if image is not None and self.current is not None:
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
        self.settings = settings
        plane = self.plane
        if settings.threshold == before or plane is None:
            return
        if self.chosen.shows(plane):
            # The mask follows at once, or as soon as it is there. All else counts from the next
            # click on.
            self.jobs.add(Retune(self.label, plane, before))
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
        with self._saying_refusals():
            self._take_click(*self.chosen.click(world, foreground))

    def click(self, plane: Plane, click: Click) -> None:
        """Take a click on a plane of the image, or say why it cannot be taken."""
        with self._saying_refusals():
            self.chosen.check_inside(plane, click)
            self._take_click(plane, click)

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
        with self._saying_refusals():
            self.chosen.check_inside(plane, new)
            self.jobs.change_click(self.label, plane, old, new)
            self._go_on()
        return new in self.clicks

    def take_back(self) -> None:
        """Take back every click that has no answer yet, its point too."""
        self.jobs.drop_all()
        self.changed.emit()

    def undo(self) -> None:
        """Take back the newest step: a click that waits, the one that runs, or one that is done."""
        dropped = self.jobs.drop_newest()
        if dropped is None and self._objects is not None:
            with self._saying_refusals():
                self._check_writable()
                self._show_step(self._objects.undo())
        elif isinstance(dropped, Retune):
            # Set here first: what the panel then tells is no new move.
            update = {"threshold": dropped.threshold_before}
            self.settings = self.settings.model_copy(update=update)
            self.threshold_returned.emit(dropped.threshold_before)
        self._go_on()

    def redo(self) -> None:
        """Do again what was undone last."""
        if self.can_redo and self._objects is not None:
            with self._saying_refusals():
                self._check_writable()
                self._show_step(self._objects.redo())
            self.changed.emit()

    def next_object(self) -> None:
        """Leave the current object as it is, and let the next click begin another one."""
        if self._objects is not None:
            in_use = tuple(job.label for job in self.jobs.pending)
            with self._saying_refusals():
                self._objects.choose_next(in_use)
            self.changed.emit()

    def reset_object(self) -> None:
        """Take all clicks of the current object back; its pixels return to what was there."""
        if self._objects is None:
            return
        with self._saying_refusals():
            self._check_writable()
            if self.plane is not None:
                self.chosen.bring_into_view(self.plane)
            self.jobs.drop_object(self.label)
            self._objects.reset(self.label)
        self._go_on()

    def delete_object(self) -> None:
        """Remove the current object from its plane, and go on with the next one."""
        label = self.label
        if self._objects is None or label == 0:
            return
        with self._saying_refusals():
            self._check_writable()
            plane = self.plane if self.plane is not None else self.chosen.plane_in_view()
            self.chosen.bring_into_view(plane)
            self.jobs.drop_object(label)
            self._objects.delete(label, plane)
            self.next_object()
        self._go_on()

    # Whether it can be done

    @property
    def _may_predict(self) -> bool:
        return self._predictor_comes or self._predictor is not None

    def _check_writable(self) -> None:
        """Let pass what is written into the labels layer.

        Raises
        ------
        RefusedError
            Where the layer does not take it.
        """
        problem = None if self.labels is None else labels_layer.problem_of(self.labels, self.image)
        if problem is not None:
            raise RefusedError(problem)

    @contextmanager
    def _saying_refusals(self) -> Iterator[None]:
        """Say what is refused, or fails, inside the block; the rest of the block is skipped."""
        try:
            yield
        except RefusedError as refused:
            self.tell(str(refused), failed=isinstance(refused, FailedError))

    def tell(self, text: str, *, failed: bool) -> None:
        """Say what cannot be done, or what went wrong, in a notification and the status line."""
        (complain if failed else warn)(text)
        self.said.emit(text)

    # How it is done

    def _take_click(self, plane: Plane, click: Click) -> None:
        if not self._may_predict:
            raise RefusedError(sentence(Say.NO_MODEL))
        self._make_labels()
        self._check_writable()
        there = self.plane
        if self.label <= 0 or (there is not None and there != plane):
            # An object belongs to one plane: a click on another one begins another object.
            self.next_object()
        if self.label > 0:
            self.jobs.add(TakeClicks(self.label, plane, (click,), self.chosen.scope(plane)))
            self._go_on()

    def _make_labels(self) -> None:
        """Make a labels layer for the image, where none is chosen.

        Raises
        ------
        RefusedError
            Where it does not fit into memory.
        """
        image = self.image
        if image is None or self.labels is not None:
            return
        try:
            labels = labels_layer.insert_new(self.viewer, image)
        except MemoryError:
            shape = labels_layer.times(shape_of(image))
            raise RefusedError(sentence(Say.NO_ROOM, shape)) from None
        self.set_labels(labels, largest=0)
        self.labels_made.emit(labels)

    def _use_labels(self, labels: Labels | None, largest: int | None) -> None:
        """Objects and their history are kept for every labels layer that was worked in."""
        self._objects = None if labels is None else self._known.get(labels)
        if labels is not None and self._objects is None:
            self._objects = self._known[labels] = ObjectLayer(
                labels, self.viewer.dims, self.changed.emit, largest
            )
            with self._saying_refusals():
                # a layer that is only chosen stays as it is
                self._objects.choose_next(may_widen=False)

    def _go_on(self) -> None:
        if self._predictor is not None and not self._predictor_comes:
            self.jobs.go_on()
        self.changed.emit()

    def _drop_all(self) -> None:
        """Take back all that has no answer, and say so where clicks were among it."""
        clicks = sum(len(job.clicks) for job in self.jobs.pending if isinstance(job, TakeClicks))
        self.jobs.drop_all()
        if clicks:
            self.tell(sentence(Say.TAKEN_BACK, clicks_in_words(clicks)), failed=False)

    def _prepare(self, job: Job) -> Call | None:
        with self._saying_refusals():
            subject = self._subject_of(job)
            if subject is not None:
                return compute, (self._predictor, self.settings, subject, job)
        return None

    def _subject_of(self, job: Job) -> Subject | None:
        """The object of a job as it is now; None where the job has lost its sense.

        Raises
        ------
        RefusedError
            Where its image is gone, or its pixels cannot be read.
        """
        objects = self._objects
        if objects is None:
            return None
        states = objects.annotation.states(job.label)
        if not states and not isinstance(job, TakeClicks):
            return None
        if isinstance(job, Retune) and states[-1].settings.threshold == self.settings.threshold:
            return None  # a click that waited with it was taken with this one already
        image = self._image_for(job)
        if image is None:
            raise RefusedError(sentence(Say.IMAGE_GONE, job.label))
        by_hand = objects.changed_by_hand(job.label, job.plane)
        holding = objects.annotation.holding(job.label)
        if isinstance(job, TakeClicks) and holding.is_erased_by(by_hand):
            states, by_hand = (), Change.none()  # nothing is left of it: it begins anew
        source = self.chosen.source(image, job.plane, self.settings.contrast)
        field = self.chosen.field(image, source)
        return Subject(states, source, field, holding.box, by_hand)

    def _image_for(self, job: Job) -> Image | None:
        """The image that a job is done on; None where it left the viewer."""
        if isinstance(job, Retune) and self.image is not None:
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
        image, objects = self._image_for(job), self._objects
        if image is not None:
            self.chosen.remember(image, answer.source, answer.field)
        if objects is not None:
            with self._saying_refusals():
                self._check_writable()
                if answer.begins:
                    # wiped out by hand, if it was there: that what lay beneath it returns is a
                    # step of its own
                    objects.reset(job.label)
                kept = objects.take(
                    job.label,
                    job.plane,
                    answer.state,
                    answer.box,
                    answer.mask,
                    image=image,
                    by_hand=answer.by_hand,
                    retunes=isinstance(job, Retune),
                    overwrite=self.settings.overwrite,
                )
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
        self.tell(failure_in_words(problem, device), failed=True)
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

    def _on_pixels(self, of_another_shape: bool) -> None:
        if of_another_shape:
            self._drop_all()
            self.reshaped.emit(self.image)
        # The answer that is being made of the old pixels is of no use.
        self.jobs.restart()
        self._go_on()
