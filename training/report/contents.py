"""What a report holds, before it is written in either form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.published import other_than_published

from .ablation_tables import ablation_tables
from .cases import Seen, seen
from .curves import iou_curves
from .gallery import CaseView, Strip, case_views, map_strips
from .glossary import glossary
from .look import Drawing
from .runs import EvaluationRun, central
from .sensitivity import Sensitivity, sensitivities
from .tables import Table, metrics_table, paper_table
from .timing import parts_drawing, parts_table, spent_table, timings


@dataclass(frozen=True)
class Gallery:
    """Cases and maps of one data set."""

    dataset: str
    cases: Sequence[CaseView]
    maps: Sequence[Strip]


@dataclass(frozen=True)
class Contents:
    """A report.

    Attributes
    ----------
    title, facts
        What was measured, and what is needed to measure it again.
    warnings
        A sentence for each thing that makes figures others than they seem to be.
    metrics
        A table a data set.
    glossary
        Names of the metrics, and what they are.
    comparison
        Tables 1 and 2 of the paper with our rows, as far as their data sets were measured.
    ablation
        Tables 3-6 with our rows and what is missing in them, if they were asked for.
    curves
        Mean IoU by clicks; None where objects were left early.
    galleries
        A data set each.
    sensitivity
        A method and data set each.
    spent, parts, parts_drawing
        Time per click.
    missing
        A sentence for each thing that is not in the report, and why.
    """

    title: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    metrics: Sequence[Table]
    glossary: Sequence[tuple[str, str]]
    comparison: Sequence[Table]
    ablation: Sequence[Table]
    curves: Drawing | None
    galleries: Sequence[Gallery]
    sensitivity: Sequence[Sensitivity]
    spent: Table
    parts: Table | None
    parts_drawing: Drawing | None
    missing: Sequence[str]

    def drawings(self) -> Iterator[Drawing]:
        """Everything that is drawn."""
        yield from (found for found in (self.curves, self.parts_drawing) if found is not None)
        strips = [strip for found in self.galleries for strip in found.maps]
        for found in self.galleries:
            for case in found.cases:
                yield case.object.drawing
                strips += case.strips
        for of_method in self.sensitivity:
            yield of_method.drawing
            strips.append(of_method.strip)
        yield from (tile.drawing for strip in strips for tile in strip.tiles)


def contents(runs: Sequence[EvaluationRun], data_root: Path) -> Contents:
    """The report of some runs.

    Parameters
    ----------
    runs
        At least one.
    data_root
        Where the data lie, for the pictures.
    """
    standard = central(runs)
    datasets = list(dict.fromkeys(name for run in runs for name in run.datasets))
    found = [seen(_to_be_shown(standard), dataset, data_root) for dataset in datasets]
    styles, style_problems = sensitivities(runs, data_root)
    times = timings(found)
    comparison = [paper_table(standard, number) for number in (1, 2)]
    return Contents(
        f"{'; '.join(dict.fromkeys(run.method for run in standard))} on {', '.join(datasets)}",
        facts(runs),
        _other_than_published(runs),
        [metrics_table(runs, dataset) for dataset in datasets],
        glossary(runs),
        [table for table in comparison if table is not None],
        ablation_tables(runs),
        iou_curves(standard),
        [_gallery(of_set) for of_set in found],
        styles,
        spent_table(runs),
        parts_table(times) if times else None,
        parts_drawing(times) if times else None,
        list(dict.fromkeys([m for of_set in found for m in of_set.missing] + style_problems)),
    )


def _other_than_published(runs: Sequence[EvaluationRun]) -> list[str]:
    found = [
        other_than_published(name, len(of_set["objects"]), of_set.get("expected_objects"))
        for run in runs
        for name, of_set in run.written["datasets"].items()
    ]
    return [sentence for sentence in dict.fromkeys(found) if sentence]


MOST_SHOWN = 6
"""Runs of which there are pictures; all of them are in the tables."""


def _to_be_shown(runs: Sequence[EvaluationRun]) -> list[EvaluationRun]:
    return list(runs[:MOST_SHOWN])


def _gallery(of_set: Seen) -> Gallery:
    return Gallery(of_set.dataset, case_views(of_set), map_strips(of_set))


def facts(runs: Sequence[EvaluationRun]) -> list[tuple[str, str]]:
    """What a figure depends on, for the end of the report: names and values."""
    found: list[tuple[str, str]] = []
    for run in {run.method: run for run in reversed(runs)}.values():
        written = run.written
        details = [
            f"SHA-256 {written['sha256'][:16]}…" if "sha256" in written else "",
            f"{written['device']}, {written['threads']} threads" if "threads" in written else "",
            f"protocol {(written.get('settings') or {}).get('protocol', 'clean')}",
            f"first click {written['first_click']}" if "first_click" in written else "",
            f"mended: {', '.join(written['mended'])}" if written.get("mended") else "",
        ]
        found.insert(0, (run.method, "; ".join(detail for detail in details if detail)))
    first = runs[0].written
    asked = first["protocol"].items()
    conditions = [f"{name} {value}" for name, value in asked if value is not None]
    machine = [f"{name} {value}" for name, value in first["machine"].items()]
    versions = [f"{name} {v[:12]}" for name, v in first["versions"].items()]
    return [
        *found,
        ("conditions", ", ".join(conditions)),
        ("machine", ", ".join(machine)),
        ("versions", ", ".join(versions)),
    ]
