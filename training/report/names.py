"""What data sets and backbones are called where they were published; results have short names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from napari_fcfi.network.architecture import SIZES

from . import paper

DATASETS = {
    **paper.NAMES,
    "coco_mval": "COCO MVal",
    "davis585": "DAVIS-585",
    "davis585_sp": "DAVIS-585 (SP)",
    "davis585_stm": "DAVIS-585 (STM)",
    "voc": "Pascal VOC",
    "coco_lvis": "COCO+LVIS",
}

BACKBONES = {
    "hrnet_w18": "HRNet-18",
    "hrnet_w18_small_v2": "HRNet-18s",
    "hrnet_w32": "HRNet-32",
    "resnet101s": "ResNet-101",
}

MOST_NAMED = 3


def dataset_title(dataset: str) -> str:
    """The name under which a data set was published; its own where it was not.

    Examples
    --------
    >>> dataset_title("grabcut"), dataset_title("DAVIS345"), dataset_title("cells")
    ('GrabCut', 'DAVIS', 'cells')
    """
    return DATASETS.get(paper.papers_name(dataset) or dataset, dataset)


def backbone_title(architecture: Mapping[str, Any]) -> str:
    """The backbone of an architecture as it stands on a card; empty where that is not known."""
    name = architecture.get("name", "")
    if name == "fcfi-lite":
        return "EfficientNet-lite0"
    return BACKBONES[SIZES[name].backbone] if name in SIZES else ""


def trained_on_title(datasets: Sequence[str]) -> str:
    """Data sets of a card in a cell of a table: their names, or how many where there are many."""
    if len(datasets) > MOST_NAMED:
        return f"{len(datasets)} sets"
    return ", ".join(dataset_title(name) for name in datasets)
