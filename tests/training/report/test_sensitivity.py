"""Rise and spread of clicks between styles of clicking."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from training.report.runs import read_report_runs
from training.report.sensitivity import sensitivities, spread


@given(
    arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.integers(1, 20))
)
def test_styles_differ_on_objects_at_least_as_much_as_in_the_mean(clicks: np.ndarray) -> None:
    of_means, of_objects = spread(clicks)
    assert 0 <= of_means <= of_objects + 1e-9 <= 19 + 1e-9
    assert spread(np.repeat(clicks[:1], 3, axis=0)) == (0, 0)


@pytest.mark.slow
def test_the_rise_is_the_difference_to_central_clicks(folder: Path, nowhere: Path) -> None:
    runs = read_report_runs(folder)
    found, missing = sensitivities(runs, nowhere)
    assert not missing
    assert [one.title for one in found] == ["fcfi-lite on sample", "OpenCV GrabCut on sample"]
    for one in found:
        of_method = [run for run in runs if one.title.startswith(run.method)]
        central, random = (
            next(run for run in of_method if run.style == style).datasets["sample"]
            for style in ("central", "random")
        )
        rows = {row.heads[0]: row.cells for row in one.table.rows}
        assert rows["central"][-1] == "–"
        rise = float(rows["random"][-1].replace("−", "-").replace("±", ""))
        values = [float(scores.values["NoC@90"] or 0) for scores in (random, central)]
        assert rise == pytest.approx(values[0] - values[1], abs=0.006)
        assert len(one.strip.tiles) == 2


@pytest.mark.slow
def test_one_style_alone_is_not_compared(folder: Path, nowhere: Path) -> None:
    runs = [run for run in read_report_runs(folder) if run.style == "central"]
    assert sensitivities(runs, nowhere) == ([], [])
