"""Batches: the same ones whoever makes them, in whatever order."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from training.batches import Batches
from training.data.files import DataError
from training.data.source import LazyPictures, open_source
from training.recipes import Recipe

SMALL = Recipe(name="small", crop=64, pictures=4)


def test_batches_that_threads_make_are_those_made_by_hand(folder: Path) -> None:
    batches = Batches(open_source(folder), SMALL)
    running = batches.run(3)
    for step in range(3, 8):
        batch, expected = next(running), batches.make(step)
        assert torch.equal(batch.images, expected.images)
        assert torch.equal(batch.targets, expected.targets)
        assert torch.equal(batch.visible, expected.visible)
    running.close()


def test_each_step_has_one_of_the_recipe_s_crop_sizes(folder: Path) -> None:
    several = SMALL.model_copy(update={"other_crops": ((32, 32), (64, 96))})
    batches = Batches(open_source(folder), several)
    shapes = [tuple(batches.make(step).images.shape) for step in range(12)]
    assert set(shapes) == {(4, 3, 64, 64), (4, 3, 32, 32), (4, 3, 64, 96)}
    running = batches.run(5)
    assert [tuple(next(running).images.shape) for _ in range(3)] == shapes[5:8]
    running.close()


@pytest.mark.parametrize("world", [2, 4])
def test_processes_share_the_batch_of_one(folder: Path, world: int) -> None:
    batches = Batches(open_source(folder), SMALL)
    whole = batches.make(5)
    for rank in range(world):
        running = batches.run(5, rank=rank, world=world)
        part = next(running)
        running.close()
        assert torch.equal(part.images, whole.images[rank::world])
        assert torch.equal(part.targets, whole.targets[rank::world])


def test_a_number_of_processes_that_does_not_divide_the_batch_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="divides the 4 pictures of a step of small, got 3"):
        next(Batches(open_source(folder), SMALL).run(0, world=3))


def test_the_paper_s_way_is_taken_where_the_recipe_says_so(folder: Path) -> None:
    published = SMALL.model_copy(update={"augmentation": "published", "crop": (64, 96)})
    batch = Batches(open_source(folder), published).make(0)
    assert batch.images.shape == (4, 3, 64, 96)
    assert batch.targets.shape == (4, 2, 64, 96)


def test_a_picture_that_breaks_while_training_ends_it_with_its_name(folder: Path) -> None:
    source = open_source(folder)
    assert isinstance(source, LazyPictures)
    (folder / "images/p0.png").write_bytes(b"lost")
    unkept = LazyPictures(source.unread, np.array([1.0, 0.0]), room=0)
    with pytest.raises(DataError, match=r"could not read .*p0\.png"):
        next(Batches(unkept, SMALL).run(0))


def test_no_thread_is_left_when_batches_are_no_longer_wanted(folder: Path) -> None:
    before = threading.active_count()
    running = Batches(open_source(folder), SMALL).run(0)
    next(running)
    assert threading.active_count() > before
    running.close()
    assert threading.active_count() == before


@pytest.mark.parametrize(("processes", "threads"), [("1", 4), ("2", 2), ("8", 1)])
def test_threads_are_half_of_the_process_s_cores(
    folder: Path, monkeypatch: pytest.MonkeyPatch, processes: str, threads: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", processes)
    before = threading.active_count()
    running = Batches(open_source(folder), SMALL).run(0)
    next(running)
    assert threading.active_count() - before == threads
    running.close()


def test_waiting_is_counted_after_the_first_batches(folder: Path) -> None:
    batches = Batches(open_source(folder), SMALL)
    running = batches.run(0)
    next(running)
    assert batches.waited_s == 0
    for _ in range(4):
        next(running)
    running.close()
    assert batches.waited_s > 0
