"""How the commands of training write a checkpoint: with its card beside it, and saying so."""

from __future__ import annotations

from pathlib import Path

from napari_fcfi.checkpoints import Card, write_card_beside, write_checkpoint
from napari_fcfi.network import Network


def write_and_say(output: Path, network: Network, card: Card) -> None:
    """Write a checkpoint and its card; print the file's size and SHA-256.

    Raises
    ------
    OSError
        When one of them cannot be written.
    """
    sha256 = write_checkpoint(output, network, card)
    write_card_beside(output, card, sha256)
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")
