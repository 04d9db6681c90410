"""Checkpoints that the authors of FCFI and RITM published, or that their programs write.

Such a file is a dictionary with ``state_dict`` and ``config``; the config names the class and its
parameters. It is recognised by both, and its tensors are given our names in memory.
"""

from __future__ import annotations

from pathlib import Path
from types import NoneType
from typing import Any

import torch
from pydantic import BaseModel, ValidationError
from torch import Tensor

from napari_fcfi.network import PaperArchitecture, released_architecture
from napari_fcfi.network.architecture import SIZES, PaperName
from napari_fcfi.settings import ExpansionRatio

from .card import Card
from .files import CheckpointError
from .known_files import (
    FCFI_TERMS,
    RITM_LICENCE,
    RITM_TERMS,
    TRAINING_SETS,
    UNKNOWN_TERMS,
)
from .released_keys import Names, looks_like_fcfi
from .torch_files import read_torch_file

HRNETS = {(18, False): "hrnet_w18", (18, True): "hrnet_w18_small_v2", (32, False): "hrnet_w32"}
"""timm's names by width and whether it is the small variant."""

BUILT: dict[str, Any] = {
    "use_leaky_relu": True,
    "use_rgb_conv": False,
    "use_disks": True,
    "norm_radius": 5,
    "binary_prev_mask": False,
    "conv_extend": False,
    "clicks_groups": None,
    "num_classes": 1,
    "norm_mean_std": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "norm_layer": "torch.nn.modules.batchnorm.BatchNorm2d",
    "backbone": "resnet101",
    "deeplab_ch": 256,
}
"""Parameters with one value in all published models; networks with others are not built here."""

TRAINING_STATE = {"recipe", "averaged", "step"}
"""What the state of one of our own trainings holds besides its weights."""


class ReleasedFile(BaseModel):
    """Parameters of a config that decide on the network; defaults are those of its classes."""

    width: int = 48
    ocr_width: int = 256
    small: bool = False
    with_prev_mask: bool = False
    mid_ch: int = 64
    update_num: int = 1
    expansion_ratio: ExpansionRatio = 2.0


def read_released(path: Path) -> tuple[Card, dict[str, Tensor], Names]:
    """A card made from the file's config, its weights under our names, and how names correspond.

    Raises
    ------
    CheckpointError
        When the file is damaged, of another project, holds several models, or a network with
        options that no published model has.
    """
    stored = _single(read_torch_file(path), path)
    state, config = _parts(stored, path)
    kind, parameters = _config(config, path)
    fcfi = looks_like_fcfi(state) or "mid_ch" in parameters
    try:
        known = ReleasedFile.model_validate(parameters)
        architecture = _architecture(kind, known, fcfi=fcfi)
    except ValidationError as error:
        fields = ", ".join(".".join(map(str, e["loc"])) for e in error.errors())
        raise CheckpointError(
            f"Expected a config as the authors' programs write it; that of {path.name} has "
            f"values of another kind in {fields}: choose another file."
        ) from error
    if architecture is None:
        raise CheckpointError(
            f"Expected one of the networks {', '.join(SIZES)}; {path.name} holds "
            f"{'FCFI' if fcfi else 'RITM'} with {kind}, width {known.width}, OCR "
            f"{known.ocr_width}, small {known.small}: choose another file."
        )
    names = Names(architecture)
    weights = {names.ours(name): value for name, value in state.items()}
    if len(weights) != len(state):
        raise CheckpointError(
            f"Expected every tensor once; {path.name} holds some under the authors' name and "
            "under ours: choose another file."
        )
    return _card(path, architecture, known.expansion_ratio if fcfi else None), weights, names


def _single(stored: Any, path: Path) -> Any:
    """The one model of a file, which may be a list of models, one for each click."""
    if not isinstance(stored, list):
        return stored
    if len(stored) != 1:
        raise CheckpointError(
            f"Expected one model; {path.name} is a list of {len(stored)}, one for each click, "
            "which is not supported: save the one you want to a file of its own."
        )
    return stored[0]


