"""The embedded model: EfficientNet-lite0, late click fusion, made for two CPU cores."""

from __future__ import annotations

from .base import Recipe

RECIPE = Recipe(
    name="fcfi_lite",
    # M_r has no parameters of its own and M_u is a step on the way: both guide, neither decides
    refined_weight=0.2,
    updated_weight=0.4,
    share_second_look=0.35,
    iou_weight=0.5,
    # nuclei, of which those in stained sections are badly answered even on training pictures, and
    # the few sections of neurons
    set_factors={
        "micro_dsb2018": 2.5,
        "micro_monuseg": 2.5,
        "micro3_tnbc": 2.5,
        "micro3_nuclei": 1.5,
        "micro_isbi2012": 2.0,
    },
)
