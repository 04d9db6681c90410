"""The first click, at any scale: which window to look at when nothing says how large things are.

A nucleus of 20 px in a field of 2,000, or a dog that fills the picture: windows around the click,
from small to large, are looked at with small inputs in few batches. The one whose answer has the
highest score becomes the window: a product of its quality, the share of the mask that is connected
with a click, the agreement with the neighbouring scales, the share of the window's sides that the
mask leaves free, and the window's size, since among equals the larger one cuts less off. The powers
of these parts were chosen on validation pictures (docs/models.md).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_fcfi.settings import Settings

from .box import Box
from .click import Click, box_of
from .contrast import Limits
from .field import Field
from .passes import Answer, Passes, Question
from .promise import DISK_RADIUS_PX
from .window import Window
from .zoom import whole_box

MOST_WINDOWS = 8
SMALLEST_SIDE_PX = 48
LEAST_RATIO = 1.5
"""Sides of neighbouring windows differ by at least this factor, if that leaves fewer windows."""

SEARCH_INPUT_PX = 192
"""Longer side of the network's input while searching."""

CONNECTED_POWER, AGREEMENT_POWER, FREE_POWER, SIZE_POWER = 1.0, 0.5, 3.0, 0.15
"""Powers of the parts of the score; quality's is 1."""


def first_window(
    passes: Passes,
    field: Field,
    limits: Limits,
    asked: Question,
    settings: Settings,
    scope: Box | None,
) -> Window:
    """The window in which the first clicks are answered best.

    Parameters
    ----------
    passes, field, limits, asked
        Who answers, and what is asked.
    settings : Settings
        Without zoom-in, and for a network that does not tell its quality, the largest window wins.
    scope : Box or None
        The largest box that may be looked at.
    """
    foreground = [click for click in asked.clicks if click.foreground]
    largest = whole_box(field.box, box_of(foreground), scope)
    whole = Window.of(largest, settings.zoom_size)
    if not settings.zoom_in:
        return whole
    candidates = [Window.of(box, SEARCH_INPUT_PX) for box in boxes_around(foreground, largest)]
    if len(candidates) == 1:
        return whole
    answers = _answers(passes, field, limits, candidates, asked)
    if any(answer.quality is None for answer in answers):
        return whole
    scores = scores_of(candidates, answers, foreground, settings.threshold, largest)
    return Window.of(candidates[int(np.argmax(scores))].box, settings.zoom_size)


def boxes_around(clicks: Sequence[Click], largest: Box) -> list[Box]:
    """Boxes around the clicks, small to large; the last is the largest one itself.

    Their sides grow geometrically; a square that is larger than the largest box's shorter side is
    cut to it, and all are moved into it.
    """
    clicked = box_of(clicks)
    smallest = max(SMALLEST_SIDE_PX, *(side * LEAST_RATIO for side in clicked.shape))
    span = max(largest.shape) / smallest
    if span <= 1:
        return [largest]
    number = min(MOST_WINDOWS, 1 + math.ceil(math.log(span) / math.log(LEAST_RATIO)))
    sides = np.geomspace(smallest, max(largest.shape), number)[:-1]
    y, x = clicked.centre
    boxes = [Box.around(y, x, side, side).shifted_into(largest) for side in sides]
    return list(dict.fromkeys([*boxes, largest]))


def scores_of(
    windows: Sequence[Window],
    answers: Sequence[Answer],
    clicks: Sequence[Click],
    threshold: float,
    largest: Box,
) -> list[float]:
    """How good each answer looks, 0–1; windows from small to large, each inside the next."""
    neighbours = [
        agreement(windows[i], answers[i], windows[i + 1], answers[i + 1], threshold)
        for i in range(len(windows) - 1)
    ]
    around = [float(np.mean(neighbours[max(0, i - 1) : i + 1])) for i in range(len(windows))]
    masks = [answer.probabilities > threshold for answer in answers]
    return [
        (answer.quality or 0.0)
        * connected_share(mask, window, clicks) ** CONNECTED_POWER
        * agreeing**AGREEMENT_POWER
        * (1 - cut_share(mask, window, largest)) ** FREE_POWER
        * (max(window.box.shape) / max(largest.shape)) ** SIZE_POWER
        for window, answer, mask, agreeing in zip(windows, answers, masks, around, strict=True)
    ]


def agreement(
    small: Window, answer: Answer, large: Window, other: Answer, threshold: float
) -> float:
    """IoU of two answers in the smaller window; 1 if both are empty there."""
    mask = answer.probabilities > threshold
    seen = large.view_of(other.probabilities, small) > threshold
    union = np.count_nonzero(mask | seen)
    return np.count_nonzero(mask & seen) / union if union else 1.0


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


def connected_share(mask: NDArray[np.bool_], window: Window, clicks: Sequence[Click]) -> float:
    """Share of the mask in pieces that a click's disk meets; 0 for an empty mask."""
    if not mask.any():
        return 0.0
    pieces, _ = ndimage.label(mask)
    rows, columns = np.arange(mask.shape[0])[:, None], np.arange(mask.shape[1])
    at_clicks = np.zeros_like(mask)
    for y, x, _ in window.clicks(clicks):
        at_clicks |= np.hypot(rows - y, columns - x) <= DISK_RADIUS_PX
    met = np.unique(pieces[at_clicks & mask])
    return float(np.count_nonzero(np.isin(pieces, met) & mask) / np.count_nonzero(mask))


def _answers(
    passes: Passes, field: Field, limits: Limits, windows: Sequence[Window], asked: Question
) -> list[Answer]:
    """One batch for each run of windows with the same input size (usually all but the last)."""
    answers: list[Answer] = []
    for _, same in itertools.groupby(windows, key=lambda window: window.size):
        answers += passes.answers(field, limits, list(same), asked)
    return answers
