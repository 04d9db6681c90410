"""The closed-form network of the reference outputs: an answer that follows from clicks alone.

Its rule is stated in `reference/REFERENCE.md`, section D.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ClosedFormFeatures:
    image: Tensor
    feedback: Tensor


@dataclass(frozen=True)
class ClosedFormPrediction:
    logits: Tensor
    updated_feedback: Tensor
    quality: None = None


class ClosedFormNetwork(nn.Module):
    """As FCFI, or as RITM; `calls` holds what each pass was asked."""

    encoding_uses_interaction = True

    def __init__(self, *, fcfi: bool = True) -> None:
        super().__init__()
        self.architecture = SimpleNamespace(feedback="ffcm+cffm" if fcfi else "input")
        self.calls: list[dict[str, Any]] = []

    def encode(self, image: Tensor, interaction_map: Tensor, feedback: Tensor) -> Any:
        return ClosedFormFeatures(image, feedback)

    def decode(
        self,
        features: ClosedFormFeatures,
        clicks: Tensor,
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
    ) -> ClosedFormPrediction:
        self.calls.append(
            {
                "image": features.image,
                "feedback": feedback,
                "clicks": clicks,
                "new_clicks": new_clicks,
                "gate": gate,
            }
        )
        size = (features.image.shape[-2], features.image.shape[-1])
        colour = features.image.mean(dim=1, keepdim=True)
        logits = 6 * _field(clicks, size, 0.15) + 2 * colour - 2 + feedback - 1
        updated = torch.sigmoid(5 * _field(clicks, size, 0.10) - 2)
        return ClosedFormPrediction(logits.float(), updated.float())


def _field(clicks: Tensor, size: tuple[int, int], sigma: float) -> Tensor:
    """Sum of Gaussians at the clicks, background ones negative, ``(N, 1, H, W)`` float64."""
    rows = torch.arange(size[0], dtype=torch.float64)[:, None]
    columns = torch.arange(size[1], dtype=torch.float64)
    total = torch.zeros(len(clicks), 1, *size, dtype=torch.float64)
    for sample, found in zip(total, clicks.double(), strict=True):
        for y, x, sign in found[found[:, 2] >= 0]:
            squared = (rows - y) ** 2 + (columns - x) ** 2
            bump = torch.exp(-squared / (2 * (sigma * size[0]) ** 2))
            sample += bump if sign == 1 else -bump
    return total


@dataclass
class ClosedFormModel:
    """A model as `load_model` gives it."""

    network: ClosedFormNetwork = field(default_factory=ClosedFormNetwork)
    name: str = "closed-form"
    sha256: str = "0" * 64
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
