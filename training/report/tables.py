"""Tables as values, from which both forms of the report are written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from training.ablation import DEFAULT_RATIO
from training.evaluation.formats import DASH, kind, number, title
from training.evaluation.rules import RELEASED
from training.evaluation.tables import markdown_table

from . import paper
from .names import backbone_title, dataset_title, trained_on_title
from .paper import Column, PaperRow
from .runs import EvaluationRun, Scores

COUNTED_BY = {
    "NoF": ("nof",),
    "IoU": ("iou", "next_click"),
    "BIoU": ("biou", "next_click"),
    "ASSD": ("assd", "next_click"),
    "SPC": ("times_everything",),
}
"""Rules on which each kind of metric depends, where the protocols differ."""

PAPER_HAS = {"zoom_in": "zoom-in", "flip": "flip averaging"}
"""Settings that are on in all of the paper's figures."""

HERE, NOT_HERE = "measured here", "not measured"

Kind = Literal["", "ours", "missing"]
"""Of a row: quoted or one among its like, measured here beside quoted ones, or not measured."""


@dataclass(frozen=True)
class Row:
    """A row.

    Attributes
    ----------
    heads, cells
        Its first cells, and its figures.
    kind
        Where the figures come from.
    note
        What a reader of the row has to know.
    command
        What makes the figures of a row that was not measured.
    """

    heads: tuple[str, ...]
    cells: tuple[str, ...]
    kind: Kind = ""
    note: str = ""
    command: str = ""


@dataclass(frozen=True)
class Table:
    """A table with columns in groups.

    Attributes
    ----------
    caption
        What it shows, and from where.
    heads
        Heads of the first columns.
    groups
        Name and columns' heads of each group of figures; an empty name for a group without.
    rows
        Its rows.
    """

    caption: str
    heads: tuple[str, ...]
    groups: tuple[tuple[str, tuple[str, ...]], ...]
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """Heads of all figures' columns, each with its group's name, as one line."""
        return tuple(f"{group} {head}".strip() for group, heads in self.groups for head in heads)

    @property
    def notes(self) -> list[tuple[str, str]]:
        """Rows' names and notes, for a form that has no room for them in the table."""
        return [(row.heads[0], row.note) for row in self.rows if row.note]

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Names of the rows that a command makes, and the command; they stand below the table."""
        found: dict[str, list[str]] = {}
        for row in self.rows:
            if row.command:
                found.setdefault(row.command, []).append(", ".join(row.heads[:-1]))
        return [("; ".join(names), command) for command, names in found.items()]


def metrics_table(runs: Sequence[EvaluationRun], dataset: str) -> Table:
    """All metrics of a data set, one row a run."""
    scores = [run.datasets[dataset] for run in runs if dataset in run.datasets]
    names = list(dict.fromkeys(name for found in scores for name in found.values))
    rows = [
        Row((found.run.label,), tuple(number(name, found.values.get(name)) for name in names))
        for found in scores
    ]
    objects = len(scores[0].courses)
    return Table(
        f"{dataset_title(dataset)}, {objects} {'object' if objects == 1 else 'objects'}",
        ("method",),
        (("", tuple(title(name) for name in names)),),
        tuple(rows),
    )


def paper_table(runs: Sequence[EvaluationRun], table: int) -> Table | None:
    """Table 1 or 2 of the paper with the runs' rows below it; None if no data set is in both."""
    columns = [
        column for column in paper.COLUMNS[table] if any(_on(run, column[0]) for run in runs)
    ]
    if not columns:
        return None
    rows = [_paper_row(row, columns) for row in paper.TABLES[table]]
    rows += [_our_row(run, columns) for run in runs if any(_on(run, c[0]) for c in columns)]
    return Table(
        f"Table {table} of the paper and what was measured here: {paper.TITLES[table]}",
        ("method", "backbone", "trained on", "source"),
        grouped(columns),
        tuple(row for row in rows if set(row.cells) != {DASH}),
    )


