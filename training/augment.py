"""From a picture to a training sample: where to crop, how to change it, which objects to ask for.

All draws come from one generator a sample, so a sample is a function of (seed, index).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as tv

from .data.folders import IGNORE, Picture, PictureObject

Generator = np.random.Generator

COMMON_EXTENTS = (0.1, 0.8)
RARE_EXTENTS = (0.04, 1.7)
"""Side of the object's box as a share of the crop's side, log-uniform: two thirds of the crops
have the whole object at a size that zoom-in shows; a third go down to specks and up to objects
that the crop cuts off, as the windows of the first click's search do."""
RARE = 1 / 3
SMALLEST_CROP = 32
SMALLEST_TARGET = 40
"""Pixels of the crop that an object must cover to be asked for."""


@dataclass(frozen=True)
class Sample:
    """One crop and the objects asked for in it.

    Attributes
    ----------
    image : Tensor
        ``(3, S, S) uint8``.
    targets : Tensor
        ``(O, S, S) int8``: 1 object, 0 background, -1 ignore.
    visible : Tensor
        ``(O,)`` float, share of each object's area that lies inside the crop.
    """

    image: Tensor
    targets: Tensor
    visible: Tensor


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, its logarithm uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def choose_object(rng: Generator, picture: Picture) -> PictureObject:
    """One object of the picture; large ones a little more often than small ones."""
    weights = np.array([o.area**0.25 * (o.area >= 30) + 1e-9 for o in picture.objects])
    return picture.objects[int(rng.choice(len(weights), p=weights / weights.sum()))]


def choose_crop(
    rng: Generator, picture: Picture, target: PictureObject
) -> tuple[int, int, int, int]:
    """Crop ``y0, x0, height, width`` inside the picture, with ``target`` at a random scale."""
    picture_height, picture_width = picture.labels.shape
    y0, x0, y1, x1 = target.box
    extent = log_uniform(rng, *(RARE_EXTENTS if rng.random() < RARE else COMMON_EXTENTS))
    side = max(y1 - y0, x1 - x0) / extent
    stretch = np.exp(rng.uniform(-0.15, 0.15))
    height = int(np.clip(side * stretch, min(SMALLEST_CROP, picture_height), picture_height))
    width = int(np.clip(side / stretch, min(SMALLEST_CROP, picture_width), picture_width))
    ys, xs = np.nonzero(picture.labels[y0:y1, x0:x1] == target.value)
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
    rng: Generator, picture: Picture, crop: tuple[int, int, int, int], size: int
) -> tuple[Tensor, Tensor]:
    """Image ``(3, S, S)`` and labels ``(S, S)`` uint8 of a crop, turned by up to 45 degrees.

    A turned crop is taken from a larger one, so that no corner is invented; where the picture is
    too small for that the crop is not turned.
    """
    y0, x0, height, width = crop
    turned = rng.random() < 0.3
    margin_y, margin_x = int(height * 0.21) + 1, int(width * 0.21) + 1
    limit_y, limit_x = picture.labels.shape
    fits = (
        y0 >= margin_y
        and x0 >= margin_x
        and y0 + height + margin_y <= limit_y
        and x0 + width + margin_x <= limit_x
    )
    inner = size
    if turned and fits:
        y0, x0, height, width = (
            y0 - margin_y,
            x0 - margin_x,
            height + 2 * margin_y,
            width + 2 * margin_x,
        )
        size = int(size * height / (height - 2 * margin_y))
    window = (slice(y0, y0 + height), slice(x0, x0 + width))
    image = torch.from_numpy(picture.image[window]).permute(2, 0, 1)
    labels = torch.from_numpy(picture.labels[window])[None]
    image = tv.resize(image, [size, size], InterpolationMode.BILINEAR, antialias=True)
    labels = tv.resize(labels, [size, size], InterpolationMode.NEAREST)
    if turned and fits:
        angle = float(rng.uniform(-45, 45))
        image = tv.center_crop(tv.rotate(image, angle, InterpolationMode.BILINEAR), [inner, inner])
        labels = tv.center_crop(
            tv.rotate(labels, angle, InterpolationMode.NEAREST, fill=[IGNORE]), [inner, inner]
        )
    return image, labels[0]


def mirrored(
    rng: Generator, image: Tensor, labels: Tensor, *, microscopy: bool
) -> tuple[Tensor, Tensor]:
    """Flips; for microscopy all eight symmetries of the square."""
    if rng.random() < 0.5:
        image, labels = image.flip(-1), labels.flip(-1)
    if rng.random() < (0.5 if microscopy else 0.05):
        image, labels = image.flip(-2), labels.flip(-2)
    if microscopy and rng.random() < 0.5:
        image, labels = image.transpose(-1, -2), labels.transpose(-1, -2)
    return image, labels


