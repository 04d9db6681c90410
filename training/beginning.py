"""Which network a new run begins with."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from napari_fcfi.checkpoints import Card, load_network, read_backbone_weights
from napari_fcfi.network import Architecture, Network, build_network

from .evaluation.errors import UserError
from .imagenet import lite0_weights
from .recipes import Recipe


class Beginning(NamedTuple):
    """The network that a new run begins with.

    Attributes
    ----------
    network
        It.
    named
        What a person named for it.
    card
        Of the checkpoint that it is from.
    hint
        To be printed.
    """

    network: Network
    named: str = ""
    card: Card | None = None
    hint: str = ""


def beginning(
    recipe: Recipe, init: str | None = None, backbone_weights: Path | None = None
) -> Beginning:
    """The network that a new run begins with.

    It is a checkpoint's, or one whose backbone has the weights of a file, or without either the
    ImageNet weights of a package if that has them (``fcfi-lite``), and random ones if not.

    Raises
    ------
    UserError, CheckpointError
        When both are named, or when one cannot be read or is of another architecture.
    """
    if init is not None and backbone_weights is not None:
        raise UserError(
            "Expected --init or --backbone-weights; got both: a checkpoint has a backbone already."
        )
    if init is not None:
        network, card = load_network(init)
        if network.architecture != recipe.architecture:
            raise UserError(
                f"Expected a checkpoint of the recipe's architecture, {recipe.architecture!r}; "
                f"{init} has {network.architecture!r}: choose the recipe that fits it."
            )
        return Beginning(network, f"--init {init}", card)
    if backbone_weights is not None:
        weights = read_backbone_weights(backbone_weights, recipe.architecture)
        network = build_network(recipe.architecture, weights)
        return Beginning(network, f"--backbone-weights {backbone_weights}")
    if isinstance(recipe.architecture, Architecture):
        return Beginning(build_network(recipe.architecture, lite0_weights()))
    return Beginning(
        build_network(recipe.architecture),
        hint="The backbone begins with random weights; the published models began with ImageNet's: "
        "--backbone-weights FILE.",
    )
