"""An image and the objects annotated in it: what every layout is read as, for both uses.

Objects may overlap, so their labels lie in layers: an object is a layer and its label there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .files import DataError, Pixels

IGNORE = 255
"""Value of ignored pixels in 8-bit masks, and in the layers of training pictures."""

MOST_IN_A_LAYER = IGNORE - 1


@dataclass(frozen=True, eq=False)
class Annotation:
    """The objects of one image.

    Attributes
    ----------
    layers
        ``(L, H, W)`` integer, 0 background; the objects of one layer do not overlap.
    ignore
        ``(H, W)`` bool, neither error nor target.
    objects
        Name of each object to its layer and its label there.
    stuff
        Names of those objects which are regions rather than things (COCO+LVIS).
    initial_mask
        ``(H, W)`` bool, from which a repair begins (DAVIS-585).
    """

    layers: NDArray[np.integer]
    ignore: NDArray[np.bool_]
    objects: Mapping[str, tuple[int, int]]
    stuff: frozenset[str] = frozenset()
    initial_mask: NDArray[np.bool_] | None = field(default=None, kw_only=True)

    def mask(self, name: str) -> NDArray[np.bool_]:
        """Pixels ``(H, W)`` of an object."""
        layer, label = self.objects[name]
        found: NDArray[np.bool_] = (self.layers[layer] == label) & ~self.ignore
        return found


def annotated(labels: NDArray[np.integer], ignore: NDArray[np.bool_]) -> Annotation:
    """Annotation of one layer whose every label is an object.

    Parameters
    ----------
    labels
        ``(H, W)``, 0 background.
    ignore
        ``(H, W)``, whatever the labels are there.
    """
    found = np.unique(labels[~ignore])
    objects = {str(label): (0, int(label)) for label in found if label != 0}
    return Annotation(labels[None], ignore, objects)


def stacked(masks: Mapping[str, NDArray[np.bool_]], ignore: NDArray[np.bool_]) -> Annotation:
    """Annotation of masks ``(H, W)`` that may overlap, in as few layers as come of it.

    Large objects come first, each into the first layer in which it meets no other.
    """
    layers: list[NDArray[np.uint8]] = []
    counts: list[int] = []
    objects = {}
    for name in sorted(masks, key=lambda name: -int(masks[name].sum())):
        mask = masks[name]
        free = (
            i
            for i, layer in enumerate(layers)
            if counts[i] < MOST_IN_A_LAYER and not layer[mask].any()
        )
        at = next(free, len(layers))
        if at == len(layers):
            layers.append(np.zeros(ignore.shape, np.uint8))
            counts.append(0)
        counts[at] += 1
        layers[at][mask] = counts[at]
        objects[name] = (at, counts[at])
    in_order = {name: objects[name] for name in masks}
    return Annotation(np.stack(layers or [np.zeros(ignore.shape, np.uint8)]), ignore, in_order)


@dataclass(frozen=True, eq=False)
class Entry:
    """An image with its annotation, neither of them read yet.

    Attributes
    ----------
    name
        Unique in its set.
    image, annotation
        Read them.
    source
        File of the annotation, for messages.
    """

    name: str
    image: Callable[[], Pixels]
    annotation: Callable[[], Annotation]
    source: Path

    def read(self) -> tuple[Pixels, Annotation]:
        """Image ``(H, W)`` or ``(H, W, 3)`` in the file's own dtype, and its annotation.

        Raises
        ------
        DataError
            When a file cannot be read or the two have different sizes.
        """
        image, annotation = self.image(), self.annotation()
        if image.shape[:2] != annotation.ignore.shape:
            raise DataError(
                f"expected a mask of {image.shape[:2]} pixels like its image, got "
                f"{annotation.ignore.shape} in {self.source}; replace one of the two files."
            )
        return image, annotation
