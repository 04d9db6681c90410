"""Samples made around objects: functions of their seed, and what they ask for is in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from training.augment import choose_crop, cut, make_sample, paste
from training.data.files import DataError
from training.data.pictures import Picture, PictureObject
from training.data.source import LazyPictures, open_source
from training.targets import choose_targets, draw_picture, sample_of


class Source:
    """Pictures in a list, drawn alike."""

    def __init__(self, *pictures: Picture) -> None:
        self.pictures = pictures
        self.weights = np.full(len(pictures), 1 / len(pictures))

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> Picture:
        return self.pictures[index]


def overlapping() -> Picture:
    """A square, and a band of the whole picture's width across it."""
    labels = np.zeros((2, 96, 120), np.uint8)
    labels[0, 20:70, 30:80] = 1
    labels[1, 40:60] = 1
    labels[:, :6] = 255
    objects = (
        PictureObject(1, 2500, (20, 30, 70, 80)),
        PictureObject(1, 2400, (40, 0, 60, 120), layer=1),
    )
    image = np.random.default_rng(0).integers(0, 256, (96, 120, 3)).astype(np.uint8)
    return Picture("a", "set", image, labels, objects)


def test_samples_are_a_function_of_their_seed(folder: Path) -> None:
    source = open_source(folder)
    samples = [
        make_sample(np.random.default_rng((1, i)), source, size=(64, 64), objects=2)
        for i in (0, 0, 1)
    ]
    assert torch.equal(samples[0].image, samples[1].image)
    assert torch.equal(samples[0].targets, samples[1].targets)
    assert not torch.equal(samples[0].image, samples[2].image)


@pytest.mark.parametrize("size", [(64, 64), (64, 96)])
def test_samples_show_the_object_they_ask_for(folder: Path, size: tuple[int, int]) -> None:
    source = open_source(folder)
    for seed in range(60):
        sample = make_sample(np.random.default_rng(seed), source, size=size, objects=2)
        assert sample.image.shape == (3, *size)
        assert sample.targets.shape == (2, *size)
        assert set(sample.targets.unique().tolist()) <= {-1, 0, 1}
        assert (sample.visible > 0).all()
        assert (sample.visible <= 1).all()


def test_crops_lie_inside_the_picture_and_touch_the_object(folder: Path) -> None:
    picture = open_source(folder)[1]
    for seed in range(200):
        rng = np.random.default_rng(seed)
        target = picture.objects[seed % 2]
        y0, x0, height, width = choose_crop(rng, picture, target, aspect=(1.0, 0.5)[seed % 2])
        assert 0 <= y0 <= y0 + height <= 120
        assert 0 <= x0 <= x0 + width <= 160
        assert (picture.labels[0, y0 : y0 + height, x0 : x0 + width] == target.value).any()


@pytest.mark.parametrize("aspect", [1.0, 2 / 3])
@pytest.mark.parametrize("shape", [(60, 300), (300, 60)], ids=["wide", "tall"])
def test_crops_of_a_long_picture_are_not_squeezed(shape: tuple[int, int], aspect: float) -> None:
    labels = np.ones((1, *shape), np.uint8)
    target = PictureObject(1, 60 * 300, (0, 0, *shape))
    picture = Picture("a", "photo", np.zeros((*shape, 3), np.uint8), labels, (target,))
    for seed in range(50):
        rng = np.random.default_rng(seed)
        _, _, height, width = choose_crop(rng, picture, target, aspect=aspect)
        assert abs(np.log(height / width / aspect)) < 0.35


