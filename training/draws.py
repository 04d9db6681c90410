"""Where every draw of training comes from, so that a run can be broken off and spread at will.

Samples and their simulated users have generators made from the seed and the sample's number, a step
as a whole from the seed and the step's number. Dropout draws from torch's generator, which is set
anew for every pass.
"""

from __future__ import annotations

import numpy as np
import torch

from .click_simulation import Generator
from .recipes import Recipe

STEP_STREAM, USER_STREAM, DROPOUT_STREAM, CROP_STREAM = 2, 3, 4, 6
"""Keep draws apart; samples themselves have stream 1 (`training.batches`)."""


def users_of(recipe: Recipe, step: int, rank: int, world: int) -> list[Generator]:
    """Generators of the users of a step's pictures, of which process ``rank`` has its share."""
    numbers = range(step * recipe.pictures + rank, (step + 1) * recipe.pictures, world)
    return [np.random.default_rng((recipe.seed, USER_STREAM, number)) for number in numbers]


def rounds_of(recipe: Recipe, step: int) -> int:
    """Number of interactions in a step, the same in all processes."""
    rng = np.random.default_rng((recipe.seed, STEP_STREAM, step))
    return 1 + int(rng.choice(len(recipe.round_shares), p=recipe.round_shares))


def crop_of(recipe: Recipe, step: int) -> tuple[int, int]:
    """Height and width of the crops of a step, px."""
    sizes = (recipe.crop, *recipe.other_crops)
    return sizes[int(np.random.default_rng((recipe.seed, CROP_STREAM, step)).integers(len(sizes)))]


def seed_dropout(recipe: Recipe, step: int, rank: int, part: int) -> None:
    """Set torch's generator for one pass over a part of a process's share of a step."""
    entropy = np.random.SeedSequence((recipe.seed, DROPOUT_STREAM, step, rank, part))
    torch.manual_seed(int(entropy.generate_state(1, np.uint64)[0]))
