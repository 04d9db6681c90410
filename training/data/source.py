"""Where training pictures come from: read when they are drawn, and kept while memory lasts."""

from __future__ import annotations

import sys
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from training.cores import local_place

from .entries import Entry
from .files import DataError
from .finding import PLACES, FoundSet, existing, find_set, recognised
from .layouts import expected_tree
from .packed import INDEX, PackedPictures
from .pictures import Picture, in_validation, is_microscopy, read_picture

SMALLEST_TO_SPLIT = 100
"""Below so many pictures all are used for training and validation: of the sets without
parts of their own, all together."""
MOST_READ_AT_START = 10_000
"""A larger source is checked on so many of its pictures, evenly spread."""
KEPT_BYTES = 4 * 2**30
"""What the processes of a machine keep of the pictures that they read, all together."""


def room_of_a_process() -> int:
    """Bytes of pixels that this process may keep."""
    return KEPT_BYTES // local_place()[1]


class PictureSource(Protocol):
    """Training pictures by number; reading one is safe in several threads at once."""

    @property
    def weights(self) -> NDArray[np.float64]:
        """Probability of each picture, which add up to 1."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, index: int, /) -> Picture: ...


@dataclass(frozen=True, eq=False)
class Unread:
    """A picture that is known by its files only."""

    entry: Entry
    found: FoundSet

    def read(self) -> Picture:
        """Read it, see `read_picture`."""
        return read_picture(self.entry, self.found.name, self.found.layout.least_filling)


@dataclass(eq=False)
class LazyPictures:
    """Pictures read from their files when they are asked for.

    Attributes
    ----------
    unread
        All of them.
    weights
        Probability of each.
    room
        Bytes of pixels that may still be kept in memory.
    """

    unread: Sequence[Unread]
    weights: NDArray[np.float64]
    room: int = field(default_factory=room_of_a_process)
    _kept: dict[int, Picture] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __len__(self) -> int:
        return len(self.unread)

    def __getitem__(self, index: int) -> Picture:
        kept = self._kept.get(index)
        if kept is not None:
            return kept
        picture = self.unread[index].read()
        size = picture.image.nbytes + picture.labels.nbytes
        with self._lock:
            if size <= self.room and index not in self._kept:
                self._kept[index] = picture
                self.room -= size
        return picture


def open_source(
    data: Path | None,
    kind: str = "folders",
    *,
    root: Path | None = None,
    factors: Mapping[str, float] | None = None,
) -> PictureSource:
    """Training pictures of a folder, checked.

    Parameters
    ----------
    data
        A set in any layout of the table, a folder of such sets, or what ``training.data pack``
        wrote; None: the set named `kind` below `root`.
    kind
        Name of a layout, or ``"folders"`` for all sets in the folder of training sets.
    root
        Where sets are looked for without `data`.
    factors
        See `set_weights`. Packed crops keep the shares that they were packed with.

    Raises
    ------
    DataError
        When nothing is found there, or pictures of it are broken: one message that names them.
    """
    if data is None:
        base = root or Path()
        sets = training_sets(base) if kind == "folders" else [find_set(kind, base)]
    elif (data / INDEX).is_file():
        return PackedPictures(data)
    else:
        sets = sets_in(data)
    source = pictures_of(sets, factors=factors)
    check(source)
    return source


def sets_in(folder: Path) -> list[FoundSet]:
    """The set that a folder is, or all sets that lie in it.

    Some sets lie in a folder of their publisher's; where it has others beside it, all are meant.

    Raises
    ------
    DataError
        When there is none.
    """
    folder = existing(folder, "a data set or a folder of sets")
    own = recognised(folder)
    if own is not None and own.folder == folder:
        return [own]
    inner = sorted(folder.iterdir()) if folder.is_dir() else []
    sets = [found for path in inner if (found := recognised(path))]
    if own is not None and len(sets) <= 1:
        return [own]
    if not sets:
        raise DataError(
            f"expected a data set or a folder of sets in {folder}, found neither; "
            f"arrange the data like this:\n{expected_tree()}"
        )
    return sets


def training_sets(root: Path) -> list[FoundSet]:
    """The sets for training at or below ``root``: those in its folder ``train``, or its own.

    A folder ``train`` that is a set itself is one of the root's own.

    Raises
    ------
    DataError
        When there is none.
    """
    places = [root / place for place in PLACES if Path(place).name == "train"]
    below = next((place for place in places if place.is_dir()), None)
    return sets_in(root if below is None or recognised(below) else below)


def unread_pictures(sets: Sequence[FoundSet], part: str) -> list[Unread]:
    """Pictures of a part; sets without parts of their own are split by the pictures' names."""
    return of_part([Unread(entry, found) for found in sets for entry in found.entries(part)], part)


