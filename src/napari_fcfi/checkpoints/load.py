"""``load_model``: from a name or a file to a network that is ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from platformdirs import user_data_path

from napari_fcfi.network import FCFI, Architecture

from .card import Card
from .files import CheckpointError, file_hash, fill, read_checkpoint

EMBEDDED = Path(__file__).parent / "weights"
SUFFIX = ".safetensors"


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its card, on a device, in evaluation mode.

    ``sha256`` is the hash of the file it came from, or a name for a network that has none.
    """

    network: FCFI
    name: str
    card: Card
    sha256: str
    device: torch.device


def models_folder() -> Path:
    """Folder in which the user keeps further checkpoints."""
    return user_data_path("napari-fcfi") / "models"


def available_models() -> list[str]:
    """Names of the embedded models and of the files in the user's folder, embedded ones first."""
    embedded = sorted(path.stem for path in EMBEDDED.glob(f"*{SUFFIX}"))
    own = sorted(path.stem for path in models_folder().glob(f"*{SUFFIX}"))
    return [*embedded, *(name for name in own if name not in embedded)]


def checkpoint_path(name_or_path: str | Path) -> Path:
    """The file of a model's name, or the path itself.

    Raises
    ------
    CheckpointError
        When it is neither a known name nor the path of a file.
    """
    name = str(name_or_path)
    for folder in (EMBEDDED, models_folder()):
        if (candidate := folder / f"{name}{SUFFIX}").is_file():
            return candidate
    path = Path(name_or_path).expanduser()
    if path.suffix or path.exists():
        return path
    at_hand = ", ".join(available_models()) or "none at hand"
    raise CheckpointError(
        f"Expected the name of a model ({at_hand}) or the path of a checkpoint; got {name!r}: "
        "check the spelling."
    )


def choose_device(device: str = "auto") -> torch.device:
    """The device of a name; ``auto`` is CUDA if there is one, then MPS, then the CPU.

    Raises
    ------
    CheckpointError
        When the device is unknown or not there.
    """
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return torch.device(next((kind for kind, there in usable.items() if there), "cpu"))
    kind = device.split(":")[0]
    if kind not in ("cpu", *usable):
        raise CheckpointError(f"Expected auto, cpu, cuda or mps as device; got {device!r}.")
    if not usable.get(kind, True):
        raise CheckpointError(f"Expected a device that is there; {device} is not: use cpu or auto.")
    return torch.device(device)


def load_model(name_or_path: str | Path = "fcfi-lite", device: str = "auto") -> Model:
    """A model by name or from a file, ready to predict.

    Parameters
    ----------
    name_or_path : str or Path
        ``"fcfi-lite"`` (embedded), the name of a file in the user's folder, or a path.
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    CheckpointError
        When the file is missing, damaged, of another kind, or does not fit its network, or when
        the device is unknown or not there.
    """
    path = checkpoint_path(name_or_path)
    card, weights = read_checkpoint(path)
    network = FCFI(card.architecture)
    fill(network, weights, path.name)
    return _ready(network, card, file_hash(path), choose_device(device))


def untrained_model(
    seed: int = 0, device: str = "cpu", architecture: Architecture | None = None
) -> Model:
    """A network with random weights, for tests and for timing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FCFI(architecture)
    card = Card(name="untrained", architecture=network.architecture, summary="Random weights.")
    return _ready(network, card, f"untrained-{seed}", choose_device(device))


def _ready(network: FCFI, card: Card, sha256: str, device: torch.device) -> Model:
    network = network.eval().requires_grad_(False).to(device)
    network = network.to(memory_format=torch.channels_last)
    return Model(network, card.name, card, sha256, device)
