"""Initial weights of a backbone, from a file that the user gives; nothing is downloaded.

Such a file has timm's tensor names, as timm saves its models: ``hrnet_w18``, ``hrnet_w32``,
``hrnet_w18_small_v2``, ``resnet101s`` or ``tf_efficientnet_lite0``. The HRNet authors' own files
for classification have the same names.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from napari_fcfi.network import AnyArchitecture, PaperArchitecture
from napari_fcfi.network.architecture import SIZES
from napari_fcfi.network.timm_beside_mesa import import_timm

from .files import CheckpointError, check_is_file, faults
from .torch_files import is_torch_file, read_torch_file

LITE = "tf_efficientnet_lite0"

CLASSIFIERS = {
    "hrnet": ("incre_modules.", "downsamp_modules.", "final_layer.", "classifier."),
    "resnet": ("fc.",),
    "tf_efficientnet": ("conv_head.", "bn2.", "classifier."),
}
"""Prefixes, by the beginning of the backbone's name, of tensors that only classification needs."""

COUNTER = "num_batches_tracked"
"""Ending of a batch norm's counter, which older files lack and nothing here reads."""


def read_backbone_weights(path: Path, architecture: AnyArchitecture) -> dict[str, Tensor]:
    """Weights for `build_network`, every name and shape checked.

    Parameters
    ----------
    path : Path
        A ``.safetensors`` or PyTorch file with timm's names; its classifier is left out.
    architecture : Architecture or PaperArchitecture
        Of the network that is to be built.

    Raises
    ------
    CheckpointError
        When the file is damaged or of another kind, or a tensor is missing, unknown or of another
        shape.
    """
    backbone = (
        SIZES[architecture.name].backbone if isinstance(architecture, PaperArchitecture) else LITE
    )
    stored = _read(path)
    whole = _whole(backbone)
    classifier = next(ends for name, ends in CLASSIFIERS.items() if backbone.startswith(name))
    expected = {name: v for name, v in whole.items() if not name.startswith(classifier)}
    given = {name: v for name, v in stored.items() if not name.startswith(classifier)}
    for name, value in expected.items():
        if name.endswith(COUNTER):
            given.setdefault(name, torch.zeros_like(value, device="cpu"))
    if found := faults(expected, given):
        raise CheckpointError(
            f"Expected timm's tensors of {backbone}; {path.name} {found}: choose a file of this "
            "backbone."
        )
    return given


def _whole(backbone: str) -> dict[str, Tensor]:
    """All tensors of timm's model, without memory behind them."""
    with torch.device("meta"):
        state: dict[str, Tensor] = import_timm().create_model(backbone).state_dict()
    return state


def _read(path: Path) -> dict[str, Tensor]:
    check_is_file(path)
    if is_torch_file(path):
        stored = read_torch_file(path)
    else:
        try:
            stored = load_file(path)
        except (SafetensorError, OSError) as error:
            raise CheckpointError(
                f"Expected a safetensors or PyTorch file; {path.name} is damaged or of another "
                f"kind ({error}): download or copy it again, or choose another file."
            ) from error
    if not isinstance(stored, dict) or not all(isinstance(v, Tensor) for v in stored.values()):
        raise CheckpointError(
            f"Expected tensors by timm's names; {path.name} holds something else: choose a file "
            "as timm saves its models."
        )
    return {str(name): value for name, value in stored.items()}
