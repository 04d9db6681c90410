"""DeepLabV3+ with ResNet-101 and no feedback: the baseline of Tables 2, 3 and 6 (SBD)."""

from __future__ import annotations

from napari_fcfi.network import PaperArchitecture

from .published import SBD, as_in_the_paper

RECIPE = as_in_the_paper(
    "baseline_resnet101_sbd",
    PaperArchitecture(name="fcfi-resnet101", feedback="none"),
    images=SBD,
    data="sbd",
)
