"""Draws belong to samples and steps, not to processes."""

from __future__ import annotations

import torch

from training.draws import rounds_of, seed_dropout, users_of
from training.recipes import Recipe

RECIPE = Recipe(name="small", pictures=6)


def firsts(step: int, rank: int, world: int) -> list[float]:
    return [user.random() for user in users_of(RECIPE, step, rank, world)]


def test_processes_share_the_users_of_one() -> None:
    whole = firsts(3, 0, 1)
    assert len(set(whole)) == 6
    assert whole[0::2] == firsts(3, 0, 2)
    assert whole[1::2] == firsts(3, 1, 2)
    assert not set(whole) & set(firsts(4, 0, 1))


def test_the_number_of_interactions_follows_the_recipe_and_the_step() -> None:
    rounds = [rounds_of(RECIPE, step) for step in range(200)]
    assert rounds == [rounds_of(RECIPE, step) for step in range(200)]
    assert set(rounds) == {1, 2, 3, 4}


def test_dropout_differs_between_steps_processes_and_parts() -> None:
    drawn = []
    for step, rank, part in [(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 0, 0)]:
        seed_dropout(RECIPE, step, rank, part)
        drawn.append(float(torch.rand(())))
    assert len(set(drawn[:4])) == 4
    assert drawn[4] == drawn[0]