def grouped(columns: Iterable[Column]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Heads of columns, one group a data set."""
    groups: dict[str, list[str]] = {}
    for dataset, metric in columns:
        groups.setdefault(dataset_title(dataset), []).append(title(metric))
    return tuple((name, tuple(heads)) for name, heads in groups.items())


def _paper_row(row: PaperRow, columns: Sequence[Column]) -> Row:
    cells = tuple(number(column[1], row.values.get(column)) for column in columns)
    heads = (row.method, row.backbone, row.trained_on or DASH, f"paper, Table {row.table}")
    return Row(heads, cells)


def _our_row(run: EvaluationRun, columns: Sequence[Column]) -> Row:
    cells = tuple(our_number(run, column) for column in columns)
    found = [_on(run, dataset) for dataset in dict.fromkeys(dataset for dataset, _ in columns)]
    note = note_on(run, [scores for scores in found if scores is not None], columns)
    written = run.written
    backbone = backbone_title(written.get("architecture") or {})
    trained_on = trained_on_title(written.get("trained_on") or [])
    heads = (run.label, backbone or DASH, trained_on or DASH, HERE)
    return Row(heads, cells, "ours", note)


def our_number(run: EvaluationRun, column: Column) -> str:
    """A run's value in one of the paper's columns; a dash where it has none."""
    scores = _on(run, column[0])
    return DASH if scores is None else number(column[1], scores.values.get(column[1]))


def note_on(run: EvaluationRun, scores: Iterable[Scores], columns: Iterable[Column]) -> str:
    """What a reader has to know who compares a run's row with the paper's; mostly nothing."""
    notes = [*map(incomparable, scores), counted_otherwise(run, columns)]
    return "; ".join(filter(None, notes))


def incomparable(scores: Scores) -> str:
    """Why a run's figures are not those of the paper's protocol; empty if they may be compared."""
    name = paper.papers_name(scores.dataset)
    reasons = []
    if name is not None and len(scores.courses) != paper.OBJECTS[name]:
        reasons.append(f"{len(scores.courses)} of {paper.OBJECTS[name]} objects")
    if scores.run.style != "central":
        reasons.append(f"{scores.run.style} clicks")
    if scores.run.max_clicks != 20:
        reasons.append(f"at most {scores.run.max_clicks} clicks")
    if scores.run.written["protocol"].get("mirror_field"):
        reasons.append("in a field of mirror images")
    settings = scores.run.written["datasets"][scores.dataset].get("settings") or {}
    reasons += [
        f"without {words}" for name, words in PAPER_HAS.items() if settings.get(name) is False
    ]
    ratio = settings.get("expansion_ratio", DEFAULT_RATIO)
    if ratio != DEFAULT_RATIO and not scores.run.is_ablation:
        reasons.append(f"r = {ratio}")
    if any(course.start is not None and course.clicks for course in scores.courses):
        reasons.append("begun from given masks")
    return f"{dataset_title(scores.dataset)}: {', '.join(reasons)}" if reasons else ""


def counted_otherwise(run: EvaluationRun, columns: Iterable[Column]) -> str:
    """Which figures the authors' programs count in another way than a run's protocol does."""
    kinds = dict.fromkeys(kind(metric) for _, metric in columns)
    rules = run.rules
    names = [
        name
        for name in kinds
        if any(getattr(rules, f) is not getattr(RELEASED, f) for f in COUNTED_BY.get(name, ()))
    ]
    if not names:
        return ""
    return f"{', '.join(names)}: counted otherwise by the authors (docs/protocols.md)"


def _on(run: EvaluationRun, papers_dataset: str) -> Scores | None:
    return next(
        (s for name, s in run.datasets.items() if paper.papers_name(name) == papers_dataset), None
    )


def plain_text(table: Table) -> str:
    """A table in Markdown; names of what was measured here are bold."""
    rows = [
        [f"**{row.heads[0]}**" if row.kind == "ours" else row.heads[0], *row.heads[1:], *row.cells]
        for row in table.rows
    ]
    return markdown_table(table.heads, table.columns, rows)
