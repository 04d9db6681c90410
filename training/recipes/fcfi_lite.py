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
    # the backbone's batch norms are folded
    slow_rates="by_size",
    # what the first click's search and later windows show, beside the quickest
    other_crops=((192, 192), (320, 320)),
    # crowded pictures, whose objects are seldom asked for: nuclei, of which those in stained
    # sections are badly answered even on training pictures, and mitochondria
    set_factors={
        "micro_dsb2018": 2.5,
        "micro_monuseg": 4.0,
        "micro3_tnbc": 5.0,
        "micro3_nuclei": 1.5,
        "micro3_mito": 3.0,
    },
)
