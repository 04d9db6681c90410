"""Checkpoint files: safetensors with the card as metadata.

Convolution weights are kept as float16, one-dimensional tensors as float32; a file that does not
fit its network is refused by name and shape of every tensor.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from napari_fcfi.network import Network

from .card import Card

SUFFIX = ".safetensors"
CARD_SUFFIX = ".json"
CARD_KEY = "napari-fcfi"
LISTED = 5
"""Names of tensors that a message lists before it counts the rest."""


class CheckpointError(ValueError):
    """A checkpoint that cannot be used; the message is one sentence for the user."""


def write_checkpoint(path: Path, network: Network, card: Card, *, exact: bool = False) -> str:
    """Write weights and card; gives the file's SHA-256.

    ``exact`` keeps every number as it is, for a file of about twice the size.

    Raises
    ------
    OSError
        When it cannot be written, with one sentence; nothing is left of it then.
    """
    tensors = {
        name: (value if exact else _stored(value)).contiguous().cpu()
        for name, value in network.state_dict().items()
    }
    try:
        with TemporaryDirectory(dir=path.absolute().parent) as folder:
            unfinished = Path(folder) / path.name
            save_file(tensors, unfinished, metadata={CARD_KEY: card.model_dump_json()})
            unfinished.chmod(0o644)  # it comes readable for its owner alone
            unfinished.replace(path)
    except (SafetensorError, OSError) as error:
        raise OSError(
            f"Expected to write the checkpoint {path}; got “{error}”: make room there, or choose "
            "another folder."
        ) from error
    return file_hash(path)


def write_card_beside(path: Path, card: Card, sha256: str) -> None:
    """Write a checkpoint's card, with the hash of its file, as JSON beside it."""
    described = card.model_dump(mode="json") | {"sha256": sha256}
    text = json.dumps(described, indent=2, ensure_ascii=False) + "\n"
    path.with_suffix(CARD_SUFFIX).write_text(text, encoding="utf-8")


def _stored(value: Tensor) -> Tensor:
    return value.half() if value.ndim > 1 else value.float()


def read_checkpoint(path: Path) -> tuple[Card, dict[str, Tensor]]:
    """Card and float32 weights of a file.

    Raises
    ------
    CheckpointError
        When the file is missing, truncated, or of another kind.
    """
    check_is_file(path)
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


def check_is_file(path: Path) -> None:
    """Raise CheckpointError unless there is a file of this path."""
    if path.is_dir():
        raise CheckpointError(
            f"Expected a checkpoint file; {path} is a folder: choose a file in it."
        )
    if not path.is_file():
        raise CheckpointError(
            f"Expected a checkpoint file; {path} does not exist: check the path or choose another."
        )


def fill(
    network: Network,
    weights: dict[str, Tensor],
    origin: str,
    spelled: Callable[[str], str] = str,
) -> None:
    """Read weights into a network, each tensor checked by name and shape.

    Parameters
    ----------
    network : Network
        Filled in place.
    weights : dict of str to Tensor
        By the network's own names.
    origin : str
        Name of the file, for messages.
    spelled : callable
        From a tensor's name to its name in that file, for messages.

    Raises
    ------
    CheckpointError
        When tensors are missing, unknown or of another shape; nothing is changed then.
    """
    if found := faults(network.state_dict(), weights, spelled):
        raise CheckpointError(
            f"Expected the tensors of {network.architecture.name}; {origin} {found}: choose a "
            "checkpoint of this architecture."
        )
    with torch.no_grad():
        network.load_state_dict(weights)


def faults(
    expected: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    spelled: Callable[[str], str] = str,
) -> str:
    """What is missing, unknown or of another shape in ``given``, in words; empty if nothing is."""
    missing = [spelled(name) for name in expected if name not in given]
    unknown = [spelled(name) for name in given if name not in expected]
    misshapen = [
        f"{spelled(name)} {tuple(given[name].shape)} instead of {tuple(value.shape)}"
        for name, value in expected.items()
        if name in given and given[name].shape != value.shape
    ]
    return " and ".join(
        f"{what} {_listed(names)}"
        for what, names in (("lacks", missing), ("has unknown", unknown), ("has", misshapen))
        if names
    )


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _listed(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED])
    return shown if len(names) <= LISTED else f"{shown} and {len(names) - LISTED} more"


def _fields(error: ValidationError) -> str:
    return _listed([".".join(map(str, e["loc"])) or str(e["type"]) for e in error.errors()])
