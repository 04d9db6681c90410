"""The runs of a results folder as the report looks at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Protocol
from training.ablation import DEFAULT_RATIO
from training.evaluation import metrics
from training.evaluation.courses import Course
from training.evaluation.results import courses_of, read_runs
from training.evaluation.rules import RULES, Rules
from training.evaluation.summary import after_each_click, iou_before

REACHED = 0.90
"""IoU by which cases are ordered, and at which a picture is good enough to be shown as the end."""

CLASSICAL_TITLES = {"grabcut": "OpenCV GrabCut", "random-walker": "random walker"}
"""Names of methods; one of them is that of a data set, too."""


@dataclass(frozen=True, eq=False)
class Scores:
    """A run on one data set.

    Attributes
    ----------
    run, dataset
        Which.
    values
        Metrics under their names, as they were written.
    courses
        One an object, in the set's order.
    """

    run: EvaluationRun
    dataset: str
    values: Mapping[str, float | None]
    courses: tuple[Course, ...]

    @cached_property
    def ious(self) -> NDArray[np.float64]:
        """IoU after each click, ``(objects, clicks)``, the last of each object carried on."""
        return after_each_click(self.courses, "iou", self.run.max_clicks)

    @cached_property
    def clicks_needed(self) -> NDArray[np.int64]:
        """Clicks of each object to the run's `reached`, ``(objects,)``; all where it never was."""
        before = iou_before(self.courses)
        return metrics.clicks_needed(self.ious, self.run.reached, self.run.max_clicks, before)[0]

    @property
    def are_complete(self) -> bool:
        """Whether every object got all its clicks, so that values after a click are means."""
        return self.run.stop_at is None


@dataclass(frozen=True, eq=False)
class EvaluationRun:
    """One method in one click style.

    Attributes
    ----------
    label
        For tables and legends; no two runs of a report have the same.
    method
        The same without the click style.
    written
        As it stands in ``results.json``.
    """

    label: str
    method: str
    written: Mapping[str, Any]

    @property
    def style(self) -> str:
        """How it was clicked."""
        return _style(self.written)

    @property
    def max_clicks(self) -> int:
        """Most clicks that an object got."""
        return int(self.written["protocol"]["max_clicks"])

    @property
    def stop_at(self) -> float | None:
        """IoU at which an object was left."""
        found: float | None = self.written["protocol"]["stop_at"]
        return found

    @property
    def reached(self) -> float:
        """IoU at which an object counts as done: `REACHED`, or where it was left before that."""
        return min(REACHED, 1.0 if self.stop_at is None else self.stop_at)

    @property
    def protocol(self) -> Protocol:
        """Whose rules counted."""
        of_sets = [found.get("settings") or {} for found in self.written["datasets"].values()]
        found: Protocol = of_sets[0].get("protocol", "clean")
        return found

    @property
    def rules(self) -> Rules:
        """The protocol's rules, with what was mended."""
        return RULES[self.protocol].mended(self.written.get("mended") or ())

    @property
    def is_network(self) -> bool:
        """Whether a checkpoint answered."""
        return "checkpoint" in self.written

    @property
    def is_ablation(self) -> bool:
        """Whether it was asked for to fill a row of Tables 3-6."""
        return bool(self.written["protocol"].get("ablation"))

    @property
    def is_variant(self) -> bool:
        """Whether it is there for a row of Table 5 alone."""
        settings = self.written.get("settings") or {}
        ratio = settings.get("expansion_ratio", DEFAULT_RATIO)
        return self.is_ablation and ratio != DEFAULT_RATIO

    @property
    def metrics(self) -> list[str]:
        """Names of its metrics."""
        found = [name for of_set in self.written["datasets"].values() for name in of_set["metrics"]]
        return list(dict.fromkeys(found))

    @cached_property
    def datasets(self) -> dict[str, Scores]:
        """Its data sets, in the order in which they were asked for."""
        return {
            name: Scores(self, name, found["metrics"], tuple(courses_of(self.written, name)))
            for name, found in self.written["datasets"].items()
        }


def read_report_runs(folder: Path) -> list[EvaluationRun]:
    """The runs of a results folder, whose names tell the methods apart already."""
    written = read_runs(folder)
    several = len({_style(run) for run in written}) > 1
    found = []
    for run, method in zip(written, _names(written), strict=True):
        label = f"{method}, {_style(run)} clicks" if several else method
        found.append(EvaluationRun(label, method, run))
    return found


def _names(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Of methods; of files the last parts that tell them apart, two at least.

    Whole paths are too long to be read.
    """
    names = [str(run.get("name") or run.get("checkpoint") or run["method"]) for run in runs]
    of_networks = [name for name, run in zip(names, runs, strict=True) if "checkpoint" in run]
    files = {name: Path(name.partition(", ")[0]) for name in of_networks}
    parts = _parts_that_differ(set(files.values()))
    return [
        "/".join(files[name].parts[-parts:]) + "".join(name.partition(", ")[1:])
        if name in files
        else CLASSICAL_TITLES.get(name, name)
        for name in names
    ]


def _parts_that_differ(files: set[Path]) -> int:
    longest = max((len(file.parts) for file in files), default=0)
    for count in range(2, longest):
        if len({file.parts[-count:] for file in files}) == len(files):
            return count
    return longest


def _style(run: Mapping[str, Any]) -> str:
    return str(run.get("click_style", "central"))


def central(runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    """Runs by the standard robot user, without those for Table 5; all where that leaves none."""
    found = [run for run in runs if run.style == "central" and not run.is_variant]
    return found or list(runs)
