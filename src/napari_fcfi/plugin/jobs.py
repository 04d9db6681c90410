"""What waits for the network: clicks and corrections, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, TypeGuard

if TYPE_CHECKING:
    from napari_fcfi.annotation import Plane
    from napari_fcfi.inference import Box, Click


@dataclass(frozen=True)
class _OfObject:
    """A job is for one object, the one of a label on a plane."""

    label: int
    plane: Plane


@dataclass(frozen=True)
class TakeClicks(_OfObject):
    """Take new clicks together.

    Attributes
    ----------
    scope : the largest box that a first click may look at; None: no limit
    """

    clicks: tuple[Click, ...]
    scope: Box | None = None


@dataclass(frozen=True)
class RemoveClick(_OfObject):
    """Take one click back; the rest is done again."""

    click: Click


@dataclass(frozen=True)
class MoveClick(_OfObject):
    """Move one click; the rest is done again."""

    old: Click
    new: Click


@dataclass(frozen=True)
class Retune(_OfObject):
    """Threshold the answer anew, as the settings changed.

    Attributes
    ----------
    threshold_before : the threshold from which it moved
    """

    threshold_before: float


Job: TypeAlias = TakeClicks | RemoveClick | MoveClick | Retune
"""One thing to be computed for one object."""


def clicks_after(job: Job, clicks: Sequence[Click]) -> list[Click]:
    """The clicks of a job's object once the job is done."""
    match job:
        case TakeClicks():
            return [*clicks, *job.clicks]
        case RemoveClick():
            return _replaced(clicks, job.click, [])
        case MoveClick():
            return _replaced(clicks, job.old, [job.new])
        case Retune():
            return list(clicks)


def merged(job: Job, later: Job) -> Job | None:
    """Both jobs as one, where they can be taken together."""
    if (job.label, job.plane) != (later.label, later.plane):
        return None
    match job, later:
        case TakeClicks(), TakeClicks():
            return replace(job, clicks=job.clicks + later.clicks)
        case Retune(), Retune():
            return job  # an undo returns to the threshold before the first of them
    return None


def takes(job: Job, click: Click) -> TypeGuard[TakeClicks]:
    """Whether it is new clicks that the job takes, and this one is among them."""
    return isinstance(job, TakeClicks) and click in job.clicks


class JobQueue:
    """First come, first served; neighbours that can be taken together are."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def jobs(self) -> tuple[Job, ...]:
        """All that waits, oldest first."""
        return tuple(self._jobs)

    def add(self, job: Job) -> None:
        """Put a job at the end; settings that change again are the same job."""
        if isinstance(job, Retune) and self._jobs and merged(self._jobs[-1], job) is not None:
            return
        self._jobs.append(job)

    def put_back(self, job: Job) -> None:
        """Put a job at the front."""
        self._jobs.insert(0, job)

    def take(self) -> Job | None:
        """The oldest job, together with those right behind it that can be taken with it."""
        if not self._jobs:
            return None
        job = self._jobs.pop(0)
        while self._jobs and (both := merged(job, self._jobs[0])) is not None:
            job = both
            del self._jobs[0]
        return job

    def drop_newest(self) -> Job | None:
        """Take the newest job back."""
        return self._jobs.pop() if self._jobs else None

    def drop(self, label: int) -> None:
        """Take back all that waits for one object."""
        self._jobs = [job for job in self._jobs if job.label != label]

    def clear(self) -> None:
        """Take back everything."""
        self._jobs.clear()

    def change_click(self, label: int, click: Click, new: Click | None) -> bool:
        """Move, or for None remove, a click that still waits; False where none such waits."""
        for at, job in enumerate(self._jobs):
            if job.label == label and takes(job, click):
                clicks = _replaced(job.clicks, click, [] if new is None else [new])
                changed = [replace(job, clicks=tuple(clicks))] if clicks else []
                self._jobs[at : at + 1] = changed
                return True
        return False


def _replaced(clicks: Sequence[Click], click: Click, by: Sequence[Click]) -> list[Click]:
    """The clicks with the first one that is equal to `click` replaced, if there is one."""
    if click not in clicks:
        return list(clicks)
    at = list(clicks).index(click)
    return [*clicks[:at], *by, *clicks[at + 1 :]]
