"""The robot user's course through an object: its clicks, what they led to, and the metrics.

A method is whatever makes, for an image, an object with ``click(y, x, foreground) -> mask``; an
`Interaction` is one, the classical methods are others. All are measured by the same clicks, the
same metrics and the same clock, which runs during the call of ``click`` only. `Rules` say how; the
released protocol's are others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from training import metrics
from training.data.evaluation_sets import Sample
from training.rules import CLEAN, Rules

Mask = NDArray[np.bool_]

NOC_AT = (0.85, 0.90)
NOF_AT = 0.90
IOU_AFTER = (1, 3, 5, 20)
BORDERS_AFTER = 5
"""Clicks after which the paper's Table 2 has BIoU and ASSD."""


class Clicker(Protocol):
    """One object in one image, segmented click by click."""

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click."""
        ...


Method = Callable[[NDArray[Any]], Clicker]


@dataclass(frozen=True)
class ClickBudget:
    """How many clicks an object gets.

    Attributes
    ----------
    max_clicks
        Clicks of an object that does not become perfect.
    stop_at
        IoU at which an object is left early; None: never.
    """

    max_clicks: int = 20
    stop_at: float | None = None


@dataclass(frozen=True)
class MeasuredClick:
    """One click of the robot user, what the mask is like after it, and the seconds it took.

    ``iou`` and ``biou`` are 0-1, ``assd`` is in px.
    """

    y: int
    x: int
    foreground: bool
    iou: float
    biou: float
    assd: float
    seconds: float


@dataclass(frozen=True)
class Course:
    """All clicks on one object, in order.

    ``seconds`` is the time of everything that was done for it; 0 where nobody looked at the clock.
    """

    name: str
    clicks: tuple[MeasuredClick, ...]
    seconds: float = 0.0


def measure(method: Method, sample: Sample, budget: ClickBudget, rules: Rules = CLEAN) -> Course:
    """Course of the robot user on one object.

    Parameters
    ----------
    method
        Called with the sample's image.
    sample
        Image and object.
    budget
        Number of clicks.
    rules
        Of the protocol.
    """
    clicker = method(sample.image)
    mask = np.zeros(sample.object_mask.shape, bool)
    clicks: list[MeasuredClick] = []
    while len(clicks) < budget.max_clicks:
        clicked = [(click.y, click.x) for click in clicks]
        click = rules.next_click(sample.object_mask, mask, clicked, sample.ignore)
        if click is None:
            break
        start = time.perf_counter()
        mask = clicker.click(*click)
        seconds = time.perf_counter() - start
        iou, biou, assd = (
            measured(mask, sample.object_mask, sample.ignore)
            for measured in (rules.iou, rules.biou, rules.assd)
        )
        clicks.append(MeasuredClick(*click, iou, biou, assd, seconds))
        if budget.stop_at is not None and iou >= budget.stop_at:
            break
    return Course(sample.name, tuple(clicks))


def summary(
    courses: Sequence[Course], budget: ClickBudget, rules: Rules = CLEAN
) -> dict[str, float]:
    """Metrics of a data set under their names: ``NoC@90``, ``NoF20@90``, ``IoU@5``, ``SPC`` ...

    Metrics that the click budget does not define (IoU@N after an early stop, thresholds beyond it)
    are left out.
    """
    last = budget.max_clicks
    ious = _after_each_click(courses, "iou", last)
    defined = 1.0 if budget.stop_at is None else budget.stop_at
    found: dict[str, float] = {}
    for threshold in NOC_AT:
        if threshold <= defined:
            found[f"NoC@{threshold * 100:.0f}"] = metrics.noc(ious, threshold, last)
    if defined >= NOF_AT:
        found[f"NoF{last}@{NOF_AT * 100:.0f}"] = rules.nof(ious, NOF_AT, last)
    if budget.stop_at is None:
        found |= {f"IoU@{n}": metrics.mean_after(ious, n) for n in IOU_AFTER if n <= last}
        for name in ("BIoU", "ASSD") if last >= BORDERS_AFTER else ():
            values = _after_each_click(courses, name.lower(), last)
            found[f"{name}@{BORDERS_AFTER}"] = metrics.mean_after(values, BORDERS_AFTER)
    found["SPC"] = _seconds_per_click(courses, rules)
    return found


def _after_each_click(courses: Sequence[Course], name: str, last: int) -> NDArray[np.float64]:
    """A measure of all courses, ``(objects, last)``, the last value of each carried on."""
    values = [[getattr(click, name) for click in course.clicks] for course in courses]
    return np.array([metrics.carried_on(row, last) for row in values])


def _seconds_per_click(courses: Sequence[Course], rules: Rules) -> float:
    clicks = [click.seconds for course in courses for click in course.clicks]
    if rules.times_everything:
        return sum(course.seconds for course in courses) / len(clicks)
    return float(np.mean(clicks))
