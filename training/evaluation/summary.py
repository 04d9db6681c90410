"""The metrics of a set of courses, under their names: ``NoC@90``, ``NoF20@90``, ``IoU@5`` ..."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation import metrics
from training.evaluation.courses import ClickBudget, Course
from training.evaluation.rules import CLEAN, Rules

NOC_AT = (0.85, 0.90, 0.95)
NOF_AT = 0.90
IOU_AFTER = (1, 3, 5, 20)
BORDERS_AFTER = 5
"""Clicks after which the paper's Table 2 has BIoU and ASSD."""


def summary(
    courses: Sequence[Course], budget: ClickBudget, rules: Rules = CLEAN
) -> dict[str, float]:
    """Metrics of a data set under their names.

    Metrics that the click budget does not define are left out: after an early stop IoU@N,
    thresholds beyond it, and shares and seconds of clicks, since of the later clicks, which are
    quick and lower the IoU more often, a better method makes fewer. IoU@0 is there for objects that
    begin with a mask only.
    """
    last = budget.max_clicks
    ious, start = after_each_click(courses, "iou", last), iou_before(courses)
    defined = 1.0 if budget.stop_at is None else budget.stop_at
    found: dict[str, float] = {}
    for threshold in NOC_AT:
        if threshold <= defined:
            found[f"NoC@{threshold * 100:.0f}"] = metrics.noc(ious, threshold, last, start)
    if defined >= NOF_AT:
        found[f"NoF{last}@{NOF_AT * 100:.0f}"] = rules.nof(ious, NOF_AT, last, start)
    if any(course.clicks and course.start for course in courses):
        found["IoU@0"] = float(start.mean())
    if budget.stop_at is None:
        found |= {f"IoU@{n}": metrics.mean_after(ious, n) for n in IOU_AFTER if n <= last}
        for name in ("BIoU", "ASSD") if last >= BORDERS_AFTER else ():
            values = after_each_click(courses, name.lower(), last)
            found[f"{name}@{BORDERS_AFTER}"] = metrics.mean_after(values, BORDERS_AFTER)
    if budget.stop_at is None and any(course.clicks for course in courses):
        found["LoweredIoU"] = metrics.share_lowered(
            [
                [before, *_values(course, "iou")]
                for before, course in zip(start, courses, strict=True)
            ]
        )
        found["SPC"] = _seconds_per_click(courses, rules)
    return found


def after_each_click(courses: Sequence[Course], name: str, last: int) -> NDArray[np.float64]:
    """A measure of all courses, ``(objects, last)``, the last value of each carried on."""
    rows = []
    for course in courses:
        values = _values(course, name)
        if not values and course.start is not None:
            values = [getattr(course.start, name)]
        rows.append(metrics.carried_on(values, last))
    return np.array(rows)


def iou_before(courses: Sequence[Course]) -> NDArray[np.float64]:
    """IoU of each object before the first click, ``(objects,)``; 0 for an empty mask."""
    return np.array([0.0 if course.start is None else course.start.iou for course in courses])


def _values(course: Course, name: str) -> list[float]:
    return [getattr(click, name) for click in course.clicks]


def _seconds_per_click(courses: Sequence[Course], rules: Rules) -> float:
    clicks = [click.seconds for course in courses for click in course.clicks]
    if rules.times_everything:
        return sum(course.seconds for course in courses) / len(clicks)
    return float(np.mean(clicks))
