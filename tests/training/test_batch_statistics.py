"""Frozen batch norms stay as they are, learning ones need pictures."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from training.batch_statistics import evaluating, into_training, synchronise
from training.recipes import Recipe

LEARNT = Recipe(name="learnt")
FROZEN = Recipe(name="frozen", batch_statistics="frozen")


def network() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Dropout())


def test_frozen_statistics_do_not_change_but_their_weights_are_trained() -> None:
    frozen = network()
    into_training(frozen, FROZEN)
    with evaluating(frozen):
        assert not any(part.training for part in frozen.modules())
    frozen(torch.rand(2, 1, 4, 4)).sum().backward()
    assert frozen[1].num_batches_tracked == 0
    assert frozen[1].weight.grad is not None
    assert frozen[2].training


def test_learnt_statistics_change() -> None:
    learning = network()
    into_training(learning, LEARNT)
    learning(torch.rand(2, 1, 4, 4))
    assert learning[1].num_batches_tracked == 1


def test_statistics_are_not_learnt_from_a_handful_of_pictures() -> None:
    with pytest.raises(ValueError, match=r"got 4: add --set batch_statistics=frozen"):
        synchronise(network(), LEARNT, pictures=4, world=1, cuda=False)
    synchronise(network(), FROZEN, pictures=4, world=1, cuda=False)
    synchronise(nn.Conv2d(1, 1, 1), LEARNT, pictures=4, world=1, cuda=False)


def test_many_processes_learn_them_together_on_gpus_and_nowhere_else() -> None:
    shared = network()
    synchronise(shared, LEARNT, pictures=8, world=2, cuda=True)
    assert isinstance(shared[1], nn.SyncBatchNorm)
    with pytest.raises(ValueError, match="cannot share them"):
        synchronise(network(), LEARNT, pictures=8, world=2, cuda=False)
