"""Courses of the robot user, by methods whose masks are known beforehand."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.courses import ClickBudget, Course, MeasuredClick, measure, summary
from training.data.evaluation_sets import Sample
from training.rules import CLEAN, DIFFERENCES, RELEASED

OBJECT = np.zeros((10, 12), bool)
OBJECT[2:7, 3:9] = True
SAMPLE = Sample("square", np.zeros((10, 12), np.uint8), OBJECT, np.zeros((10, 12), bool))


class RowByRow:
    """Finds one more row of the object with each click; keeps the clicks it was given."""

    def __init__(self) -> None:
        self.clicks: list[tuple[float, float, bool]] = []

    def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
        self.clicks.append((y, x, foreground))
        mask = OBJECT.copy()
        mask[2 + len(self.clicks) :] = False
        return mask


def course(name: str, *ious: float) -> Course:
    return Course(name, tuple(MeasuredClick(0, 0, True, iou, iou / 2, 3, 0.1) for iou in ious), 5)


def test_an_object_gets_clicks_until_its_mask_is_perfect() -> None:
    clicker = RowByRow()
    found = measure(lambda image: clicker, SAMPLE, ClickBudget())
    assert [click.iou for click in found.clicks] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert clicker.clicks[0] == (4, 5, True)
    assert [(c.y, c.x, c.foreground) for c in found.clicks] == clicker.clicks


def test_an_object_gets_no_more_clicks_than_allowed() -> None:
    assert len(measure(lambda image: RowByRow(), SAMPLE, ClickBudget(3)).clicks) == 3


def test_an_object_is_left_at_the_iou_given() -> None:
    found = measure(lambda image: RowByRow(), SAMPLE, ClickBudget(stop_at=0.6))
    assert [click.iou for click in found.clicks] == pytest.approx([0.2, 0.4, 0.6])


def test_metrics_stand_under_their_names() -> None:
    found = summary([course("a", 0.86, 0.92, 1.0), course("b", *[0.5] * 20)], ClickBudget())
    assert found == pytest.approx(
        {
            "NoC@85": 10.5,
            "NoC@90": 11,
            "NoF20@90": 1,
            "IoU@1": 0.68,
            "IoU@3": 0.75,
            "IoU@5": 0.75,
            "IoU@20": 0.75,
            "BIoU@5": 0.375,
            "ASSD@5": 3,
            "SPC": 0.1,
        }
    )


def test_as_released_an_object_gets_all_its_clicks() -> None:
    clicker = RowByRow()
    found = measure(lambda image: clicker, SAMPLE, ClickBudget(8), RELEASED)
    assert [click.iou for click in found.clicks] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert clicker.clicks[5:] == [(0, 0, False)] * 3


def test_as_released_failures_and_seconds_are_counted_otherwise() -> None:
    courses = [course("a", 0.5, 0.9), course("b", 0.5, 0.95)]
    budget = ClickBudget(2)
    clean, released = (summary(courses, budget, rules) for rules in (CLEAN, RELEASED))
    assert (clean["NoF2@90"], released["NoF2@90"]) == (0, 2)
    assert (clean["SPC"], released["SPC"]) == (pytest.approx(0.1), 10 / 4)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_rule_can_be_mended_alone(name: str) -> None:
    mended = RELEASED.mended([name])
    assert [n for n in DIFFERENCES if getattr(mended, n) != getattr(RELEASED, n)] == [name]
    assert getattr(mended, name) == getattr(CLEAN, name)


def test_metrics_that_an_early_stop_leaves_undefined_are_not_reported() -> None:
    found = summary([course("a", 0.7, 0.86)], ClickBudget(stop_at=0.85))
    assert found == pytest.approx({"NoC@85": 2, "SPC": 0.1})
