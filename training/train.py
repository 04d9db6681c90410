"""``python -m training.train RECIPE``: train a model, or go on training it."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer
from platformdirs import user_cache_path

from napari_fcfi.checkpoints import load_network, read_backbone_weights
from napari_fcfi.network import Architecture, Network, build_network

from .data.source import open_source
from .imagenet import lite0_weights
from .launch import leave_group, make_fabric
from .loop import SAVE_EVERY_S, Run
from .recipes import Recipe, changed
from .recipes import recipe as find_recipe


def train(
    recipe: Annotated[str, typer.Argument(help="Name of the recipe, such as fcfi_lite.")],
    data: Annotated[
        Path | None,
        typer.Option(help="A data set, or a folder of sets (docs/data.md)."),
    ] = None,
    run: Annotated[
        Path | None,
        # torchrun takes --run for an abbreviation of its own
        typer.Option("--run", "--folder", help="Folder of the run; it is gone on from."),
    ] = None,
    init: Annotated[
        str | None, typer.Option(help="Checkpoint to start from instead of ImageNet weights.")
    ] = None,
    backbone_weights: Annotated[
        Path | None,
        typer.Option(help="Initial weights of the backbone: a file with timm's tensor names."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Step at which to stop; the recipe's last if not given.")
    ] = None,
    minutes: Annotated[float, typer.Option(help="Longest time of this piece.")] = float("inf"),
    decay: Annotated[
        int, typer.Option(help="Branch off so many steps with a rate that falls to zero.")
    ] = 0,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")] = "auto",
    accumulate: Annotated[
        int, typer.Option(min=1, help="Parts of a step, one after the other, to save memory.")
    ] = 1,
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="A field of the recipe, FIELD=VALUE; may be repeated."),
    ] = None,
    save_every: Annotated[
        float, typer.Option(help="Seconds between two states on disk.")
    ] = SAVE_EVERY_S,
) -> None:
    """Train a model; stop it with Ctrl+C or SIGTERM at any time and call it again to go on.

    Many processes: torchrun --nproc-per-node 4 -m training.train RECIPE ...
    """
    try:
        chosen = changed(find_recipe(recipe), changes or [])
        fabric = make_fabric(chosen.precision, device)
        torch.manual_seed(chosen.seed)
        folder = run or user_cache_path("napari-fcfi") / "runs" / chosen.name
        shared = Path(os.environ.get("NAPARI_FCFI_DATA", "../shared"))
        pictures = open_source(data, chosen.data, root=shared)
        begins = beginning(chosen, init, backbone_weights)
        training = Run(
            chosen,
            folder,
            begins.network,
            begun_from=begins.named,
            decay_steps=decay,
            fabric=fabric,
            accumulate=accumulate,
            save_every_s=save_every,
        )
        if fabric.is_global_zero:
            print(f"{len(pictures)} pictures; the run lives in {folder}")
            if begins.hint and training.step == 0:
                print(begins.hint)
        for kind in (signal.SIGINT, signal.SIGTERM):
            signal.signal(kind, lambda *_: training.stop())
        training.train(pictures, steps or chosen.steps, minutes)
    except torch.OutOfMemoryError:
        sys.exit(
            "error: Expected a step to fit into the device's memory; it does not: take it in "
            "parts, --accumulate 2 or more, or choose a smaller crop, --set crop=…"
        )
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    finally:
        leave_group()
    if training.stopping and fabric.is_global_zero:
        print(f"stopped; the same command goes on from {folder}")


class Beginning(NamedTuple):
    """The network that a new run begins with, what a person named for it, and a hint to print."""

    network: Network
    named: str = ""
    hint: str = ""


def beginning(
    recipe: Recipe, init: str | None = None, backbone_weights: Path | None = None
) -> Beginning:
    """The network that a new run begins with.

    It is a checkpoint's, or one whose backbone has the weights of a file, or without either the
    ImageNet weights of a package if that has them (``fcfi-lite``), and random ones if not.

    Raises
    ------
    ValueError
        When both are named, or when one cannot be read or is of another architecture.
    """
    if init is not None and backbone_weights is not None:
        raise ValueError(
            "Expected --init or --backbone-weights; got both: a checkpoint has a backbone already."
        )
    if init is not None:
        network, _ = load_network(init)
        if network.architecture != recipe.architecture:
            raise ValueError(
                f"Expected a checkpoint of the recipe's architecture, {recipe.architecture!r}; "
                f"{init} has {network.architecture!r}: choose the recipe that fits it."
            )
        return Beginning(network, f"--init {init}")
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


if __name__ == "__main__":
    typer.run(train)
