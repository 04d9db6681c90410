"""What the paper's tables say, against the paper; and that nobody takes it for our own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from training.report import paper
from training.report.runs import EvaluationRun
from training.report.tables import HERE, paper_table


@pytest.mark.parametrize(
    ("table", "method", "backbone", "column", "value"),
    [
        (1, "FCFI", "HRNet-18", ("grabcut", "NoC@85"), 1.38),
        (1, "DOS w/o GC", "FCN-8s", ("davis", "NoC@90"), 17.11),
        (2, "FCFI", "HRNet-18s", ("davis", "ASSD@5"), 6.434),
        (3, "+ FFC + CFF", "ResNet-101", ("davis", "NoF20@90"), 59),
        (5, "r = 0.4", "", ("berkeley", "NoC@85"), 1.79),
        (6, "CFFM", "", ("berkeley", "NoC@90"), 3.07),
    ],
)
def test_values_of_the_paper(
    table: int, method: str, backbone: str, column: paper.Column, value: float
) -> None:
    (row,) = [r for r in paper.TABLES[table] if (r.method, r.backbone) == (method, backbone)]
    assert row.table == table
    assert row.values[column] == value


def test_every_row_stands_in_the_paper_as_it_is_quoted(data_root: Path) -> None:
    text = re.sub(r"</?[bu]>|\[\d+\]|†", "", (data_root / "paper.txt").read_text(encoding="utf-8"))
    lines = [[cell.strip() for cell in line.split("\t")] for line in text.splitlines()]
    for table, rows in paper.TABLES.items():
        columns = paper.COLUMNS[table]
        for row in rows:
            numbers = [row.values.get(column) for column in columns]
            found = [
                line
                for line in lines
                if [_value(cell) for cell in line[-len(columns) :]] == numbers
                and len(line) > len(columns)
            ]
            names = {"FCFI": "Ours"}.get(row.method, row.method).removeprefix("r = ")
            assert any(names in line for line in found), row


def _value(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def run(dataset: str, metrics: dict[str, float], objects: int, **changed: object) -> EvaluationRun:
    course = {"name": "a", "seconds": 1.0, "start": None, "clicks": []}
    click = {"y": 0, "x": 0, "foreground": True, "iou": 1, "biou": 1, "assd": 0, "seconds": 0.1}
    written = {
        "method": "fcfi",
        "checkpoint": "m",
        "protocol": {"max_clicks": 20, "stop_at": None, **changed},
        "datasets": {
            dataset: {"metrics": metrics, "objects": [course | {"clicks": [click]}] * objects}
        },
    }
    return EvaluationRun("FCFI", "FCFI", written)


def test_quoted_rows_and_ours_are_told_apart_even_when_named_alike() -> None:
    table = paper_table([run("GrabCut", {"NoC@85": 9.87, "NoC@90": 9.99}, 50)], 1)
    assert table is not None
    assert [row.heads[-1] for row in table.rows if row.kind == "ours"] == [HERE]
    quoted = [row for row in table.rows if row.kind != "ours"]
    assert {row.heads[-1] for row in quoted} == {"paper, Table 1"}
    assert len(quoted) == 19
    assert not any("9.87" in row.cells for row in quoted)
    assert table.rows[-1].cells == ("9.87", "9.99")
    assert table.rows[-1].note == ""


@pytest.mark.parametrize(
    ("objects", "changed", "said"),
    [
        (6, {}, "6 of 50 objects"),
        (50, {"max_clicks": 5}, "at most 5 clicks"),
        (50, {"mirror_field": 2048}, "in a field of mirror images"),
    ],
)
def test_figures_under_other_conditions_are_marked(
    objects: int, changed: dict[str, object], said: str
) -> None:
    table = paper_table([run("grabcut", {"NoC@90": 2.0}, objects, **changed)], 1)
    assert table is not None
    assert table.rows[-1].note == f"GrabCut: {said}"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"flip": False}, "GrabCut: without flip averaging"),
        ({"zoom_in": False}, "GrabCut: without zoom-in"),
        ({"expansion_ratio": 0.5}, "GrabCut: r = 0.5"),
        ({"flip": True, "zoom_in": True, "expansion_ratio": 0.3}, ""),
    ],
)
def test_figures_with_other_settings_are_marked(settings: dict[str, object], said: str) -> None:
    ours = run("grabcut", {"NoC@90": 2.0}, 50)
    ours.written["datasets"]["grabcut"]["settings"] = settings
    table = paper_table([ours], 1)
    assert table is not None
    assert table.rows[-1].note == said


def test_a_set_that_the_paper_has_not_is_not_set_beside_it() -> None:
    assert paper_table([run("davis_subset", {"NoC@90": 2.0}, 25)], 1) is None
    davis = paper_table([run("DAVIS345", {"NoC@90": 2.0}, 345)], 1)
    assert davis is not None
    assert davis.groups[0][0] == "DAVIS"


@pytest.mark.parametrize(
    ("name", "sets", "cells"),
    [
        ("fcfi-resnet101", ["SBD"], ("ResNet-101", "SBD")),
        ("fcfi-hrnet18s-small", ["coco_lvis"], ("HRNet-18s", "COCO+LVIS")),
        ("fcfi-lite", ["a", "b", "c", "d"], ("EfficientNet-lite0", "4 sets")),
        ("fcfi-lite", [], ("EfficientNet-lite0", "–")),
    ],
)
def test_our_rows_tell_backbone_and_training_data(
    name: str, sets: list[str], cells: tuple[str, str]
) -> None:
    ours = run("grabcut", {"NoC@90": 2.0}, 50)
    written = {**ours.written, "architecture": {"name": name}, "trained_on": sets}
    table = paper_table([EvaluationRun("m", "m", written)], 1)
    assert table is not None
    assert table.rows[-1].heads == ("m", *cells, HERE)