def _parts(stored: Any, path: Path) -> tuple[dict[str, Tensor], Any]:
    if isinstance(stored, dict) and stored.keys() >= TRAINING_STATE:
        raise CheckpointError(
            f"Expected a checkpoint; {path.name} is the state of a training: export it with "
            "`python -m training.export`."
        )
    if not (isinstance(stored, dict) and {"state_dict", "config"} <= stored.keys()):
        raise CheckpointError(
            "Expected a checkpoint of FCFI or RITM, a dictionary with state_dict and config; "
            f"{path.name} is of another project: choose another file."
        )
    state = stored["state_dict"]
    if not (
        isinstance(state, dict)
        and all(isinstance(k, str) and _is_weight(v) for k, v in state.items())
    ):
        raise CheckpointError(
            f"Expected numbers by name in state_dict; {path.name} holds something else there: "
            "choose another file."
        )
    weights = {name: v.float() if v.is_floating_point() else v for name, v in state.items()}
    return weights, stored["config"]


def _is_weight(value: Any) -> bool:
    return (
        isinstance(value, Tensor)
        and value.layout is torch.strided
        and not (value.is_complex() or value.is_quantized or value.is_meta)
    )


def _config(config: Any, path: Path) -> tuple[str, dict[str, Any]]:
    """Name of the class, and its parameters' values, those with only one value left out."""
    try:
        kind = str(config["class"]).rpartition(".")[2]
        values = {str(name): _plain(entry["value"]) for name, entry in config["params"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise CheckpointError(
            "Expected a config with class and params, as the authors' programs write it; that of "
            f"{path.name} is another: choose another file."
        ) from error
    if kind not in ("HRNetModel", "DeeplabModel"):
        raise CheckpointError(
            f"Expected HRNetModel or DeeplabModel of FCFI or RITM; {path.name} holds {kind}: "
            "choose another file."
        )
    for name, built in BUILT.items():
        if name in values and values.pop(name) != built:
            raise CheckpointError(
                f"Expected {name} = {built}, as in all published models; {path.name} has another "
                "value: choose another file."
            )
    return kind, values


def _plain(value: Any) -> Any:
    """``value`` with tuples for lists, which JSON has in their place, and text for what is odd."""
    if isinstance(value, (list, tuple)):
        return tuple(map(_plain, value))
    return value if isinstance(value, (bool, int, float, str, NoneType)) else str(value)


def _architecture(kind: str, known: ReleasedFile, *, fcfi: bool) -> PaperArchitecture | None:
    """The network of a config; None if it is none of ours."""
    if kind == "DeeplabModel":
        name: PaperName | None = "fcfi-resnet101" if fcfi else None
    else:
        name = _hrnet_name(known, "fcfi-" if fcfi else "ritm-")
    if name is None:
        return None
    if not fcfi:
        return PaperArchitecture(name=name, feedback="input" if known.with_prev_mask else "none")
    released = released_architecture(name).model_dump()
    own = {"feedback_channels": known.mid_ch, "updates": known.update_num}
    if kind == "HRNetModel":
        own["feedback_in_stem"] = known.with_prev_mask
    return PaperArchitecture.model_validate(released | own)


def _hrnet_name(known: ReleasedFile, beginning: str) -> PaperName | None:
    backbone = HRNETS.get((known.width, known.small))
    found = (
        name
        for name, size in SIZES.items()
        if name.startswith(beginning)
        and (size.backbone, size.ocr_width) == (backbone, known.ocr_width)
    )
    return next(found, None)


def _card(path: Path, architecture: PaperArchitecture, expansion_ratio: float | None) -> Card:
    fcfi = architecture.name.startswith("fcfi-")
    method = "FCFI" if fcfi else "RITM"
    if path.name not in TRAINING_SETS:
        # their programs write such files for everybody who trains with them
        return Card(
            name=path.stem,
            architecture=architecture,
            summary=f"{architecture.name}, from a file of the program of {method}.",
            terms=UNKNOWN_TERMS,
            expansion_ratio=expansion_ratio,
        )
    return Card(
        name=path.stem,
        architecture=architecture,
        summary=f"{architecture.name}, from a file of the authors of {method}.",
        licence="" if fcfi else RITM_LICENCE,
        terms=FCFI_TERMS if fcfi else RITM_TERMS,
        training=f"By the authors of {method}.",
        expansion_ratio=expansion_ratio,
        data=TRAINING_SETS[path.name],
    )
