"""Sample images: photographs, two microscopy pictures, and a stack that is computed.

The microscopy pictures are in `samples/`, with their origin and terms in `samples/CREDITS.md`.
"""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

import numpy as np
from numpy.typing import NDArray

LayerData = tuple[NDArray[Any], dict[str, Any], str]


def astronaut() -> list[LayerData]:
    """A photograph of a person (scikit-image)."""
    return [_photo("astronaut")]


def coffee() -> list[LayerData]:
    """A photograph of a cup (scikit-image)."""
    return [_photo("coffee")]


def chelsea() -> list[LayerData]:
    """A photograph of a cat (scikit-image)."""
    return [_photo("chelsea")]


def fluorescence() -> list[LayerData]:
    """Nuclei in fluorescence, 8 bit grey."""
    return [_shipped("fluorescence_nuclei")]


def phase_contrast() -> list[LayerData]:
    """Living cells in phase contrast, 8 bit grey."""
    return [_shipped("phase_contrast_cells")]


def blobs_3d() -> list[LayerData]:
    """A stack of bright balls on a noisy ground, 16 bit, planes twice as far apart as pixels."""
    return [(_blobs((24, 256, 256)), {"name": "blobs 3D", "scale": (2.0, 1.0, 1.0)}, "image")]


def _photo(name: str) -> LayerData:
    import skimage.data

    return getattr(skimage.data, name)(), {"name": name, "rgb": True}, "image"


def _shipped(name: str) -> LayerData:
    from skimage.io import imread

    with as_file(files(__package__) / "samples" / f"{name}.png") as path:
        return imread(path), {"name": name.replace("_", " ")}, "image"


def _blobs(shape: tuple[int, int, int], count: int = 40, seed: int = 0) -> NDArray[np.uint16]:
    rng = np.random.default_rng(seed)
    z, y, x = np.ogrid[tuple(slice(0, size) for size in shape)]
    stack = rng.normal(300, 40, shape)
    for _ in range(count):
        cz, cy, cx = (rng.uniform(0, size) for size in shape)
        radius = rng.uniform(8, 24)
        # Planes are two pixels apart.
        distance = np.sqrt((2 * (z - cz)) ** 2 + (y - cy) ** 2 + (x - cx) ** 2)
        stack += rng.uniform(400, 1200) / (1 + np.exp(2 * (distance - radius)))
    return np.clip(stack, 0, 65535).astype(np.uint16)
