"""Where the time of a click goes: parts of the network, and what is around it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import rc_context

from training.evaluation.formats import DASH, milliseconds

from .cases import Seen
from .look import PLOT_STYLE, Drawing, colour, drawn_plot, legend_below, plot
from .names import dataset_title
from .recorder import CFFM, CLICKS, ENCODER, FFCM, HEAD
from .replay import CLICK
from .runs import EvaluationRun
from .tables import Row, Table

AROUND = "windows, resampling, mask"
ORDER = (ENCODER, CLICKS, FFCM, CFFM, "concatenation", HEAD, "quality head", AROUND)


@dataclass(frozen=True)
class Timing:
    """Seconds a click, first ones and later ones apart.

    ``parts`` are medians by part of the clicks that were replayed; ``clicks`` is their number.
    """

    label: str
    kind: str
    clicks: int
    parts: Mapping[str, float]

    @property
    def total(self) -> float:
        """Sum of the parts."""
        return sum(self.parts.values())


def timings(seen: Sequence[Seen]) -> list[Timing]:
    """Times of all replayed clicks of networks."""
    by_run: dict[str, dict[str, list[Mapping[str, float]]]] = {}
    for of_set in seen:
        for case in of_set.cases:
            for label, clicks in case.replayed.items():
                for at, click in enumerate(clicks):
                    if len(click.seconds) > 1:
                        kinds = by_run.setdefault(label, {"first click": [], "later clicks": []})
                        kinds["later clicks" if at else "first click"].append(click.seconds)
    return [
        Timing(label, kind, len(clicks), _medians(clicks))
        for label, kinds in by_run.items()
        for kind, clicks in kinds.items()
        if clicks
    ]


def _medians(clicks: Sequence[Mapping[str, float]]) -> dict[str, float]:
    names = {name for click in clicks for name in click} - {CLICK}
    inside = {name: float(np.median([click.get(name, 0.0) for click in clicks])) for name in names}
    around = [
        click[CLICK] - sum(spent for name, spent in click.items() if name != CLICK)
        for click in clicks
    ]
    rest = {AROUND: float(np.median(around))}
    known = {name: inside[name] for name in ORDER if name in inside}
    return known | {name: inside[name] for name in sorted(names - set(ORDER))} | rest


def parts_table(found: Sequence[Timing]) -> Table:
    """Milliseconds by part."""
    parts = list(dict.fromkeys(name for one in found for name in one.parts))
    parts.sort(key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER) - 1.5)
    rows = [
        Row(
            (one.label, f"{one.kind} ({one.clicks})"),
            (
                *(milliseconds(one.parts[n]) if n in one.parts else DASH for n in parts),
                milliseconds(one.total),
            ),
        )
        for one in found
    ]
    return Table(
        "Time per click by part, in ms: medians over the clicks made again for the pictures",
        ("method", "clicks"),
        (("", (*parts, "sum")),),
        tuple(rows),
    )


def parts_drawing(found: Sequence[Timing]) -> Drawing:
    """A bar for each kind of click, in parts."""
    parts = list(dict.fromkeys(name for one in found for name in one.parts))
    figure = plot(1, width=7.8, height=0.8 + 0.42 * len(found))
    axes = figure.axes[0]
    with rc_context(PLOT_STYLE):
        left = np.zeros(len(found))
        for at, name in enumerate(parts):
            values = np.array([1000 * one.parts.get(name, 0.0) for one in found])
            axes.barh(
                range(len(found)), values, left=left, height=0.62, color=colour(at), label=name
            )
            left += values
        axes.set_yticks(range(len(found)), [f"{one.label}, {one.kind}" for one in found])
        axes.invert_yaxis()
        axes.set_xlabel("ms")
        axes.grid(visible=False, axis="y")
        legend_below(figure)
    slowest = max(found, key=lambda one: one.total)
    text = (
        f"Time per click by part; {slowest.label}, {slowest.kind}: "
        f"{milliseconds(slowest.total)} ms in all"
    )
    return drawn_plot("time-by-part", figure, text)


def spent_table(runs: Sequence[EvaluationRun]) -> Table:
    """Seconds of the evaluation itself: the clicks, and all that is around them."""
    rows = []
    for run in runs:
        for name, scores in run.datasets.items():
            seconds = np.array([c.seconds for course in scores.courses for c in course.clicks])
            if not seconds.size:
                continue
            firsts = [course.clicks[0].seconds for course in scores.courses if course.clicks]
            laters = [c.seconds for course in scores.courses for c in course.clicks[1:]]
            whole = sum(course.seconds for course in scores.courses)
            rest = (whole - seconds.sum()) / seconds.size if whole else None
            rows.append(
                Row(
                    (run.label, dataset_title(name)),
                    (
                        str(seconds.size),
                        milliseconds(float(seconds.mean())),
                        milliseconds(float(np.median(seconds))),
                        milliseconds(float(np.mean(firsts))),
                        milliseconds(float(np.mean(laters))) if laters else DASH,
                        DASH if rest is None else milliseconds(rest),
                    ),
                )
            )
    heads = (
        "clicks", "mean", "median", "mean of first clicks", "mean of later clicks",
        "mean of reading, robot user, metrics",
    )  # fmt: skip
    return Table(
        "Time per click in the evaluation, in ms, over all its clicks; the clock runs during the "
        "click alone, and what else an object takes is in the last column",
        ("method", "data set"),
        (("", heads),),
        tuple(rows),
    )
