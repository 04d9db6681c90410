"""Jobs on their way: those that wait, and the one that runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject

from napari_fcfi.annotation import Plane
from napari_fcfi.inference import Click
from napari_fcfi.plugin.jobs import Job, JobQueue, MoveClick, RemoveClick, clicks_after, takes
from napari_fcfi.plugin.runner import Runner

Call = tuple[Callable[..., Any], tuple[Any, ...]]
"""A function for the prediction thread, and its arguments."""


class JobLine(QObject):  # type: ignore[misc]
    """Runs jobs one after the other; whatever has no answer yet can be changed or taken back.

    Parameters
    ----------
    prepare : gives the call for a job; None where the job has lost its sense
    done : called with a job and its answer
    failed : called with what went wrong
    """

    def __init__(
        self,
        prepare: Callable[[Job], Call | None],
        done: Callable[[Job, Any], None],
        failed: Callable[[BaseException], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._prepare, self._done, self._failed = prepare, done, failed
        self._runner = Runner(self)
        self._queue = JobQueue()
        self._running: Job | None = None

    @property
    def pending(self) -> tuple[Job, ...]:
        """All jobs without an answer, oldest first."""
        running = () if self._running is None else (self._running,)
        return running + self._queue.jobs

    def plane_of(self, label: int) -> Plane | None:
        """The plane of an object that has jobs here; None where it has none."""
        return next((job.plane for job in self.pending if job.label == label), None)

    def clicks_of(self, label: int, answered: tuple[Click, ...]) -> list[Click]:
        """The clicks of an object once all its jobs are done."""
        clicks = list(answered)
        for job in self.pending:
            if job.label == label:
                clicks = clicks_after(job, clicks)
        return clicks

    def add(self, job: Job) -> None:
        """Put a job at the end; `go_on` starts it."""
        self._queue.add(job)

    def go_on(self) -> None:
        """Start the oldest job that has a sense, if none runs."""
        while self._running is None:
            job = self._queue.take()
            if job is None:
                return
            call = self._prepare(job)
            if call is None:
                continue
            function, arguments = call
            self._running = job
            self._runner.start(
                function, *arguments, done=partial(self._on_done, job), failed=self._on_failed
            )

    def change_click(self, label: int, plane: Plane, click: Click, new: Click | None) -> None:
        """Remove (new is None) or move a click, wherever it is on its way."""
        running = self._running
        if self._queue.change_click(label, click, new):
            return
        if running is not None and running.label == label and takes(running, click):
            # The running answer is of no use any more: its other clicks are taken again.
            self.restart()
            self._queue.change_click(label, click, new)
        elif new is None:
            self._queue.add(RemoveClick(label, plane, click))
        else:
            self._queue.add(MoveClick(label, plane, click, new))

    def restart(self) -> None:
        """Put the job that runs back to the front, its answer is of no use; `go_on` starts it."""
        running = self._running
        if running is not None:
            self._drop_running()
            self._queue.put_back(running)

    def drop_newest(self) -> Job | None:
        """Take back what was asked last, and give it; None where everything has its answer."""
        waiting = self._queue.drop_newest()
        if waiting is not None:
            return waiting
        running = self._running
        self._drop_running()
        return running

    def drop_object(self, label: int) -> None:
        """Take back all of one object."""
        if self._running is not None and self._running.label == label:
            self._drop_running()
        self._queue.drop(label)

    def drop_all(self) -> None:
        """Take back everything."""
        self._drop_running()
        self._queue.clear()

    def _drop_running(self) -> None:
        self._runner.drop()
        self._running = None

    def _on_done(self, job: Job, answer: Any) -> None:
        self._running = None
        self._done(job, answer)

    def _on_failed(self, problem: BaseException) -> None:
        self._running = None
        self._failed(problem)
