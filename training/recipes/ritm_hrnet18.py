"""RITM on HRNet-18, as its authors trained it (COCO+LVIS): 246,330 steps."""

from __future__ import annotations

from .published import RELEASED_EPOCH, as_released

RECIPE = as_released("ritm-hrnet18", images=RELEASED_EPOCH, batch=28, drops=(200, 220))
