"""The command line of training, and what it says where it ends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from platformdirs import user_cache_path

from .beginning import beginning
from .data.option import DataRoot
from .data.source import open_source
from .evaluation.errors import UserError
from .failures import TOLD, leave, together
from .fingerprint import fingerprint
from .interrupts import gently
from .launch import leave_group, make_fabric
from .loop import Run
from .recipes import Recipe, changed
from .recipes import recipe as find_recipe
from .resume import DECAYED_NAME
from .saver import SAVE_EVERY_S

USAGE_ERROR: Any = typer.BadParameter.__mro__[1]
"""What all of typer's complaints about the command line are; it shows this one of them only."""


def train(
    recipe: Annotated[str, typer.Argument(help="Name of the recipe, such as fcfi_lite.")],
    data: Annotated[
        Path | None,
        typer.Option(help="A data set, or a folder of sets (docs/data.md)."),
    ] = None,
    data_root: DataRoot = Path("../shared"),
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
        int | None,
        typer.Option(min=0, help="Step at which to stop; the recipe's last if not given."),
    ] = None,
    minutes: Annotated[float, typer.Option(min=0, help="Longest time of this piece.")] = float(
        "inf"
    ),
    decay: Annotated[
        int, typer.Option(min=0, help="Branch off so many steps with a rate that falls to zero.")
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
        chosen = _chosen(recipe, changes or [])
        if decay and steps is not None:
            raise UserError(
                f"Expected --steps for a run, or --decay for a branch; got both: leave --steps "
                f"{steps} out, a branch ends after its own {decay}."
            )
        fabric = make_fabric(chosen, device)
        torch.manual_seed(chosen.seed)
        folder = run or user_cache_path("napari-fcfi") / "runs" / chosen.name
        with together(fabric), _read():
            begins = beginning(chosen, init, backbone_weights)
        training = Run(
            chosen,
            folder,
            begins.network,
            begun_from=begins.named,
            card=begins.card,
            decay_steps=decay,
            fabric=fabric,
            accumulate=accumulate,
            save_every_s=save_every,
        )
        # last, since to check all pictures may take minutes
        with together(fabric), _read():
            pictures = open_source(data, chosen.data, root=data_root, factors=chosen.set_factors)
            if run is None and training.has_other_data(fingerprint(pictures)):
                raise UserError(
                    "Expected the data of the steps that the run in the default folder has taken; "
                    f"got others: begin a run with --run DIR, or go on with --run {folder}"
                )
        until = chosen.steps if steps is None else steps
        if fabric.is_global_zero:
            how = f"{fabric.device.type}, precision {fabric.strategy.precision.precision}"
            print(f"{len(pictures)} pictures; the run lives in {folder} ({how})")
            if begins.hint and training.step == 0:
                print(begins.hint)
            if training.decay_from is not None:
                print(_of_branch(training.decay_from, decay, training.step))
            elif training.step and until is not None and until <= training.step:
                print(
                    f"the run is at step {training.step} already; --steps must be larger to go on"
                )
        with gently(training.stop):
            training.train(pictures, until, minutes)
        if training.stopping and fabric.is_global_zero:
            print(f"stopped; the same command goes on from {folder}")
    finally:
        leave_group()


def _of_branch(begun: int, steps: int, step: int) -> str:
    """Where a decay branch stands."""
    where = f"the branch leaves the run at step {begun} and ends at {begun + steps}"
    if step < begun + steps:
        return where
    return f"{where}; it is there already, move {DECAYED_NAME} away to branch off anew"


def _chosen(name: str, changes: list[str]) -> Recipe:
    try:
        return changed(find_recipe(name), changes)
    except ValueError as error:
        raise UserError(str(error)) from error


@contextmanager
def _read() -> Iterator[None]:
    """Let a file that the system does not give be one sentence."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"Expected to read the data set and the weights; got {error}: put that right and call "
            "the same command again."
        ) from error


def main() -> None:
    """Train as the command line says; what a person can put right is one sentence."""
    command = typer.Typer(add_completion=False)
    command.command()(train)
    try:
        command(standalone_mode=False)
    except torch.OutOfMemoryError:
        leave(
            "Expected a step to fit into the device's memory; it does not: take it in parts, "
            "--accumulate 2 or more, or choose a smaller crop, --set crop=…"
        )
    except TOLD as error:
        leave(error)
    except USAGE_ERROR as error:
        leave(f"{error.format_message()} (--help lists the options)")
