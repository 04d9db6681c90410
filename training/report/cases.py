"""The objects of a data set that the report shows: the best, the median and the worst one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.evaluation_sets import DataError, Sample
from training.evaluation.errors import UserError

from .replay import Replayed, Replayer, replayers
from .runs import EvaluationRun, Scores

AT_LEAST = 3
"""Clicks that are made again of each case, so that there is one with feedback among them."""


@dataclass(frozen=True, eq=False)
class ReplayedCase:
    """One object, with the clicks of every run on it.

    Attributes
    ----------
    kind
        ``"best"``, ``"median"`` or ``"worst"``, by the first run.
    number
        Its place in the data set.
    sample
        Image and object.
    replayed
        By the run's label: its clicks up to an IoU of 0.90, or all where it was never reached (of
        the lower one at which objects were left).
    """

    kind: str
    number: int
    sample: Sample
    replayed: Mapping[str, Sequence[Replayed]]


@dataclass(frozen=True, eq=False)
class Seen:
    """What the report can show of a data set.

    Attributes
    ----------
    dataset
        Its name.
    scores
        The runs on it that could be replayed; those on `ReplayedCase.replayed`.
    cases
        Best, median and worst, as far as they are different ones.
    missing
        A sentence for each thing that could not be had.
    """

    dataset: str
    scores: Sequence[Scores]
    cases: Sequence[ReplayedCase]
    missing: Sequence[str]


def chosen(scores: Scores) -> list[tuple[str, int]]:
    """Kind and number of the cases of a run: by clicks needed, then by mean IoU over them.

    Of n objects the median is number n // 2, counted from 0; an object is shown once.
    """
    order = np.lexsort((-scores.ious.mean(axis=1), scores.clicks_needed))
    places = {"best": 0, "median": len(order) // 2, "worst": len(order) - 1}
    if len(order) < len(places):
        places = {"best": 0, "worst": len(order) - 1}
    found: dict[int, str] = {}
    for kind, place in places.items():
        found.setdefault(int(order[place]), kind)
    return [(kind, number) for number, kind in found.items()]


def seen(runs: Sequence[EvaluationRun], dataset: str, data_root: Path) -> Seen:
    """The cases of a data set and the clicks on them, made again.

    Parameters
    ----------
    runs
        Those to be shown; the first one on the set decides which cases.
    dataset
        Its name.
    data_root
        Where the data lie.
    """
    scores = [run.datasets[dataset] for run in runs if dataset in run.datasets]
    players, missing = replayers(scores, data_root)
    usable = [one for one in scores if one.run.label in players]
    cases = []
    for kind, number in chosen(scores[0]) if usable else []:
        try:
            sample = players[usable[0].run.label].sample(number)
            replayed = {
                one.run.label: players[one.run.label].clicks(number, _count(one, number))
                for one in usable
            }
        except (UserError, DataError) as error:
            missing.append(f"{dataset}: {error}")
            continue
        cases.append(ReplayedCase(kind, number, sample, replayed))
    return Seen(dataset, usable, cases, missing)


def _count(scores: Scores, number: int) -> int:
    return max(int(scores.clicks_needed[number]), AT_LEAST)


def first_clicks(
    scores: Scores, number: int, data_root: Path, count: int = 1
) -> tuple[Sample, list[Replayed]]:
    """The first clicks of a run on an object, made again.

    Raises
    ------
    UserError, DataError
        When method or data cannot be had.
    """
    player = Replayer(scores, data_root)
    return player.sample(number), player.clicks(number, count)
