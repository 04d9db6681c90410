"""Recorded clicks made again: the same masks, and what was inside."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.evaluation.metrics import iou
from training.report.cases import chosen
from training.report.recorder import CFFM, ENCODER, FFCM, HEAD
from training.report.replay import CLICK, Replayer
from training.report.runs import EvaluationRun, read_report_runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(folder: Path) -> list[EvaluationRun]:
    return read_report_runs(folder)


@pytest.mark.parametrize("at", range(4))
def test_replayed_masks_have_the_recorded_ious(
    runs: list[EvaluationRun], at: int, tmp_path: Path
) -> None:
    scores = runs[at].datasets["sample"]
    replayer = Replayer(scores, tmp_path)
    for number, course in enumerate(scores.courses):
        sample = replayer.sample(number)
        replayed = replayer.clicks(number, len(course.clicks))
        found = [iou(one.mask, sample.object_mask, sample.ignore) for one in replayed]
        assert found == [click.iou for click in course.clicks]


def test_what_is_inside_follows_the_equations_of_ffcm(
    runs: list[EvaluationRun], tmp_path: Path
) -> None:
    scores = next(run for run in runs if run.label == "fcfi-lite, central clicks").datasets[
        "sample"
    ]
    clicks = scores.courses[1].clicks
    for click, replayed in zip(
        clicks[1:], Replayer(scores, tmp_path).clicks(1, 4)[1:], strict=True
    ):
        inside = replayed.inside
        assert inside is not None
        (y, x, sign), *others = inside.new_clicks
        assert not others
        assert bool(sign) == click.foreground
        cell = (round((y + 0.5) / 4 - 0.5), round((x + 0.5) / 4 - 0.5))
        assert inside.affinity[cell] == pytest.approx(1, abs=1e-4)
        assert inside.box[cell] == 1
        height, width = inside.affinity.shape
        before = inside.feedback[: 4 * height, : 4 * width]
        if before.shape != (4 * height, 4 * width):
            continue
        before = before.reshape(height, 4, width, 4).mean(axis=(1, 3))
        corrected = sign * inside.affinity + (1 - inside.affinity) * before
        expected = np.where(inside.box > 0.5, corrected, before)
        np.testing.assert_allclose(inside.refined, expected, atol=2e-3)
        assert 0 < inside.box.mean() < 0.5


def test_what_is_inside_is_not_mirrored(runs: list[EvaluationRun], tmp_path: Path) -> None:
    compared = 0
    for run in runs:
        if not run.is_network:
            continue
        scores = run.datasets["sample"]
        for number, course in enumerate(scores.courses):
            replayed = Replayer(scores, tmp_path).clicks(number, len(course.clicks))
            for before, after, click in zip(
                replayed, replayed[1:], course.clicks[1:], strict=False
            ):
                assert after.inside is not None
                in_field = np.argwhere(before.mask).mean(axis=0) - (click.y, click.x)
                feedback = np.argwhere(after.inside.feedback > 0.5).mean(axis=0)
                in_window = feedback - after.inside.new_clicks[0, :2]
                if abs(in_field[1]) > 0.1 * np.sqrt(before.mask.sum()):
                    assert in_field[1] * in_window[1] > 0
                    compared += 1
    assert compared > 2


def test_methods_other_than_networks_have_nothing_inside(
    runs: list[EvaluationRun], tmp_path: Path
) -> None:
    scores = next(run for run in runs if run.method == "OpenCV GrabCut").datasets["sample"]
    (click,) = Replayer(scores, tmp_path).clicks(0, 1)
    assert click.inside is None
    assert set(click.seconds) == {CLICK}


def test_times_of_the_parts_lie_within_the_click(runs: list[EvaluationRun], tmp_path: Path) -> None:
    scores = next(run for run in runs if run.label == "fcfi-lite, central clicks").datasets[
        "sample"
    ]
    for at, click in enumerate(Replayer(scores, tmp_path).clicks(0, 3)):
        parts = {name: spent for name, spent in click.seconds.items() if name != CLICK}
        assert {FFCM, CFFM, HEAD} <= set(parts)
        assert (ENCODER in parts) or at > 0  # a further click in the same window needs none
        assert all(spent > 0 for spent in parts.values())
        assert sum(parts.values()) < click.seconds[CLICK]


def test_best_median_and_worst_are_in_this_order(runs: list[EvaluationRun]) -> None:
    for run in runs:
        scores = run.datasets["sample"]
        cases = chosen(scores)
        assert [kind for kind, _ in cases] == ["best", "median", "worst"]
        needed = [int(scores.clicks_needed[number]) for _, number in cases]
        assert needed == sorted(needed)
        assert len({number for _, number in cases}) == 3
