"""The state of a run on disk: written whole or not at all, read without executing anything."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import torch

from napari_fcfi.checkpoints.released import TRAINING_STATE


class StateError(ValueError):
    """A state cannot be written or read; the message is one sentence for the user."""


def write_state(path: Path, state: dict[str, Any]) -> None:
    """Write a state; whatever interrupts this leaves the file before it whole.

    Raises
    ------
    StateError
        When there is no room for it or the folder cannot be written to.
    """
    # written by torch itself, a full disk would be a trace of torch's C++
    content = io.BytesIO()
    torch.save(state, content)
    unfinished = path.with_suffix(".tmp")
    try:
        with unfinished.open("wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        size = content.getbuffer().nbytes / 1e6
        kept = f"{path.name} is whole, as it was before" if path.exists() else "nothing is saved"
        _remove(unfinished)
        raise StateError(
            f"Expected to write the run's state, {size:.1f} MB, into {path.parent}; got "
            f"{error.strerror!r}: make room there and call the same command again ({kept})."
        ) from error


def read_state(path: Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """A state as `write_state` wrote it, its tensors on a device.

    Raises
    ------
    StateError
        When the file is not the state of a run, or cannot be read.
    FileNotFoundError
        When there is none.
    """
    try:
        state = torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise StateError(
            f"Expected to read the run's state {path}; got {error.strerror!r}: put that right, or "
            "name another folder with --run."
        ) from error
    except Exception as error:  # on a damaged file the reader may stumble anywhere
        raise _not_a_state(path) from error
    if not isinstance(state, dict) or not state.keys() >= TRAINING_STATE:
        raise _not_a_state(path)
    return state


def _not_a_state(path: Path) -> StateError:
    return StateError(
        f"Expected the state of a run (last.pt, decayed.pt); {path} is something else or damaged."
    )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:  # whatever forbade writing forbids this as well; it is overwritten later
        return
