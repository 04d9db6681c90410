"""A network in closed form with the interface of the real one: fast, exact, and easy to foresee.

A pixel belongs to the object if its colour is nearer to that of a foreground click than to that of
any background click (without one: nearer than 0.2). Its quality knows what the real one learns: an
object that meets the window's edge is cut off, and one of few input pixels is drawn coarsely.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


@dataclass(frozen=True)
class FakeFeatures:
    image: Tensor


@dataclass(frozen=True)
class FakePrediction:
    logits: Tensor
    refined_feedback: Tensor
    updated_feedback: Tensor
    affinity: Tensor
    quality: Tensor | None


class FakeNetwork(nn.Module):
    """See the module; `calls` holds the arguments of each decode, `encoded` the images' sizes."""

    def __init__(self, *, early: bool = False, with_quality: bool = True) -> None:
        super().__init__()
        self.encoding_uses_interaction = early
        self.tells_quality = with_quality
        self.calls: list[dict[str, Any]] = []
        self.encoded: list[tuple[int, ...]] = []

    def encode(
        self,
        image: Tensor,
        interaction_map: Tensor | None = None,
        feedback: Tensor | None = None,
    ) -> FakeFeatures:
        assert (interaction_map is not None) == self.encoding_uses_interaction
        self.encoded.append(tuple(image.shape))
        return FakeFeatures(image)

    def decode(
        self,
        features: FakeFeatures,
        clicks: Tensor,
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
    ) -> FakePrediction:
        self.calls.append(
            {
                "clicks": clicks,
                "map": interaction_map,
                "feedback": feedback,
                "new_clicks": new_clicks,
                "gate": gate,
                "ratio": expansion_ratio,
            }
        )
        image = features.image
        logits = torch.stack(
            [self._logits(image[n], clicks[n]) for n in range(len(image))]
        ) + gate * (feedback - 0.5)
        affinity = torch.stack(
            [1 - _distance(image[n], _newest(new_clicks[n]))[None] for n in range(len(image))]
        ).clamp(0, 1)
        coarse = functional.avg_pool2d(affinity, 4, ceil_mode=True)
        quality = self._quality(logits) if self.tells_quality else None
        small = torch.zeros_like(coarse)
        return FakePrediction(logits, small, small, coarse, quality)

    def _logits(self, image: Tensor, clicks: Tensor) -> Tensor:
        nearest = {0: torch.full(image.shape[1:], 0.2), 1: torch.full(image.shape[1:], 2.0)}
        for click in clicks[clicks[:, 2] >= 0]:
            sign = int(click[2])
            nearest[sign] = torch.minimum(nearest[sign], _distance(image, click))
        return 40 * (nearest[0] - nearest[1])[None]

    def _quality(self, logits: Tensor) -> Tensor:
        mask = logits[:, 0] > 0
        area = mask.sum(dim=(1, 2)).clamp(min=1)
        rim = mask.clone()
        rim[:, 1:-1, 1:-1] = False
        cut_off = rim.any(dim=2).any(dim=1)
        return (1 - 2 / area.sqrt()).clamp(0, 1) * torch.where(cut_off, 0.3, 1.0)


@dataclass
class FakeModel:
    """A model as `load_model` gives it."""

    network: FakeNetwork = field(default_factory=FakeNetwork)
    name: str = "fake"
    sha256: str = "0" * 64
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))


def _newest(clicks: Tensor) -> Tensor:
    return clicks[clicks[:, 2] >= 0][-1]


def _distance(image: Tensor, click: Tensor) -> Tensor:
    y = int(click[0].round().clamp(0, image.shape[1] - 1))
    x = int(click[1].round().clamp(0, image.shape[2] - 1))
    return (image - image[:, y, x, None, None]).abs().amax(dim=0)
