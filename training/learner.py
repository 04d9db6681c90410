"""What learns in a run: the network among simulated users, its optimizer, its averaged weights."""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricModule, _FabricOptimizer
from torch.optim.swa_utils import AveragedModel

from napari_fcfi.network import Network, PaperNetwork

from .batch_statistics import into_training, synchronise
from .evaluation.errors import UserError
from .interactions import SimulatedInteractions
from .optimizer import make_optimizer, moving_average
from .paper_interactions import PaperInteractions
from .recipes import Recipe
from .released_interactions import ReleasedInteractions


class Learner(NamedTuple):
    """Simulated interactions around the network, optimizer and average, where Fabric put them."""

    module: _FabricModule
    optimizer: _FabricOptimizer
    averaged: AveragedModel

    def state_dict(self) -> dict[str, Any]:
        """What changes with each step."""
        return {
            "network": self.module.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave; ``state`` may hold more."""
        self.module.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])


def set_up(initial: Network, recipe: Recipe, fabric: Fabric, accumulate: int) -> Learner:
    """A network made ready to learn by a recipe, each step in so many parts.

    Raises
    ------
    UserError
        When the recipe fits neither the network nor the number of processes and parts.
    """
    if recipe.pictures % (fabric.world_size * accumulate):
        raise UserError(
            f"Expected processes and parts that divide the {recipe.pictures} pictures of a "
            f"step; got {fabric.world_size} and {accumulate}: change --accumulate, the "
            "number of processes, or --set pictures=…"
        )
    try:
        synchronise(
            initial,
            recipe,
            pictures=recipe.pictures // accumulate,
            world=fabric.world_size,
            cuda=fabric.device.type == "cuda",
        )
        network = initial.to(memory_format=torch.channels_last)
        optimizer = make_optimizer(network, recipe)
    except ValueError as error:  # the recipe asks for what cannot be
        raise UserError(str(error)) from error
    averaged = AveragedModel(network, multi_avg_fn=moving_average(recipe.ema), use_buffers=True).to(
        fabric.device
    )
    module, prepared = fabric.setup(interactions(network, recipe), optimizer)
    into_training(module, recipe)
    return Learner(module, prepared, averaged)


def interactions(
    network: Network, recipe: Recipe
) -> SimulatedInteractions | PaperInteractions | ReleasedInteractions:
    """The forward pass that a recipe asks for."""
    if recipe.interactions == "supervised":
        return SimulatedInteractions(network, recipe)
    if recipe.interactions == "paper":
        return PaperInteractions(network, recipe)
    return ReleasedInteractions(cast(PaperNetwork, network), recipe)  # the recipe has seen to it
