"""The click stem: what clicks (and feedback) add to the image's features after its first ReLU."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.2
"""Of the leaky ReLU."""

FIRST_SCALE = 0.05
"""The scale at the start of training: clicks change the backbone's features only a little."""


class ClickStem(nn.Module):
    """From maps at the input's size to 64 channels at half of it.

    Parameters
    ----------
    maps : int
        2 for the interaction map S; 3 for feedback, then S.

    Notes
    -----
    As in the released programs. Where the paper says that S enters the backbone with the image,
    it leaves open how.
    """

    def __init__(self, maps: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(maps, 16, 1)
        self.spread = nn.Conv2d(16, 64, 3, stride=2, padding=1)
        self.scale = nn.Parameter(torch.full((1,), FIRST_SCALE))

    def forward(self, maps: Tensor) -> Tensor:
        """``(N, maps, H, W)``, 0-1, to ``(N, 64, ceil(H / 2), ceil(W / 2))``."""
        x = functional.leaky_relu(self.reduce(maps), SLOPE)
        scaled: Tensor = self.spread(x) * self.scale.abs()
        return scaled
