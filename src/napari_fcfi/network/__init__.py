"""The FCFI networks: tensors only, one idea a file, each equation of the paper in one place."""

from __future__ import annotations

from .fcfi import FCFI, Architecture, Features, Prediction

__all__ = ["FCFI", "Architecture", "Features", "Prediction"]
