"""``load_model``: from a name or a file to a network that is ready to predict."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from platformdirs import user_data_path

from napari_fcfi.network import AnyArchitecture, Architecture, Network, build_network
from napari_fcfi.network.folding import fold_batch_norm

from .card import Card
from .files import SUFFIX, CheckpointError, file_hash, fill, read_checkpoint
from .released import read_released
from .torch_files import is_torch_file

EMBEDDED = Path(__file__).parent / "weights"


@dataclass(frozen=True, eq=False)
class Model:
    """A network with its card, on a device, in evaluation mode.

    ``sha256`` is the hash of the file it came from, or a name for a network that has none.
    """

    network: Network
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
    try:
        path = Path(name_or_path).expanduser()
    except RuntimeError as error:
        raise CheckpointError(
            f"Expected the path of a checkpoint; got {name!r}, whose user is not known here: write "
            "the folder out."
        ) from error
    for folder in (EMBEDDED, models_folder()):
        candidate = folder / f"{name}{SUFFIX}"
        if path.name == name and candidate.is_file():  # a path is no name
            return candidate
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
    try:
        found = torch.device(device)
    except RuntimeError as error:
        raise CheckpointError(
            f"Expected a device such as cuda or cuda:1; got {device!r}."
        ) from error
    counted = torch.cuda.device_count() if kind == "cuda" else 1
    is_beyond = (found.index or 0) >= max(1, counted)
    if is_beyond or not usable.get(kind, True):
        raise CheckpointError(f"Expected a device that is there; {device} is not: use cpu or auto.")
    return found


def load_network(name_or_path: str | Path) -> tuple[Network, Card]:
    """A network as its file has it, to be trained further or looked into, and its card.

    Parameters
    ----------
    name_or_path : str or Path
        See `load_model`.

    Raises
    ------
    CheckpointError
        When the file is missing, damaged, of another kind, or does not fit its network.
    """
    path = checkpoint_path(name_or_path)
    if is_torch_file(path):
        card, weights, names = read_released(path)
        network = build_network(card.architecture)
        fill(network, weights, path.name, names.theirs)
        return network, card
    card, weights = read_checkpoint(path)
    network = build_network(card.architecture)
    fill(network, weights, path.name)
    return network, card


def load_model(name_or_path: str | Path = "fcfi-lite", device: str = "auto") -> Model:
    """A model by name or from a file, ready to predict.

    Parameters
    ----------
    name_or_path : str or Path
        ``"fcfi-lite"`` (embedded), the name of a file in the user's folder, or a path: of one of
        our files (``.safetensors``), or of one that the authors of FCFI or RITM published or their
        programs wrote (``.pth``).
    device : str
        ``auto``, ``cpu``, ``cuda`` or ``mps``.

    Raises
    ------
    CheckpointError
        When the file is missing, damaged, of another kind, or does not fit its network, or when
        the device is unknown or not there.
    """
    chosen = choose_device(device)
    path = checkpoint_path(name_or_path)
    network, card = load_network(path)
    return _ready(network, card, file_hash(path), chosen)


def untrained_model(
    seed: int = 0, device: str = "cpu", architecture: AnyArchitecture | None = None
) -> Model:
    """A network with random weights, for tests and for timing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(architecture or Architecture())
    card = Card(name="untrained", architecture=network.architecture, summary="Random weights.")
    return _ready(network, card, f"untrained-{seed}", choose_device(device))


def _ready(network: Network, card: Card, sha256: str, device: torch.device) -> Model:
    fold_batch_norm(network.eval())
    network = network.requires_grad_(False).to(device)
    network = network.to(memory_format=torch.channels_last)
    return Model(network, card.name, card, sha256, device)
