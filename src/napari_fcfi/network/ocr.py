"""The OCR head of HRNet: the object's mean features join every pixel's (one class).

With one class the attention of "Object-contextual representations" (Yuan et al., 2020,
arXiv:1909.11065) is a softmax over a single number, hence 1 everywhere: every pixel gets the same
context, and what the attention is made from cannot change the answer. So it is not computed; its
layers (`OCRHead.query`, `OCRHead.key`) are there because released files have them.
"""

from __future__ import annotations

import torch
from torch import nn

from .blocks import Answer, ConvBlock, Encoded

DROPOUT = 0.05


class OCRHead(nn.Module):
    """F_u to logits by way of a coarse answer.

    Parameters
    ----------
    channels : int
        Of F_u.
    width : int
        Channels of the context; a pixel has twice as many.
    """

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        double = 2 * width
        self.coarse = nn.Sequential(
            ConvBlock(channels, channels, bias=True), nn.Conv2d(channels, 1, 1)
        )
        self.pixels = ConvBlock(channels, double, 3, bias=True)
        self.query = nn.Sequential(ConvBlock(double, width), ConvBlock(width, width))
        self.key = nn.Sequential(ConvBlock(double, width), ConvBlock(width, width))
        self.down = ConvBlock(double, width)
        self.up = ConvBlock(width, double)
        self.fuse = ConvBlock(2 * double, double)
        self.dropout = nn.Dropout2d(DROPOUT)
        self.answer = nn.Conv2d(double, 1, 1)

    def forward(self, encoded: Encoded) -> Answer:
        """Logits and coarse logits, both at the features' size."""
        coarse = self.coarse(encoded.features)
        pixels = self.pixels(encoded.features)
        shares = torch.softmax(coarse.flatten(2), dim=2)  # of each pixel in the object: (N, 1, P)
        gathered = torch.bmm(pixels.flatten(2), shares.transpose(1, 2))[..., None]
        context = self.down(gathered)
        if self.training:  # so that batch norm counts every pixel, as it did in released training
            context = context.expand(-1, -1, *pixels.shape[-2:])
        context = self.up(context).expand_as(pixels)
        fused = self.dropout(self.fuse(torch.cat([context, pixels], dim=1)))
        return Answer(self.answer(fused), coarse)
