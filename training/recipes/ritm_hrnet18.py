"""RITM on HRNet-18, as its authors trained it (COCO+LVIS): 246,330 steps."""

from __future__ import annotations

from .published import RELEASED_EPOCH, as_released

RECIPE = as_released(
    "ritm-hrnet18", data="coco_lvis", images=RELEASED_EPOCH, batch=28, epochs=230, drops=(200, 220)
)
