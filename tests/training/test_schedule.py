"""How the learning rate goes."""

from __future__ import annotations

import pytest

from training.recipes import Recipe
from training.schedule import rate_factor

SMALL = Recipe(name="small", warm_up=2)


def test_the_rate_warms_up_stays_and_decays() -> None:
    assert [rate_factor(s, SMALL, None, 0) for s in (0, 1, 500)] == [0.5, 1, 1]
    assert [rate_factor(s, SMALL, 10, 4) for s in (10, 12, 14)] == [1, 0.5, 0]


def test_the_rate_falls_to_a_tenth_at_every_drop() -> None:
    dropping = SMALL.model_copy(update={"rate_drops": (10, 20)})
    rates = [rate_factor(s, dropping, None, 0) for s in (9, 10, 19, 20)]
    assert rates == pytest.approx([1, 0.1, 0.1, 0.01])
