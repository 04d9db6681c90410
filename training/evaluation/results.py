"""The results folder: ``results.json`` with everything, ``objects.csv`` with a row an object."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from training.evaluation import metrics
from training.evaluation.courses import ClickBudget, Course
from training.evaluation.plain import course_from, plain_course, without_nan
from training.evaluation.running import Found, Job
from training.evaluation.summary import (
    BORDERS_AFTER,
    IOU_AFTER,
    NOC_AT,
    after_each_click,
    iou_before,
    summary,
)
from training.evaluation.versions import commit, versions

RESULTS = "results.json"
OBJECTS = "objects.csv"


def described_run(
    jobs: Sequence[Job],
    found: Sequence[Found],
    asked: Mapping[str, Any],
    processes: int,
    command: str,
) -> dict[str, Any]:
    """A run as it is written: one method in one click style, on all data sets.

    Parameters
    ----------
    jobs
        One a data set.
    found
        What each of them came to, all of its objects.
    asked
        What else was asked for, beside the clicks: limit, choice of objects.
    processes
        Number of processes that shared the objects.
    command
        The command, for a shell.
    """
    contender, conditions = jobs[0].contender, jobs[0].conditions
    described = conditions.described()
    budget = {key: described.pop(key) for key in ("max_clicks", "stop_at", "mirror_field")}
    del described["protocol"]
    return {
        **contender.identity,
        "name": contender.name,
        "command": command,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "protocol": {**budget, **asked},
        **described,
        "versions": versions(),
        "machine": {
            "system": platform.platform(),
            "processor": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "processes": processes,
        },
        "datasets": {
            job.dataset.name: _described_set(job, of_job)
            for job, of_job in zip(jobs, found, strict=True)
        },
    }


def _described_set(job: Job, found: Found) -> dict[str, Any]:
    measured = [found[number] for number in range(len(job.dataset))]
    courses = [one.course for one in measured]
    together = hashlib.sha256("".join(one.sha256 for one in measured).encode()).hexdigest()
    return {
        "metrics": summary(courses, job.conditions.budget, job.conditions.rules),
        "settings": job.settings.model_dump(),
        "sha256": together,
        "expected_objects": job.dataset.expected_objects,
        "objects": [{**plain_course(one.course), "sha256": one.sha256} for one in measured],
    }


def write_results(folder: Path, runs: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Both files, each replaced only once it is complete.

    A single run is the whole of ``results.json``; several are the list under its ``"runs"``.
    """
    content = runs[0] if len(runs) == 1 else {"runs": list(runs)}
    texts = {
        RESULTS: json.dumps(without_nan(content), indent=1, allow_nan=False) + "\n",
        OBJECTS: _objects_table(runs),
    }
    paths = []
    for name, text in texts.items():
        unfinished = folder / f"{name}.part"
        unfinished.write_text(text, encoding="utf-8", newline="")
        paths.append(unfinished.replace(folder / name))
    return paths


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """The runs of a results folder, one or several; `courses_of` has their courses."""
    content = json.loads((folder / RESULTS).read_text(encoding="utf-8"))
    runs: list[dict[str, Any]] = content.get("runs", [content])
    return runs


def courses_of(run: Mapping[str, Any], dataset: str) -> list[Course]:
    """The courses of a run on a data set, in the set's order."""
    return [course_from(values) for values in run["datasets"][dataset]["objects"]]


def _objects_table(runs: Sequence[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    rows = [row for run in runs for name in run["datasets"] for row in _rows(run, name)]
    names = list(dict.fromkeys(key for row in rows for key in row))
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows(run: Mapping[str, Any], dataset: str) -> list[dict[str, Any]]:
    courses = courses_of(run, dataset)
    protocol = run["protocol"]
    budget = ClickBudget(protocol["max_clicks"], protocol["stop_at"])
    last = budget.max_clicks
    ious, start = after_each_click(courses, "iou", last), iou_before(courses)
    whole = budget.stop_at is None
    rows = []
    for at, course in enumerate(courses):
        row: dict[str, Any] = {
            "method": run["name"],
            "click_style": run["click_style"],
            "dataset": dataset,
            "object": course.name,
            "clicks_made": len(course.clicks),
        }
        for threshold in NOC_AT:
            if whole or threshold <= (budget.stop_at or 1):
                values = (ious[at : at + 1], threshold, last, start[at : at + 1])
                clicks, reached = metrics.clicks_needed(*values)
                row[f"NoC@{threshold * 100:.0f}"] = int(clicks[0])
                row[f"reached@{threshold * 100:.0f}"] = int(reached[0])
        row["IoU@0"] = _short(start[at])
        if whole:
            row |= {f"IoU@{n}": _short(ious[at, n - 1]) for n in IOU_AFTER if n <= last}
            for name in ("BIoU", "ASSD") if last >= BORDERS_AFTER else ():
                value = after_each_click([course], name.lower(), last)[0, BORDERS_AFTER - 1]
                row[f"{name}@{BORDERS_AFTER}"] = _short(value)
        steps = [start[at], *(click.iou for click in course.clicks)]
        row["clicks_lowering_IoU"] = sum(b < a for a, b in pairwise(steps))
        row["seconds_of_clicks"] = _short(sum(click.seconds for click in course.clicks))
        row["seconds_in_all"] = _short(course.seconds)
        rows.append(row)
    return rows


def _short(value: float) -> float:
    return round(float(value), 6)
