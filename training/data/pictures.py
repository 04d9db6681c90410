"""What training draws from: a picture in 8-bit RGB and its objects, which may overlap."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_fcfi.inference.contrast import limits_of, scale

from .entries import IGNORE, MOST_IN_A_LAYER, Annotation, Entry
from .files import Pixels

VALIDATION_SHARE = 20
"""One picture in so many belongs to the validation part of a set without parts of its own."""


@dataclass(frozen=True)
class PictureObject:
    """One object: value and layer in the labels, area in px, box ``y0, x0, y1, x1``.

    Stuff (regions rather than things, in COCO+LVIS) is asked for less often.
    """

    value: int
    area: int
    box: tuple[int, int, int, int]
    layer: int = 0
    stuff: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """A training picture.

    Attributes
    ----------
    name, set_name
        Its own, and its set's.
    image
        ``(H, W, 3)`` uint8, RGB.
    labels
        ``(L, H, W)`` uint8: an object is a value in a layer; 255 is ignored in every layer.
    objects
        Those that can be asked for; labels may have others.
    """

    name: str
    set_name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    objects: tuple[PictureObject, ...]

    @property
    def microscopy(self) -> bool:
        """Whether up and down mean nothing in this picture."""
        return is_microscopy(self.set_name)


def is_microscopy(set_name: str) -> bool:
    """Whether a set of this name holds pictures taken through a microscope."""
    return set_name.startswith("micro")


def in_validation(set_name: str, name: str) -> bool:
    """Whether a picture belongs to the fixed validation part: decided by its name alone.

    All masks of one picture, and all planes of one stack, lie in the same part.
    """
    picture = name.partition("#")[0].partition("[")[0]
    return zlib.crc32(f"{set_name}/{picture}".encode()) % VALIDATION_SHARE == 0


def read_picture(entry: Entry, set_name: str, least_filling: float = 0.0) -> Picture:
    """Read an entry as a training picture.

    Parameters
    ----------
    entry, set_name
        What to read, and the set that it belongs to.
    least_filling
        Objects that cover a smaller share of their box are left out.

    Raises
    ------
    DataError
        When a file cannot be read or the sizes differ.
    """
    image, annotation = entry.read()
    labels, places = _eight_bit(annotation)
    areas = [np.bincount(layer.ravel(), minlength=IGNORE) for layer in labels]
    boxes: list[list[tuple[slice, ...] | None]] = [
        [*ndimage.find_objects(layer, max_label=MOST_IN_A_LAYER)] for layer in labels
    ]
    objects = []
    for name, (layer, value) in places.items():
        box = boxes[layer][value - 1]
        if box is None:
            continue
        corners = (box[0].start, box[1].start, box[0].stop, box[1].stop)
        area = int(areas[layer][value])
        size = (corners[2] - corners[0]) * (corners[3] - corners[1])
        if area >= least_filling * size:
            stuff = name in annotation.stuff
            objects.append(PictureObject(value, area, corners, layer, stuff))
    return Picture(entry.name, set_name, _rgb(image), labels, tuple(objects))


def _eight_bit(annotation: Annotation) -> tuple[NDArray[np.uint8], dict[str, tuple[int, int]]]:
    """Layers of at most 254 objects each, 255 where ignored, and the objects' places in them."""
    layers = annotation.layers
    labels: NDArray[np.uint8]
    if layers.dtype.name == "uint8" and not any(
        v == IGNORE for _, v in annotation.objects.values()
    ):
        labels = layers.astype(np.uint8)
        labels[layers == IGNORE] = 0
        places = dict(annotation.objects)
    else:
        rows: list[NDArray[np.uint8]] = []
        places = {}
        for at in range(len(layers)):
            own = [name for name, place in annotation.objects.items() if place[0] == at]
            order = np.array(sorted(annotation.objects[name][1] for name in own), np.int64)
            numbers = _numbered(layers[at], order)
            first = len(rows)
            for start in range(0, max(1, len(own)), MOST_IN_A_LAYER):
                inside = (numbers > start) & (numbers <= start + MOST_IN_A_LAYER)
                rows.append(np.where(inside, numbers - start, 0).astype(np.uint8))
            for name in own:
                number = int(np.searchsorted(order, annotation.objects[name][1]))
                row, value = divmod(number, MOST_IN_A_LAYER)
                places[name] = (first + row, value + 1)
        labels = np.stack(rows)
    labels[:, annotation.ignore] = IGNORE
    return labels, places


def _numbered(layer: NDArray[np.integer], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number from 1 in which a pixel's label comes, 0 for labels that are no objects."""
    if not order.size:
        return np.zeros(layer.shape, np.int64)
    at = np.searchsorted(order, layer).clip(max=order.size - 1)
    return np.where(order[at] == layer, at + 1, 0)


def _rgb(image: Pixels) -> NDArray[np.uint8]:
    """8-bit RGB, as the predictor's ``contrast="auto"`` shows an image to the network."""
    if image.dtype == np.uint8 and image.ndim == 3:
        return np.ascontiguousarray(image)
    planes = (scale(image, limits_of(image)) * 255).round().astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(planes, (3, *image.shape[:2])).transpose(1, 2, 0))
