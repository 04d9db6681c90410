"""What the paper's networks are built of: convolution blocks, a resize, and what parts pass on."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional


class Encoded(NamedTuple):
    """Features F ``(N, C, H', W')`` at stride 4, and shallow ones for a head that wants them."""

    features: Tensor
    skip: Tensor | None = None


class Answer(NamedTuple):
    """Logits ``(N, 1, H', W')`` of a head, and those of its coarse first answer if it has one."""

    logits: Tensor
    coarse: Tensor | None = None


class ConvBlock(nn.Module):
    """Convolution, batch norm, ReLU; as large as its input."""

    def __init__(
        self, channels: int, out: int, kernel: int = 1, *, dilation: int = 1, bias: bool = False
    ) -> None:
        super().__init__()
        padding = dilation * (kernel // 2)
        self.conv = nn.Conv2d(channels, out, kernel, padding=padding, dilation=dilation, bias=bias)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, channels, H, W)`` to ``(N, out, H, W)``, never negative."""
        return functional.relu(self.norm(self.conv(x)), inplace=True)


class SeparableBlock(nn.Module):
    """Depth-wise 3x3 convolution, point-wise convolution, batch norm, ReLU; nothing between."""

    def __init__(self, channels: int, out: int, *, bias: bool = False) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=bias)
        self.pointwise = nn.Conv2d(channels, out, 1, bias=bias)
        self.norm = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, channels, H, W)`` to ``(N, out, H, W)``, never negative."""
        return functional.relu(self.norm(self.pointwise(self.depthwise(x))), inplace=True)


def at_least_float(x: Tensor) -> Tensor:
    """``x`` in float32, where autocast made it a shorter one."""
    return x.to(torch.promote_types(x.dtype, torch.float32))


def resize(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bilinear resize of ``(N, C, H, W)`` that maps corner pixels' centres onto each other."""
    if tuple(x.shape[-2:]) == tuple(size):
        return x
    return functional.interpolate(x, list(size), mode="bilinear", align_corners=True)


def initialise(module: nn.Module) -> None:
    """Initial weights of all convolutions and batch norms in a module, in place.

    Convolutions are normal with a variance of 4 / (fan in + fan out), as in the released programs.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.xavier_normal_(part.weight, gain=2**0.5)
            if part.bias is not None:
                nn.init.zeros_(part.bias)
        elif isinstance(part, nn.BatchNorm2d):
            part.reset_parameters()
