"""By what the data of a run are known again: names and weights of the pictures, no pixels."""

from __future__ import annotations

import hashlib

import numpy as np

from .data.source import LazyPictures, PictureSource


def fingerprint(source: PictureSource) -> str:
    """Hash of a source's pictures in their order; the same draws come from sources alike in it.

    No file is read. Weights count as float32, since their last digits differ between machines.
    """
    digest = hashlib.sha256(source.weights.astype(np.float32).tobytes())
    for set_name, name in _names(source):
        digest.update(f"{set_name}/{name}\n".encode())
    return digest.hexdigest()


def set_names(source: PictureSource) -> list[str]:
    """Names of the sets of a source, in alphabetical order."""
    return sorted({set_name for set_name, _ in _names(source)})


def _names(source: PictureSource) -> list[tuple[str, str]]:
    """Set and name of each picture."""
    if isinstance(source, LazyPictures):
        return [(unread.found.name, unread.entry.name) for unread in source.unread]
    pictures = (source[index] for index in range(len(source)))  # they lie ready
    return [(picture.set_name, picture.name) for picture in pictures]
