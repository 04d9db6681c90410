"""Checkpoint files: safetensors with the card as metadata.

Convolution weights are kept as float16, one-dimensional tensors as float32; a file that does not
fit its network is refused by name and shape of every tensor.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from napari_fcfi.network import FCFI

from .card import Card

CARD_KEY = "napari-fcfi"
LISTED = 5
"""Names of tensors that a message lists before it counts the rest."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message is one sentence for the user."""


def write_checkpoint(path: Path, network: FCFI, card: Card) -> str:
    """Write weights and card; gives the file's SHA-256."""
    tensors = {
        name: (value.half() if value.ndim > 1 else value.float()).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    save_file(tensors, path, metadata={CARD_KEY: card.model_dump_json()})
    return file_hash(path)


def read_checkpoint(path: Path) -> tuple[Card, dict[str, Tensor]]:
    """Card and float32 weights of a file.

    Raises
    ------
    CheckpointError
        When the file is missing, truncated, or of another kind.
    """
    if not path.is_file():
        raise CheckpointError(
            f"Expected a checkpoint file; {path} does not exist: check the path or choose another."
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            if CARD_KEY not in metadata:
                raise CheckpointError(
                    f"Expected a checkpoint of napari-fcfi; {path.name} is a safetensors file of "
                    "something else: choose another file."
                )
            card = Card.model_validate_json(metadata[CARD_KEY])
            weights = {name: file.get_tensor(name).float() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"Expected a whole safetensors checkpoint; {path.name} is damaged or of another kind "
            f"({error}): download or copy it again, or choose another file."
        ) from error
    except ValidationError as error:
        raise CheckpointError(
            f"Expected a card that this version understands; the one in {path.name} differs in "
            f"{_fields(error)}: update napari-fcfi or choose another file."
        ) from error
    return card, weights


def fill(network: FCFI, weights: dict[str, Tensor], origin: str) -> None:
    """Read weights into a network, each tensor checked by name and shape.

    Raises
    ------
    CheckpointError
        When tensors are missing, unknown or of another shape; nothing is changed then.
    """
    expected = network.state_dict()
    missing = [name for name in expected if name not in weights]
    unknown = [name for name in weights if name not in expected]
    misshapen = [
        f"{name} {tuple(weights[name].shape)} instead of {tuple(value.shape)}"
        for name, value in expected.items()
        if name in weights and weights[name].shape != value.shape
    ]
    faults = [
        f"{what} {_listed(names)}"
        for what, names in (("lacks", missing), ("has unknown", unknown), ("has", misshapen))
        if names
    ]
    if faults:
        raise CheckpointError(
            f"Expected the tensors of {network.architecture.name}; {origin} "
            f"{' and '.join(faults)}: choose a checkpoint of this architecture."
        )
    with torch.no_grad():
        network.load_state_dict(weights)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def _fields(error: ValidationError) -> str:
    return _listed([".".join(map(str, e["loc"])) or str(e["type"]) for e in error.errors()])
