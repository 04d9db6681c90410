"""The embedded model: EfficientNet-lite0, late click fusion, made for two CPU cores."""

from __future__ import annotations

from .base import Recipe

RECIPE = Recipe(
    name="fcfi_lite",
    # M_r has no parameters of its own and M_u is a step on the way: both guide, neither decides
    refined_weight=0.2,
    updated_weight=0.4,
    share_second_look=0.35,
)
