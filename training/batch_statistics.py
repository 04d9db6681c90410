"""When batch norms learn from the batch, and when they keep the statistics that they have."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from .recipes import Recipe

FEWEST_PICTURES = 8
"""Statistics of smaller batches are too uncertain to normalise by."""


def batch_norms(network: nn.Module) -> list[nn.Module]:
    """All batch norms of a network, synchronised ones too."""
    return [part for part in network.modules() if isinstance(part, _BatchNorm)]


def into_training(module: nn.Module, recipe: Recipe) -> None:
    """Training mode, in which frozen batch norms stay as they are; their weights are trained."""
    module.train()
    if recipe.batch_statistics == "frozen":
        for part in batch_norms(module):
            part.eval()


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode; after it each part is in the mode it had before."""
    modes = [(part, part.training) for part in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for part, training in modes:
            part.training = training


def synchronise(
    network: nn.Module, recipe: Recipe, *, pictures: int, world: int, cuda: bool
) -> None:
    """Let batch norms that learn see the batches of all processes, where there are many.

    Parameters
    ----------
    network : Module
        Whose batch norms are exchanged, if it has any that learn.
    recipe : Recipe
        Tells whether they learn.
    pictures : int
        That all processes see in one pass.
    world : int
        Number of processes.
    cuda : bool
        Whether they run on GPUs of NVIDIA's or AMD's.

    Raises
    ------
    ValueError
        When batch norms are to learn from too few pictures, or from many processes elsewhere.
    """
    if recipe.batch_statistics == "frozen" or not batch_norms(network):
        return
    remedy = "add --set batch_statistics=frozen"
    if pictures < FEWEST_PICTURES:
        raise ValueError(
            f"Expected at least {FEWEST_PICTURES} pictures in a pass to learn batch statistics "
            f"from; got {pictures}: {remedy}."
        )
    if world == 1:
        return
    if not cuda:
        raise ValueError(
            f"Expected one process, or GPUs, to learn batch statistics; got {world} processes on "
            f"other devices, which cannot share them: {remedy}."
        )
    nn.SyncBatchNorm.convert_sync_batchnorm(network)
