"""Into a released window and out of it: pixels corner on corner, clicks by the ratio of sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_fcfi.inference.box import Box
from napari_fcfi.inference.click import Click
from napari_fcfi.inference.contrast import Limits, scale
from napari_fcfi.inference.field import Field
from napari_fcfi.inference.patch import Patch
from napari_fcfi.inference.window import Window
from napari_fcfi.network.blocks import resize


def image_in(window: Window, field: Field, limits: Limits) -> Tensor:
    """The field's pixels at the input's size, ``(1, 3, H, W)`` float32; grey three times."""
    planes = torch.from_numpy(scale(field.read(window.box), limits))
    return resize(planes[None], window.size).expand(1, 3, *window.size)


def feedback_in(window: Window, patch: Patch | None) -> Tensor:
    """The patch at the input's size, ``(1, 1, H, W)`` float32; zeros without one."""
    if patch is None:
        return torch.zeros(1, 1, *window.size)
    values = torch.from_numpy(patch.probabilities(window.box))
    return resize(values[None, None], window.size)


def clicks_in(
    window: Window, clicks: Sequence[Click], *, ignoring_corners: bool
) -> NDArray[np.float64]:
    """Rows ``y, x, sign`` in input pixels, ``(K, 3)``, in the order of the clicks.

    Parameters
    ----------
    window, clicks
        The window, and clicks of the field, which may lie outside of it.
    ignoring_corners : bool
        Scale by the ratio of the sides, not as pixels are resized.
    """
    less = 0 if ignoring_corners else 1
    rows = [
        [
            max(1, n - less) * (position - start) / max(1, side - less)
            for position, start, side, n in zip(
                (click.y, click.x),
                (window.box.y0, window.box.x0),
                window.box.shape,
                window.size,
                strict=True,
            )
        ]
        + [float(click.foreground)]
        for click in clicks
    ]
    return np.array(rows, dtype=np.float64).reshape(-1, 3)


def out_of(box: Box, map_of_input: Tensor) -> NDArray[np.float32]:
    """A map ``(1, 1, H, W)`` of a window's input at each field pixel of its box."""
    values = resize(map_of_input, box.shape)[0, 0]
    return np.asarray(values.cpu().numpy(), dtype=np.float32)
