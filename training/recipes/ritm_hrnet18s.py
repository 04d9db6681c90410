"""RITM on the small HRNet-18, as its authors trained it (COCO+LVIS): 215,510 steps."""

from __future__ import annotations

from .published import RELEASED_EPOCH, as_released

RECIPE = as_released(
    "ritm-hrnet18s", data="coco_lvis", images=RELEASED_EPOCH, batch=32, epochs=230, drops=(200, 220)
)
