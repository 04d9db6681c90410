"""Windows of many objects, kept on disk piece by piece, so that collecting can be broken off."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tqdm import tqdm

from .windows import Windows, WindowSource

OBJECTS_A_PIECE = 20


def collect(source: WindowSource, count: int, folder: Path) -> Windows:
    """Windows of the first objects of a source, of which pieces may lie in the folder already.

    Raises
    ------
    OSError
        When a piece cannot be written.
    DataError
        When a picture cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = {start: folder / f"{start:06}.npz" for start in range(0, count, OBJECTS_A_PIECE)}
    if at_hand := sum(path.is_file() for path in paths.values()):
        print(f"{at_hand} of {len(paths)} pieces are taken from {folder}, where they lie already")
    pieces = []
    for start, path in tqdm(paths.items(), desc="windows", unit="piece"):
        if not path.is_file():
            numbers = range(start, start + OBJECTS_A_PIECE)
            _write(path, joined([source.of_object(number) for number in numbers]))
        with np.load(path, allow_pickle=False) as stored:
            pieces.append(Windows(*(stored[name] for name in Windows._fields)))
    return joined(pieces)


def joined(parts: list[Windows]) -> Windows:
    """Windows of all parts, no group of one with a group of another."""
    groups = []
    first = 0
    for part in parts:
        groups.append(part.group + first)
        first = int(groups[-1].max()) + 1
    return Windows(
        np.concatenate([part.described for part in parts]),
        np.concatenate([part.iou for part in parts]),
        np.concatenate(groups),
    )


def _write(path: Path, windows: Windows) -> None:
    unfinished = path.with_suffix(".part")
    with unfinished.open("wb") as file:
        np.savez(file, **windows._asdict())
    unfinished.replace(path)
