"""Pictures of an image with masks, outlines and clicks drawn on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.evaluation.classical import eight_bit_rgb

LONG_SIDE = 480
"""Longer side of a tile, px."""

RGB = NDArray[np.uint8]
Colour = tuple[int, int, int]

MASK = np.array([70, 150, 255])
FOREGROUND: Colour = (23, 163, 74)
BACKGROUND: Colour = (220, 38, 38)
OBJECT: Colour = (255, 214, 10)
IGNORED: Colour = (190, 190, 190)
WHITE: Colour = (255, 255, 255)
RIM: Colour = (40, 40, 40)

FINE = 4
"""Bits of a position within a px."""


class Mark(NamedTuple):
    """A click to be drawn: its place in the picture, its sign."""

    y: float
    x: float
    foreground: bool


class Crop(NamedTuple):
    """A part of a picture: rows ``y0`` to ``y1``, columns ``x0`` to ``x1``, half open."""

    y0: int
    x0: int
    y1: int
    x1: int

    def of(self, values: NDArray[Any]) -> NDArray[Any]:
        """That part of an array ``(H, W, ...)``."""
        return values[self.y0 : self.y1, self.x0 : self.x1]


def crop_around(masks: Sequence[NDArray[np.bool_]], marks: Sequence[Mark]) -> Crop:
    """The part of a picture in which something is to be seen, with room around it.

    It is the whole picture unless that is much larger.

    Parameters
    ----------
    masks
        ``(H, W)``, of one size; at least one.
    marks
        Clicks that must be inside.
    """
    height, width = masks[0].shape
    seen = np.logical_or.reduce(masks)
    for mark in marks:
        seen[round(mark.y), round(mark.x)] = True
    rows, columns = (np.flatnonzero(seen.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return Crop(0, 0, height, width)
    (y0, y1), (x0, x1) = (rows[[0, -1]] + [0, 1]), (columns[[0, -1]] + [0, 1])
    margin = round(max(0.3 * max(y1 - y0, x1 - x0), 16))
    found = Crop(
        max(0, y0 - margin), max(0, x0 - margin), min(height, y1 + margin), min(width, x1 + margin)
    )
    whole = (found.y1 - found.y0) * (found.x1 - found.x0) > 0.6 * height * width
    return Crop(0, 0, height, width) if whole else Crop(*map(int, found))


def picture(
    image: NDArray[Any],
    *,
    mask: NDArray[np.bool_] | None = None,
    outline: NDArray[np.bool_] | None = None,
    ignored: NDArray[np.bool_] | None = None,
    marks: Sequence[Mark] = (),
    frame: tuple[float, float, float, float] | None = None,
    long_side: int = LONG_SIDE,
) -> RGB:
    """A tile with what is given drawn on it.

    Parameters
    ----------
    image
        ``(H, W)`` or ``(H, W, 3)``, any numeric dtype.
    mask
        ``(H, W)``, tinted.
    outline
        ``(H, W)``, of which only the border is drawn.
    ignored
        ``(H, W)``, hatched.
    marks
        Clicks; the newest is drawn last.
    frame
        ``y0, x0, y1, x1`` of a rectangle, px of the image.
    long_side
        Of the tile, px.
    """
    pixels = eight_bit_rgb(image)
    height, width = pixels.shape[:2]
    scale = long_side / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shown = _resized(pixels, size).astype(np.float32)
    if mask is not None:
        inside = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        shown = np.where(inside[..., None], 0.55 * shown + 0.45 * MASK, 0.8 * shown)
    drawn = shown.round().astype(np.uint8)
    unit = size[0] / LONG_SIDE  # tiles of a row are shown with one width
    if ignored is not None:
        _hatch(drawn, ignored, max(4, round(10 * unit)))
    for border, colour in ((mask, WHITE), (outline, OBJECT)):
        if border is not None:
            _draw_border(drawn, border, colour, max(1, round(2.4 * unit)))
    if frame is not None:
        corners = [(side + 0.5) * scale - 0.5 for side in frame]
        _draw_dashes(drawn, corners, max(1, round(3 * unit)), max(3, round(9 * unit)))
    for at, mark in enumerate(marks):
        place = ((mark.x + 0.5) * scale - 0.5, (mark.y + 0.5) * scale - 0.5)
        _draw_mark(drawn, place, mark.foreground, (12 if at == len(marks) - 1 else 8.5) * unit)
    return drawn


def _resized(pixels: RGB, size: tuple[int, int]) -> RGB:
    """To ``(width, height)``, without aliasing where that is less."""
    found = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    return found.astype(np.uint8, copy=False)


def _hatch(drawn: RGB, ignored: NDArray[np.bool_], step: int) -> None:
    """Diagonal lines where pixels are ignored, one in so many px."""
    height, width = drawn.shape[:2]
    where = cv2.resize(ignored.astype(np.uint8), (width, height), interpolation=cv2.INTER_NEAREST)
    rows, columns = np.ogrid[:height, :width]
    drawn[(where > 0) & ((rows + columns) % step < max(1, step // 4))] = IGNORED


def _draw_border(drawn: RGB, mask: NDArray[np.bool_], colour: Colour, line: int) -> None:
    """The border of a mask, with a dark rim, so that it is seen on any ground."""
    height, width = drawn.shape[:2]
    smooth = cv2.resize(mask.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
    inside = (smooth > 0.5).astype(np.uint8)
    contours, _ = cv2.findContours(inside, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    for shade, thickness in ((RIM, line + 2), (colour, line)):
        kind = cv2.LINE_AA if thickness > 1 else cv2.LINE_8  # the former would leave it pale
        cv2.drawContours(drawn, contours, -1, shade, thickness, kind)


def _draw_dashes(drawn: RGB, corners: Sequence[float], line: int, dash: int) -> None:
    """A dashed rectangle from its corners ``y0, x0, y1, x1``."""
    y0, x0, y1, x1 = (round(corner) for corner in corners)
    for x in range(x0, x1, 2 * dash):
        for y in (y0, y1):
            cv2.line(drawn, (x, y), (min(x + dash, x1), y), WHITE, line)
    for y in range(y0, y1, 2 * dash):
        for x in (x0, x1):
            cv2.line(drawn, (x, y), (x, min(y + dash, y1)), WHITE, line)


def _draw_mark(drawn: RGB, place: tuple[float, float], foreground: bool, radius: float) -> None:
    """A click; its sign is there for those who do not see its colour."""

    def fine(value: float) -> int:
        return round(value * (1 << FINE))

    x, y = place
    colour = FOREGROUND if foreground else BACKGROUND
    for shade, reach in ((WHITE, radius), (colour, 0.8 * radius)):
        cv2.circle(drawn, (fine(x), fine(y)), fine(reach), shade, -1, cv2.LINE_AA, FINE)
    arm, line = 0.45 * radius, max(1, round(0.22 * radius))
    bars = [((x - arm, y), (x + arm, y)), ((x, y - arm), (x, y + arm))]
    for (x0, y0), (x1, y1) in bars if foreground else bars[:1]:
        ends = (fine(x0), fine(y0)), (fine(x1), fine(y1))
        cv2.line(drawn, *ends, WHITE, line, cv2.LINE_AA, FINE)


def map_picture(values: NDArray[np.float32], *, heat: bool = False, **drawn: Any) -> RGB:
    """A tile of a map ``(H, W)`` in 0-1, grey or as a heat map; more is drawn as on `picture`.

    A heat map is blue for low and red for high values, as in the paper's Fig. 6.
    """
    grey = (255 * np.clip(values, 0, 1)).round().astype(np.uint8)
    if not heat:
        return picture(grey, **drawn)
    return picture(cv2.applyColorMap(grey, cv2.COLORMAP_TURBO)[..., ::-1], **drawn)
