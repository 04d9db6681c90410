"""What the metrics of a report are, for people who meet them for the first time."""

from __future__ import annotations

from collections.abc import Sequence

from training.evaluation.formats import TITLES, kind
from training.evaluation.rules import CLEAN

from .runs import EvaluationRun

MEANINGS = {
    "NoC": "mean number of clicks to an IoU of so many per cent; an object that never gets there "
    "counts {last}",
    "NoF": "objects that do not get to an IoU of 0.90 within {last}{late}",
    "IoU": "mean overlap with the object after so many clicks",
    "BIoU": "mean overlap of the bands along both borders after so many clicks",
    "ASSD": "mean distance of the two contours after so many clicks, in pixels",
    "LoweredIoU": "share of all clicks after which the IoU is lower than before "
    "(LoweredIoU in results.json; their number is clicks_lowering_IoU in objects.csv)",
    "SPC": "seconds per click, the mean over all clicks, first ones included, of {timed}; it also "
    "depends on what else the machine does",
}
"""By the beginning of their names."""


def glossary(runs: Sequence[EvaluationRun]) -> list[tuple[str, str]]:
    """Names of the runs' metrics, those of a kind together, and what they are."""
    most = runs[0].max_clicks
    timed = "all that is done for it, reading, robot user and metrics included"
    if not any(run.rules.times_everything for run in runs):
        timed = "the call that answers it alone"
    counts_late_ones = any(run.rules.nof is not CLEAN.nof for run in runs)
    late = ", or only with the last one" if counts_late_ones else ""
    last = "1 click" if most == 1 else f"{most} clicks"
    kinds: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for run in runs for name in run.metrics):
        kinds.setdefault(kind(name), []).append(name)
    return [
        (
            ", ".join(TITLES.get(name, name) for name in names),
            MEANINGS[alike].format(last=last, timed=timed, late=late),
        )
        for alike, names in kinds.items()
    ]
