"""A progress bar for each job, with the time left and the NoC so far.

Where there is no terminal, as in a log file, a bar would be seen at its end only: a line now and
then takes its place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from training.evaluation.courses import Course
from training.evaluation.summary import summary

if TYPE_CHECKING:
    from training.evaluation.running import Job

MEMORY_S = 1200.0
"""How far back the time left looks; an object may take minutes."""
LINE_EVERY_S = 30.0
"""Between two lines where there is no terminal."""


class Bars:
    """The bars of an evaluation, while it runs.

    Parameters
    ----------
    several
        Whether there are several methods or styles, so that a bar must name its own.
    shown
        Whether this process shows bars at all.
    """

    def __init__(self, *, several: bool = False, shown: bool = True) -> None:
        self._several = several
        self._said = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[noc]}"),
            speed_estimate_period=MEMORY_S,
            disable=not shown,
        )

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def looking(self, job: Job, numbers: Sequence[int]) -> Iterator[int]:
        """The numbers one by one, with a bar that is gone at the end; its time is of its own."""
        task = self._progress.add_task(f"{self._title(job)}, finished", total=len(numbers), noc="")
        for number in numbers:
            yield number
            self._advance(task)
        self._progress.remove_task(task)

    @contextmanager
    def of(
        self, job: Job, own: Sequence[int], finished: list[Course]
    ) -> Iterator[Callable[[Course], None]]:
        """A bar for a job; what it gives takes the next course.

        Parameters
        ----------
        job
            The job.
        own
            Numbers of its objects that this process measures.
        finished
            Courses that are known already, with which the bar begins.
        """
        courses = list(finished)
        task = self._progress.add_task(
            self._title(job), total=len(own), completed=len(courses), noc=_noc(job, courses)
        )

        def advance(course: Course) -> None:
            courses.append(course)
            self._advance(task, noc=_noc(job, courses))

        yield advance

    def _advance(self, number: TaskID, noc: str = "") -> None:
        self._progress.update(number, advance=1, noc=noc)
        console, now = self._progress.console, time.monotonic()
        if self._progress.disable or console.is_terminal or now - self._said < LINE_EVERY_S:
            return
        self._said = now
        task = next(task for task in self._progress.tasks if task.id == number)
        left_s = task.time_remaining
        left = "" if left_s is None else f"{timedelta(seconds=round(left_s))} left"
        parts = (f"{task.description}: {task.completed:.0f}/{task.total:.0f}", left, noc)
        line = ", ".join(part for part in parts if part)
        console.print(line, highlight=False, markup=False, soft_wrap=True)

    def _title(self, job: Job) -> str:
        name = job.dataset.name
        if not self._several:
            return name
        style = job.conditions.style
        method = job.contender.name if style == "central" else f"{job.contender.name}, {style}"
        return f"{method} | {name}"


def _noc(job: Job, courses: list[Course]) -> str:
    if not courses:
        return ""
    found = summary(courses, job.conditions.budget, job.conditions.rules)
    return f"NoC@90 {found['NoC@90']:.2f}" if "NoC@90" in found else ""
