"""Runs methods over data sets: one job is one method on one set, under some conditions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_fcfi.settings import Settings
from training.data.evaluation_sets import EvaluationSet
from training.evaluation.conditions import Conditions
from training.evaluation.courses import Course
from training.evaluation.finished import Finished, pixels_hash
from training.evaluation.methods import Contender
from training.evaluation.progress import Bars
from training.evaluation.shards import Shard
from training.evaluation.versions import versions

FOLLOWS_FROM_THE_REST = {
    "threads",
    "loaded_from",
    "checkpoint",
    "architecture",
    "trained_on",
    "trained_with_r",
}
"""What is written about a network and changes no course while the hash of its file is the same."""


@dataclass(frozen=True)
class Job:
    """One method on one data set."""

    contender: Contender
    dataset: EvaluationSet
    conditions: Conditions

    @property
    def settings(self) -> Settings:
        """The network's, on this data set."""
        return self.contender.settings(self.dataset.name)

    @property
    def identity(self) -> dict[str, Any]:
        """All that a course depends on, besides the object's pixels.

        Of the device its kind counts: which of several it is, and how many threads it has, changes
        no more than a run on another machine does.
        """
        known = {
            key: value
            for key, value in self.contender.identity.items()
            if key not in FOLLOWS_FROM_THE_REST
        }
        if "device" in known:
            known["device"] = str(known["device"]).partition(":")[0]
        return {
            **known,
            "settings": self.settings.model_dump(),
            **self.conditions.described(),
            "versions": versions(),
        }


@dataclass(frozen=True)
class Measured:
    """A course and the hash of its object's pixels."""

    course: Course
    sha256: str


Found = Mapping[int, Measured]
"""Number of an object in its set to what was measured."""


def run_job(job: Job, output: Path | None, shard: Shard, bars: Bars) -> Found:
    """What this process's share of a job comes to.

    Parameters
    ----------
    job
        What is to be done.
    output
        Folder in which finished objects are kept, and looked for; None: nowhere.
    shard
        Whose objects.
    bars
        Shows how far it is.

    Raises
    ------
    DataError
        When a file cannot be read.
    """
    method = job.contender.method(job.dataset.name)
    name, identity = job.dataset.name, job.identity
    kept = None if output is None else Finished(output, name, identity, shard.rank)
    own = [number for number in range(len(job.dataset)) if shard.owns(number)]
    found = {} if kept is None else _known(job, own, kept, bars)
    with bars.of(job, own, [entry.course for entry in found.values()]) as advance:
        for number in own:
            if number in found:
                continue
            began = time.perf_counter()
            sample = job.dataset.cases[number].load()
            course = job.conditions.measure(method, sample)
            course = replace(course, seconds=time.perf_counter() - began)
            found[number] = Measured(course, pixels_hash(sample))
            if kept is not None:
                kept.add(course, found[number].sha256)
            advance(course)
    return found


def _known(job: Job, own: Sequence[int], kept: Finished, bars: Bars) -> dict[int, Measured]:
    """Objects that were finished before and whose pixels are still the same."""
    courses = kept.courses()
    names = {name for name, _ in courses}
    named = [number for number in own if job.dataset.cases[number].name in names]
    found = {}
    for number in bars.looking(job, named) if named else ():
        sample = job.dataset.cases[number].load()
        sha256 = pixels_hash(sample)
        course = courses.get((sample.name, sha256))
        if course is not None:
            found[number] = Measured(course, sha256)
    return found
