"""Batches by the number of the step, made by threads while the network works.

A sample is a function of (seed, its number); it does not matter which process makes it, or when.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

import numpy as np
import torch

from .augment import make_sample
from .cores import own_cores
from .data.source import PictureSource
from .draws import crop_of
from .forward import Batch
from .published_augment import make_published_sample
from .recipes import Recipe
from .targets import Sample

SAMPLE_STREAM = 1
"""Keeps the draws of samples apart from those of steps."""
AHEAD = 2
"""Batches that are made or being made while one is used."""
MOST_WORKERS = 8


class Batches:
    """Training batches of a source.

    Parameters
    ----------
    source : PictureSource
        Training pictures.
    recipe : Recipe
        Its pictures a step are those of all processes together.

    Attributes
    ----------
    waited_s : float
        How long the caller of `run` has waited for batches, the first one left out.
    """

    def __init__(self, source: PictureSource, recipe: Recipe) -> None:
        self.source = source
        self.recipe = recipe
        self.waited_s = 0.0

    def sample(self, number: int) -> Sample:
        """The sample of a number, counted over all steps and processes."""
        recipe = self.recipe
        size = crop_of(recipe, number // recipe.pictures)
        rng = np.random.default_rng((recipe.seed, SAMPLE_STREAM, number))
        if recipe.augmentation == "published":
            return make_published_sample(rng, self.source, size=size, objects=recipe.objects)
        return make_sample(
            rng,
            self.source,
            size=size,
            objects=recipe.objects,
            paste_share=recipe.paste_share,
        )

    def make(self, step: int, *, rank: int = 0, world: int = 1) -> Batch:
        """The batch of one step, or the part of it that one of several processes gets."""
        return stacked([self.sample(number) for number in self._numbers(step, rank, world)])

    def run(self, start: int, *, rank: int = 0, world: int = 1) -> Generator[Batch]:
        """Batches from step ``start`` on, without end.

        Parameters
        ----------
        start
            Number of the first step.
        rank, world
            This process and the number of all; it gets every ``world``-th picture of a step, so
            that all together have the batch that one alone would have.

        Raises
        ------
        DataError
            When a picture cannot be read; the batches before it have been given.
        """
        # torch keeps the number of threads by thread: one here, the rest for the network
        workers = min(MOST_WORKERS, max(1, len(own_cores()) // 2))
        pool = ThreadPoolExecutor(workers, initializer=torch.set_num_threads, initargs=(1,))
        coming: deque[list[Future[Sample]]] = deque()
        step = start
        try:
            while True:
                while len(coming) <= AHEAD:
                    numbers = self._numbers(step, rank, world)
                    coming.append([pool.submit(partial(self.sample, number)) for number in numbers])
                    step += 1
                began = time.perf_counter()
                batch = stacked([future.result() for future in coming.popleft()])
                if step > start + AHEAD + 1:
                    self.waited_s += time.perf_counter() - began
                yield batch
        finally:
            pool.shutdown(cancel_futures=True)

    def _numbers(self, step: int, rank: int, world: int) -> range:
        pictures = self.recipe.pictures
        if pictures % world:
            raise ValueError(
                f"expected a number of processes that divides the {pictures} pictures of a step "
                f"of {self.recipe.name}, got {world}; start fewer or change the recipe."
            )
        return range(step * pictures + rank, (step + 1) * pictures, world)


def stacked(samples: list[Sample]) -> Batch:
    """Samples as one batch."""
    images = torch.stack([sample.image for sample in samples])
    return Batch(
        images.contiguous(memory_format=torch.channels_last),
        torch.stack([sample.targets for sample in samples]),
        torch.stack([sample.visible for sample in samples]),
    )
