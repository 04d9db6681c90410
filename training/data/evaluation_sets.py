"""Objects to be segmented in images, read lazily from the layouts in which they are published.

Every set is a list of cases, one an object; only when a case is loaded are its pixels read. The
layouts are those of `training.data.layouts`; of a set with parts the validation part is measured.

What is measured: on sets whose name ends in ``_test`` the largest, the median and the smallest
object of each image among those of at least 100 px; on all others every object.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from tqdm import tqdm

from .entries import Annotation, Entry
from .files import DataError, Pixels
from .layouts import expected_tree
from .sample import find_sample_or_set

__all__ = ["Case", "DataError", "EvaluationSet", "Sample", "evaluation_set"]

Size = Literal["largest", "median", "smallest"]
SIZES: tuple[Size, ...] = ("largest", "median", "smallest")
SMALLEST_AREA = 100
"""Objects of fewer pixels are not measured on ``*_test`` sets."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One object in one image.

    Attributes
    ----------
    name
        Name of the mask, with the object's label where a mask holds several: ``"frame_3:17"``.
    image
        ``(H, W)`` or ``(H, W, 3)``, in the file's own dtype.
    object_mask
        ``(H, W)`` bool.
    ignore
        ``(H, W)`` bool, neither error nor target.
    initial_mask
        ``(H, W)`` bool, from which a repair begins (DAVIS-585).
    """

    name: str
    image: NDArray[np.generic]
    object_mask: NDArray[np.bool_]
    ignore: NDArray[np.bool_]
    initial_mask: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class Case:
    """Where one object is found: the image that it is in, and its name there."""

    name: str
    entry: Entry
    object_name: str

    def load(self) -> Sample:
        """Sample of this case, read from its files.

        Raises
        ------
        DataError
            When image and mask have different sizes or a file cannot be read.
        """
        image, annotation = _read(self.entry)
        mask = annotation.mask(self.object_name)
        return Sample(self.name, image, mask, annotation.ignore, annotation.initial_mask)


@dataclass(frozen=True)
class EvaluationSet:
    """A named list of cases; iterating over it yields the samples one by one.

    Attributes
    ----------
    name, cases
        Its own name, and the objects to be measured.
    expected_objects
        Number of objects of the published set of this name; None if there is none, or if only
        some of its objects were asked for.
    remark
        What has to be known of figures on it; mostly nothing.
    """

    name: str
    cases: tuple[Case, ...]
    expected_objects: int | None = None
    remark: str = ""

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Sample]:
        return (case.load() for case in self.cases)

    def head(self, count: int | None) -> EvaluationSet:
        """The set's first cases only; all for None."""
        if count is None:
            return self
        return EvaluationSet(self.name, self.cases[:count], remark=self.remark)


def evaluation_set(
    name: str,
    root: Path,
    *,
    sizes: Sequence[Size] | None = None,
    smallest_area: int | None = None,
    limit: int | None = None,
) -> EvaluationSet:
    """Set of that name below a data root.

    Parameters
    ----------
    name
        Name of the set's folder or of a layout; case and punctuation do not count.
    root
        The folder which contains the sets, one of the folders above it, or the set itself.
    sizes
        Which objects of each image to take; all of them if empty, and as the name says if None.
    smallest_area
        Objects of fewer pixels are left out, px; None: 100 where sizes are chosen, else 0.
    limit
        Number of objects after which no further annotation is read.

    Raises
    ------
    DataError
        When there is no such set or no object in it; the message shows the tree that is expected.
    """
    found = find_sample_or_set(name, root)
    if sizes is None:
        sizes = SIZES if found.name.endswith("_test") else ()
    if smallest_area is None:
        smallest_area = SMALLEST_AREA if sizes else 0
    cases: list[Case] = []
    entries = found.entries("val")
    for entry in tqdm(entries, desc=f"reading {found.name}", leave=False, delay=2):
        annotation = entry.annotation()
        areas = areas_of(annotation)
        areas = {key: area for key, area in areas.items() if area >= max(smallest_area, 1)}
        alone = set(annotation.objects) <= {"1"}
        cases += [
            Case(entry.name if alone else f"{entry.name}:{chosen}", entry, chosen)
            for chosen in (of_sizes(areas, sizes) if sizes else areas)
        ]
        if limit is not None and len(cases) >= limit:
            break
    if not cases:
        raise DataError(
            f"expected masks with at least one object in {found.folder}, found none; "
            f"arrange the data like this:\n{expected_tree(found.layout.kind)}"
        )
    whole = limit is None and not sizes and smallest_area <= 1
    return EvaluationSet(found.name, tuple(cases[:limit]), found.objects if whole else None)


def areas_of(annotation: Annotation) -> dict[str, int]:
    """Area of each thing of an annotation, px; ignored pixels do not count."""
    counted = [
        dict(zip(*np.unique(layer[~annotation.ignore], return_counts=True), strict=True))
        for layer in annotation.layers
    ]
    return {
        name: int(counted[layer].get(label, 0))
        for name, (layer, label) in annotation.objects.items()
        if name not in annotation.stuff
    }


def of_sizes(areas: Mapping[str, int], sizes: Sequence[Size]) -> list[str]:
    """Names of the largest, the median and the smallest object, as far as they are asked for.

    Parameters
    ----------
    areas
        Area of each object, px; of equal areas the first counts as the smaller.
    sizes
        Which to take.

    Returns
    -------
    list of str
        Up to three different names; of n objects the median is number n // 2, counted from 0.

    Examples
    --------
    >>> of_sizes({"1": 1, "2": 2, "3": 3}, ("largest", "median", "smallest"))
    ['3', '2', '1']
    """
    ordered = sorted(areas, key=lambda name: areas[name])
    places = {"largest": -1, "median": len(ordered) // 2, "smallest": 0}
    return list(dict.fromkeys(ordered[places[size]] for size in sizes)) if ordered else []


@lru_cache(maxsize=4)
def _read(entry: Entry) -> tuple[Pixels, Annotation]:
    """Image and annotation, which are those of the next case too where an image has several."""
    image, annotation = entry.read()
    for pixels in (image, annotation.ignore):
        pixels.flags.writeable = False
    return image, annotation


def in_a_field_of_mirror_images(sample: Sample, size: int) -> Sample:
    """Sample whose image is continued by its mirror images to a larger field.

    The object is the one in the copy at the centre, and everything outside that copy is
    background of it, with one exception: an object that the image's edge cuts off goes on in
    its mirror image without a border in between, so that part is ignored.

    Parameters
    ----------
    sample
        Any sample.
    size
        Height and width of the field, px; a side that is longer already stays as it is.
    """
    height, width = sample.object_mask.shape
    margins = [_margins(height, size), _margins(width, size)]
    beside = [*margins, *[(0, 0)] * (sample.image.ndim - 2)]
    object_mask = np.pad(sample.object_mask, margins)
    pieces, _ = ndimage.label(np.pad(sample.object_mask, margins, mode="symmetric"))
    continued = np.isin(pieces, np.unique(pieces[object_mask])) & ~object_mask
    initial = sample.initial_mask
    return replace(
        sample,
        image=np.pad(sample.image, beside, mode="symmetric"),
        object_mask=object_mask,
        ignore=np.pad(sample.ignore, margins) | continued,
        initial_mask=None if initial is None else np.pad(initial, margins),
    )


def _margins(length: int, size: int) -> tuple[int, int]:
    missing = max(size - length, 0)
    return missing // 2, missing - missing // 2
