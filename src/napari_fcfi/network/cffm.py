"""Collaborative Feedback Fusion Module (paper, section 3.3, Eq. 4-5).

Symbols: F = features ``(N, C, H', W')``, M_r = refined feedback, M_u = updated feedback,
w_g = gate, Phi_1 = encode, Phi_2 = update, Phi_3 = fuse.

Choices: the paper names "a convolution block" and "convolutional layers". `plain_layers` has no
normalisation, so that the module works with a batch of one and in any mode; `normalised_layers` are
those of the released code, with a feature pathway of one or of all channels.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from .blocks import ConvBlock, SeparableBlock, at_least_float


class FusedFeedback(NamedTuple):
    """``logits`` of M_u, M_u itself (``feedback``, 0-1) ``(N, 1, H', W')``, and F_u."""

    logits: Tensor
    feedback: Tensor
    features: Tensor


class Layers(NamedTuple):
    """Phi_1, Phi_2 (without its sigmoid) and Phi_3.

    Phi_3 gives C channels, or one that counts for all of them. ``feedback_first`` tells that Phi_2
    takes M_r before the encoded features.
    """

    encode: nn.Module
    update: nn.Module
    fuse: nn.Module
    feedback_first: bool = False


def plain_layers(channels: int, hidden: int = 32) -> Layers:
    """Convolutions and ReLU alone, for features of ``channels``, with a pathway of ``hidden``."""
    return Layers(
        encode=nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True)),
        update=nn.Sequential(
            nn.Conv2d(hidden + 1, hidden, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 1, 3, padding=1),
        ),
        fuse=nn.Sequential(
            nn.Conv2d(channels + 1, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        ),
    )


def normalised_layers(channels: int, hidden: int, *, one_channel: bool = False) -> Layers:
    """Convolutions with batch norm, as in the released code.

    Parameters
    ----------
    channels, hidden : int
        Of F, and of the feedback pathway.
    one_channel : bool
        Phi_3 gives a single channel, which is added to every channel of F; see
        `PaperArchitecture.residual_channels`.
    """
    return Layers(
        encode=ConvBlock(channels, hidden, bias=True),
        update=nn.Sequential(
            ConvBlock(1 + hidden, hidden, 3, bias=True),
            SeparableBlock(hidden, hidden, bias=True),
            SeparableBlock(hidden, hidden, bias=True),
            nn.Conv2d(hidden, 1, 3, padding=1),
        ),
        fuse=ConvBlock(channels + 1, 1 if one_channel else channels, bias=True),
        feedback_first=True,
    )


class CFFM(nn.Module):
    """Update feedback and features with each other.

    Parameters
    ----------
    layers : Layers
        Of `plain_layers` or `normalised_layers`.
    residual : bool
        False drops "+ F" of Eq. 5 (Table 6); then the gate is 1, or nothing would be left at the
        first click.
    gated : bool
        False keeps w_g at 1 in every interaction (Table 6).
    updates : int
        How often both equations are applied; F_u is the next one's F, M_r stays the same.
    """

    def __init__(
        self, layers: Layers, *, residual: bool = True, gated: bool = True, updates: int = 1
    ) -> None:
        super().__init__()
        self.residual = residual
        self.gated = gated and residual
        self.updates = updates
        self.feedback_first = layers.feedback_first
        self.encode = layers.encode
        self.update = layers.update
        self.fuse = layers.fuse

    def forward(self, features: Tensor, refined_feedback: Tensor, gate: Tensor) -> FusedFeedback:
        """Eq. 4 and 5.

        Parameters
        ----------
        features : Tensor
            F, ``(N, C, H', W')``.
        refined_feedback : Tensor
            M_r, ``(N, 1, H', W')``, 0-1.
        gate : Tensor
            w_g, ``(N, 1, 1, 1)``: 0 in the first interaction, 1 later; a batch may mix both.
        """
        if not self.gated:
            gate = torch.ones_like(gate)
        fused = self._fused_once(features, refined_feedback, gate)
        for _ in range(self.updates - 1):
            fused = self._fused_once(fused.features, refined_feedback, gate)
        return fused

    def _fused_once(self, features: Tensor, refined: Tensor, gate: Tensor) -> FusedFeedback:
        encoded = self.encode(features)
        pair = [refined, encoded] if self.feedback_first else [encoded, refined]
        logits = self.update(torch.cat(pair, dim=1))
        logits = at_least_float(logits)
        updated = torch.sigmoid(logits)  # Eq. 4
        fused = gate * self.fuse(torch.cat([features, updated], dim=1))
        # one channel counts for all of F's
        fused = fused + features if self.residual else fused.expand_as(features)  # Eq. 5
        return FusedFeedback(logits, updated, fused)
