"""The FCFI networks: tensors only, one idea a file, each equation of the paper in one place."""

from __future__ import annotations

from .architecture import (
    AnyArchitecture,
    Architecture,
    PaperArchitecture,
    released_architecture,
)
from .build import build_network
from .fcfi import FCFI, Features
from .interface import Network, Prediction
from .paper_network import PaperNetwork

__all__ = [
    "FCFI",
    "AnyArchitecture",
    "Architecture",
    "Features",
    "Network",
    "PaperArchitecture",
    "PaperNetwork",
    "Prediction",
    "build_network",
    "released_architecture",
]
