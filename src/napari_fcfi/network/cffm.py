"""Collaborative Feedback Fusion Module (paper, section 3.3, Eq. 4-5).

Symbols: F = features ``(N, C, H', W')``, M_r = refined feedback, M_u = updated feedback,
w_g = gate, Phi_1 = encode, Phi_2 = update, Phi_3 = fuse.

Choices: the paper names "convolutional layers"; here Phi_1 is a 1x1 convolution, Phi_2 two 3x3
convolutions and a sigmoid, Phi_3 two 3x3 convolutions that give as many channels as F has.
There is no normalisation, so that the module works with a batch of one and in any mode.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class FusedFeedback(NamedTuple):
    """``logits`` of M_u, M_u itself (``feedback``, 0-1) ``(N, 1, H', W')``, and F_u."""

    logits: Tensor
    feedback: Tensor
    features: Tensor


class CFFM(nn.Module):
    """Update feedback and features with each other.

    Parameters
    ----------
    channels : int
        Channels of F.
    hidden : int
        Channels of the feedback pathway.
    residual : bool
        False drops "+ F" of Eq. 5 (Table 6); then the gate is 1, or nothing would be left at the
        first click.
    gated : bool
        False keeps w_g at 1 in every interaction (Table 6).
    """

    def __init__(
        self, channels: int, hidden: int = 32, *, residual: bool = True, gated: bool = True
    ) -> None:
        super().__init__()
        self.residual = residual
        self.gated = gated and residual
        self.encode = nn.Sequential(nn.Conv2d(channels, hidden, 1), nn.ReLU(inplace=True))
        self.update = nn.Sequential(
            nn.Conv2d(hidden + 1, hidden, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(hidden, 1, 3, padding=1),
        )
        self.fuse = nn.Sequential(
            nn.Conv2d(channels + 1, channels, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

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
        logits = self.update(torch.cat([self.encode(features), refined_feedback], dim=1)).float()
        updated = torch.sigmoid(logits)  # Eq. 4
        fused = gate * self.fuse(torch.cat([features, updated], dim=1))
        if self.residual:
            fused = fused + features  # Eq. 5
        return FusedFeedback(logits, updated, fused)
