"""Images with objects to be segmented, read lazily from the layouts in which they are published.

Every set is a list of cases, one an object; only when a case is loaded are its pixels read.

Layouts, found by the names of the folders:

- ``images/NAME.*`` and ``masks/NAME.png`` with integer labels: 0 background, 1 to N objects,
  255 in 8-bit masks ignored. ``masks/NAME#001.png``, ``NAME#002.png`` ... are further,
  overlapping masks of ``images/NAME.*``.
- GrabCut as published: ``data_GT`` and ``boundary_GT``; Berkeley as published: ``images`` and
  ``masks`` (or ``images-f-BRS/test`` and ``masks-f-BRS/test``). Their masks are grey or coloured
  pictures in which 128 means ignore and more than 128 object (by the blue channel).

What is measured: on sets whose name ends in ``_test`` the largest, the median and the smallest
object of each image among those of at least 100 px; on all others every object.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

IGNORE = 255
SMALLEST_AREA = 100
"""Objects of fewer pixels are not measured on ``*_test`` sets."""

LAYOUTS = (
    ("data_GT", "boundary_GT"),
    ("images-f-BRS/test", "masks-f-BRS/test"),
    ("images", "masks"),
)
"""Folders of images and masks, relative to the set, in the order in which they are looked for."""

PUBLISHED_ONLY = {"boundary_GT", "masks-f-BRS/test"}
"""Folders whose masks are never labels; in ``masks`` each file shows which of the two it is."""

PLACES = ("", "eval", "data/eval", "train", "data/train", "data")
"""Where below the data root the sets may lie."""

IMAGE_SUFFIXES = {".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff"}

EXPECTED_TREE = """\
DIR/
  grabcut/             as published: data_GT/NAME.*   boundary_GT/NAME.*
    images/NAME.*
    masks/NAME.png
  berkeley/            as published: images/NAME.*    masks/NAME.png
    images/NAME.*
    masks/NAME.png     several objects of one image: NAME#001.png, NAME#002.png ...
  ANY_test/            labels: 0 background, 1 to N objects, 255 ignored
    images/NAME.*
    masks/NAME.png"""


class DataError(ValueError):
    """Data that are missing or unreadable; the message says what to do."""


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
    """

    name: str
    image: NDArray[np.generic]
    object_mask: NDArray[np.bool_]
    ignore: NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """Where one object is found: its files, its label, and whether the mask may hold labels."""

    name: str
    image_path: Path
    mask_path: Path
    label: int
    labelled: bool

    def load(self) -> Sample:
        """Sample of this case, read from its files.

        Raises
        ------
        DataError
            When image and mask have different sizes or a file cannot be read.
        """
        image = _read_image(self.image_path)
        labels, ignore = _read_labels(self.mask_path, self.labelled)
        if image.shape[:2] != labels.shape:
            raise DataError(
                f"expected a mask of {image.shape[:2]} pixels like its image, got "
                f"{labels.shape} in {self.mask_path}; replace one of the two files."
            )
        return Sample(self.name, image, labels == self.label, ignore)


@dataclass(frozen=True)
class EvaluationSet:
    """A named list of cases; iterating over it yields the samples one by one."""

    name: str
    cases: tuple[Case, ...]

    def __len__(self) -> int:
        return len(self.cases)

    def __iter__(self) -> Iterator[Sample]:
        return (case.load() for case in self.cases)

    def head(self, count: int | None) -> EvaluationSet:
        """The set's first cases only; all for None."""
        return EvaluationSet(self.name, self.cases[:count])


def evaluation_set(name: str, root: Path) -> EvaluationSet:
    """Set of that name below a data root.

    Parameters
    ----------
    name
        Name of the set's folder; upper and lower case are the same.
    root
        The folder which contains the sets, one of the folders above it, or the set itself.

    Raises
    ------
    DataError
        When there is no such set or no object in it; the message shows the tree that is expected.
    """
    folder, (pictures, masks) = _found(name, root)
    by_stem = {path.stem: path for path in _pictures(folder / pictures)}
    labelled = masks not in PUBLISHED_ONLY
    selected = three_objects if folder.name.endswith("_test") else all_objects
    cases = []
    for mask_path in _pictures(folder / masks):
        image_path = _image_of(mask_path, by_stem)
        labels, _ = _read_labels(mask_path, labelled)
        chosen = selected(labels)
        several = int(labels.max(initial=0)) > 1
        for label in chosen:
            case_name = f"{mask_path.stem}:{label}" if several else mask_path.stem
            cases.append(Case(case_name, image_path, mask_path, label, labelled))
    if not cases:
        raise DataError(
            f"expected masks with at least one object in {folder / masks}, found none; "
            f"arrange the data like this:\n{EXPECTED_TREE}"
        )
    return EvaluationSet(folder.name, tuple(cases))


