"""Tables 3-6 with the rows that were measured; the others have dashes, and a command each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from napari_fcfi.network import PaperArchitecture
from napari_fcfi.network.architecture import SIZES
from training.ablation import (
    DEFAULT_RATIO,
    METHOD,
    ROWS,
    AblationRow,
    family_of,
    training_command,
)
from training.evaluation.formats import DASH, number

from . import paper
from .names import trained_on_title
from .paper import Column
from .runs import EvaluationRun
from .tables import HERE, NOT_HERE, Row, Table, grouped, note_on

METRICS = {3: ("NoC@90", "NoF20@90")}
OTHERWISE = ("NoC@85", "NoC@90")


def ablation_tables(runs: Sequence[EvaluationRun]) -> list[Table]:
    """The four tables, if they were asked for; none else."""
    asked = [run for run in runs if run.is_ablation and architecture_of(run)]
    if not asked:
        return []
    families = list(dict.fromkeys(family_of(architecture_of(run)) for run in asked))
    return [_table(number, asked, families) for number in (3, 4, 5, 6)]


def architecture_of(run: EvaluationRun) -> dict[str, Any]:
    """Of a network, as its card has it; empty for other methods."""
    found: dict[str, Any] = run.written.get("architecture") or {}
    return found


def _table(table: int, runs: Sequence[EvaluationRun], families: Sequence[str]) -> Table:
    columns = _columns(table, runs)
    rows = [
        Row(
            (row.method, row.backbone or DASH, f"paper, Table {table}"),
            tuple(number(column[1], row.values.get(column)) for column in columns),
        )
        for row in paper.TABLES[table]
    ]
    rows = [row for row in rows if set(row.cells) != {DASH}]
    for family in families:
        for row in ROWS:
            if row.table == table:
                rows += _our_rows(row, family, runs, columns)
    return Table(
        f"Table {table}: {paper.TITLES[table]}",
        ("method", "network", "source"),
        grouped(columns),
        tuple(rows),
    )


def _columns(table: int, runs: Sequence[EvaluationRun]) -> list[Column]:
    datasets = dict.fromkeys(name for run in runs for name in run.datasets)
    names = [paper.papers_name(dataset) or dataset for dataset in datasets]
    return [(name, metric) for name in names for metric in METRICS.get(table, OTHERWISE)]


def _our_rows(
    row: AblationRow, family: str, runs: Sequence[EvaluationRun], columns: Sequence[Column]
) -> list[Row]:
    filling = [
        run
        for run in runs
        if family_of(architecture_of(run)) == family
        and row.is_filled_by(architecture_of(run), _ratio(run))
    ]
    if not filling:
        command = training_command(row, family)
        note = "" if command else "no recipe trains this network"
        dashes = (DASH,) * len(columns)
        return [Row((row.label, family, NOT_HERE), dashes, "missing", note, command)]
    return [_filled(row, run, columns) for run in filling]


def _filled(row: AblationRow, run: EvaluationRun, columns: Sequence[Column]) -> Row:
    by_name = {paper.papers_name(name) or name: scores for name, scores in run.datasets.items()}
    cells = tuple(
        number(metric, by_name[dataset].values.get(metric)) if dataset in by_name else DASH
        for dataset, metric in columns
    )
    note = "; ".join(
        filter(None, (note_on(run, by_name.values(), columns), unlike_the_papers(run, row)))
    )
    return Row((row.label, run.label, HERE), cells, "ours", note)


def unlike_the_papers(run: EvaluationRun, row: AblationRow) -> str:
    """In what a row's network differs from the paper's besides what its table is about."""
    architecture = architecture_of(run)
    differences = []
    if architecture["name"] in SIZES:
        papers = PaperArchitecture(name=architecture["name"]).model_dump()
        differences += [
            f"{key} {value}"
            for key, value in architecture.items()
            if key not in METHOD and papers.get(key) != value
        ]
    trained = run.written.get("trained_with_r")
    used = DEFAULT_RATIO if row.ratio is None else row.ratio
    if trained is not None and trained != used:
        differences.append(f"trained with r = {trained:g}")
    trained_on = trained_on_title(run.written.get("trained_on") or [])
    if trained_on:
        differences.append(f"trained on {trained_on}")
    return ", ".join(differences)


def _ratio(run: EvaluationRun) -> float:
    return float((run.written.get("settings") or {}).get("expansion_ratio", DEFAULT_RATIO))