@pytest.mark.parametrize("side", [37, 90, 160])
def test_labels_lie_where_the_image_shows_them(side: int) -> None:
    labels = np.zeros((1, side, side), np.uint8)
    y, x = np.mgrid[:side, :side]
    labels[0, np.hypot(y - 0.48 * side, x - 0.53 * side) < side / 4] = 1
    image = np.repeat(labels[0, ..., None] * np.uint8(255), 3, axis=2)
    picture = Picture("a", "set", image, labels, ())
    rng = np.random.default_rng(2)  # draws no turn
    shown, wanted = cut(rng, picture, (0, 0, side, side), (96, 96))
    shown = shown[0] > 127.5
    rows, columns = np.mgrid[:96, :96]
    for at in (rows, columns):
        middles = [at[mask.numpy().astype(bool)].mean() for mask in (shown, wanted[0])]
        assert middles[0] == pytest.approx(middles[1], abs=0.15)


def test_objects_that_overlap_are_both_asked_for_whole() -> None:
    picture = overlapping()
    both = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        sample = make_sample(rng, Source(picture), size=(64, 64), objects=2, paste_share=0.0)
        first, second = sample.targets
        ignored = first == -1
        assert torch.equal(ignored, second == -1)
        both += bool(((first == 1) & (second == 1)).any())
    assert both > 10


def test_a_pasted_object_hides_what_lies_under_it() -> None:
    picture = overlapping()
    image = torch.from_numpy(picture.image).permute(2, 0, 1)
    labels = torch.from_numpy(picture.labels)
    for seed in range(20):
        _, pasted, (layer, value) = paste(np.random.default_rng(seed), image, labels, picture)
        shown = pasted[layer] == value
        assert shown.any()
        assert not pasted[1][shown].any()
        assert torch.equal(pasted[:-1, ~shown], labels[:, ~shown])


def test_an_object_can_be_pasted_where_every_value_of_a_layer_is_taken() -> None:
    picture = overlapping()
    image = torch.from_numpy(picture.image).permute(2, 0, 1)
    labels = (torch.arange(96 * 120) % 254 + 1).to(torch.uint8).reshape(1, 96, 120)
    _, pasted, (layer, value) = paste(np.random.default_rng(0), image, labels, picture)
    shown = pasted[layer] == value
    assert shown.any()
    assert torch.equal(pasted[0, ~shown], labels[0, ~shown])


def test_targets_are_different_objects_as_long_as_there_are_any() -> None:
    labels = torch.from_numpy(overlapping().labels)
    places = {(0, 1), (1, 1)}
    rng = np.random.default_rng(0)
    assert choose_targets(rng, labels, places, (1, 1), 2) == [(1, 1), (0, 1)]
    assert choose_targets(rng, labels, places, (0, 1), 3) == [(0, 1), (1, 1), (0, 1)]
    assert choose_targets(rng, labels, {(0, 1)}, (0, 1), 2) == [(0, 1), (0, 1)]


def test_what_the_crop_cuts_off_is_not_visible() -> None:
    picture = overlapping()
    labels = torch.from_numpy(picture.labels[:, :45].copy())
    image = torch.zeros(3, 45, 120, dtype=torch.uint8)
    sample = sample_of(image, labels, [(0, 1), (1, 1)], {(0, 1): 2500.0, (1, 1): 2400.0})
    assert sample.visible.tolist() == pytest.approx([0.5, 0.25])


def test_empty_pictures_are_passed_over_and_nothing_else_is_an_error(folder: Path) -> None:
    picture = overlapping()
    empty = Picture("e", "set", picture.image, picture.labels * 0, ())
    rng = np.random.default_rng(0)
    assert {draw_picture(rng, Source(empty, picture)).name for _ in range(20)} == {"a"}
    with pytest.raises(DataError, match="1000 drawn one by one had none"):
        draw_picture(rng, Source(empty))


def test_a_picture_that_cannot_be_read_while_training_is_named(folder: Path) -> None:
    source = open_source(folder)
    assert isinstance(source, LazyPictures)
    (folder / "images/p1.png").write_bytes(b"lost")
    unkept = LazyPictures(source.unread, source.weights, room=0)
    unkept.weights = np.array([0.0, 1.0])
    with pytest.raises(DataError, match=r"could not read .*p1\.png"):
        draw_picture(np.random.default_rng(0), unkept)
