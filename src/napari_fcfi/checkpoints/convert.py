"""Released files turned into ours, and what a checkpoint tells about itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .card import Card
from .files import (
    CARD_SUFFIX,
    SUFFIX,
    CheckpointError,
    file_hash,
    write_card_beside,
    write_checkpoint,
)
from .load import checkpoint_path, load_network


def convert_checkpoint(source: str | Path, target: Path) -> tuple[Card, str]:
    """Write a checkpoint of any kind as one of ours, its card beside it as JSON.

    Weights stay as exact as they were, so that masks are the same.

    Parameters
    ----------
    source : str or Path
        What `load_model` takes, such as ``"model_h18s.pth"``.
    target : Path
        File to write, ``.safetensors``; its name becomes the model's.

    Returns
    -------
    tuple
        The card, and the SHA-256 of the written file.

    Raises
    ------
    CheckpointError
        When the source cannot be read, or the target has another suffix, is there already or lies
        in no folder; nothing is written then.
    """
    beside = target.with_suffix(CARD_SUFFIX)
    if target.suffix != SUFFIX:
        raise CheckpointError(
            f"Expected a name that ends in {SUFFIX} for the converted file; got {target.name!r}."
        )
    if not target.absolute().parent.is_dir():
        raise CheckpointError(
            f"Expected a folder for the converted file; {target.parent} does not exist: make it, "
            "or choose another."
        )
    if taken := next((path for path in (target, beside) if path.exists()), None):
        raise CheckpointError(
            f"Expected the name of a new file; {taken} is there already: remove it, or choose "
            "another name."
        )
    network, card = load_network(source)
    card = card.model_copy(update={"name": target.stem})
    sha256 = write_checkpoint(target, network, card, exact=True)
    write_card_beside(target, card, sha256)
    return card, sha256


def inspect_checkpoint(name_or_path: str | Path) -> dict[str, Any]:
    """The card of a checkpoint with its file, size and hash, as plain values for JSON.

    ``bytes`` is the size of the file and ``parameters`` the number of the network's weights.

    Raises
    ------
    CheckpointError
        As `load_model`; a file that cannot be loaded is not described either.
    """
    path = checkpoint_path(name_or_path)
    network, card = load_network(path)
    return {
        **card.model_dump(mode="json"),
        "file": str(path),
        "bytes": path.stat().st_size,
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "sha256": file_hash(path),
    }
