"""Crops prepared for training: pixels as they are drawn from, in one file that is mapped.

``pixels.u8`` holds image ``(H, W, 3)`` and labels ``(L, H, W)`` of each crop one after the other;
``index.json`` says where each begins and which objects it has. Nothing is decoded in training, and
of a crop only the part that is drawn is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from tqdm import tqdm

from .entries import MOST_IN_A_LAYER
from .files import DataError
from .pictures import Picture, PictureObject

if TYPE_CHECKING:
    from .source import PictureSource

PIXELS, INDEX = "pixels.u8", "index.json"
VERSION = 1
SMALLEST_AREA = 30
"""Parts of objects smaller than this, px, are not asked for in a crop that cuts them."""


class PackedPictures:
    """A packed source: a `PictureSource` whose pictures are views of the mapped file.

    Raises
    ------
    DataError
        When the two files do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        try:
            index = json.loads((folder / INDEX).read_text(encoding="utf-8"))
            if index["version"] != VERSION:
                raise ValueError(f"version {index['version']}")
            self._entries: list[dict[str, Any]] = index["pictures"]
            self.weights: NDArray[np.float64] = np.array([e["weight"] for e in self._entries])
            self.weights /= self.weights.sum()
            self._pixels = np.memmap(folder / PIXELS, np.uint8, mode="r")
            if self._pixels.size != index["bytes"] or not self._entries:
                raise ValueError(f"{self._pixels.size} bytes instead of {index['bytes']}")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"expected crops as `python -m training.data pack` writes them in {folder}, got "
                f"something else ({error}); pack them again."
            ) from error

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> Picture:
        entry = self._entries[index]
        layers, height, width = entry["shape"]
        start, middle = entry["start"], entry["start"] + height * width * 3
        stop = middle + layers * height * width
        return Picture(
            entry["name"],
            entry["set"],
            self._pixels[start:middle].reshape(height, width, 3),
            self._pixels[middle:stop].reshape(layers, height, width),
            tuple(PictureObject(**{**o, "box": tuple(o["box"])}) for o in entry["objects"]),
        )


def pack(source: PictureSource, folder: Path, side: int) -> int:
    """Write all crops of a source to a folder; gives their number.

    Parameters
    ----------
    source
        What to pack.
    folder
        Made if it is missing; a pack that is cut short has no index, and is begun anew.
    side
        Pictures with a longer side are cut into crops of at most this, px, that overlap a little.

    Raises
    ------
    DataError
        When a picture cannot be read, or the disk is full.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / INDEX).unlink(missing_ok=True)
    entries: list[dict[str, Any]] = []
    written = 0
    try:
        with (folder / PIXELS).open("wb") as file:
            for i in tqdm(range(len(source)), desc="packing", leave=False):
                crops = list(crops_of(source[i], side))
                for crop in crops:
                    entries.append(
                        {
                            "name": crop.name,
                            "set": crop.set_name,
                            "start": written,
                            "shape": crop.labels.shape,
                            "weight": float(source.weights[i]) / len(crops),
                            "objects": [asdict(o) for o in crop.objects],
                        }
                    )
                    written += file.write(np.ascontiguousarray(crop.image).data)
                    written += file.write(np.ascontiguousarray(crop.labels).data)
        index = {"version": VERSION, "bytes": written, "pictures": entries}
        (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")
    except OSError as error:
        raise DataError(
            f"expected room for the crops in {folder}, could not write after {written} bytes "
            f"({error.strerror}); name a folder on a larger disk."
        ) from error
    if not entries:
        raise DataError("expected pictures with objects to pack, but all masks are empty.")
    return len(entries)


def crops_of(picture: Picture, side: int) -> Iterator[Picture]:
    """Crops of a picture with an object in them; the picture itself where it is small enough."""
    _, height, width = picture.labels.shape
    if max(height, width) <= side:
        if picture.objects:
            yield picture
        return
    for y in _starts(height, side):
        for x in _starts(width, side):
            window = (slice(y, y + side), slice(x, x + side))
            labels = picture.labels[(slice(None), *window)]
            objects = tuple(_inside(picture, labels))
            if objects:
                yield replace(
                    picture,
                    name=f"{picture.name}@{y},{x}",
                    image=picture.image[window],
                    labels=labels,
                    objects=objects,
                )


def _inside(picture: Picture, labels: NDArray[np.uint8]) -> Iterator[PictureObject]:
    """Objects of a picture as they are in a crop of it."""
    boxes = [ndimage.find_objects(layer, max_label=MOST_IN_A_LAYER) for layer in labels]
    for old in picture.objects:
        box = boxes[old.layer][old.value - 1]
        if box is not None:
            area = int((labels[old.layer][box] == old.value).sum())
            corners = (box[0].start, box[1].start, box[0].stop, box[1].stop)
            if area >= min(SMALLEST_AREA, old.area):
                yield replace(old, area=area, box=corners)


def _starts(length: int, side: int) -> list[int]:
    count = 1 if length <= side else 1 + -(-(length - side) // (side * 3 // 4))
    return [int(start) for start in np.linspace(0, max(0, length - side), count).astype(int)]
