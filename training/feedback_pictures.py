"""Pictures of an interaction: feedback, affinity, M_r, M_u and mask, as in the paper's Fig. 6."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from .forward import Shown

ROWS = 3
TILE = 192
"""Longest side of one picture, px."""
CAPTION = 18
GAP = 4
CAPTIONS = ("clicks, object", "feedback", "affinity", "M_r", "M_u", "mask")
GREEN, RED, YELLOW = (60, 200, 60), (230, 60, 60), (255, 220, 0)

Rgb = NDArray[np.uint8]


def sheet(last: Shown, rows: int = ROWS) -> Tensor:
    """Rows of six pictures, one object of the batch a row, ``(3, H, W) uint8``.

    In the first the object is outlined in yellow, foreground clicks are green and background ones
    red; affinity is red where it is high; in the last what the mask leaves out is dark.
    """
    pictures = [_row(last, i) for i in range(min(rows, len(last.images)))]
    whole = np.concatenate([_captions(pictures[0].shape[1]), *pictures])
    return torch.from_numpy(whole).permute(2, 0, 1).contiguous()


def _row(last: Shown, i: int) -> Rgb:
    height, width = last.images.shape[-2:]
    scale = min(1.0, TILE / max(height, width))
    size = (max(1, round(height * scale)), max(1, round(width * scale)))

    def map_of(values: Tensor) -> NDArray[np.float32]:
        resized = functional.interpolate(
            values[i : i + 1].float(), size, mode="bilinear", align_corners=False
        )
        array: NDArray[np.float32] = resized[0, 0].cpu().numpy().clip(0, 1)
        return array

    image = functional.interpolate(last.images[i : i + 1].float(), size, mode="area")
    picture = image[0].permute(1, 2, 0).cpu().numpy().round().astype(np.uint8)
    heat = cv2.applyColorMap(_grey(map_of(last.affinity)), cv2.COLORMAP_JET)[..., ::-1]
    mask = map_of(last.probabilities) > 0.5
    outlined = _outline(picture, map_of((last.target > 0).float()) > 0.5)
    tiles = [
        _with_clicks(outlined, last.clicks[i].cpu().numpy(), scale),
        _rgb(map_of(last.feedback)),
        heat,
        _rgb(map_of(last.refined)),
        _rgb(map_of(last.updated)),
        _outline(np.where(mask[..., None], picture, picture // 4).astype(np.uint8), mask),
    ]
    gap = np.full((size[0], GAP, 3), 255, np.uint8)
    line: list[NDArray[Any]] = [part for tile in tiles for part in (tile, gap)][:-1]
    below = np.full((GAP, sum(part.shape[1] for part in line), 3), 255, np.uint8)
    return np.concatenate([np.concatenate(line, axis=1), below]).astype(np.uint8)


def _grey(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    return (values * 255).round().astype(np.uint8)


def _rgb(values: NDArray[np.float32]) -> Rgb:
    return np.repeat(_grey(values)[..., None], 3, axis=2)


def _outline(picture: Rgb, mask: NDArray[np.bool_]) -> Rgb:
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    drawn = picture.copy()
    cv2.drawContours(drawn, contours, -1, YELLOW, 1)
    return drawn


def _with_clicks(picture: Rgb, clicks: NDArray[np.float32], scale: float) -> Rgb:
    drawn = picture.copy()
    for y, x, sign in clicks:
        if sign >= 0:
            centre = (round(float(x) * scale), round(float(y) * scale))
            cv2.circle(drawn, centre, 4, (255, 255, 255), -1, cv2.LINE_AA)
            cv2.circle(drawn, centre, 3, GREEN if sign else RED, -1, cv2.LINE_AA)
    return drawn


def _captions(width: int) -> Rgb:
    strip = np.full((CAPTION, width, 3), 255, np.uint8)
    step = (width + GAP) / len(CAPTIONS)
    for i, text in enumerate(CAPTIONS):
        at = (round(i * step) + 2, CAPTION - 5)
        cv2.putText(strip, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1, cv2.LINE_AA)
    return strip
