"""FCFI on DeepLabV3+ with ResNet-101, as the paper reads (SBD): 21,240 steps."""

from __future__ import annotations

from napari_fcfi.network import PaperArchitecture

from .published import SBD, as_in_the_paper

RECIPE = as_in_the_paper(
    "fcfi_resnet101_sbd",
    PaperArchitecture(name="fcfi-resnet101"),
    images=SBD,
    data="sbd",
)
