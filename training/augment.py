"""From a picture to a training sample: where to crop, how to change it, which objects to ask for.

All draws come from one generator a sample, so a sample is a function of (seed, index).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from .data.entries import IGNORE
from .data.pictures import Picture, PictureObject
from .data.source import PictureSource
from .recolour import log_uniform, recoloured
from .targets import (
    Generator,
    Place,
    Sample,
    asked_for,
    choose_targets,
    draw_picture,
    sample_of,
)

COMMON_EXTENTS = (0.1, 0.8)
RARE_EXTENTS = (0.04, 1.7)
"""Side of the object's box as a share of the crop's side, log-uniform: two thirds of the crops
have the whole object at a size that zoom-in shows; a third go down to specks and up to objects
that the crop cuts off, as the windows of the first click's search do."""
RARE = 1 / 3
SMALLEST_CROP = 32
MOST_SQUEEZED = float(np.exp(0.3))
"""Height over width of a crop differs from that of the sample at most by this factor."""


def choose_object(rng: Generator, objects: Sequence[PictureObject]) -> PictureObject:
    """One of some objects; large ones a little more often than small ones."""
    weights = np.array([o.area**0.25 * (o.area >= 30) + 1e-9 for o in objects])
    return objects[int(rng.choice(len(weights), p=weights / weights.sum()))]


def choose_crop(
    rng: Generator, picture: Picture, target: PictureObject, *, aspect: float = 1.0
) -> tuple[int, int, int, int]:
    """Crop ``y0, x0, height, width`` inside the picture, with ``target`` at a random scale.

    Height over width is about ``aspect``: who clicks sees things as they are, so a crop of a long
    picture leaves some of it out rather than being squeezed.
    """
    _, picture_height, picture_width = picture.labels.shape
    y0, x0, y1, x1 = target.box
    extent = log_uniform(rng, *(RARE_EXTENTS if rng.random() < RARE else COMMON_EXTENTS))
    side = max(y1 - y0, x1 - x0) / extent
    stretch = np.exp(rng.uniform(-0.15, 0.15)) * np.sqrt(aspect)
    height = int(np.clip(side * stretch, min(SMALLEST_CROP, picture_height), picture_height))
    width = int(np.clip(side / stretch, min(SMALLEST_CROP, picture_width), picture_width))
    height = max(1, min(height, int(width * aspect * MOST_SQUEEZED)))
    width = max(1, min(width, int(height / aspect * MOST_SQUEEZED)))
    ys, xs = np.nonzero(picture.labels[target.layer, y0:y1, x0:x1] == target.value)
    anchor = int(rng.integers(len(ys)))
    return (
        _place(rng, height, picture_height, y0, y1, y0 + int(ys[anchor])),
        _place(rng, width, picture_width, x0, x1, x0 + int(xs[anchor])),
        height,
        width,
    )


def _place(rng: Generator, length: int, limit: int, start: int, stop: int, anchor: int) -> int:
    """Start of an interval that holds ``[start, stop)`` if it can, else at least ``anchor``."""
    if stop - start > length:
        start, stop = anchor, anchor + 1
    low, high = max(0, stop - length), min(start, limit - length)
    return int(rng.integers(low, high + 1))


