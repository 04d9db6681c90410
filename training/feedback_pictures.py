"""Pictures of interactions while a network is trained, drawn as those of an evaluation's report."""

from __future__ import annotations

import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from .forward import Shown
from .report.inside import CAPTIONS, inside_strip
from .report.recorder import Inside, Map
from .report.tiles import RGB, Mark

ROWS = 3
TILE = 192
"""Longer side of one picture, px."""
CAPTION = 18
GAP = 4


def sheet(last: Shown, rows: int = ROWS) -> Tensor:
    """Rows of six pictures, one object of the batch a row, ``(3, H, W) uint8``.

    In the first the object is outlined in yellow, what the feedback has of it is blue, foreground
    clicks are green and background ones red.
    """
    pictures = [_row(last, i) for i in range(min(rows, len(last.images)))]
    whole = np.concatenate([_captions(pictures[0].shape[1]), *pictures])
    return torch.from_numpy(whole).permute(2, 0, 1).contiguous()


def _row(last: Shown, i: int) -> RGB:
    def array(values: Tensor) -> Map:
        return np.asarray(values[i].detach().float().cpu().numpy(), np.float32)

    clicks = array(last.clicks)
    inside = Inside(
        image=array(last.images).transpose(1, 2, 0) / np.float32(255),
        feedback=array(last.feedback)[0],
        affinity=array(last.affinity)[0],
        refined=array(last.refined)[0],
        updated=array(last.updated)[0],
        box=np.ones_like(array(last.affinity)[0]),
        answer=array(last.probabilities)[0],
        new_clicks=clicks[:0],
    )
    marks = [Mark(float(y), float(x), sign > 0) for y, x, sign in clicks if sign >= 0]
    outline = array(last.target)[0] > 0
    tiles = inside_strip(inside, outline=outline, marks=marks, long_side=TILE)
    height, width = tiles[0].shape[:2]
    row = np.full((height + GAP, len(tiles) * (width + GAP) - GAP, 3), 255, np.uint8)
    for at, tile in enumerate(tiles):  # those of maps may differ by a px
        left = at * (width + GAP)
        row[:height, left : left + width] = Image.fromarray(tile).resize((width, height))
    return row


def _captions(width: int) -> RGB:
    strip = Image.new("RGB", (width, CAPTION), "white")
    draw, font = ImageDraw.Draw(strip), ImageFont.load_default(12)
    for at, text in enumerate(("clicks and object", *CAPTIONS[1:])):
        left = at * (width + GAP) / len(CAPTIONS)
        draw.text((left, 2), text.replace("−", "-"), "black", font)  # the font has no minus
    return np.asarray(strip)
