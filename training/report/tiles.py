"""Pictures of an image with masks, outlines and clicks drawn on it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray
from PIL import Image

from training.evaluation.classical import eight_bit_rgb

from .look import RGB

LONG_SIDE = 480
"""Longer side of a tile, px."""

MASK = np.array([70, 150, 255])
FOREGROUND, BACKGROUND = "#17a34a", "#dc2626"
OBJECT = "#ffd60a"
HEAT = colormaps["turbo"]
"""Blue for low, red for high affinity, as in the paper's Fig. 6."""


class Mark(NamedTuple):
    """A click to be drawn: its place in the picture, its sign, its number (0: none)."""

    y: float
    x: float
    foreground: bool
    number: int = 0


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
    marks: Sequence[Mark] = (),
    frame: tuple[float, float, float, float] | None = None,
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
    marks
        Clicks; the newest is drawn last.
    frame
        ``y0, x0, y1, x1`` of a rectangle, px of the image.
    """
    pixels = eight_bit_rgb(image)
    height, width = pixels.shape[:2]
    scale = LONG_SIDE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    shown = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC), np.float32)
    if mask is not None:
        inside = np.asarray(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
        shown = np.where(inside[..., None], 0.55 * shown + 0.45 * MASK, 0.8 * shown)
    figure = Figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    limits = (-0.5, width - 0.5, height - 0.5, -0.5)
    axes.imshow(shown.clip(0, 255).astype(np.uint8), extent=limits, interpolation="nearest")
    unit = size[0] / LONG_SIDE  # tiles of a row are shown with one width
    for border, colour in ((mask, "white"), (outline, OBJECT)):
        if border is not None and border.any():
            line = 2 * unit
            drawn = axes.contour(_padded(border), levels=[0.5], colors=colour, linewidths=line)
            drawn.set(path_effects=[withStroke(linewidth=1.8 * line, foreground="#000000b0")])
    if frame is not None:
        y0, x0, y1, x1 = frame
        axes.plot(
            [x0, x1, x1, x0, x0], [y0, y0, y1, y1, y0], "--", color="white", linewidth=2.2 * unit
        )
    for at, mark in enumerate(marks):
        _draw_mark(axes, mark, (17 if at == len(marks) - 1 else 12) * unit)
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    return _rendered(figure)


def _padded(mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The mask with its outermost pixels off, so that its border closes at the picture's edge."""
    found = mask.astype(np.float32)
    found[[0, -1]] = 0
    found[:, [0, -1]] = 0
    return found


def _draw_mark(axes: Axes, mark: Mark, size: float) -> None:
    """A click of a diameter in points; its sign is there for those who do not see its colour."""
    colour = FOREGROUND if mark.foreground else BACKGROUND
    rim: dict[str, Any] = {"markeredgecolor": "white", "markeredgewidth": 0.12 * size}
    axes.plot(mark.x, mark.y, "o", color=colour, markersize=size, clip_on=False, **rim)
    symbol = "+" if mark.foreground else "_"
    line: dict[str, Any] = {"markersize": 0.55 * size, "markeredgewidth": 0.13 * size}
    axes.plot(mark.x, mark.y, symbol, color="white", clip_on=False, **line)


def map_picture(values: NDArray[np.float32], *, heat: bool = False, **drawn: Any) -> RGB:
    """A tile of a map ``(H, W)`` in 0-1, grey or as a heat map; more is drawn as on `picture`."""
    clipped = np.clip(values, 0, 1)
    pixels = HEAT(clipped)[..., :3] if heat else np.repeat(clipped[..., None], 3, axis=2)
    return picture((255 * pixels).round().astype(np.uint8), **drawn)


def _rendered(figure: Figure) -> RGB:
    rgba = io.BytesIO()
    figure.savefig(rgba, format="rgba", dpi=figure.dpi)
    width, height = (round(side * figure.dpi) for side in figure.get_size_inches())
    return np.frombuffer(rgba.getvalue(), np.uint8).reshape(height, width, 4)[..., :3].copy()
