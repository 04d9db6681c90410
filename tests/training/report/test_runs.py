"""How the report calls the runs, and when an object of one is done."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from training.evaluation.courses import Course, MeasuredClick
from training.evaluation.plain import plain_course
from training.evaluation.results import write_results
from training.report.runs import EvaluationRun, read_report_runs
from training.report.sensitivity import sensitivities
from training.report.tables import counted_otherwise


def run(
    name: str, style: str = "central", stop_at: float | None = None, **more: Any
) -> dict[str, Any]:
    """A run as it is written, on one object that has an IoU of 0.87 after its second click."""
    clicks = tuple(MeasuredClick(0, 0, True, iou, 0.5, 3.0, 0.1) for iou in (0.5, 0.87))
    objects = [{**plain_course(Course("a", clicks, 1.0)), "sha256": ""}]
    of_set = {"metrics": {"NoC@85": 2.0}, "settings": {}, "expected_objects": None}
    return {
        "name": name,
        "method": "fcfi",
        "click_style": style,
        "protocol": {"max_clicks": 20, "stop_at": stop_at},
        "datasets": {"berkeley": {**of_set, "objects": objects}},
        **more,
    }


def labels(tmp_path: Path, *names: str) -> list[str]:
    write_results(tmp_path, [run(name, checkpoint="mine") for name in names])
    return [found.label for found in read_report_runs(tmp_path)]


def test_files_are_called_by_the_last_parts_that_tell_them_apart(tmp_path: Path) -> None:
    assert labels(tmp_path, "/runs/a/mine.safetensors", "/runs/b/mine.safetensors") == [
        "a/mine.safetensors",
        "b/mine.safetensors",
    ]
    assert labels(
        tmp_path, "/runs/a/out/m.pth, threshold=0.4", "/runs/b/out/m.pth", "fcfi-lite"
    ) == [
        "a/out/m.pth, threshold=0.4",
        "b/out/m.pth",
        "fcfi-lite",
    ]
    assert labels(tmp_path, "/runs/a/m.pth", "/runs/a/m.pth, flip=False") == [
        "a/m.pth",
        "a/m.pth, flip=False",
    ]


@pytest.mark.parametrize(("stop_at", "target"), [(None, 90), (0.95, 90), (0.85, 85)])
def test_an_object_is_done_where_it_was_left(
    tmp_path: Path, nowhere: Path, stop_at: float | None, target: int
) -> None:
    write_results(tmp_path, [run("fcfi-lite", style, stop_at) for style in ("central", "random")])
    runs = read_report_runs(tmp_path)
    assert runs[0].datasets["berkeley"].clicks_needed.tolist() == [2 if target == 85 else 20]
    (found,), _ = sensitivities(runs, nowhere)
    assert f"in NoC@{target}:" in found.sentence


def test_what_the_authors_count_otherwise_is_said_of_the_clean_protocol_alone() -> None:
    columns = [("berkeley", "NoC@90"), ("berkeley", "NoF20@90"), ("berkeley", "SPC")]
    clean = EvaluationRun("a", "a", run("a"))
    assert counted_otherwise(clean, columns).startswith("NoF, SPC: counted otherwise")
    assert not counted_otherwise(clean, columns[:1])
    released = run("a")
    released["datasets"]["berkeley"]["settings"] = {"protocol": "released"}
    assert not counted_otherwise(EvaluationRun("a", "a", released), columns)
    released["mended"] = ["nof"]
    assert counted_otherwise(EvaluationRun("a", "a", released), columns).startswith("NoF: counted")