def of_part(unread: Sequence[Unread], part: str) -> list[Unread]:
    """Those of a part; of sets without parts of their own all, while these have few pictures."""
    if sum(not picture.found.own_parts for picture in unread) < SMALLEST_TO_SPLIT:
        return list(unread)
    return [
        picture
        for picture in unread
        if picture.found.own_parts
        or in_validation(picture.found.name, picture.entry.name) == (part == "val")
    ]


def pictures_of(
    sets: Sequence[FoundSet], part: str = "train", *, factors: Mapping[str, float] | None = None
) -> LazyPictures:
    """Pictures of a part of some sets, unread.

    Sets are lopsided, so neither sets nor pictures are drawn uniformly (`set_weights`).
    """
    unread = unread_pictures(sets, part)
    if not unread:
        raise DataError(
            f"expected masks for training in {sets[0].folder}, found none; "
            f"arrange the data like this:\n{expected_tree(sets[0].layout.kind)}"
        )
    return LazyPictures(unread, set_weights([picture.found.name for picture in unread], factors))


def set_weights(
    names: Sequence[str], factors: Mapping[str, float] | None = None
) -> NDArray[np.float64]:
    """Probability of each picture, of which the names of the sets are given.

    A set counts as the square root of its size, times its factor if there is one; where there are
    both, half of the pictures drawn are microscopy, which is what most objects are that people
    will click on.
    """
    _, inverse, counts = np.unique(np.array(names), return_inverse=True, return_counts=True)
    weights = 1 / np.sqrt(counts)[inverse]
    if factors:
        weights *= np.array([factors.get(name, 1.0) for name in names])
    microscopy = np.array([is_microscopy(name) for name in names])
    for kind in (microscopy, ~microscopy):
        weights[kind] /= weights[kind].sum()
    return np.asarray(weights / weights.sum(), np.float64)


def check(source: PictureSource, most: int = MOST_READ_AT_START) -> int:
    """Read up to so many pictures of a source, evenly spread; gives their number of objects.

    Raises
    ------
    DataError
        One that names the first broken files and tells how many there are; or when no picture has
        an object.
    """
    broken: list[str] = []

    def look(index: int) -> int:
        try:
            return len(source[index].objects)
        except DataError as error:
            broken.append(str(error))
            return 0

    chosen = np.unique(np.linspace(0, len(source) - 1, min(most, len(source))).astype(int))
    silent = local_place()[0] > 0
    with ThreadPoolExecutor(2) as pool:
        looks = pool.map(look, chosen)
        bar = tqdm(
            looks,
            "checking pictures",
            len(chosen),
            leave=not sys.stderr.isatty(),  # only a terminal can wipe it off the line
            disable=silent,
        )
        objects = int(sum(bar))
    if broken:
        shown = "\n".join(sorted(broken)[:5])
        raise DataError(f"{len(broken)} of {len(chosen)} pictures are broken:\n{shown}")
    if not objects:
        raise DataError("expected pictures with objects, but all masks are empty.")
    return objects
