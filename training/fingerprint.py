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
    for name in _names(source):
        digest.update(f"{name}\n".encode())
    return digest.hexdigest()


def _names(source: PictureSource) -> list[str]:
    """Set and name of each picture."""
    if isinstance(source, LazyPictures):
        return [f"{unread.found.name}/{unread.entry.name}" for unread in source.unread]
    pictures = (source[index] for index in range(len(source)))  # they lie ready
    return [f"{picture.set_name}/{picture.name}" for picture in pictures]
