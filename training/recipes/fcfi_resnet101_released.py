"""FCFI as the authors trained ResNet-101 (SBD): 77,880 steps."""

from __future__ import annotations

from .published import SBD, as_released

RECIPE = as_released(
    "fcfi-resnet101", data="sbd", images=SBD, batch=24, epochs=220, drops=(50, 100, 150)
)
