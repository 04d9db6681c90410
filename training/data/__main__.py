"""``python -m training.data``: check data sets, prepare crops, convert pickled annotations."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from .coco_lvis import PICKLE
from .coco_lvis import convert as convert_part
from .files import DataError
from .layouts import expected_tree
from .packed import pack as pack_source
from .source import LazyPictures, Unread, pictures_of, sets_in
from .source import check as check_source

app = typer.Typer(add_completion=False, help=__doc__)
Folder = Annotated[Path, typer.Argument(help="A data set, or a folder of sets.")]


@app.command()
def layouts() -> None:
    """Show how each set has to lie."""
    print(expected_tree())


@app.command()
def check(folder: Folder) -> None:
    """Read every picture and mask, and name those that are broken."""
    wrong: list[str] = []
    for found in sets_in(folder):
        parts = found.own_parts
        for part in parts or ("train",):
            whole = replace(found, layout=replace(found.layout, least_filling=0.0))
            name = f"{found.name}, {part}" if parts else found.name
            unmasked = len(found.layout.unmasked(found.folder))
            left_out = f"; images without a mask: {unmasked}" if unmasked else ""
            try:
                pictures = [Unread(entry, whole) for entry in found.entries(part)]
                even = np.full(len(pictures), 1 / max(1, len(pictures)))
                objects = check_source(LazyPictures(pictures, even, room=0), len(pictures))
            except DataError as error:  # what else there is to say is said all the same
                print(f"{name}: not all in order{left_out}")
                wrong.append(f"{name}: {error}")
                continue
            measured = not parts or part == "val"
            expected = f" (published: {found.objects})" if measured and found.objects else ""
            print(f"{name}: {len(pictures)} pictures, {objects} objects{expected}{left_out}")
    if wrong:
        raise DataError("\n".join(wrong))


@app.command()
def pack(
    folder: Folder,
    output: Annotated[Path, typer.Argument(help="Folder of the prepared crops.")],
    side: Annotated[int, typer.Option(help="Longest side of a crop, px.")] = 640,
) -> None:
    """Write the training crops of sets decoded into one file, for `training.train --data`."""
    count = pack_source(pictures_of(sets_in(folder)), output, side)
    print(f"{count} crops in {output}")


@app.command()
def convert(
    folder: Annotated[Path, typer.Argument(help="COCO+LVIS, with train/ or val/ in it.")],
) -> None:
    """Write COCO+LVIS's pickled annotations as JSON and PNG files beside them."""
    parts = [path.parent.name for path in sorted(folder.glob(f"*/{PICKLE}"))]
    if not parts:
        raise DataError(
            f"expected SPLIT/{PICKLE} in {folder}, found none; the data look like this:\n"
            f"{expected_tree('coco_lvis')}"
        )
    for part in parts:
        print(f"{part}: {convert_part(folder, part)} pictures converted")


def main() -> None:
    """Run a command; what is wrong with the data is told in words."""
    try:
        app()
    except (DataError, OSError) as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
