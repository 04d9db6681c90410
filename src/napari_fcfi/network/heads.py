"""The light top-down decoder of ``fcfi-lite``, its head, and the head that judges the answer.

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


class Pyramid(NamedTuple):
    """The image's part of the decoder at strides 2, 4, 8 and 16, each ``(N, WIDTHS[s], ...)``."""

    stride2: Tensor
    stride4: Tensor
    stride8: Tensor
    stride16: Tensor


def upsample(x: Tensor, like: Tensor) -> Tensor:
    """Bilinear resize to the height and width of ``like``."""
    return functional.interpolate(x, like.shape[-2:], mode="bilinear", align_corners=False)


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

    def forward(self, pyramid: Pyramid, clicks: Tensor) -> Tensor:
        """F, ``(N, WIDTHS[4], H/4, W/4)``; ``clicks`` is ``(N, click_channels, H, W)``."""
        x = self.context(torch.relu(self._fuse(pyramid.stride16, clicks, 16)))
        x = upsample(self.to8(x), pyramid.stride8) + self._fuse(pyramid.stride8, clicks, 8)
        x = self.refine8(torch.relu_(x))
        x = upsample(self.to4(x), pyramid.stride4) + self._fuse(pyramid.stride4, clicks, 4)
        features: Tensor = self.refine4(torch.relu_(x))
        return features


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


class QualityHead(nn.Module):
    """Learns the IoU that an answer has with the whole object, what lies outside it missed.

    It sees detached features pooled under the mask and outside it, the mask's area, how sure the
    probabilities are, and the probabilities along the four sides (an object cut off there).
    """

    def __init__(self, channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * channels + 2 + 8, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 1),
        )

    def forward(self, features: Tensor, probabilities: Tensor) -> Tensor:
        """Logits of the expected IoU, ``(N,)``, from F_u and probabilities at its size."""
        features = features.detach().float()
        inside = probabilities.detach().float()
        outside = 1 - inside
        pooled = [
            (features * part).sum(dim=(2, 3)) / (part.sum(dim=(2, 3)) + 1)
            for part in (inside, outside)
        ]
        sides = [inside[:, 0, 0], inside[:, 0, -1], inside[:, 0, :, 0], inside[:, 0, :, -1]]
        described = torch.cat(
            [
                *pooled,
                inside.mean(dim=(2, 3)),
                (2 * inside - 1).abs().mean(dim=(2, 3)),
                torch.stack([side.mean(dim=1) for side in sides], dim=1),
                torch.stack([side.amax(dim=1) for side in sides], dim=1),
            ],
            dim=1,
        )
        judged: Tensor = self.layers(described).squeeze(1)
        return judged
