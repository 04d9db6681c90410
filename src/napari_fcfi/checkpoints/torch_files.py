"""PyTorch's own files, in both of its containers, read without ever running what is in them."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import torch

from .files import CheckpointError, check_is_file

SUFFIXES = (".pth", ".pt")
BEGINNINGS = (b"PK\x03\x04", b"\x80")
"""Of the zip container and of the older one, a row of pickles."""

REFUSED = re.compile("nsupported global|Trying to|Can only build", re.IGNORECASE)
"""How PyTorch's reader speaks of what is neither a tensor nor a plain value."""


def is_torch_file(path: Path) -> bool:
    """Whether a file claims to be one of PyTorch's, by its suffix or its first bytes."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError:  # whoever reads it says what is wrong
        return False
    # a safetensors file begins with a length, whose first byte may be any, and then its header
    return start.startswith(BEGINNINGS) and start[8:] != b"{"


def read_torch_file(path: Path) -> Any:
    """What is in a file, on the CPU: tensors, plain values, and collections of them.

    Raises
    ------
    CheckpointError
        When the file is missing or damaged, of another kind, or holds anything else, as a program.
    """
    check_is_file(path)
    try:
        # not by its name, by whose suffix PyTorch may choose a reader; and without its warnings
        # about foreign pickles, which are refused or read like any other
        with path.open("rb") as file, warnings.catch_warnings(action="ignore"):
            return torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # on a crafted file the reader may stumble anywhere
        # from None: PyTorch's own words advise to read the file in the way that runs programs
        if REFUSED.search(str(error)):
            raise CheckpointError(
                f"Expected nothing but tensors and plain values; {path.name} holds something that "
                "could run as a program, and was not read: choose another file."
            ) from None
        raise CheckpointError(
            f"Expected a whole PyTorch checkpoint; {path.name} is damaged or of another kind "
            f"({type(error).__name__}): download or copy it again, or choose another file."
        ) from None
