"""The option of command lines that tells where data sets lie."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataRoot = Annotated[
    Path,
    typer.Option(
        metavar="DIR",
        envvar="NAPARI_FCFI_DATA",
        help="Where sets are looked for without --data.",
    ),
]
