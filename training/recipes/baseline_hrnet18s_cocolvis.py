"""The small HRNet-18 with feedback in the stem (RITM): the baseline of Table 2 (COCO+LVIS)."""

from __future__ import annotations

from napari_fcfi.network import PaperArchitecture

from .published import COCO_LVIS, as_in_the_paper

RECIPE = as_in_the_paper(
    "baseline_hrnet18s_cocolvis",
    PaperArchitecture(name="ritm-hrnet18s"),
    images=COCO_LVIS,
    data="coco_lvis",
)
