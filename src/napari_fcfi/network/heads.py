"""The light top-down decoder of ``fcfi-lite`` and its head.

The decoder is made of dense 3x3 convolutions, which two CPU cores run several times faster than
depth-wise ones of the same size. Whatever depends on the image alone is computed once
(`ImagePyramid`); clicks are added to it at strides 16, 8 and 4 (`ClickFusion`).
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from .clicks import pool_to_stride

WIDTHS = {2: 16, 4: 48, 8: 64, 16: 128}
"""Channels of the decoder at each stride."""

STRIDE = 4
"""Stride of the features F that FFCM and CFFM work on."""

CONTEXT_STRIDE = 16
"""Stride of the decoder's widest view."""


class Pyramid(NamedTuple):
    """The image's part of the decoder at strides 2, 4, 8 and 16, each ``(N, WIDTHS[s], ...)``."""

    stride2: Tensor
    stride4: Tensor
    stride8: Tensor
    stride16: Tensor


def upsample(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize to the height and width of ``like``."""
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)


def to_cells(x: Tensor, stride: int) -> Tensor:
    """Mean of ``x`` ``(N, C, H, W)`` over cells of ``stride`` pixels; the last may be cut off."""
    return functional.avg_pool2d(x, stride, stride, ceil_mode=True, count_include_pad=False)


class Decoded(NamedTuple):
    """What the decoder makes of an image's pyramid and clicks.

    ``features`` are F, ``(N, WIDTHS[4], H/4, W/4)``; ``context`` is what they were refined from,
    ``(N, WIDTHS[16], H/16, W/16)``, which has seen more of the window.
    """

    features: Tensor
    context: Tensor


class ImagePyramid(nn.Module):
    """Projects the backbone's maps to the decoder's widths; stride 32 joins stride 16."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.lateral2 = nn.Conv2d(channels[0], WIDTHS[2], 1)
        self.lateral4 = nn.Conv2d(channels[1], WIDTHS[4], 1)
        self.lateral8 = nn.Conv2d(channels[2], WIDTHS[8], 1)
        self.lateral16 = nn.Conv2d(channels[3], WIDTHS[16], 1)
        self.lateral32 = nn.Conv2d(channels[4], WIDTHS[16], 1)

    def forward(self, maps: tuple[Tensor, ...]) -> Pyramid:
        """The pyramid of the backbone's five maps."""
        stride16 = self.lateral16(maps[3])
        return Pyramid(
            self.lateral2(maps[0]),
            self.lateral4(maps[1]),
            self.lateral8(maps[2]),
            stride16 + upsample(self.lateral32(maps[4]), stride16),
        )


class ClickFusion(nn.Module):
    """Adds a map of clicks to image features: max-pooled to the stride, then a 5x5 convolution."""

    def __init__(self, click_channels: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.convolution = nn.Conv2d(click_channels, WIDTHS[stride], 5, padding=2)

    def forward(self, image_part: Tensor, clicks: Tensor) -> Tensor:
        """``image_part`` at this stride plus what the clicks ``(N, click_channels, H, W)`` add."""
        fused: Tensor = image_part + self.convolution(pool_to_stride(clicks, self.stride))
        return fused


class Residual(nn.Module):
    """Two 3x3 convolutions around a residual connection."""

    def __init__(self, channels: int, dilation: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=dilation, dilation=dilation)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """As many channels, as large."""
        # in place where the sum is fresh: half of a step's time is memory traffic
        return torch.relu_(x + self.second(torch.relu_(self.first(x))))


class Decoder(nn.Module):
    """From the image's pyramid and a map of clicks to the features F at stride 4.

    Parameters
    ----------
    click_channels : int
        Channels of the map of clicks; 0 where clicks went into the backbone already.
    """

    def __init__(self, click_channels: int) -> None:
        super().__init__()
        self.fusions = nn.ModuleDict(
            {str(s): ClickFusion(click_channels, s) for s in (16, 8, 4)} if click_channels else {}
        )
        self.context = nn.Sequential(*(Residual(WIDTHS[16], dilation=d) for d in (1, 2, 4)))
        self.to8 = nn.Conv2d(WIDTHS[16], WIDTHS[8], 1)
        self.refine8 = Residual(WIDTHS[8])
        self.to4 = nn.Conv2d(WIDTHS[8], WIDTHS[4], 1)
        self.refine4 = Residual(WIDTHS[4])

    def _fuse(self, image_part: Tensor, clicks: Tensor, stride: int) -> Tensor:
        if str(stride) not in self.fusions:
            return image_part
        fused: Tensor = self.fusions[str(stride)](image_part, clicks)
        return fused

    def forward(self, pyramid: Pyramid, clicks: Tensor) -> Decoded:
        """F and its context; ``clicks`` is ``(N, click_channels, H, W)``."""
        context = self.context(torch.relu(self._fuse(pyramid.stride16, clicks, 16)))
        x = upsample(self.to8(context), pyramid.stride8) + self._fuse(pyramid.stride8, clicks, 8)
        x = self.refine8(torch.relu_(x))
        x = upsample(self.to4(x), pyramid.stride4) + self._fuse(pyramid.stride4, clicks, 4)
        return Decoded(self.refine4(torch.relu_(x)), context)


class Head(nn.Module):
    """From F_u at stride 4 and the image at stride 2 to logits at the input's size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reduce = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.ReLU(inplace=True)
        )
        self.coarse = nn.Conv2d(channels, 1, 1)
        self.to2 = nn.Conv2d(channels, WIDTHS[2], 1)
        self.refine = nn.Sequential(
            nn.Conv2d(WIDTHS[2], WIDTHS[2], 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(WIDTHS[2], 1, 3, padding=1),
        )

    def forward(self, features: Tensor, image_stride2: Tensor, size: tuple[int, int]) -> Tensor:
        """Logits ``(N, 1, H, W)``: a coarse answer at stride 4, corrected at stride 2."""
        features = self.reduce(features)
        detail = torch.relu_(upsample(self.to2(features), image_stride2) + image_stride2)
        logits = upsample(self.coarse(features), image_stride2) + self.refine(detail)
        return functional.interpolate(logits.float(), size, mode="bilinear", align_corners=False)
