"""Samples as the paper makes them: one scale, a mirror image, zeros around small pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.test_augment import Source, overlapping
from training.data.files import DataError
from training.data.pictures import Picture, PictureObject
from training.data.source import open_source
from training.published_augment import SCALES, make_published_sample, scaled_crop


def test_every_sample_has_an_object_of_enough_pixels(folder: Path) -> None:
    source = open_source(folder)
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sample = make_published_sample(rng, source, size=(64, 96), objects=3)
        assert sample.image.shape == (3, 64, 96)
        assert all((target == 1).sum() >= 80 for target in sample.targets)
        assert ((sample.visible > 0) & (sample.visible <= 1)).all()


def test_samples_are_a_function_of_their_seed(folder: Path) -> None:
    source = open_source(folder)
    first, again, other = (
        make_published_sample(np.random.default_rng(i), source, size=(64, 96), objects=1)
        for i in (0, 0, 1)
    )
    assert torch.equal(first.image, again.image)
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.image, other.image)


def test_objects_that_overlap_are_both_asked_for() -> None:
    rng = np.random.default_rng(0)
    sample = make_published_sample(rng, Source(overlapping()), size=(96, 128), objects=2)
    first, second = sample.targets
    assert ((first == 1) & (second == 1)).any()
    assert (first == 1).sum() != (second == 1).sum()


def test_at_scale_one_the_crop_is_a_part_of_the_picture() -> None:
    picture = overlapping()
    image, labels = scaled_crop(np.random.default_rng(3), picture, 1.0, (32, 64))
    matches = [
        (y, x)
        for y in range(96 - 32 + 1)
        for x in range(120 - 64 + 1)
        if (picture.image[y : y + 32, x : x + 64] == image.permute(1, 2, 0).numpy()).all()
    ]
    ((y, x),) = matches
    np.testing.assert_array_equal(labels.numpy(), picture.labels[:, y : y + 32, x : x + 64])


def test_a_smaller_picture_lies_in_the_middle_of_zeros() -> None:
    image, labels = scaled_crop(np.random.default_rng(0), overlapping(), 1.0, (128, 160))
    assert not image[:, :16].any()
    assert not image[..., 140:].any()
    np.testing.assert_array_equal(labels[:, 16:112, 20:140].numpy(), overlapping().labels)
    assert not labels[:, :16].any()


def test_the_scale_is_the_same_for_both_sides_and_within_the_paper_s_range() -> None:
    labels = np.zeros((1, 400, 500), np.uint8)
    labels[0, 150:250, 200:300] = 1
    objects = (PictureObject(1, 10_000, (150, 200, 250, 300)),)
    picture = Picture("a", "set", np.zeros((400, 500, 3), np.uint8), labels, objects)
    sides = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        sample = make_published_sample(rng, Source(picture), size=(544, 704), objects=1)
        ys, xs = np.nonzero(sample.targets[0].numpy() == 1)
        assert abs(np.ptp(ys) - np.ptp(xs)) <= 2
        sides.append((np.ptp(ys) + 1) / 100)
    assert SCALES[0] - 0.02 <= min(sides) < 0.8
    assert 1.35 < max(sides) <= SCALES[1] + 0.02


def test_objects_that_no_crop_shows_large_enough_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.published_augment.MOST_EMPTY", 3)
    labels = np.zeros((1, 60, 60), np.uint8)
    labels[0, 20:24, 20:24] = 1
    objects = (PictureObject(1, 16, (20, 20, 24, 24)),)
    source = Source(Picture("a", "set", np.zeros((60, 60, 3), np.uint8), labels, objects))
    with pytest.raises(DataError, match="cover 80 px of a crop; 3 pictures"):
        make_published_sample(np.random.default_rng(0), source, size=(64, 64), objects=1)
