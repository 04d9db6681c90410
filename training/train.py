"""``python -m training.train RECIPE``: train a model, or go on training it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer
from platformdirs import user_cache_path

from napari_fcfi.checkpoints import load_network, read_backbone_weights
from napari_fcfi.network import Architecture, Network, build_network

from .data.folders import read_folders
from .imagenet import lite0_weights
from .loop import STATE_NAME, Run
from .recipes import Recipe
from .recipes import recipe as find_recipe


def train(
    recipe: Annotated[str, typer.Argument(help="Name of the recipe, such as fcfi_lite.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of sets (SET/images, SET/masks), or one set."),
    ] = None,
    run: Annotated[Path | None, typer.Option(help="Folder of the run; it is gone on from.")] = None,
    init: Annotated[
        str | None, typer.Option(help="Checkpoint to start from instead of ImageNet weights.")
    ] = None,
    backbone_weights: Annotated[
        Path | None,
        typer.Option(help="Initial weights of the backbone: a file with timm's tensor names."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Step at which to stop.")] = 1_000_000,
    minutes: Annotated[float, typer.Option(help="Longest time of this piece.")] = float("inf"),
    decay: Annotated[
        int, typer.Option(help="Branch off so many steps with a rate that falls to zero.")
    ] = 0,
) -> None:
    """Train a model; stop it with Ctrl+C or SIGTERM at any time and call it again to go on."""
    try:
        chosen = find_recipe(recipe)
        torch.manual_seed(chosen.seed)
        folder = run or user_cache_path("napari-fcfi") / "runs" / chosen.name
        shared = Path(os.environ.get("NAPARI_FCFI_DATA", "../shared"))
        pictures = read_folders(data or shared / "data" / "train")
        training = Run(
            chosen, folder, beginning(chosen, folder, init, backbone_weights), decay_steps=decay
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    print(f"{len(pictures)} pictures; the run lives in {folder}")
    for kind in (signal.SIGINT, signal.SIGTERM):
        signal.signal(kind, lambda *_: training.stop())
    training.train(pictures, steps, minutes)
    if training.stopping:
        print(f"stopped; the same command goes on from {folder}")


def beginning(
    recipe: Recipe, folder: Path, init: str | None, backbone_weights: Path | None = None
) -> Network:
    """The network that a new run begins with.

    It is a checkpoint's, or one whose backbone has the weights of a file, or without either the
    ImageNet weights of a package if that has them (``fcfi-lite``), and random ones if not.

    Raises
    ------
    ValueError
        When a file is named for a run that has begun, when both are named, or when one cannot be
        read.
    """
    if init is not None and backbone_weights is not None:
        raise ValueError(
            "Expected --init or --backbone-weights; got both: a checkpoint has a backbone already."
        )
    given = f"--init {init}" if init is not None else f"--backbone-weights {backbone_weights}"
    if (init is not None or backbone_weights is not None) and (folder / STATE_NAME).exists():
        raise ValueError(
            f"Expected a new run for {given}; {folder} holds one already: leave that out "
            "to go on with it, or name another folder with --run."
        )
    if init is not None:
        network, _ = load_network(init)
        if network.architecture != recipe.architecture:
            raise ValueError(
                f"Expected a checkpoint of the recipe's architecture, {recipe.architecture!r}; "
                f"{init} has {network.architecture!r}: choose the recipe that fits it."
            )
        return network.train()
    if backbone_weights is not None:
        weights = read_backbone_weights(backbone_weights, recipe.architecture)
        return build_network(recipe.architecture, weights)
    lite = isinstance(recipe.architecture, Architecture)
    return build_network(recipe.architecture, lite0_weights() if lite else None)


if __name__ == "__main__":
    typer.run(train)
