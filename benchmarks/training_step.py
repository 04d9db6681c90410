"""``python -m benchmarks.training_step``: our training step against a plain loop, in one run.

Both train the same network on the same pictures, objects and interactions. The plain loop encodes
the picture anew for every object and every interaction, in float32, and trains the whole encoder;
ours encodes each picture once, keeps stem and first stage, and runs the decoder in bfloat16.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from napari_fcfi.network import FCFI
from training.data.folders import mask_files, read_picture
from training.interactions import Batch, SimulatedInteractions
from training.loop import Batches, make_optimizer
from training.recipes import Recipe, recipe


def step_of(
    network: FCFI, chosen: Recipe, *, frozen: bool
) -> Callable[[Batch, int], dict[str, float]]:
    """A function that takes one optimisation step on a batch with the draws of a seed."""
    network = network.to(memory_format=torch.channels_last)
    module = SimulatedInteractions(network, chosen)
    optimizer = make_optimizer(network, chosen)
    if not frozen:
        network.backbone.requires_grad_(True)
        optimizer = torch.optim.AdamW(network.parameters(), fused=True)

    def step(batch: Batch, seed: int) -> dict[str, float]:
        terms, logged = module(batch, np.random.default_rng(seed))
        optimizer.zero_grad()
        torch.stack(list(terms.values())).sum().backward()
        optimizer.step()
        return logged

    return step


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
    steps: Annotated[int, typer.Option(help="Steps of each kind.")] = 5,
    threads: Annotated[int, typer.Option(help="Threads of torch.")] = 1,
) -> None:
    """Print objects and supervised interactions a second of both, and the ratio of the medians."""
    torch.set_num_threads(threads)
    chosen = recipe("fcfi_lite").model_copy(update={"round_shares": (0.0, 1.0)})
    plain = chosen.model_copy(update={"bf16": False, "round_shares": (1.0,)})
    read = (read_picture(file) for file in mask_files(data, validation=False)[::40])
    pictures = [picture for picture in read if picture.objects]
    batches = Batches(pictures, chosen)
    ours = step_of(FCFI(), chosen, frozen=True)
    other = step_of(FCFI(), plain, frozen=False)
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for i in range(steps + 1):
        batch = batches.make(i)
        for name, run in (("ours", ours), ("plain", other)):
            began = time.perf_counter()
            if name == "ours":
                run(batch, i)
            else:  # an encoder pass for each object and each of its two interactions
                run(split(batch), i)
                run(split(batch), i)
            if i:  # the first of each kind warms up
                seconds[name].append(time.perf_counter() - began)
    objects = chosen.pictures * chosen.objects
    for name, times in seconds.items():
        median = statistics.median(times)
        print(
            f"{name:6} {median:6.2f} s a step of {objects} objects, 2 interactions each: "
            f"{objects / median:5.1f} objects/s, {2 * objects / median:5.1f} interactions/s"
        )
    ratio = statistics.median(seconds["plain"]) / statistics.median(seconds["ours"])
    print(f"ours is {ratio:.1f} times as fast ({threads} threads, torch {torch.__version__})")


if __name__ == "__main__":
    typer.run(main)
