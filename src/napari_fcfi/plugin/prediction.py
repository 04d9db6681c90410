"""What runs in the prediction thread for one job: from pixels and clicks to a mask in a box."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.annotation import Change
from napari_fcfi.plugin.image_source import ImageSource
from napari_fcfi.plugin.jobs import Job, MoveClick, RemoveClick, Retune, TakeClicks

if TYPE_CHECKING:
    from napari_fcfi.inference import Box, Field, Predictor, State
    from napari_fcfi.settings import Settings


@dataclass(frozen=True)
class Answer:
    """What a job gave.

    Attributes
    ----------
    state : the object's new state
    source, field : what it was computed on, for further jobs
    box, mask : where labels may change, and the mask there
    by_hand : what a person changed of the object, and is in the state
    begins : whether it is the object's first state
    duration_ms : how long it took
    """

    state: State
    source: ImageSource
    field: Field
    box: Box
    mask: NDArray[np.bool_]
    by_hand: Change
    begins: bool
    duration_ms: float


@dataclass(frozen=True)
class Subject:
    """The object that a job is about.

    Attributes
    ----------
    states : the states that it went through, the newest last; none where it is not begun
    source : its plane of the image as it is now
    field : the field made of that source before; None where there is none
    held : box around the pixels that it holds
    by_hand : what a person changed of it since its newest state; all its pixels where there is none
    """

    states: tuple[State, ...]
    source: ImageSource
    field: Field | None
    held: Box
    by_hand: Change


def compute(predictor: Predictor, settings: Settings, subject: Subject, job: Job) -> Answer:
    """Do one job. Pure but for the predictor's cache; reads pixels, uses torch."""
    start = time.perf_counter()
    field = subject.field if subject.field is not None else subject.source.field()
    before = _as_left_by_hand(predictor, settings, field, subject)
    state = _next_state(predictor, settings, field, before, subject, job)
    box = _box_of(state, subject, job, field)
    mask = state.mask(box)
    duration_ms = (time.perf_counter() - start) * 1000
    begins = not subject.states
    return Answer(state, subject.source, field, box, mask, subject.by_hand, begins, duration_ms)


def _as_left_by_hand(
    predictor: Predictor, settings: Settings, field: Field, subject: Subject
) -> State:
    """The state that a job goes on from, a person's edits or the label that was there in it."""
    state = subject.states[-1] if subject.states else predictor.initial()
    change = subject.by_hand
    if not change:
        return state
    if not subject.states:
        fresh = predictor.retune(state, settings)
        return predictor.start_from(field, fresh, change.changed, box=change.box)
    values = state.mask(change.box)
    values[change.changed] = change.after > 0
    return predictor.edit(field, state, change.box, values)


def _next_state(
    predictor: Predictor,
    settings: Settings,
    field: Field,
    state: State,
    subject: Subject,
    job: Job,
) -> State:
    match job:
        case TakeClicks():
            # taken with the settings that the panel shows, whatever the object began with
            tuned = _tuned(predictor, state, settings)
            return predictor(field, tuned, job.clicks, scope=job.scope)
        case RemoveClick():
            return predictor.remove(field, state, job.click, earlier=subject.states)
        case MoveClick():
            return predictor.move(field, state, job.old, job.new, earlier=subject.states)
        case Retune():
            return _tuned(predictor, state, settings)


def _tuned(predictor: Predictor, state: State, settings: Settings) -> State:
    return state if state.settings == settings else predictor.retune(state, settings)


def _box_of(state: State, subject: Subject, job: Job, field: Field) -> Box:
    from napari_fcfi.inference import Box

    box = state.window if state.window is not None else Box(0, 0, 0, 0)
    # A click changes its window only; whatever else is done may change all that the object holds,
    # and another threshold than that of the mask before, as after an undo, all that it could hold.
    if not isinstance(job, TakeClicks):
        box = box.union(subject.held)
    elif subject.states and subject.states[-1].settings.threshold != state.settings.threshold:
        box = box.union(subject.held).union(state.extent)
    return box.intersect(field.box)
