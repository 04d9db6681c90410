"""Courses of the robot user, by methods whose masks are known beforehand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from training.data.evaluation_sets import Sample
from training.evaluation.courses import ClickBudget, Course, MeasuredMask, measure
from training.evaluation.errors import UserError
from training.evaluation.rules import CLEAN, DIFFERENCES, RELEASED

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


def test_as_released_an_object_gets_all_its_clicks() -> None:
    clicker = RowByRow()
    found = measure(lambda image: clicker, SAMPLE, ClickBudget(8), RELEASED)
    assert [click.iou for click in found.clicks] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1, 1, 1, 1])
    assert clicker.clicks[5:] == [(0, 0, False)] * 3


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_rule_can_be_mended_alone(name: str) -> None:
    mended = RELEASED.mended([name])
    assert [n for n in DIFFERENCES if getattr(mended, n) != getattr(RELEASED, n)] == [name]
    assert getattr(mended, name) == getattr(CLEAN, name)


def test_a_repair_goes_on_from_the_initial_mask() -> None:
    initial = OBJECT.copy()
    initial[2:4] = False

    class Repairer(RowByRow):
        def start_from(self, mask: NDArray[np.bool_]) -> None:
            self.given = mask

    clicker = Repairer()
    found = measure(lambda image: clicker, replace(SAMPLE, initial_mask=initial), ClickBudget())
    assert (clicker.given == initial).all()
    assert found.start is not None
    assert found.start.iou == pytest.approx(0.6)
    assert clicker.clicks[0] == (2, 3, True)  # the first pixel of the two missing rows


def test_a_perfect_initial_mask_gets_no_click() -> None:
    class Repairer(RowByRow):
        def start_from(self, mask: NDArray[np.bool_]) -> None:
            pass

    sample = replace(SAMPLE, initial_mask=OBJECT)
    found = measure(lambda image: Repairer(), sample, ClickBudget())
    assert found == Course("square", (), start=MeasuredMask(1, 1, 0))


def test_a_method_that_cannot_start_from_a_mask_says_so() -> None:
    sample = replace(SAMPLE, initial_mask=OBJECT)
    with pytest.raises(UserError, match=r"Expected a method with start_from\(mask\).*RowByRow"):
        measure(lambda image: RowByRow(), sample, ClickBudget())


def test_an_object_of_ignored_pixels_alone_gets_no_click() -> None:
    sample = replace(SAMPLE, object_mask=np.zeros_like(OBJECT), ignore=OBJECT)
    found = measure(lambda image: RowByRow(), sample, ClickBudget())
    assert found == Course("square", (), start=MeasuredMask(1, 1, 0))


def test_the_same_seed_makes_the_same_clicks_and_another_one_others() -> None:
    def clicks(seed: int) -> list[tuple[float, float, bool]]:
        clicker = RowByRow()
        measure(lambda image: clicker, SAMPLE, ClickBudget(), clicks="random", seed=seed)
        return clicker.clicks

    assert clicks(1) == clicks(1)
    assert len({tuple(clicks(seed)) for seed in range(4)}) > 1