def cut(
    rng: Generator, picture: Picture, crop: tuple[int, int, int, int], size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Image ``(3, H, W)`` and labels ``(L, H, W)`` uint8 of a crop, turned by up to 45 degrees.

    A turned crop is taken from a larger one, so that no corner is invented; where the picture is
    too small for that the crop is not turned.
    """
    y0, x0, height, width = crop
    turned = rng.random() < 0.3
    margin_y, margin_x = int(height * 0.21) + 1, int(width * 0.21) + 1
    _, limit_y, limit_x = picture.labels.shape
    fits = (
        y0 >= margin_y
        and x0 >= margin_x
        and y0 + height + margin_y <= limit_y
        and x0 + width + margin_x <= limit_x
    )
    inner, outer = list(size), list(size)
    if turned and fits:
        y0, x0, height, width = (
            y0 - margin_y,
            x0 - margin_x,
            height + 2 * margin_y,
            width + 2 * margin_x,
        )
        outer = [
            int(size[0] * height / (height - 2 * margin_y)),
            int(size[1] * width / (width - 2 * margin_x)),
        ]
    window = (slice(y0, y0 + height), slice(x0, x0 + width))
    # copies, since pictures may lie in a mapped file that cannot be written to
    image = torch.from_numpy(picture.image[window].copy()).permute(2, 0, 1)
    labels = torch.from_numpy(picture.labels[(slice(None), *window)].copy())
    image = tv.resize(image, outer, InterpolationMode.BILINEAR, antialias=True)
    # the other NEAREST takes floor(i * s), half a pixel beside what the image shows
    labels = tv.resize(labels, outer, InterpolationMode.NEAREST_EXACT)
    if turned and fits:
        angle = float(rng.uniform(-45, 45))
        image = tv.center_crop(tv.rotate(image, angle, InterpolationMode.BILINEAR), inner)
        labels = tv.center_crop(
            tv.rotate(labels, angle, InterpolationMode.NEAREST, fill=[IGNORE]), inner
        )
    return image, labels


def mirrored(
    rng: Generator, image: Tensor, labels: Tensor, *, microscopy: bool
) -> tuple[Tensor, Tensor]:
    """Flips; for microscopy all eight symmetries of a square crop."""
    if rng.random() < 0.5:
        image, labels = image.flip(-1), labels.flip(-1)
    if rng.random() < (0.5 if microscopy else 0.05):
        image, labels = image.flip(-2), labels.flip(-2)
    if microscopy and image.shape[-1] == image.shape[-2] and rng.random() < 0.5:
        image, labels = image.transpose(-1, -2), labels.transpose(-1, -2)
    return image, labels


def paste(
    rng: Generator, image: Tensor, labels: Tensor, donor: Picture
) -> tuple[Tensor, Tensor, Place]:
    """An object of ``donor`` put over the crop, in a layer of its own.

    Returns
    -------
    image, labels, place
        ``(3, H, W)`` and ``(L + 1, H, W)`` uint8, and where the object is in the labels.
    """
    chosen = choose_object(rng, donor.objects)
    y0, x0, y1, x1 = chosen.box
    patch = torch.from_numpy(donor.image[y0:y1, x0:x1].copy()).permute(2, 0, 1)
    own = donor.labels[chosen.layer, y0:y1, x0:x1] == chosen.value
    size = image.shape[-2:]
    scale = min(size) * log_uniform(rng, 0.15, 0.7) / max(y1 - y0, x1 - x0)
    height, width = (max(4, int(n * scale)) for n in (y1 - y0, x1 - x0))
    patch = tv.resize(patch, [height, width], antialias=True)
    shape = torch.from_numpy(own.astype(np.float32))[None]
    alpha = tv.resize(shape, [height, width], antialias=True).clamp(0, 1)
    top = int(rng.integers(size[0] - height + 1))
    left = int(rng.integers(size[1] - width + 1))
    window = (..., slice(top, top + height), slice(left, left + width))
    image = image.clone()
    mixed = alpha * patch.float() + (1 - alpha) * image[window].float()
    image[window] = mixed.round().to(torch.uint8)
    covered = alpha[0] > 0.5
    labels = torch.cat([labels, torch.zeros_like(labels[:1])])
    labels[window][:, covered] = 0
    labels[-1][window][covered] = 1
    return image, labels, (len(labels) - 1, 1)


def make_sample(
    rng: Generator,
    source: PictureSource,
    *,
    size: tuple[int, int],
    objects: int,
    paste_share: float = 0.1,
) -> Sample:
    """Draw a picture, a crop, its changes and the objects asked for.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    source : PictureSource
        Training pictures.
    size : tuple of int
        Height and width of the crop after resizing, px.
    objects : int
        Objects asked for in the crop.
    paste_share : float
        Share of the crops over which an object of another picture is pasted.
    """
    picture = draw_picture(rng, source)
    places = asked_for(rng, picture)
    target = choose_object(rng, [o for o in picture.objects if (o.layer, o.value) in places])
    crop = choose_crop(rng, picture, target, aspect=size[0] / size[1])
    image, labels = cut(rng, picture, crop, size)
    source_pixel = crop[2] * crop[3] / (size[0] * size[1])
    totals = {(o.layer, o.value): o.area / source_pixel for o in picture.objects}
    preferred = (target.layer, target.value)
    if rng.random() < paste_share:
        image, labels, preferred = paste(rng, image, labels, draw_picture(rng, source))
        totals[preferred] = float((labels[preferred[0]] == preferred[1]).sum())
        places.add(preferred)
    image, labels = mirrored(rng, image, labels, microscopy=picture.microscopy)
    image = recoloured(rng, image, microscopy=picture.microscopy)
    return sample_of(image, labels, choose_targets(rng, labels, places, preferred, objects), totals)
