"""COCO+LVIS: the combined annotations of RITM on the pictures of LVIS v1, which are COCO's.

Published as pickles: ``SPLIT/hannotation.pickle`` says for each picture how many of its masks are
things and which lie inside others; ``SPLIT/masks/ID.pickle`` holds layers as PNG, and each mask's
layer and value. ``python -m training.data convert`` writes the same as JSON and PNG files, which
are read in preference: ``SPLIT/annotation.json`` and ``SPLIT/layers/ID_LAYER.png``.

Of things only those are asked for that lie inside no other, as in the released programs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from .entries import Annotation, Entry
from .files import DataError, read_image
from .safe_pickle import plain, read_plain_pickle

PICKLE, CONVERTED = "hannotation.pickle", "annotation.json"
VERSION = 1


def coco_lvis(folder: Path, part: str) -> list[Entry]:
    """Pictures of the part with a thing in them; that the pictures exist is checked here."""
    split = folder / part
    converted = (split / CONVERTED).is_file()
    if not converted and not (split / PICKLE).is_file():
        raise DataError(f"expected {PICKLE} or {CONVERTED} in {split}, found neither.")
    summaries = _read_converted(split) if converted else _read_hierarchy(split / PICKLE)
    images = next(
        (place for place in (split / "images", folder / f"{part}2017") if place.is_dir()), None
    )
    if images is None:
        raise DataError(f"expected the pictures in {split / 'images'} or {folder}/{part}2017.")
    present = {path.name for path in images.iterdir()}
    entries = []
    for name, summary in summaries.items():
        if f"{name}.jpg" not in present:
            raise DataError(f"expected {images / name}.jpg of the annotations, found none.")
        if summary["things"]:
            image = partial(read_image, images / f"{name}.jpg")
            read = _read_png_layers if converted else _read_pickled_layers
            source = split / ("layers" if converted else f"masks/{name}.pickle")
            entries.append(Entry(name, image, partial(read, split, name, summary), source))
    return entries


def convert(folder: Path, part: str) -> int:
    """Write the annotations of a part as JSON and PNG beside the pickles; number of pictures.

    A conversion that was cut short has no ``annotation.json`` and is done again.
    """
    split = folder / part
    layers = split / "layers"
    layers.mkdir(exist_ok=True)
    summaries = _read_hierarchy(split / PICKLE)
    pictures: dict[str, Any] = {}
    for name, summary in tqdm(summaries.items(), desc=f"converting {part}", leave=False):
        pngs, places = _pickled(split, name)
        for i, png in enumerate(pngs):
            (layers / f"{name}_{i}.png").write_bytes(png)
        pictures[name] = summary | {"layers": len(pngs), "places": places}
    unfinished = split / f"{CONVERTED}.tmp"
    unfinished.write_text(json.dumps({"version": VERSION, "pictures": pictures}), encoding="utf-8")
    unfinished.replace(split / CONVERTED)
    return len(pictures)


def _read_hierarchy(path: Path) -> dict[str, dict[str, Any]]:
    """Of each picture: the masks that are things inside no other, and the first one of stuff."""
    hierarchy = read_plain_pickle(path)
    found = {}
    try:
        for key, picture in hierarchy.items():
            name = _picture_name(key)
            count = int(picture["num_instance_masks"])
            roots = [
                int(index)
                for index, node in picture["hierarchy"].items()
                if index < count and (node is None or node["parent"] is None)
            ]
            found[name] = {"things": sorted(roots), "stuff_from": count}
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _unexpected(path, "num_instance_masks and hierarchy of each picture") from error
    return found


def _read_converted(split: Path) -> dict[str, dict[str, Any]]:
    path = split / CONVERTED
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found: dict[str, dict[str, Any]] = content["pictures"]
        for name in found:
            _picture_name(name)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unexpected(path, "what `python -m training.data convert` writes") from error
    return found


def _picture_name(key: str | int) -> str:
    """Name of a picture by its number in COCO, which has twelve digits in the names of files.

    Names become paths, so they must not lead anywhere else.
    """
    name = f"{key:012d}" if isinstance(key, int) else key
    if not name.isalnum():
        raise ValueError(f"{name!r} is no number of a picture")
    return name


def _pickled(split: Path, name: str) -> tuple[list[bytes], list[tuple[int, int]]]:
    path = split / "masks" / f"{name}.pickle"
    content = read_plain_pickle(path)
    try:
        pngs, places = content
        encoded = [np.asarray(plain(png), np.uint8).tobytes() for png in pngs]
        return encoded, [(int(layer), int(value)) for layer, value in places]
    except (TypeError, ValueError) as error:
        raise _unexpected(path, "PNG layers, and layer and value of each mask") from error


def _read_pickled_layers(split: Path, name: str, summary: Mapping[str, Any]) -> Annotation:
    pngs, places = _pickled(split, name)
    source = split / "masks" / f"{name}.pickle"
    return _annotation(pngs, places, summary, source)


def _read_png_layers(split: Path, name: str, summary: Mapping[str, Any]) -> Annotation:
    files = [split / "layers" / f"{name}_{i}.png" for i in range(summary["layers"])]
    try:
        pngs = [file.read_bytes() for file in files]
    except OSError as error:
        raise DataError(
            f"expected the layers of {name}, could not read {error.filename}."
        ) from error
    return _annotation(pngs, summary["places"], summary, split / "layers")


def _annotation(
    pngs: list[bytes], places: list[tuple[int, int]], summary: Mapping[str, Any], source: Path
) -> Annotation:
    layers: list[NDArray[np.generic] | None] = [
        cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
        for png in pngs
    ]
    whole = [layer for layer in layers if layer is not None]
    if not whole or len(whole) < len(pngs) or len({layer.shape for layer in whole}) > 1:
        raise _unexpected(source, "layers of one size as PNG")
    stuff = range(summary["stuff_from"], len(places))
    wanted = [*summary["things"], *stuff]
    if wanted and (max(wanted) >= len(places) or any(p[0] >= len(pngs) for p in places)):
        raise _unexpected(source, "a layer and a value for each mask of the hierarchy")
    stack = np.stack(whole).astype(np.uint8)
    objects = {str(i): (int(places[i][0]), int(places[i][1])) for i in wanted}
    ignore = np.zeros(stack.shape[1:], bool)
    return Annotation(stack, ignore, objects, frozenset(str(i) for i in stuff))


def _unexpected(path: Path, expected: str) -> DataError:
    return DataError(f"expected {expected} in {path}, got something else; take it anew.")
