"""``python -m benchmarks.data_loading``: how fast samples are made, and whether training waits.

Samples are counted by the CPU time of one thread, so that other programs do not count: from files
(decoded anew each time), from memory and from packed crops. Waiting is measured in a real training
of the embedded model, as the share of its wall-clock time after the first step.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from benchmarks.training_step import ours
from training.augment import make_sample
from training.data.packed import PackedPictures, pack
from training.data.source import LazyPictures, PictureSource, pictures_of, set_weights, sets_in
from training.published_augment import make_published_sample
from training.recipes import recipe
from training.targets import Sample

Maker = Callable[[np.random.Generator, PictureSource], Sample]
MAKERS: dict[str, Maker] = {
    "around objects, 256 x 256, 2 objects": lambda rng, source: make_sample(
        rng, source, size=(256, 256), objects=2
    ),
    "around objects, 320 x 480, 1 object": lambda rng, source: make_sample(
        rng, source, size=(320, 480), objects=1
    ),
    "as published, 320 x 480, 1 object": lambda rng, source: make_published_sample(
        rng, source, size=(320, 480), objects=1
    ),
}


def samples_a_second(make: Maker, source: PictureSource, count: int) -> float:
    """Samples a second of CPU time of this thread."""
    began = time.thread_time()
    for i in range(count):
        make(np.random.default_rng(i), source)
    return count / (time.thread_time() - began)


def main(
    data: Annotated[Path, typer.Argument(help="A data set, or a folder of sets.")],
    pictures: Annotated[int, typer.Option(help="Pictures taken from it, evenly spread.")] = 200,
    count: Annotated[int, typer.Option(help="Samples made of each kind.")] = 300,
    steps: Annotated[int, typer.Option(help="Steps of training.")] = 10,
) -> None:
    """Print samples a second and core of each kind, and the share of waiting."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    every = pictures_of(sets_in(data)).unread
    unread = every[:: max(1, len(every) // pictures)][:pictures]
    weights = set_weights([picture.found.name for picture in unread])
    kept = LazyPictures(unread, weights)
    for i in range(len(kept)):
        kept[i]
    with tempfile.TemporaryDirectory() as folder:
        pack(kept, Path(folder), side=640)
        packed = PackedPictures(Path(folder))
        sources = {"files": LazyPictures(unread, weights, room=0), "memory": kept, "crops": packed}
        print("samples a second and core from " + ", ".join(sources))
        for name, make in MAKERS.items():
            rates = [samples_a_second(make, source, count) for source in sources.values()]
            print(f"{name:38}" + "".join(f"{rate:8.0f}" for rate in rates))
        torch.set_num_threads(threads)
        found = ours(packed, recipe("fcfi_lite"), Path(folder) / "run")(steps)
    print(
        f"training, {threads} threads: {found.seconds / steps:.2f} s a step, "
        f"{found.waited / found.seconds:.1%} of it waiting"
    )


if __name__ == "__main__":
    typer.run(main)
