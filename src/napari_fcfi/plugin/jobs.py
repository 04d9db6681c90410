"""What waits for the network: clicks and corrections, in the order in which they were made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from napari_fcfi.annotation import Plane
    from napari_fcfi.inference import Box, Click

Kind = Literal["click", "remove", "move", "retune"]


@dataclass(frozen=True)
class Job:
    """One thing to be computed for one object.

    Attributes
    ----------
    label, plane : the object
    kind : `click` (take `clicks` together), `remove` (the one click), `move` (the old and the new
        position of one click) or `retune` (changed settings, no clicks)
    scope : the largest box that a first click may look at; None: no limit
    threshold_before : of settings that changed, the threshold before
    """

    label: int
    plane: Plane
    kind: Kind
    clicks: tuple[Click, ...] = ()
    scope: Box | None = None
    threshold_before: float = 0.0

    def merged(self, later: Job) -> Job | None:
        """Both jobs as one, where they can be taken together."""
        if self.label != later.label or self.plane != later.plane or self.kind != later.kind:
            return None
        if self.kind == "click":
            return replace(self, clicks=self.clicks + later.clicks)
        return self if self.kind == "retune" else None

    def has(self, click: Click) -> bool:
        """Whether the job takes this click."""
        return self.kind == "click" and click in self.clicks

    def without(self, index: int) -> Job | None:
        """The job without one of its clicks; None where nothing is left."""
        clicks = self.clicks[:index] + self.clicks[index + 1 :]
        return replace(self, clicks=clicks) if clicks else None

    def applied_to(self, clicks: Sequence[Click]) -> list[Click]:
        """The object's clicks once the job is done."""
        if self.kind == "click":
            return [*clicks, *self.clicks]
        if self.kind == "remove":
            return _without_one(clicks, self.clicks[0])
        if self.kind == "move":
            old, new = self.clicks
            at = list(clicks).index(old) if old in clicks else -1
            return [new if index == at else click for index, click in enumerate(clicks)]
        return list(clicks)


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
        if job.kind != "retune" or not self._jobs or self._jobs[-1].merged(job) is None:
            self._jobs.append(job)

    def put_back(self, job: Job) -> None:
        """Put a job at the front."""
        self._jobs.insert(0, job)

    def take(self) -> Job | None:
        """The oldest job, together with those right behind it that can be taken with it."""
        if not self._jobs:
            return None
        job = self._jobs.pop(0)
        while self._jobs and (both := job.merged(self._jobs[0])) is not None:
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
            if job.label == label and job.has(click):
                index = job.clicks.index(click)
                changed = (
                    job.without(index)
                    if new is None
                    else replace(job, clicks=(*job.clicks[:index], new, *job.clicks[index + 1 :]))
                )
                self._jobs[at : at + 1] = [] if changed is None else [changed]
                return True
        return False


def _without_one(clicks: Sequence[Click], click: Click) -> list[Click]:
    left = list(clicks)
    if click in left:
        left.remove(click)
    return left
