"""Folders of images and label masks, decoded once and kept in memory.

``<set>/images/NAME.(jpg|png|webp)`` and ``<set>/masks/NAME.png``: 0 background, 1 ... N objects,
255 ignore. Several masks of one picture are ``NAME#001.png``, ``NAME#002.png``.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage
from tqdm import tqdm

from .evaluation_sets import IGNORE, IMAGE_SUFFIXES, DataError

VALIDATION_SHARE = 20
"""One picture in so many belongs to the validation part."""
SMALLEST_TO_SPLIT = 100
"""Below so many pictures all are used for both."""


@dataclass(frozen=True)
class PictureObject:
    """One labelled object: its value in the mask, area in px and box ``y0, x0, y1, x1``."""

    value: int
    area: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class Picture:
    """A training picture: RGB ``(H, W, 3) uint8``, labels ``(H, W) uint8`` and its objects."""

    name: str
    set_name: str
    image: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    objects: tuple[PictureObject, ...]

    @property
    def microscopy(self) -> bool:
        """Whether up and down mean nothing in this picture."""
        return self.set_name.startswith("micro")


def in_validation(set_name: str, name: str) -> bool:
    """Whether a picture belongs to the fixed validation part: decided by its name alone."""
    picture = name.split("#")[0]
    return zlib.crc32(f"{set_name}/{picture}".encode()) % VALIDATION_SHARE == 0


def image_of(mask: Path, images: Path) -> Path:
    """The image that a mask file belongs to."""
    stem = mask.stem.split("#")[0]
    for suffix in sorted(IMAGE_SUFFIXES):
        if (candidate := images / f"{stem}{suffix}").exists():
            return candidate
    raise DataError(f"Expected an image named {stem} for the mask {mask}; {images} has none.")


def _stretched(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """A grey picture as the predictor's ``contrast="auto"`` shows it to the network."""
    low, high = np.percentile(grey, (0.1, 99.9))
    scaled = (grey.astype(np.float32) - low) / max(high - low, 1e-6)
    return (scaled.clip(0, 1) * 255).round().astype(np.uint8)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Labels of a mask: grey values, or the indices of a palette picture.

    Raises
    ------
    DataError
        When the file cannot be decoded, is in colour, or holds a value above 255.
    """
    try:
        with Image.open(path) as picture:
            labels = np.asarray(picture)
    except OSError as error:
        raise DataError(f"Expected a readable mask; {path} cannot be decoded.") from error
    if labels.ndim != 2:
        raise DataError(f"Expected a grey mask, one number an object; {path} is in colour.")
    if labels.max(initial=0) > IGNORE:
        raise DataError(
            f"Expected labels up to {IGNORE - 1} in a training mask; {path} has {labels.max()}: "
            "renumber its objects or split it as NAME#001.png, NAME#002.png."
        )
    return labels.astype(np.uint8)


def read_picture(mask_path: Path) -> Picture:
    """Read a mask and its image.

    Raises
    ------
    DataError
        When a file cannot be decoded or the sizes differ.
    """
    image_path = image_of(mask_path, mask_path.parent.parent / "images")
    image = cv2.imread(str(image_path), cv2.IMREAD_UNCHANGED)
    if image is None:
        raise DataError(f"Expected a readable picture; {image_path} cannot be decoded.")
    labels = read_labels(mask_path)
    if image.shape[:2] != labels.shape:
        raise DataError(
            f"Expected a mask of the image's size {image.shape[:2]}; {mask_path} has "
            f"{labels.shape}."
        )
    if image.ndim == 2:
        image = np.repeat(_stretched(image)[..., None], 3, axis=2)
    else:
        image = cv2.cvtColor(image[..., :3], cv2.COLOR_BGR2RGB)
    areas = np.bincount(labels.ravel(), minlength=256)
    boxes = ndimage.find_objects(labels)
    objects = tuple(
        PictureObject(
            value,
            int(areas[value]),
            (box[0].start, box[1].start, box[0].stop, box[1].stop),
        )
        for value, box in enumerate(boxes, start=1)
        if box is not None and value != IGNORE
    )
    return Picture(
        mask_path.stem, mask_path.parent.parent.name, np.ascontiguousarray(image), labels, objects
    )


def mask_files(root: Path, *, validation: bool) -> list[Path]:
    """Mask files of one part of all sets below ``root`` (or of the one set that ``root`` is)."""
    files = sorted(root.glob("masks/*.png")) or sorted(root.glob("*/masks/*.png"))
    if not files:
        raise DataError(
            f"Expected SET/images/NAME.jpg and SET/masks/NAME.png below {root}; found no masks."
        )
    if len(files) < SMALLEST_TO_SPLIT:
        return files
    return [f for f in files if in_validation(f.parent.parent.name, f.stem) == validation]


def read_folders(root: Path, *, validation: bool = False) -> list[Picture]:
    """All pictures with at least one object of one part of the sets below ``root``."""
    files = mask_files(root, validation=validation)
    with ThreadPoolExecutor(2) as pool:
        pictures: Iterator[Picture] = tqdm(
            pool.map(read_picture, files), total=len(files), desc="reading pictures", leave=False
        )
        kept = [picture for picture in pictures if picture.objects]
    if not kept:
        raise DataError(f"Expected masks with objects (values 1-254) below {root}; all are empty.")
    return kept


def picture_weights(pictures: Sequence[Picture]) -> NDArray[np.float64]:
    """Probability of each picture: a set counts as the square root of its size.

    The sets are lopsided on purpose, so neither sets nor pictures are drawn uniformly.
    """
    names = np.array([p.set_name for p in pictures])
    _, inverse, counts = np.unique(names, return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts)[inverse]
    return weights / weights.sum()
