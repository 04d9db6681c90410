"""Training samples as the paper's section 4.1 and the released programs make them.

The picture is scaled by 0.75-1.40 and mirrored; of it, or of it in the middle of zeros where it is
smaller, a crop is taken anywhere that has an object, and its colours are jittered. Here the crop
is chosen first and only its part of the picture is scaled. The released programs keep one crop in
20 or 100 without any object, and ask for no object below 1,000 px on COCO+LVIS; here every crop
has one, of at least 80 px (their limit on SBD).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from .data.files import DataError
from .data.pictures import Picture
from .data.source import PictureSource
from .recolour import recoloured_as_published
from .targets import (
    MOST_EMPTY,
    Generator,
    Sample,
    asked_for,
    draw_picture,
    large_enough,
    sample_of,
)

SCALES = (0.75, 1.40)
SMALLEST_TARGET = 80
TRIES = 10
"""Crops of a picture before another one is drawn."""


def make_published_sample(
    rng: Generator, source: PictureSource, *, size: tuple[int, int], objects: int
) -> Sample:
    """Draw a picture, a crop and the objects asked for, all of them uniformly.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    source : PictureSource
        Training pictures.
    size : tuple of int
        Height and width of the crop, px.
    objects : int
        Objects asked for in the crop; if it has fewer they are repeated.

    Raises
    ------
    DataError
        When a picture cannot be read, or only crops without an object come.
    """
    for _ in range(MOST_EMPTY):
        picture = draw_picture(rng, source)
        places = asked_for(rng, picture)
        for _ in range(TRIES):
            scale = float(rng.uniform(*SCALES))
            image, labels = scaled_crop(rng, picture, scale, size)
            found = large_enough(labels, places, SMALLEST_TARGET)
            if found:
                break
        if not found:
            continue
        if rng.random() < 0.5:
            image, labels = image.flip(-1), labels.flip(-1)
        order = rng.permutation(len(found))
        chosen = [found[order[i % len(found)]] for i in range(objects)]
        totals = {(o.layer, o.value): o.area * scale**2 for o in picture.objects}
        return sample_of(recoloured_as_published(rng, image), labels, chosen, totals)
    raise DataError(
        f"expected objects that cover {SMALLEST_TARGET} px of a crop; {MOST_EMPTY} pictures drawn "
        "one by one had none: train on larger objects, or with another augmentation."
    )


def scaled_crop(
    rng: Generator, picture: Picture, scale: float, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Image ``(3, H, W)`` and labels ``(L, H, W)`` of a crop of the scaled picture.

    Where the scaled picture is smaller than the crop it lies in its middle, among zeros.
    """
    window, inner, before = [], [], []
    for length, wanted in zip(picture.labels.shape[1:], size, strict=True):
        scaled = max(1, round(length * scale))
        kept = min(scaled, wanted)
        start = int(rng.integers(scaled - kept + 1))
        first = min(int(start / scale), length - 1)
        window.append(slice(first, max(first + 1, min(length, round((start + kept) / scale)))))
        inner.append(kept)
        before.append((wanted - kept) // 2)
    shape = (slice(None), *window)
    image = torch.from_numpy(np.ascontiguousarray(picture.image[window[0], window[1]]).copy())
    labels = torch.from_numpy(picture.labels[shape].copy())
    image = tv.resize(image.permute(2, 0, 1), inner, InterpolationMode.BILINEAR, antialias=False)
    # floor(i * s), as the authors' programs have it, half a pixel beside the image
    labels = tv.resize(labels, inner, InterpolationMode.NEAREST)
    after = [w - k - b for w, k, b in zip(size, inner, before, strict=True)]
    padding = [before[1], after[1], before[0], after[0]]
    return functional.pad(image, padding), functional.pad(labels, padding)
