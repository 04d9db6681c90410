"""Synthetic weights of the reference outputs: every tensor follows from its name and shape.

The rule is stated in `reference/REFERENCE.md`, section C. Numbers are drawn by the crc32 of the
tensor's full name, so that a network needs no file to be filled alike on every machine.
"""

from __future__ import annotations

import json
import math
import re
import zlib
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from napari_fcfi.checkpoints.released_keys import Names
from napari_fcfi.network import PaperNetwork, released_architecture

REFERENCE = Path(__file__).parent / "data" / "reference"
"""Keys and portable outputs of the released programs, small enough to travel with the tests."""

RESIDUAL = 0.25
"""Factor of a batch norm that ends a branch which is added to another."""

CONVOLUTION_FACTORS = {
    "feature_extractor.cls_head.weight": 7.0,
    "feature_extractor.aux_head.3.weight": 4.0,
    "head.layers.2.weight": 1.0,
    "feature_extractor.fusion_module.fusion_encoder.3.weight": 2.0,
    "feature_extractor.feedback_fusion.fusion_encoder.3.weight": 4.0,
}


def released_keys(model: str) -> dict[str, tuple[int, ...]]:
    """Tensor names and shapes of a released model, such as ``"fcfi_hrnet18s"``, in file order."""
    keys = json.loads((REFERENCE / f"{model}.keys.json").read_text(encoding="utf-8"))
    return {name: tuple(shape) for name, (shape, _) in keys.items()}


def write_released(
    path: Path, model: str, state: Mapping[str, Tensor] | None = None, *, zipped: bool = True
) -> None:
    """Write a checkpoint as the authors' programs do, with synthetic weights unless others come.

    ``zipped`` is the container that PyTorch has used since 1.6; published files have either.
    """
    content = {
        "state_dict": OrderedDict(state or synthetic_weights(released_keys(model))),
        "config": released_config(model),
    }
    torch.save(content, path, _use_new_zipfile_serialization=zipped)


def released_config(model: str) -> dict[str, Any]:
    """The config in a checkpoint of a released model."""
    config: dict[str, Any] = json.loads(
        (REFERENCE / f"{model}.config.json").read_text(encoding="utf-8")
    )
    normalisation = config["params"]["norm_mean_std"]
    normalisation["value"] = tuple(normalisation["value"])  # as it is before it becomes JSON
    return config


def synthetic_weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """State with the synthetic value of every tensor; a sibling's name tells batch norms apart."""
    return {name: synthetic_tensor(name, tuple(shapes[name]), shapes) for name in shapes}


@cache
def released_network(model: str) -> PaperNetwork:
    """A released model with its synthetic weights, in evaluation mode; do not change it."""
    architecture = released_architecture(model.replace("_", "-"))
    network = PaperNetwork(architecture)
    fill_synthetically(network, Names(architecture).theirs)
    return network.eval().requires_grad_(False)


def fill_synthetically(module: nn.Module, full_name: Callable[[str], str]) -> None:
    """Give a module the synthetic weights of its tensors' full names in the released program."""
    own = module.state_dict()
    state = synthetic_weights({full_name(name): tuple(v.shape) for name, v in own.items()})
    module.load_state_dict({name: state[full_name(name)] for name in own})


def clicks_of_points(points: np.ndarray[Any, Any]) -> Tensor:
    """Clicks ``(B, 2N, 3)`` of a released points table: first half foreground, second background.

    Rows of the table are ``y, x, order``; clicks are ``y, x, sign`` in the table's order.
    """
    clicks = torch.from_numpy(np.array(points, np.float32))
    half = clicks.shape[1] // 2
    empty = clicks[..., :2].amax(dim=2) < 0
    clicks[:, :half, 2], clicks[:, half:, 2] = 1, 0
    clicks[empty] = -1
    return clicks


def synthetic_tensor(name: str, shape: tuple[int, ...], among: Mapping[str, Any]) -> Tensor:
    """The value of one tensor; ``among`` holds the names of all tensors of the model."""
    if name.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.int64)
    generator = np.random.Generator(np.random.PCG64(zlib.crc32(name.encode())))
    uniform = generator.random(math.prod(shape))
    z = ((uniform - 0.5) * 3.4641016151377544).reshape(shape)
    return torch.from_numpy(np.asarray(_value(name, z, among)).astype(np.float32))


def weights_crc32(state: Mapping[str, Tensor]) -> int:
    """Running crc32 of all tensors' bytes in the order of their names."""
    crc = 0
    for name in sorted(state):
        array = state[name].detach().cpu().numpy()
        little_endian = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        crc = zlib.crc32(little_endian.tobytes(), crc)
    return crc


def _value(name: str, z: np.ndarray[Any, Any], among: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    module, _, kind = name.rpartition(".")
    if kind == "running_mean":
        return 0.1 * z
    if kind == "running_var":
        return 0.75 + 0.25 * z * z
    if kind == "scale":
        return 1.0 + 0.05 * z
    if kind == "bias":
        return _bias_offset(name) + 0.1 * z
    if f"{module}.running_mean" in among:
        return _norm_factor(module) * (1.0 + 0.1 * z)
    return _convolution(z) * CONVOLUTION_FACTORS.get(name, 1.0)


def _bias_offset(name: str) -> float:
    if name.endswith("residual_predictor.bn.bias"):
        return 1.5
    return -2.5 if name.endswith("fusion_encoder.3.bias") else 0.0


def _norm_factor(module: str) -> float:
    own_name = module.rpartition(".")[2]
    adds = (
        ".fuse_layers." in module
        or (".branches." in module and own_name == "bn2")
        or (re.search(r"\.layer\d+\.", module) is not None and own_name == "bn3")
    )
    return RESIDUAL if adds else 1.0


def _convolution(z: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    incoming = z.shape[1]
    if incoming >= 8:  # every second input channel nearly cancels the one before it
        half = incoming // 2
        z = z.copy()
        z[:, 1 : 2 * half : 2] = -0.75 * z[:, 0 : 2 * half : 2]
    return z * math.sqrt(2.0 / math.prod(z.shape[1:]))