def all_objects(labels: NDArray[np.integer]) -> list[int]:
    """Labels of all objects, ascending."""
    return [int(label) for label in np.unique(labels) if label != 0]


def three_objects(labels: NDArray[np.integer], smallest_area: int = SMALLEST_AREA) -> list[int]:
    """Labels of the largest, the median and the smallest object.

    Parameters
    ----------
    labels
        ``(H, W)`` integer, 0 background.
    smallest_area
        Objects of fewer pixels are left out, px.

    Returns
    -------
    list of int
        Up to three different labels. Objects are sorted by area and then by label; of n objects
        the median is number n // 2, counted from 0.

    Examples
    --------
    >>> three_objects(np.array([[1, 2, 2], [3, 3, 3]]), smallest_area=1)
    [3, 2, 1]
    """
    found, areas = np.unique(labels, return_counts=True)
    kept = (found != 0) & (areas >= smallest_area)
    ordered = found[kept][np.argsort(areas[kept], kind="stable")]
    if not ordered.size:
        return []
    chosen = (ordered[-1], ordered[ordered.size // 2], ordered[0])
    return list(dict.fromkeys(int(label) for label in chosen))


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
    return Sample(
        sample.name,
        np.pad(sample.image, beside, mode="symmetric"),
        object_mask,
        np.pad(sample.ignore, margins) | continued,
    )


def _margins(length: int, size: int) -> tuple[int, int]:
    missing = max(size - length, 0)
    return missing // 2, missing - missing // 2


def _found(name: str, root: Path) -> tuple[Path, tuple[str, str]]:
    """Folder of a set and the layout that it has."""
    candidates = [root]
    for parent in (root / place for place in PLACES):
        candidates += sorted(parent.iterdir()) if parent.is_dir() else []
    for folder in candidates:
        for pictures, masks in LAYOUTS if folder.name.lower() == name.lower() else ():
            if (folder / pictures).is_dir() and (folder / masks).is_dir():
                return folder, (pictures, masks)
    raise DataError(
        f"expected the data set {name!r} below {root}, found none; "
        f"point --data-root to a folder DIR like this:\n{EXPECTED_TREE}"
    )


def _pictures(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in IMAGE_SUFFIXES)


def _image_of(mask_path: Path, images: dict[str, Path]) -> Path:
    stem = mask_path.stem.partition("#")[0]
    try:
        return images[stem]
    except KeyError:
        raise DataError(
            f"expected an image named {stem}.* for the mask {mask_path}, found none; "
            "add the image or remove the mask."
        ) from None


@lru_cache(maxsize=4)
def _read_image(path: Path) -> NDArray[np.generic]:
    """Pixels of an image; grey stays grey in its own depth, everything else becomes RGB.

    The objects of one image follow each other, so the last few images are kept.
    """
    with _opened(path) as picture:
        grey = picture.mode in {"1", "L", "I", "F"} or picture.mode.startswith("I;16")
        pixels = np.asarray(picture if grey else picture.convert("RGB"))
    pixels.flags.writeable = False
    return pixels


@lru_cache(maxsize=4)
def _read_labels(path: Path, labelled: bool) -> tuple[NDArray[np.integer], NDArray[np.bool_]]:
    """Labels and ignored pixels of a mask, whichever of the two codings it has.

    A mask that holds labels is grey (or a palette picture, whose indices are the labels, as in
    Pascal VOC), and an 8-bit one has some label from 1 to 127. All others are of the published
    coding, and so is every mask if `labelled` is False: more than 128 object, 128 ignored.
    """
    with _opened(path) as picture:
        coloured = picture.mode in {"RGB", "RGBA"}
        pixels = np.asarray(picture)
    if coloured:
        pixels = pixels[..., 2]
    if pixels.ndim != 2 or pixels.dtype.kind not in "bui":
        raise DataError(
            f"expected a grey mask of whole numbers, got {pixels.dtype} of shape "
            f"{pixels.shape} in {path}; save it as a greyscale PNG."
        )
    pixels = pixels.astype(np.uint8) if pixels.dtype == bool else pixels
    eight_bit = pixels.dtype == np.uint8
    if eight_bit:
        labelled = labelled and not coloured and bool(((pixels > 0) & (pixels < 128)).any())
    if not labelled:
        labels, ignore = (pixels > 128).astype(np.uint8), pixels == 128
    else:
        ignore = (pixels == IGNORE) & eight_bit
        labels = np.where(ignore, 0, pixels)
    labels.flags.writeable = ignore.flags.writeable = False
    return labels, ignore


def _opened(path: Path) -> Image.Image:
    try:
        picture = Image.open(path)
        picture.load()
    except OSError as error:
        raise DataError(
            f"expected a picture, could not read {path} ({error}); replace that file."
        ) from error
    return picture
