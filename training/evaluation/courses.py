"""The robot user's course through an object: its clicks, and what they led to.

A method is whatever makes, for an image, an object with ``click(y, x, foreground) -> mask``; an
`Interaction` is one, the classical methods are others. All are measured by the same clicks, the
same metrics and the same clock, which runs during the call of ``click`` only. `Rules` say how; the
released protocol's are others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from training.data.evaluation_sets import Sample
from training.evaluation.click_styles import ClickStyle, in_style
from training.evaluation.errors import UserError
from training.evaluation.rules import CLEAN, Rules

Mask = NDArray[np.bool_]


class Clicker(Protocol):
    """One object in one image, segmented click by click."""

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click."""
        ...


@runtime_checkable
class Repairer(Protocol):
    """A clicker that can go on from a mask made elsewhere."""

    def start_from(self, mask: Mask) -> Any:
        """Take a mask ``(H, W)`` for what was found so far; comes before the first click."""
        ...


Method = Callable[[NDArray[Any]], Clicker]


@dataclass(frozen=True)
class ClickBudget:
    """How many clicks an object gets.

    Attributes
    ----------
    max_clicks
        Clicks of an object that does not become perfect.
    stop_at
        IoU at which an object is left early; None: never.
    """

    max_clicks: int = 20
    stop_at: float | None = None


@dataclass(frozen=True)
class MeasuredMask:
    """What a mask is like: ``iou`` and ``biou`` 0-1, ``assd`` in px."""

    iou: float
    biou: float
    assd: float


@dataclass(frozen=True)
class MeasuredClick:
    """One click of the robot user, what the mask is like after it, and the seconds it took.

    ``iou`` and ``biou`` are 0-1, ``assd`` is in px.
    """

    y: int
    x: int
    foreground: bool
    iou: float
    biou: float
    assd: float
    seconds: float


@dataclass(frozen=True)
class Course:
    """All clicks on one object, in order.

    Attributes
    ----------
    name
        The object's.
    clicks
        Empty where nothing was wrong from the beginning.
    seconds
        Time of everything that was done for it; 0 where nobody looked at the clock.
    start
        Before the first click; None where the mask was empty then and something was wrong.
    """

    name: str
    clicks: tuple[MeasuredClick, ...]
    seconds: float = 0.0
    start: MeasuredMask | None = None


def measure(
    method: Method,
    sample: Sample,
    budget: ClickBudget,
    rules: Rules = CLEAN,
    *,
    clicks: ClickStyle = "central",
    seed: int = 0,
) -> Course:
    """Course of the robot user on one object.

    Parameters
    ----------
    method
        Called with the sample's image.
    sample
        Image and object; its initial mask, if there is one, is what the first click corrects.
    budget
        Number of clicks.
    rules
        Of the protocol.
    clicks
        Where in an error the robot user clicks.
    seed
        Of the clicks that are drawn; the same seed draws the same clicks in the same masks.

    Raises
    ------
    UserError
        When there is an initial mask and the method cannot start from one.
    """
    clicker = method(sample.image)
    mask = np.zeros(sample.object_mask.shape, bool)
    start = None
    if sample.initial_mask is not None:
        mask = _started(clicker, sample)
        start = _measured(mask, sample, rules)
    made: list[MeasuredClick] = []
    while len(made) < budget.max_clicks:
        clicked = [(click.y, click.x) for click in made]
        click = rules.next_click(sample.object_mask, mask, clicked, sample.ignore)
        if click is None:
            break
        if clicks != "central":
            rng = np.random.default_rng([seed, len(made), *sample.name.encode()])
            click = in_style(clicks, click, sample, mask, clicked, rng)
        began = time.perf_counter()
        mask = clicker.click(*click)
        seconds = time.perf_counter() - began
        found = _measured(mask, sample, rules)
        made.append(MeasuredClick(*click, found.iou, found.biou, found.assd, seconds))
        if budget.stop_at is not None and found.iou >= budget.stop_at:
            break
    if not made and start is None:
        start = _measured(mask, sample, rules)
    return Course(sample.name, tuple(made), start=start)


def _measured(mask: Mask, sample: Sample, rules: Rules) -> MeasuredMask:
    masks = (mask, sample.object_mask, sample.ignore)
    return MeasuredMask(rules.iou(*masks), rules.biou(*masks), rules.assd(*masks))


def _started(clicker: Clicker, sample: Sample) -> Mask:
    """The initial mask, which the clicker knows from now on."""
    initial = sample.initial_mask
    if initial is None or not isinstance(clicker, Repairer):
        name = getattr(clicker, "name", type(clicker).__name__)
        raise UserError(
            f"Expected a method with start_from(mask), since {sample.name} begins with a mask that "
            f"is to be repaired, got {name}, which has none; take another "
            "method or a set without initial masks."
        )
    clicker.start_from(initial.copy())
    return initial
