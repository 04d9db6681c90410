"""What changes the weights: AdamW with two rates, and the moving average that is released."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
from torch import Tensor

from napari_fcfi.network import Network

from .evaluation.errors import UserError
from .recipes import Recipe

USUAL_SIZE = 0.1
"""Root mean square of the weights for which a slow part's rate is meant."""


def make_optimizer(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW with a smaller rate for the recipe's slow parts; frozen parts take no part.

    Batch norms that were folded into a backbone leave tensors of very different sizes there, of
    which one rate moves some by a few hundredths and others by all they are. Where the recipe says
    so each slow tensor has a rate in proportion to the size of its weights.

    Raises
    ------
    UserError
        When a slow part is none of the network's.
    """
    for part in network.frozen_parts():
        part.requires_grad_(False)
    for prefix in recipe.slow_parts:
        if not any(name.startswith(prefix) for name, _ in network.named_parameters()):
            parts = ", ".join(f"{name}." for name, _ in network.named_children())
            raise UserError(
                f"Expected beginnings of parameters' names as slow_parts; {recipe.name} has "
                f"{prefix!r}, and the network consists of {parts}: correct the recipe."
            )
    trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    slow = [p for name, p in trained if name.startswith(recipe.slow_parts)]
    rest = [p for name, p in trained if not name.startswith(recipe.slow_parts)]
    rate = recipe.learning_rate
    groups: list[dict[str, Any]] = [{"params": slow, "factor": recipe.backbone_factor}]
    if recipe.slow_rates == "by_size":
        groups = [{"params": [p], "factor": recipe.backbone_factor * _size(p)} for p in slow]
    groups.append({"params": rest, "factor": 1.0})
    for group in groups:
        group["lr"] = rate * group["factor"]
    # a fused step undoes the scaling of float16 itself, too late for the gradient's norm
    fused = recipe.precision != "16-mixed"
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=fused)


def _size(weights: Tensor) -> float:
    """Root mean square of a tensor beside `USUAL_SIZE`, kept within two orders of magnitude."""
    size = float(weights.detach().square().mean().sqrt()) / USUAL_SIZE
    return min(max(size, 0.1), 10.0)


Tensors: TypeAlias = tuple[Tensor, ...] | list[Tensor]


def moving_average(decay: float) -> Callable[[Tensors, Tensors, Tensor | int], None]:
    """Exponential moving average that forgets faster at first, or it would be of the beginning."""

    @torch.no_grad()
    def update(averaged: Tensors, current: Tensors, count: Tensor | int) -> None:
        share = max(1 - decay, 9 / (10 + int(count)))
        for average, value in zip(averaged, current, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:  # the counters of batch norms
                average.copy_(value)

    return update
