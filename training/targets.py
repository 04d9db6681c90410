"""A training sample: one crop, and the targets asked for in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .data.entries import IGNORE
from .data.files import DataError
from .data.pictures import Picture
from .data.source import PictureSource

Generator = np.random.Generator
Place = tuple[int, int]
"""Layer and value of an object in labels ``(L, H, W)``."""

SMALLEST_TARGET = 40
"""Pixels of the crop that an object must cover to be asked for."""
STUFF_SHARE = 0.3
"""Share of the pictures with stuff in which it is asked for too (released programs)."""
MOST_EMPTY = 1000
"""Pictures without an object that are drawn one after the other before the data are given up."""


@dataclass(frozen=True)
class Sample:
    """One crop and the objects asked for in it.

    Attributes
    ----------
    image : Tensor
        ``(3, H, W) uint8``.
    targets : Tensor
        ``(O, H, W) int8``: 1 object, 0 background, -1 ignore.
    visible : Tensor
        ``(O,)`` float, share of each object's area that lies inside the crop.
    """

    image: Tensor
    targets: Tensor
    visible: Tensor


def draw_picture(rng: Generator, source: PictureSource) -> Picture:
    """A picture with an object in it, drawn by the source's weights.

    Raises
    ------
    DataError
        When a picture cannot be read, or only empty ones come.
    """
    for _ in range(MOST_EMPTY):
        picture = source[int(rng.choice(len(source), p=source.weights))]
        if picture.objects:
            return picture
    raise DataError(f"expected pictures with objects; {MOST_EMPTY} drawn one by one had none.")


def asked_for(rng: Generator, picture: Picture) -> set[Place]:
    """Objects that may be asked for: all things, and at times the stuff."""
    things = {(o.layer, o.value) for o in picture.objects if not o.stuff}
    if len(things) < len(picture.objects) and (not things or rng.random() < STUFF_SHARE):
        return {(o.layer, o.value) for o in picture.objects}
    return things


def large_enough(labels: Tensor, places: Iterable[Place], smallest: int) -> list[Place]:
    """Those objects which cover so many pixels of labels ``(L, H, W)``, in order."""
    areas = [np.bincount(layer.ravel(), minlength=IGNORE + 1) for layer in labels.numpy()]
    return [(at, value) for at, value in sorted(places) if areas[at][value] >= smallest]


def choose_targets(
    rng: Generator, labels: Tensor, places: Iterable[Place], preferred: Place, count: int
) -> list[Place]:
    """``count`` objects of a crop, ``preferred`` first, which is repeated if there are too few."""
    others = [p for p in large_enough(labels, places, SMALLEST_TARGET) if p != preferred]
    rng.shuffle(others)
    chosen = [preferred, *others][:count]
    return chosen + [preferred] * (count - len(chosen))


def sample_of(
    image: Tensor, labels: Tensor, places: list[Place], totals: Mapping[Place, float]
) -> Sample:
    """The sample in which these objects are asked for.

    Parameters
    ----------
    image, labels : Tensor
        ``(3, H, W)`` and ``(L, H, W)`` uint8.
    places : list of Place
        Objects that are asked for; the same one may come twice.
    totals : mapping
        Area of each object in pixels of the crop, the part outside of it included.
    """
    ignored = labels[0] == IGNORE
    masks = [labels[layer] == value for layer, value in places]
    targets = torch.stack([mask.to(torch.int8).masked_fill(ignored, -1) for mask in masks])
    shown = [float(mask.sum()) for mask in masks]
    visible = [min(1.0, s / max(totals[p], 1.0)) for s, p in zip(shown, places, strict=True)]
    return Sample(image.contiguous(), targets, torch.tensor(visible))
