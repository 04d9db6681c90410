"""The first click, at any scale: which windows to look at when nothing says how large things are.

A nucleus of 20 px in a field of 2,000, or a dog that fills the picture: windows around the click,
from small to large, are looked at with small inputs in few batches. The few whose answers have the
highest scores are then answered as any click is, and the better answer wins: the one of the higher
quality times the preference for its window, as among equals the larger one cuts less off, and a
small one only magnifies. The score is the same product of the small answer, times the share of the
window's sides that its mask leaves free. Powers, sizes and the number of finalists were chosen on
validation pictures (docs/models.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click, box_of
from .contrast import Limits
from .field import Field
from .passes import Answer, Passes, Question
from .window import Window

MOST_WINDOWS = 8
LEAST_RATIO = 1.5
"""Sides of neighbouring windows differ by at least this factor, if that leaves fewer windows."""

SEARCH_INPUT_PX = 192
"""Longer side of the network's input while searching."""

FREE_POWER, SIZE_POWER = 3.0, 0.1
"""Powers of the parts of the score; quality's is 1."""

LARGE_SIDE_PX = 400
"""Windows of at least this longer side count as equally large."""

FINALISTS = 3
"""Windows that are answered in full."""


def first_windows(
    passes: Passes,
    field: Field,
    limits: Limits,
    asked: Question,
    settings: Settings,
    largest: Box,
) -> list[Window]:
    """The windows in which the first clicks may be answered best: one, or `FINALISTS`.

    Parameters
    ----------
    passes, field, limits, asked
        Who answers, and what is asked.
    settings : Settings
        Without zoom-in, and for a network that does not tell its quality, the largest window wins.
    largest : Box
        The largest box that may be looked at; it holds the foreground clicks.
    """
    whole = Window.of(largest, settings.zoom_size)
    if not (settings.zoom_in and passes.tell_quality):
        return [whole]
    foreground = [click for click in asked.clicks if click.foreground]
    boxes = boxes_around(foreground, largest, settings.zoom_min)
    candidates = [Window.of(box, SEARCH_INPUT_PX) for box in boxes]
    if len(candidates) == 1:
        return [whole]
    answers = _answers(passes, field, limits, candidates, asked)
    scores = scores_of(candidates, answers, settings.threshold, largest)
    best = np.argsort(scores)[: -FINALISTS - 1 : -1]
    return [Window.of(candidates[i].box, settings.zoom_size) for i in best]


def boxes_around(clicks: Sequence[Click], largest: Box, smallest_side: float) -> list[Box]:
    """Boxes around the clicks, small to large; the last is the largest one itself.

    Their sides grow geometrically; a square that is larger than the largest box's shorter side is
    cut to it, and all are moved into it.
    """
    clicked = box_of(clicks)
    smallest = max(smallest_side, *(side * LEAST_RATIO for side in clicked.shape))
    span = max(largest.shape) / smallest
    if span <= 1:
        return [largest]
    number = min(MOST_WINDOWS, 1 + math.ceil(math.log(span) / math.log(LEAST_RATIO)))
    sides = np.geomspace(smallest, max(largest.shape), number)[:-1]
    y, x = clicked.centre
    boxes = [Box.around(y, x, side, side).shifted_into(largest) for side in sides]
    return list(dict.fromkeys([*boxes, largest]))


def scores_of(
    windows: Sequence[Window], answers: Sequence[Answer], threshold: float, largest: Box
) -> list[float]:
    """How good the answer of each window looks, 0–1."""
    masks = [answer.probabilities > threshold for answer in answers]
    return [
        (answer.quality or 0.0)
        * (1 - cut_share(mask, window, largest)) ** FREE_POWER
        * preference(window)
        for window, answer, mask in zip(windows, answers, masks, strict=True)
    ]


def preference(window: Window) -> float:
    """Factor by which a window counts beside others, 0–1: more the larger it is, up to a limit."""
    return float(min(1.0, max(window.box.shape) / LARGE_SIDE_PX) ** SIZE_POWER)


def cut_share(mask: NDArray[np.bool_], window: Window, largest: Box) -> float:
    """Mean share of the window's four sides that the mask meets, where more lies beyond them."""
    box = window.box
    sides = (
        (mask[0], box.y0 > largest.y0),
        (mask[-1], box.y1 < largest.y1),
        (mask[:, 0], box.x0 > largest.x0),
        (mask[:, -1], box.x1 < largest.x1),
    )
    return float(np.mean([side.mean() if beyond else 0.0 for side, beyond in sides]))


def _answers(
    passes: Passes, field: Field, limits: Limits, windows: Sequence[Window], asked: Question
) -> list[Answer]:
    """One batch for each run of windows with the same input size (usually all but the last)."""
    answers: list[Answer] = []
    for _, same in itertools.groupby(windows, key=lambda window: window.size):
        answers += passes.answers(field, limits, list(same), asked)
    return answers
