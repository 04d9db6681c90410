"""DeepLabV3+ on timm's ResNet-101 (deep stem, output stride 8), with its head (paper, section 3.1).

The features F that FFCM and CFFM work on are the pooled pyramid's, upsampled to stride 4; the head
joins them with the first stage's features again.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .blocks import Answer, ConvBlock, Encoded, SeparableBlock, resize
from .timm_beside_mesa import import_timm

WIDTH = 256
"""Channels of F."""

SKIP_WIDTH = 32
DILATIONS = (12, 24, 36)
DROPOUT = 0.2


class DeepLab(nn.Module):
    """Image and click features to F and the shallow features beside it, both at stride 4.

    Parameters
    ----------
    variant : str
        timm's name of a ResNet with a deep stem, such as ``"resnet101s"``.
    """

    channels = WIDTH

    def __init__(self, variant: str) -> None:
        super().__init__()
        self.body = import_timm().create_model(variant, output_stride=8, num_classes=0)
        stages = self.body.feature_info[1:]
        self.skip = ConvBlock(stages[0]["num_chs"], SKIP_WIDTH)
        self.pyramid = PooledPyramid(stages[-1]["num_chs"])

    def forward(self, image: Tensor, clicks: Tensor) -> Encoded:
        """F ``(N, 256, …)`` and 32 shallow channels.

        Parameters
        ----------
        image : Tensor
            ``(N, 3, H, W)``, normalised, any size.
        clicks : Tensor
            ``(N, 64, ceil(H / 2), ceil(W / 2))``, of the click stem; added to the first 64 of the
            stem's channels.
        """
        body = self.body
        x = body.act1(body.bn1(body.conv1(image)))
        x = x + functional.pad(clicks, (0, 0, 0, 0, 0, x.shape[1] - clicks.shape[1]))
        shallow = body.layer1(body.maxpool(x))
        deep = body.layer4(body.layer3(body.layer2(shallow)))
        skip = self.skip(shallow)
        return Encoded(resize(self.pyramid(deep), skip.shape[-2:]), skip)


class PooledPyramid(nn.Module):
    """ASPP: the same features seen at four dilations and as their mean, then brought together."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.branches = nn.ModuleList(
            [
                ConvBlock(channels, WIDTH),
                *(ConvBlock(channels, WIDTH, 3, dilation=dilation) for dilation in DILATIONS),
            ]
        )
        self.mean = ConvBlock(channels, WIDTH)
        self.project = ConvBlock(WIDTH * (len(DILATIONS) + 2), WIDTH)
        self.dropout = nn.Dropout(DROPOUT)

    def forward(self, x: Tensor) -> Tensor:
        """``(N, channels, H, W)`` to ``(N, 256, H, W)``."""
        mean = self.mean(x.mean(dim=(2, 3), keepdim=True))
        seen = [branch(x) for branch in self.branches]
        seen.append(mean.expand_as(seen[0]))
        projected: Tensor = self.dropout(self.project(torch.cat(seen, dim=1)))
        return projected


class DeepLabHead(nn.Module):
    """F_u and the shallow features to logits."""

    def __init__(self) -> None:
        super().__init__()
        self.fuse = nn.Sequential(
            SeparableBlock(WIDTH + SKIP_WIDTH, WIDTH),
            SeparableBlock(WIDTH, WIDTH),
            nn.Conv2d(WIDTH, WIDTH, 1),
        )
        self.answer = nn.Sequential(
            SeparableBlock(WIDTH, WIDTH // 2),
            SeparableBlock(WIDTH // 2, WIDTH // 2),
            nn.Conv2d(WIDTH // 2, 1, 1),
        )

    def forward(self, encoded: Encoded) -> Answer:
        """Logits at the features' size; ``encoded.skip`` must be there."""
        parts = [part for part in encoded if part is not None]
        return Answer(self.answer(self.fuse(torch.cat(parts, dim=1))))
