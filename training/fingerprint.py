"""By what the data of a run are known again: names and weights of the pictures, no pixels."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import numpy as np

from .data.source import LazyPictures, PictureSource


class Marks(NamedTuple):
    """By what a source is known again: `fingerprint`, and its sets' names in alphabetical order."""

    fingerprint: str
    sets: tuple[str, ...]


def marks_of(source: PictureSource) -> Marks:
    """Both marks of a source; no file is read.

    Weights count as float32, since their last digits differ between machines.
    """
    names = _names(source)
    digest = hashlib.sha256(source.weights.astype(np.float32).tobytes())
    for set_name, name in names:
        digest.update(f"{set_name}/{name}\n".encode())
    return Marks(digest.hexdigest(), tuple(sorted({set_name for set_name, _ in names})))


def fingerprint(source: PictureSource) -> str:
    """Hash of a source's pictures in their order; the same draws come from sources alike in it."""
    return marks_of(source).fingerprint


def _names(source: PictureSource) -> list[tuple[str, str]]:
    """Set and name of each picture."""
    if isinstance(source, LazyPictures):
        return [(unread.found.name, unread.entry.name) for unread in source.unread]
    pictures = (source[index] for index in range(len(source)))  # they lie ready
    return [(picture.set_name, picture.name) for picture in pictures]
