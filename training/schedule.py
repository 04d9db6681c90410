"""How the learning rate goes: warm-up, a constant rate with drops, a decay branch to zero."""

from __future__ import annotations

from .recipes import Recipe


def rate_factor(step: int, recipe: Recipe, decay_from: int | None, decay_steps: int) -> float:
    """Share of the learning rate at a step.

    Parameters
    ----------
    step : int
        From 0.
    recipe : Recipe
        Its warm-up and drops count.
    decay_from, decay_steps : int
        First step and length of the decay branch; None outside of one.
    """
    factor = min(1.0, (step + 1) / recipe.warm_up) * 0.1 ** sum(
        step >= drop for drop in recipe.rate_drops
    )
    if decay_from is not None:
        factor *= max(0.0, 1 - (step - decay_from) / decay_steps)
    return factor
