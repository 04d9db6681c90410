"""The head that judges an answer: what IoU is to be expected of it.

Its inputs are detached, so that it never changes the network that it judges.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .heads import CONTEXT_STRIDE, STRIDE, to_cells


class QualityHead(nn.Module):
    """Learns the IoU that an answer has with the whole object, what lies outside it missed.

    It sees detached features and their context pooled under the mask and outside it, the mask's
    area, how sure the probabilities are, and the probabilities along the four sides (an object cut
    off there).
    """

    def __init__(self, channels: int, context_channels: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(2 * channels + 2 * context_channels + 2 + 8, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, 1),
        )

    def forward(self, features: Tensor, context: Tensor, probabilities: Tensor) -> Tensor:
        """Logits of the expected IoU, ``(N,)``.

        Parameters
        ----------
        features : Tensor
            F_u, ``(N, channels, H', W')``.
        context : Tensor
            ``(N, context_channels, H'/4, W'/4)``; what lies beyond the window may follow.
        probabilities : Tensor
            ``(N, 1, H', W')``, 0-1.
        """
        judged: Tensor = self.layers(described(features, context, probabilities)).squeeze(1)
        return judged


def described(features: Tensor, context: Tensor, probabilities: Tensor) -> Tensor:
    """What the quality head sees of an answer, ``(N, D)`` float32, without gradients."""
    inside = probabilities.detach().float()
    sides = [inside[:, 0, 0], inside[:, 0, -1], inside[:, 0, :, 0], inside[:, 0, :, -1]]
    return torch.cat(
        [
            *_pooled(features, inside),
            *_pooled(context, to_cells(inside, CONTEXT_STRIDE // STRIDE)),
            inside.mean(dim=(2, 3)),
            (2 * inside - 1).abs().mean(dim=(2, 3)),
            torch.stack([side.mean(dim=1) for side in sides], dim=1),
            torch.stack([side.amax(dim=1) for side in sides], dim=1),
        ],
        dim=1,
    )


def _pooled(features: Tensor, inside: Tensor) -> list[Tensor]:
    """Means of the features under the mask and outside it, each ``(N, C)``."""
    features = features.detach().float()[..., : inside.shape[-2], : inside.shape[-1]]
    return [
        (features * part).sum(dim=(2, 3)) / (part.sum(dim=(2, 3)) + 1)
        for part in (inside, 1 - inside)
    ]
