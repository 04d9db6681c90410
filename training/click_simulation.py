"""Where simulated users click during training, and what they start from.

Clicks lie anywhere in the eroded error region, at its centre, or displaced towards its border,
since people do not click where a robot would. Arrays only; one generator a step.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Generator = np.random.Generator
Position = tuple[float, float, float]
"""``y, x, sign`` with sign 1 for foreground and 0 for background."""

DECAY = 0.8
"""Each further initial click is this much less likely (released programs)."""
STYLES = ("central", "eroded", "anywhere", "border")
STYLE_SHARES = (0.35, 0.4, 0.15, 0.1)


def distance_inside(region: Mask) -> NDArray[np.float32]:
    """Distance of every pixel of ``region`` to its outside, the picture's frame included."""
    padded = np.pad(region, 1).astype(np.uint8)
    distance: NDArray[np.float32] = cv2.distanceTransform(padded, cv2.DIST_L2, 3)[1:-1, 1:-1]
    return distance


def draw_from(
    rng: Generator, distance: NDArray[np.float32], style: str
) -> tuple[float, float] | None:
    """A position in the region whose inner distances are given; None if it is empty.

    ``central`` is the deepest pixel, ``eroded`` any pixel at least half as deep, ``anywhere`` any
    pixel, ``border`` any pixel within a quarter of the greatest depth (at least 2 px).
    """
    deepest = float(distance.max())
    if deepest <= 0:
        return None
    if style == "central":
        y, x = np.unravel_index(int(distance.argmax()), distance.shape)
        return float(y), float(x)
    if style == "eroded":
        candidates = distance > deepest / 2
    elif style == "border":
        candidates = (distance > 0) & (distance <= max(2.0, deepest / 4))
    else:
        candidates = distance > 0
    flat = np.flatnonzero(candidates)
    y, x = np.unravel_index(int(flat[rng.integers(len(flat))]), distance.shape)
    return float(y), float(x)


def deepest_part(distance: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner distances of a region in its connected part that has the deepest pixel alone.

    Everywhere else in an error are rims of a pixel or two, which nobody would click on.
    """
    _, parts = cv2.connectedComponents((distance > 0).astype(np.uint8))
    return np.where(parts == parts.flat[distance.argmax()], distance, np.float32(0))


def corrective_click(rng: Generator, target: NDArray[np.int8], mask: Mask) -> Position | None:
    """The next click of a user who sees ``mask`` and wants ``target``; None if nothing is wrong.

    The click goes to the kind of error with the deepest region (mostly), ignored pixels (-1) are
    no error.
    """
    missed = distance_inside((target == 1) & ~mask)
    surplus = distance_inside((target == 0) & mask)
    depths = np.array([float(surplus.max()), float(missed.max())])
    if depths.max() <= 0:
        return None
    sign = int(depths[1] > depths[0])
    if depths.min() > 0 and rng.random() < 0.1:
        sign = 1 - sign
    style = str(rng.choice(STYLES, p=STYLE_SHARES))
    position = draw_from(rng, deepest_part(missed if sign else surplus), style)
    return None if position is None else (*position, float(sign))


def first_click(rng: Generator, target: NDArray[np.int8]) -> Position:
    """A first click on the object, wherever people put it."""
    distance = distance_inside(target == 1)
    position = draw_from(rng, distance, str(rng.choice(STYLES, p=(0.4, 0.35, 0.2, 0.05))))
    return (0.0, 0.0, 0.0) if position is None else (*position, 1.0)


def many_clicks(rng: Generator, target: NDArray[np.int8], most: int) -> list[Position]:
    """Up to ``most`` clicks of each kind at once, background ones around the border or anywhere."""
    shares = DECAY ** np.arange(most)
    foreground = 1 + int(rng.choice(most, p=shares / shares.sum()))
    background = int(rng.choice(most, p=shares / shares.sum()))
    inside = distance_inside(target == 1)
    wanted = (target == 1).astype(np.uint8)
    reach = max(2, int(0.1 * np.sqrt(wanted.sum())))
    kernel = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    near = distance_inside((cv2.dilate(wanted, kernel) > 0) & (target == 0))
    everywhere = distance_inside(target == 0)
    drawn = [(draw_from(rng, inside, str(rng.choice(STYLES[1:]))), 1.0) for _ in range(foreground)]
    drawn += [
        (draw_from(rng, near if rng.random() < 0.6 else everywhere, "anywhere"), 0.0)
        for _ in range(background)
    ]
    clicks: list[Position] = [(*position, sign) for position, sign in drawn if position]
    order = rng.permutation(len(clicks))
    return [clicks[i] for i in order]


def damaged_mask(rng: Generator, target: NDArray[np.int8]) -> NDArray[np.float32]:
    """Probabilities that look like an earlier, wrong answer for ``target``, 0-1.

    The object is grown or shrunk, loses a piece, gains a piece, and is blurred.
    """
    mask = (target == 1).astype(np.uint8)
    size = len(mask)
    extent = max(2, int(np.sqrt(mask.sum()) * rng.uniform(0.02, 0.15)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * extent + 1, 2 * extent + 1))
    change = rng.random()
    if change < 0.35:
        mask = cv2.dilate(mask, kernel)
    elif change < 0.7:
        mask = cv2.erode(mask, kernel)
    ys, xs = np.nonzero(target == 1)
    for add in (0, 1):
        if rng.random() < 0.5 and len(ys):
            at = int(rng.integers(len(ys)))
            spread = rng.normal(0, 0.3 * np.sqrt(len(ys)), 2) if add else (0.0, 0.0)
            centre = (int(xs[at] + spread[1]), int(ys[at] + spread[0]))
            axes = tuple(int(max(2, rng.uniform(0.15, 0.7) * np.sqrt(len(ys)))) for _ in range(2))
            cv2.ellipse(mask, centre, axes, float(rng.uniform(0, 180)), 0, 360, add, -1)
    blur = float(rng.uniform(0.5, 0.02 * size))
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), blur)
    return (soft * rng.uniform(0.85, 1.0)).astype(np.float32)
