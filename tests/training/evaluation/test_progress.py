"""What is seen of an evaluation where there is no terminal."""

from __future__ import annotations

from itertools import count
from types import SimpleNamespace

import pytest

from training.data.evaluation_sets import EvaluationSet
from training.evaluation import progress
from training.evaluation.conditions import Conditions
from training.evaluation.courses import ClickBudget, Course, MeasuredClick
from training.evaluation.methods import by_factory
from training.evaluation.running import Job
from training.evaluation.setting_texts import settings_from

COURSE = Course("a", (MeasuredClick(1, 2, True, 0.95, 0.9, 1.0, 0.1),), 1.0, None)


def lines(capsys: pytest.CaptureFixture[str], *, shown: bool = True) -> list[str]:
    objects = EvaluationSet("x", (None,) * 9)
    job = Job(by_factory("grabcut", settings_from([])), objects, Conditions(ClickBudget(5)))
    with progress.Bars(shown=shown) as bars, bars.of(job, range(9), []) as advance:
        for _ in range(9):
            advance(COURSE)
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("x: ")]


@pytest.mark.slow
def test_a_log_gets_a_line_now_and_then_with_the_time_left(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ticks = count(0, 10)  # ten seconds an object, by this clock
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    found = lines(capsys)
    assert [line.split(",")[0] for line in found] == ["x: 3/9", "x: 6/9", "x: 9/9"]
    assert all(" left, NoC@90 1.00" in line for line in found[1:])
    assert lines(capsys, shown=False) == []
