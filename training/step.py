"""One step of the optimizer."""

from __future__ import annotations

import math
from typing import Any

import torch
from lightning_fabric import Fabric

from .forward import Batch, Shown
from .learner import Learner
from .passes import means, passes
from .recipes import Recipe


def learn(
    fabric: Fabric,
    learner: Learner,
    recipe: Recipe,
    batch: Batch,
    step: int,
    factor: float,
    parts: int,
) -> tuple[dict[str, float], Shown]:
    """Let a network learn from this process's share of a step's batch.

    Parameters
    ----------
    fabric, learner, recipe
        Where, what and how.
    batch : Batch
        This process's share of the step.
    step : int
        Its number.
    factor : float
        Share of the recipe's learning rate.
    parts : int
        In which the share is taken, one after the other.

    Returns
    -------
    dict, Shown
        What is worth logging, over all processes, and what is worth showing.
    """
    module, optimizer, averaged = learner
    for group in optimizer.param_groups:
        group["lr"] = recipe.learning_rate * group["factor"] * factor
    optimizer.zero_grad()
    outcomes = passes(fabric, module, recipe, batch, step, parts)
    most = math.inf if recipe.clip is None else recipe.clip
    norm: Any = fabric.clip_gradients(module, optimizer, max_norm=most, error_if_nonfinite=False)
    # a step whose gradient is not finite counts, but changes nothing
    finite = bool(torch.isfinite(norm))
    # with float16 the step itself looks, and scales the loss anew
    if finite or getattr(fabric.strategy.precision, "scaler", None) is not None:
        optimizer.step()
    if finite:
        averaged.update_parameters(module.network)
    logged = {"skipped": float(not finite), "gradient norm": float(norm), "rate": factor}
    return logged | means(fabric, outcomes), outcomes[-1].shown
