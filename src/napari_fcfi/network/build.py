"""From an architecture to its network."""

from __future__ import annotations

from torch import Tensor

from .architecture import AnyArchitecture, PaperArchitecture
from .fcfi import FCFI
from .interface import Network
from .paper_network import PaperNetwork


def build_network(
    architecture: AnyArchitecture, backbone_weights: dict[str, Tensor] | None = None
) -> Network:
    """The network of an architecture, with random weights.

    Parameters
    ----------
    architecture : Architecture or PaperArchitecture
        What to build.
    backbone_weights : dict of str to Tensor, optional
        State of timm's backbone, by timm's names.
    """
    if isinstance(architecture, PaperArchitecture):
        return PaperNetwork(architecture, backbone_weights)
    return FCFI(architecture, backbone_weights)
