"""Forward and backward passes of one step: this process's share, in one part or in several."""

from __future__ import annotations

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule

from .draws import rounds_of, seed_dropout, users_of
from .forward import Batch, Outcome
from .launch import over_processes
from .recipes import Recipe


def passes(
    fabric: Fabric, module: _FabricModule, recipe: Recipe, batch: Batch, step: int, parts: int
) -> list[Outcome]:
    """What the passes over each part of a batch gave; their gradients are added up.

    Parameters
    ----------
    fabric, module
        Where the passes happen, and the simulated interactions that `Fabric.setup` gave back.
    recipe : Recipe
        Of the training.
    batch : Batch
        This process's share of the step.
    step : int
        Its number.
    parts : int
        A divisor of the share's pictures.
    """
    users = users_of(recipe, step, fabric.global_rank, fabric.world_size)
    rounds = rounds_of(recipe, step)
    size = len(users) // parts
    outcomes = []
    for part in range(parts):
        own = slice(part * size, (part + 1) * size)
        seed_dropout(recipe, step, fabric.global_rank, part)
        with fabric.no_backward_sync(module, enabled=part + 1 < parts):
            given = fabric.to_device(Batch(*(tensor[own] for tensor in batch)))
            outcome: Outcome = module(given, users[own], rounds)
            fabric.backward(torch.stack(list(outcome.terms.values())).sum() / parts)
        outcomes.append(outcome)
    return outcomes


def means(fabric: Fabric, outcomes: list[Outcome]) -> dict[str, float]:
    """What is worth logging of a step: means over its parts and over all processes."""
    each = [
        {f"loss/{name}": float(value.detach()) for name, value in outcome.terms.items()}
        | outcome.logged
        for outcome in outcomes
    ]
    names = list(each[0])
    own = [sum(one[name] for one in each) / len(each) for name in names]
    logged = dict(zip(names, over_processes(fabric, own, "mean"), strict=True))
    total = sum(value for name, value in logged.items() if name.startswith("loss/"))
    return logged | {"loss/all": total}
