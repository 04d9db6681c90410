"""FCFI as the authors trained what they publish as HRNet-18s (COCO+LVIS): 107,640 steps."""

from __future__ import annotations

from .published import RELEASED_EPOCH, as_released

RECIPE = as_released(
    "fcfi-hrnet18s", data="coco_lvis", images=RELEASED_EPOCH, batch=64, epochs=230, drops=(200, 220)
)
