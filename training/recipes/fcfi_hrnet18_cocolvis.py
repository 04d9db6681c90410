"""FCFI on HRNet-18 with OCR, as the paper reads (COCO+LVIS): 259,980 steps."""

from __future__ import annotations

from napari_fcfi.network import PaperArchitecture

from .published import COCO_LVIS, as_in_the_paper

RECIPE = as_in_the_paper(
    "fcfi_hrnet18_cocolvis",
    PaperArchitecture(name="fcfi-hrnet18"),
    images=COCO_LVIS,
    data="coco_lvis",
)