def recoloured(rng: Generator, image: Tensor, *, microscopy: bool) -> Tensor:
    """Brightness, contrast, saturation, hue, grey, inversion, noise and blur; uint8 to uint8."""
    x = image.float() / 255
    if rng.random() < 0.15:
        x = tv.rgb_to_grayscale(x, num_output_channels=3)
    elif rng.random() < 0.3 and not microscopy:
        x = tv.adjust_saturation(x, float(rng.uniform(0.5, 1.6)))
        x = tv.adjust_hue(x, float(rng.uniform(-0.06, 0.06)))
    if rng.random() < 0.75:
        x = (x - 0.5) * float(rng.uniform(0.65, 1.4)) + 0.5 + float(rng.uniform(-0.25, 0.25))
        x = x.clamp(0, 1) ** log_uniform(rng, 0.7, 1.4)
    if rng.random() < 0.3:
        shift = rng.uniform(-0.05, 0.05, 3).astype(np.float32)
        x = x + torch.from_numpy(shift)[:, None, None]
    if rng.random() < (0.25 if microscopy else 0.05):
        x = 1 - x
    if rng.random() < 0.1:
        x = tv.gaussian_blur(x, [5, 5], [float(rng.uniform(0.4, 1.8))])
    if rng.random() < 0.15:
        noise = rng.standard_normal(x.shape, dtype=np.float32)
        x = x + torch.from_numpy(noise) * float(rng.uniform(0.01, 0.08))
    return (x.clamp(0, 1) * 255).round().to(torch.uint8)


def paste(
    rng: Generator, image: Tensor, labels: Tensor, donor: Picture
) -> tuple[Tensor, Tensor, int]:
    """An object of ``donor`` put over the crop: image, labels, and the value it has there."""
    chosen = choose_object(rng, donor)
    y0, x0, y1, x1 = chosen.box
    patch = torch.from_numpy(donor.image[y0:y1, x0:x1]).permute(2, 0, 1)
    shape = torch.from_numpy((donor.labels[y0:y1, x0:x1] == chosen.value).astype(np.float32))[None]
    size = image.shape[-1]
    scale = size * log_uniform(rng, 0.15, 0.7) / max(y1 - y0, x1 - x0)
    height, width = (max(4, int(n * scale)) for n in (y1 - y0, x1 - x0))
    patch = tv.resize(patch, [height, width], antialias=True)
    alpha = tv.resize(shape, [height, width], antialias=True).clamp(0, 1)
    top, left = int(rng.integers(size - height + 1)), int(rng.integers(size - width + 1))
    window = (..., slice(top, top + height), slice(left, left + width))
    image, labels = image.clone(), labels.clone()
    mixed = alpha * patch.float() + (1 - alpha) * image[window].float()
    image[window] = mixed.round().to(torch.uint8)
    value = next(v for v in range(254, 0, -1) if not bool((labels == v).any()))
    labels[window][alpha[0] > 0.5] = value
    return image, labels, value


def choose_targets(rng: Generator, labels: Tensor, preferred: int, count: int) -> list[int]:
    """Values of ``count`` objects, ``preferred`` first, which is repeated if there are too few."""
    areas = torch.bincount(labels.flatten().long(), minlength=256).numpy()
    large = [int(v) for v in np.flatnonzero(areas[1:IGNORE] >= SMALLEST_TARGET) + 1]
    if preferred not in large:
        large.insert(0, preferred)
    others = [v for v in large if v != preferred]
    rng.shuffle(others)
    values = [preferred, *others][:count]
    return values + [preferred] * (count - len(values))


def make_sample(
    rng: Generator,
    pictures: Sequence[Picture],
    weights: NDArray[np.float64],
    *,
    size: int,
    objects: int,
    paste_share: float = 0.1,
) -> Sample:
    """Draw a picture, a crop, its changes and the objects asked for.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    pictures, weights
        Training pictures and the probability of each.
    size : int
        Side of the square crop after resizing, px.
    objects : int
        Objects asked for in the crop.
    paste_share : float
        Share of the crops over which an object of another picture is pasted.
    """
    picture = pictures[int(rng.choice(len(pictures), p=weights))]
    target = choose_object(rng, picture)
    crop = choose_crop(rng, picture, target)
    image, labels = cut(rng, picture, crop, size)
    source_pixel = crop[2] * crop[3] / size**2
    totals = {o.value: o.area / source_pixel for o in picture.objects}
    preferred = target.value
    if rng.random() < paste_share:
        donor = pictures[int(rng.choice(len(pictures), p=weights))]
        image, labels, preferred = paste(rng, image, labels, donor)
        totals[preferred] = float((labels == preferred).sum())
    image, labels = mirrored(rng, image, labels, microscopy=picture.microscopy)
    image = recoloured(rng, image, microscopy=picture.microscopy)
    values = choose_targets(rng, labels, preferred, objects)
    targets = torch.stack(
        [
            torch.where(labels == IGNORE, -1, (labels == value).to(torch.int8)).to(torch.int8)
            for value in values
        ]
    )
    shown = [float((labels == value).sum()) for value in values]
    visible = [min(1.0, s / max(totals[v], 1.0)) for s, v in zip(shown, values, strict=True)]
    return Sample(image.contiguous(), targets, torch.tensor(visible))
