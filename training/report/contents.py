"""What a report holds, before it is written in either form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.evaluation.published import other_than_published

from .ablation_tables import ablation_tables
from .cases import Seen, seen
from .curves import iou_curves
from .gallery import CaseView, Strip, case_views, map_strips
from .glossary import glossary
from .look import Drawing
from .names import dataset_title
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

    @property
    def has_ignored(self) -> bool:
        """Whether there are ignored pixels in its cases."""
        return any(case.has_ignored for case in self.cases)


@dataclass(frozen=True)
class Contents:
    """A report.

    Attributes
    ----------
    title
        What was measured.
    command, facts
        What measures it again, for a shell (empty where results do not tell), and on what figures
        depend.
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
    reached
        IoU by which cases are ordered, as text.
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
    command: str
    facts: Sequence[tuple[str, str]]
    warnings: Sequence[str]
    metrics: Sequence[Table]
    glossary: Sequence[tuple[str, str]]
    comparison: Sequence[Table]
    ablation: Sequence[Table]
    curves: Drawing | None
    reached: str
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
    methods = "; ".join(dict.fromkeys(run.method for run in standard))
    return Contents(
        f"{methods} on {', '.join(map(dataset_title, datasets))}",
        runs[0].written.get("command", ""),
        facts(runs),
        _other_than_published(runs),
        [metrics_table(runs, dataset) for dataset in datasets],
        glossary(runs),
        [table for table in comparison if table is not None],
        ablation_tables(runs),
        iou_curves(standard),
        f"{runs[0].reached:.2f}",
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
    return Gallery(dataset_title(of_set.dataset), case_views(of_set), map_strips(of_set))


def facts(runs: Sequence[EvaluationRun]) -> list[tuple[str, str]]:
    """What a figure depends on, for the end of the report: names and values."""
    methods = {run.method: run for run in reversed(runs)}.values()
    first = runs[0].written
    styles = [
        run.style
        if run.written.get("seed") is None
        else f"{run.style} (seed {run.written['seed']})"
        for run in runs
    ]
    data = {
        name: f"SHA-256 {of_set['sha256']} of all pixels, {len(of_set['objects'])} objects"
        for run in runs
        for name, of_set in run.written["datasets"].items()
        if "sha256" in of_set
    }
    return [
        *((name, first[name]) for name in ("date", "commit") if first.get(name)),
        *((run.method, _method(run)) for run in reversed(methods)),
        *((dataset_title(name), text) for name, text in data.items()),
        ("conditions", f"{_listed(first['protocol'])}, clicks {', '.join(dict.fromkeys(styles))}"),
        ("machine", _listed(first["machine"])),
        ("versions", _listed(first["versions"])),
    ]


def _method(run: EvaluationRun) -> str:
    written = run.written
    details = [
        f"SHA-256 {written['sha256']}" if "sha256" in written else "",
        f"{written['device']}, threads {written['threads']}" if "threads" in written else "",
        f"first click {written['first_click']}" if "first_click" in written else "",
        "" if run.is_network else f"protocol {run.protocol}",  # one of a network's settings
        f"mended: {', '.join(written['mended'])}" if written.get("mended") else "",
        f"start values: {_listed(written['start_values'])}" if "start_values" in written else "",
        *(_settings(run) if run.is_network else ()),
    ]
    return "; ".join(detail for detail in details if detail)


def _settings(run: EvaluationRun) -> list[str]:
    """All settings; those of each data set where they differ, as tuned windows do."""
    by_set = {name: found.get("settings") or {} for name, found in run.written["datasets"].items()}
    texts = {dataset_title(name): _listed(settings) for name, settings in by_set.items()}
    if len(set(texts.values())) == 1:
        return [f"settings: {text}" for text in set(texts.values()) if text]
    return [f"settings on {name}: {text}" for name, text in texts.items()]


def _listed(values: Mapping[str, Any]) -> str:
    """Names and values; what was not asked for is left out."""
    return ", ".join(f"{name} {value}" for name, value in values.items() if value is not None)
