"""Metrics of courses that are known beforehand."""

from __future__ import annotations

import pytest

from training.evaluation.courses import ClickBudget, Course, MeasuredClick, MeasuredMask
from training.evaluation.rules import CLEAN, RELEASED
from training.evaluation.summary import summary


def course(name: str, *ious: float) -> Course:
    return Course(name, tuple(MeasuredClick(0, 0, True, iou, iou / 2, 3, 0.1) for iou in ious), 5)


def test_metrics_stand_under_their_names() -> None:
    found = summary([course("a", 0.86, 0.92, 1.0), course("b", *[0.5] * 20)], ClickBudget())
    assert found == pytest.approx(
        {
            "NoC@85": 10.5,
            "NoC@90": 11,
            "NoC@95": 11.5,
            "NoF20@90": 1,
            "IoU@1": 0.68,
            "IoU@3": 0.75,
            "IoU@5": 0.75,
            "IoU@20": 0.75,
            "BIoU@5": 0.375,
            "ASSD@5": 3,
            "LoweredIoU": 0,
            "SPC": 0.1,
        }
    )


def test_as_released_failures_and_seconds_are_counted_otherwise() -> None:
    courses = [course("a", 0.5, 0.9), course("b", 0.5, 0.95)]
    budget = ClickBudget(2)
    clean, released = (summary(courses, budget, rules) for rules in (CLEAN, RELEASED))
    assert (clean["NoF2@90"], released["NoF2@90"]) == (0, 2)
    assert (clean["SPC"], released["SPC"]) == (pytest.approx(0.1), 10 / 4)


def test_metrics_that_an_early_stop_leaves_undefined_are_not_reported() -> None:
    found = summary([course("a", 0.7, 0.86)], ClickBudget(stop_at=0.85))
    assert found == {"NoC@85": 2}


def started(name: str, start: float, *ious: float) -> Course:
    clicks = course(name, *ious).clicks
    return Course(name, clicks, start=MeasuredMask(start, start / 2, 7))


def test_an_object_that_begins_well_enough_needs_no_click_for_it() -> None:
    courses = [started("a", 0.87, 0.92), started("b", 0.5, 0.86, 0.87)]
    found = summary(courses, ClickBudget(2))
    assert (found["NoC@85"], found["NoC@90"]) == (0.5, 1.5)
    assert found["NoF2@90"] == 1
    assert found["IoU@0"] == pytest.approx((0.87 + 0.5) / 2)


def test_a_good_beginning_is_no_failure_though_clicks_spoil_it() -> None:
    courses = [started("a", 0.95, 0.8, 0.8)]
    for rules in (CLEAN, RELEASED):
        assert summary(courses, ClickBudget(2), rules)["NoF2@90"] == 0


def test_a_perfect_beginning_counts_with_its_own_measures() -> None:
    found = summary([started("a", 1.0)], ClickBudget())
    assert (found["NoC@90"], found["IoU@5"], found["BIoU@5"], found["ASSD@5"]) == (0, 1, 0.5, 7)
    assert "SPC" not in found
    assert "IoU@0" not in found


def test_clicks_that_lower_the_iou_are_counted_among_all_clicks() -> None:
    courses = [started("a", 0.6, 0.5, 0.7), course("b", 0.5, 0.4, 0.4)]
    assert summary(courses, ClickBudget(3))["LoweredIoU"] == pytest.approx(2 / 5)
