"""One piece of a run: its steps until an end, a stop or an error, with all that goes on beside."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING

from .batches import Batches
from .data.files import DataError
from .data.source import PictureSource
from .failures import Ended, together
from .fingerprint import marks_of
from .forward import Batch
from .journal import Journal
from .saver import Saver
from .state import StateError

if TYPE_CHECKING:
    from .loop import Run


def go_on(run: Run, source: PictureSource, until: int | None, minutes: float) -> None:
    """Take steps up to step ``until`` (or a decay branch's end), at most so many minutes.

    Raises
    ------
    DataError, StateError
        See `Run.train`.
    """
    if run.decay_from is not None:
        until = run.decay_from + run.decay_steps
    deadline = time.monotonic() + 60 * minutes
    _know_again(run, source)
    journal = _journal(run, until, 60 * minutes)
    say = journal.say if journal else _nothing
    saver = Saver(run.save, run.write, run.save_every_s, say)
    batches = Batches(source, run.recipe)
    coming = batches.run(run.step, rank=run.fabric.global_rank, world=run.fabric.world_size)
    try:
        with closing(coming), closing(journal) if journal else nullcontext():
            for batch in _until_one_ends(run, coming, until, deadline):
                logged, last = run.take_step(batch)
                if journal:
                    journal.note(run.step, run.samples, batches.waited_s, logged, last)
                saver.after_step()
    except DataError as error:
        try:
            run.save()
        except StateError as unsaved:  # the picture's name is to be told all the same
            error.add_note(str(unsaved))
        raise
    run.save()


def _until_one_ends(
    run: Run, coming: Iterator[Batch], until: int | None, deadline: float
) -> Iterator[Batch]:
    """Batches up to a step, or until a process wants to end: all do so after the same step."""
    while until is None or run.step < until:
        try:
            with together(run.fabric):
                if run.stopping or time.monotonic() > deadline:
                    raise Ended
                batch = next(coming)
        except Ended:
            return
        yield batch


def _know_again(run: Run, source: PictureSource) -> None:
    """Note by what the data are known; say so, before there is a bar, if they are others now."""
    with together(run.fabric):
        marks = marks_of(source)
    others, run.data = run.has_other_data(marks.fingerprint), marks.fingerprint
    run.sets = sorted({*run.sets, *marks.sets})
    if others and run.fabric.is_global_zero:
        print(
            "warning: the data differ from those of the steps so far; draws differ from here on",
            file=sys.stderr,
            flush=True,
        )


def _journal(run: Run, until: int | None, seconds: float) -> Journal | None:
    """What is written for a person, in the first process; before it, the run's folder."""
    first = run.fabric.is_global_zero
    with together(run.fabric):
        try:
            if first:
                run.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"Expected to make the run's folder {run.folder}; got {error.strerror!r}: name "
                "another one with --run."
            ) from error
    events = run.folder / ("events-decay" if run.decay_steps else "events")
    return Journal(events, run.step, until, seconds) if first else None


def _nothing(_sentence: str) -> None:
    """What the other processes say."""
