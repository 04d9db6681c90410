"""The sample set: pictures that lie in scikit-image's wheel, with masks that were made for it.

It needs no data root and no network, so that the whole way from clicks to a report can be tried
anywhere in about a minute. Ten objects in seven pictures are enough for that, and far too few for a
comparison of methods.

The pictures are free (public domain, CC0 or without known restrictions, as `skimage.data` says of
each): the astronaut Eileen Collins by NASA (the mission's emblem), a cell in transmitted light, the
cat Chelsea by Stéfan van der Walt (its right eye), a cup of coffee by Rachel Michetti, Greek coins
of the Brooklyn Museum, the Hubble Extreme Deep Field by NASA and ESA (a spiral galaxy), and a
Falcon 9 by SpaceX. Masks of coins, cell and galaxy follow the picture's edges or grey values, the
others are outlines drawn by hand; no segmentation network had a part in them.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

import skimage

from .codings import labels
from .entries import Entry
from .files import DataError, read_image
from .finding import SAMPLE_NAME, FoundSet, find_set, simplified
from .layouts import Layout

NAME = SAMPLE_NAME
MASKS = Path(__file__).parent / "sample_masks"
PICTURES = Path(skimage.__file__).parent / "data"

FILES = {
    "astronaut": "astronaut.png",
    "cell": "cell.png",
    "chelsea": "chelsea.png",
    "coffee": "coffee.png",
    "coins": "coins.png",
    "hubble_deep_field": "hubble_deep_field.jpg",
    "rocket": "rocket.jpg",
}
"""File of each picture in scikit-image's folder; ``NAME.png`` in `MASKS` holds its objects."""


def read_sample(folder: Path, part: str) -> list[Entry]:  # noqa: ARG001 - it has one part
    """Entries of the sample set, with the masks of a folder.

    Raises
    ------
    DataError
        When a picture is not in this scikit-image.
    """
    entries = []
    for name, file in FILES.items():
        picture, mask = PICTURES / file, folder / f"{name}.png"
        if not picture.is_file():
            raise DataError(
                f"expected scikit-image's picture {file} in {PICTURES}, found none; install "
                "scikit-image 0.24 or later from its wheel."
            )
        entries.append(Entry(name, partial(read_image, picture), partial(labels, mask), mask))
    return entries


SAMPLE = FoundSet(
    NAME,
    MASKS,
    Layout(NAME, (), read_sample, "pictures of scikit-image, masks of this project"),
    objects=10,
)


def find_sample_or_set(name: str, root: Path) -> FoundSet:
    """The sample set by its name, wherever the data root is; any other set as `find_set` does."""
    return SAMPLE if simplified(name) == NAME else find_set(name, root)
