"""Simulated users of the authors' programs: clicks that fit the object, then one in each answer.

They click in the inner part of regions only, as many at once as a steep law says; those of this
project's own models are in `click_simulation`. Regions are masks ``(H, W)``; the clicks of a user
are a table of twice `SLOTS` rows ``y, x, sign``, foreground in the first half, background in the
second, empty rows -1.

Choices
-------
The programs draw the coin of the erosion once an object; so it is here. Ignored pixels are clicked
on by nobody who begins, but count as background when an answer is corrected, as in the programs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from .click_simulation import DECAY, Generator, Mask, Position

SLOTS = 24
"""Most clicks of a kind."""

MERGED_SHARE = 0.15
"""Share of the users who want two objects of the picture as one."""

ERODED_SHARE = 0.9
EROSIONS = 3
FEWEST_LEFT = 10
"""An object of which the erosion leaves no more pixels is not eroded."""

CENTRAL_DEPTH = 1 / 1.7
"""A central click is deeper than this share of the greatest depth."""

CORRECTIVE_DEPTH = 1 / 2
"""The same for a click that corrects an answer."""

BORDER = 0.1
"""Width of the border around an object, as a share of the root of its area."""

REGION_SHARES = (0.1, 0.4, 0.5)
"""Of background clicks: anywhere outside, on other objects, in the border."""

THRESHOLD = 0.49

Table = NDArray[np.float32]

_SQUARE = np.ones((3, 3), np.uint8)


def count_shares(numbers: int) -> NDArray[np.float64]:
    """Probability of each of so many numbers of clicks; each is `DECAY` times the one before."""
    shares = DECAY ** np.arange(numbers)
    normalised: NDArray[np.float64] = shares / shares.sum()
    return normalised


def eroded(mask: Mask) -> Mask:
    """The object without its rim of three pixels, or the whole of it if hardly any would stay."""
    inner: Mask = cv2.erode(mask.astype(np.uint8), _SQUARE, iterations=EROSIONS) > 0
    return inner if inner.sum() > FEWEST_LEFT else mask


def border_of(mask: Mask) -> Mask:
    """The pixels around an object, as wide as its size suggests; empty for an empty one."""
    width = math.ceil(BORDER * math.sqrt(mask.sum()))
    grown: Mask = cv2.dilate(mask.astype(np.uint8), _SQUARE, iterations=width) > 0
    return grown & ~mask


def central(region: Mask) -> Mask:
    """The innermost pixels of a region, the picture's frame counted as outside."""
    depth = distance_transform_edt(np.pad(region, 1))[1:-1, 1:-1]
    inner: Mask = depth > depth.max() * CENTRAL_DEPTH
    return inner


def choose_objects(rng: Generator, count: int) -> list[int]:
    """Which of a picture's objects a user wants: one, or two as one."""
    wanted = 2 if count > 1 and rng.random() < MERGED_SHARE else 1
    return [int(i) for i in rng.choice(count, wanted, replace=False)]


def initial_clicks(
    rng: Generator,
    objects: Sequence[Mask],
    others: Mask,
    outside: Mask,
    *,
    central_first: bool,
) -> Table:
    """The clicks that a user makes before seeing any answer.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    objects : sequence of mask
        What the user wants as one object, in parts; none for a picture without an object.
    others : mask
        Further objects; where there are none, all that lies outside stands for them.
    outside : mask
        Where background clicks may lie.
    central_first : bool
        The first click on each part is a central one.

    Returns
    -------
    Table
        One click on each part, then further ones on any part; a background click whose region is
        empty is left out.
    """
    table = np.full((2 * SLOTS, 3), -1, np.float32)
    regions = [eroded(part) if rng.random() < ERODED_SHARE else part for part in objects]
    firsts = [central(region) if central_first else region for region in regions]
    further = int(rng.choice(len(shares := _further_shares(len(regions))), p=shares))
    everywhere = [np.logical_or.reduce(regions)] * further if regions else []
    _write(table[:SLOTS], _draw_each(rng, [*firsts, *everywhere]), sign=1)
    wanted = np.logical_or.reduce(list(objects)) if objects else np.zeros_like(outside)
    kinds = (outside, others if others.any() else outside, border_of(wanted) & outside)
    number = int(rng.choice(SLOTS + 1, p=count_shares(SLOTS + 1)))
    drawn = rng.choice(len(kinds), number, p=REGION_SHARES) if objects else np.zeros(number, int)
    _write(table[SLOTS:], _draw_each(rng, [kinds[kind] for kind in drawn]), sign=0)
    return table


def newest_of(table: Table) -> Position:
    """The click that counts as new among the initial ones: the first on the object.

    Without an object it is a foreground click at -1, which the released FFCM takes for one at the
    picture's first pixel.
    """
    return (float(table[0, 0]), float(table[0, 1]), 1.0)


def error_candidates(probabilities: NDArray[np.floating], target: Mask) -> tuple[Mask, bool]:
    """Where a user may correct an answer, and whether by a foreground click.

    Parameters
    ----------
    probabilities : ndarray
        ``(H, W)``, the answer.
    target : mask
        The object wanted.
    """
    depths = [
        cv2.distanceTransform(np.pad(wrong, 1).astype(np.uint8), cv2.DIST_L2, 5)[1:-1, 1:-1]
        for wrong in (~target & (probabilities > THRESHOLD), target & (probabilities < THRESHOLD))
    ]
    foreground = bool(depths[1].max() > depths[0].max())
    depth = depths[foreground]
    candidates: Mask = depth > depth.max() * CORRECTIVE_DEPTH
    return candidates, foreground


def correct(
    rng: Generator, table: Table, probabilities: NDArray[np.float32], target: Mask, iteration: int
) -> tuple[Table, Position]:
    """The table with one more click, and that click.

    It takes a slot from the end of its half, by the iteration (from 1), whether that is free or
    not. Where nothing is wrong the table stays, and the new click is the picture's middle with the
    probability there for its sign, which changes next to nothing.
    """
    candidates, foreground = error_candidates(probabilities, target)
    position = _draw(rng, candidates)
    if position is None:
        height, width = target.shape
        y, x = height // 2 - 1, width // 2 - 1
        return table, (float(y), float(x), float(probabilities[y, x]))
    click = (*position, float(foreground))
    table = table.copy()
    table[(SLOTS if foreground else 2 * SLOTS) - iteration] = click
    return table, click


def _further_shares(parts: int) -> NDArray[np.float64]:
    """Of the numbers of foreground clicks after the first on each part.

    One object has 1 to `SLOTS` clicks; for merged ones, further clicks are counted from none to
    `SLOTS`, and what does not fit is cut off.
    """
    return count_shares(SLOTS + (parts > 1))


def _draw(rng: Generator, region: Mask) -> tuple[float, float] | None:
    flat = np.flatnonzero(region)
    if not flat.size:
        return None
    y, x = divmod(int(flat[rng.integers(flat.size)]), region.shape[1])
    return float(y), float(x)


def _draw_each(rng: Generator, regions: Sequence[Mask]) -> list[tuple[float, float]]:
    drawn = (_draw(rng, region) for region in regions)
    return [position for position in drawn if position is not None]


def _write(half: Table, positions: list[tuple[float, float]], *, sign: int) -> None:
    for row, position in zip(half, positions, strict=False):
        row[:] = (*position, sign)
