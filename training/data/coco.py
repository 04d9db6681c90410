"""Instances in COCO's JSON format (COCO, LVIS, and what annotation tools export)."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .entries import Annotation, Entry, stacked
from .files import DataError, read_image

WORDS = {"train": {"train", "training"}, "val": {"val", "valid", "validation"}}
"""What a file of each part is called, as a whole word of its name."""


def coco(folder: Path, part: str) -> list[Entry]:
    """Pictures with an instance in them; where a file is for one part only, for that part."""
    from pycocotools.coco import COCO

    path = annotation_file(folder, part)
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # it tells its progress
            index = COCO(str(path))
        pictures = [picture for key, picture in sorted(index.imgs.items()) if index.imgToAnns[key]]
        files = {picture["id"]: _file_of(picture) for picture in pictures}
    except (OSError, ValueError, LookupError, TypeError, AttributeError, AssertionError) as error:
        raise DataError(
            f"expected instances in COCO's format, got {type(error).__name__} ({error}) in {path}."
        ) from error
    places = [folder / f"{part}2017", folder / part, folder / "images", folder, path.parent]
    entries = []
    for picture in pictures:
        image = next(
            (p / files[picture["id"]] for p in places if _lies(p, files[picture["id"]])), None
        )
        if image is None:
            looked = ", ".join(str(place) for place in dict.fromkeys(places))
            raise DataError(
                f"expected the picture {files[picture['id']]} of {path} in one of {looked}; "
                "found none."
            )
        annotations = index.imgToAnns[picture["id"]]
        size = (int(picture["height"]), int(picture["width"]))
        read = partial(_annotation, index, annotations, size, path)
        entries.append(Entry(image.stem, partial(read_image, image), read, path))
    return entries


def annotation_file(folder: Path, part: str) -> Path:
    """The only JSON file of the folder, or the part's.

    Raises
    ------
    DataError
        When there is none, or several and none that is named after the part.
    """
    instances = _annotation_files(folder)
    chosen = instances if len(instances) == 1 else _named_after(part, instances)
    if len(chosen) != 1:
        raise DataError(
            f"expected annotations/instances_{part}2017.json or one JSON file in {folder}, found "
            f"{', '.join(path.name for path in instances) or 'none'}."
        )
    return chosen[0]


def coco_parts(folder: Path) -> tuple[str, ...]:
    """Parts that have a file of their own; none where all pictures are in a single one."""
    files = _annotation_files(folder)
    return tuple(part for part in WORDS if len(files) > 1 and _named_after(part, files))


def _annotation_files(folder: Path) -> list[Path]:
    found = sorted([*folder.glob("annotations/*.json"), *folder.glob("*.json")])
    return [path for path in found if "instances" in path.name or "lvis" in path.name] or found


def _named_after(part: str, files: list[Path]) -> list[Path]:
    return [path for path in files if WORDS[part] & set(re.findall("[a-z]+", path.stem.lower()))]


def _file_of(picture: Mapping[str, Any]) -> str:
    """File name; LVIS gives an address that ends in folder and name instead."""
    return str(picture.get("file_name") or picture["coco_url"].rsplit("/", 1)[-1])


def _lies(place: Path, name: str) -> bool:
    """Whether the file is there, and not outside of the folder."""
    return (place / name).is_file() and (place / name).resolve().is_relative_to(place.resolve())


def _annotation(
    index: Any, annotations: list[Mapping[str, Any]], size: tuple[int, int], path: Path
) -> Annotation:
    """Masks of a picture; crowds are ignored where no object is."""
    masks, crowds = {}, np.zeros(size, bool)
    for annotation in annotations:
        try:
            mask = index.annToMask(annotation).astype(bool)
        except (TypeError, ValueError, KeyError, IndexError) as error:
            raise DataError(
                f"expected polygons or RLE in annotation {annotation.get('id')} of {path}, got "
                f"something else ({error})."
            ) from error
        if annotation.get("iscrowd"):
            crowds |= mask
        elif mask.any():
            masks[str(annotation["id"])] = mask
    covered = np.logical_or.reduce(list(masks.values())) if masks else np.zeros(size, bool)
    return stacked(masks, crowds & ~covered)
