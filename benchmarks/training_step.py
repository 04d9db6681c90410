"""``python -m benchmarks.training_step``: our training against a plain loop, in one run.

Both train the same network on samples of the same pictures. The plain loop makes a batch, then
takes a step, and so on; it encodes the picture anew for every object and every interaction, in
float32, and trains the whole encoder. Ours makes batches beside the steps, encodes each picture
once, keeps stem and first stage, and runs the decoder in bfloat16 where the processor has it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, NamedTuple

import torch
import typer

from napari_fcfi.network import FCFI
from training.batches import Batches
from training.data.source import PictureSource, open_source
from training.draws import users_of
from training.forward import Batch
from training.interactions import SimulatedInteractions
from training.loop import Run
from training.recipes import Recipe, recipe


class Piece(NamedTuple):
    """Seconds of a piece of training, and of those the ones in which it waited for data."""

    seconds: float
    waited: float


def ours(source: PictureSource, chosen: Recipe, folder: Path) -> Callable[[int], Piece]:
    """A function that takes so many steps as `training.train` does."""
    run = Run(chosen, folder, FCFI())

    def piece(steps: int) -> Piece:
        batches = Batches(source, chosen)
        coming = batches.run(run.step)
        run.take_step(next(coming))  # the first batch has nothing to be made beside
        began = time.perf_counter()
        for _ in range(steps):
            run.take_step(next(coming))
        seconds = time.perf_counter() - began
        coming.close()
        return Piece(seconds, batches.waited_s)

    return piece


def plain(source: PictureSource, chosen: Recipe) -> Callable[[int], Piece]:
    """The same by a plain loop."""
    one_round = chosen.model_copy(update={"precision": "32-true", "round_shares": (1.0,)})
    network = FCFI()
    module = SimulatedInteractions(network, one_round)
    optimizer = torch.optim.AdamW(network.parameters())
    batches = Batches(source, one_round)

    def step(batch: Batch, number: int) -> None:
        own = split(batch)
        users = [user for user in users_of(chosen, number, 0, 1) for _ in range(chosen.objects)]
        for _ in range(len(chosen.round_shares)):
            terms = module(own, users, 1).terms
            optimizer.zero_grad()
            torch.stack(list(terms.values())).sum().backward()
            optimizer.step()

    def piece(steps: int) -> Piece:
        step(batches.make(0), 0)
        began, waited = time.perf_counter(), 0.0
        for number in range(1, steps + 1):
            before = time.perf_counter()
            batch = batches.make(number)
            waited += time.perf_counter() - before
            step(batch, number)
        return Piece(time.perf_counter() - began, waited)

    return piece


def split(batch: Batch) -> Batch:
    """The same objects, each with a copy of its picture."""
    objects = batch.targets.shape[1]
    return Batch(
        batch.images.repeat_interleave(objects, dim=0),
        batch.targets.flatten(0, 1)[:, None],
        batch.visible.flatten()[:, None],
    )


def main(
    data: Annotated[Path, typer.Argument(help="Folder of sets to train on.")],
    steps: Annotated[int, typer.Option(help="Steps of a piece.")] = 5,
    pieces: Annotated[int, typer.Option(help="Pieces of each kind, one after the other.")] = 3,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print samples a second and the share of waiting for both, and the ratio of the medians."""
    torch.set_num_threads(threads)
    chosen = recipe("fcfi_lite").model_copy(update={"round_shares": (0.0, 1.0)})
    source = open_source(data)
    taken: dict[str, list[Piece]] = {"ours": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"ours": ours(source, chosen, Path(folder)), "plain": plain(source, chosen)}
        for _ in range(pieces):
            for name, piece in kinds.items():
                taken[name].append(piece(steps))
    samples = chosen.pictures * chosen.objects
    speeds = {}
    for name, own in taken.items():
        speeds[name] = statistics.median(samples * steps / piece.seconds for piece in own)
        waiting = sum(piece.waited for piece in own) / sum(piece.seconds for piece in own)
        print(
            f"{name:6} {samples / speeds[name]:5.2f} s a step of {samples} samples, 2 interactions "
            f"each: {speeds[name]:5.1f} samples/s, {waiting:.1%} of the time waiting for data"
        )
    ratio = speeds["ours"] / speeds["plain"]
    print(f"ours is {ratio:.1f} times as fast ({threads} threads, torch {torch.__version__})")


if __name__ == "__main__":
    typer.run(main)
