"""The released programs' way to features on which clicks and pixels are compared.

The paper's FFCM has no parameters and compares F itself (`ffcm`). The released one compares what
this small network makes of image, clicks, feedback and F. Its last ReLU is what keeps the cosine
of Eq. 1 between 0 and 1 there.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from .blocks import ConvBlock, SeparableBlock, resize

IMAGE_AND_FEEDBACK = 4


class AffinityEncoder(nn.Sequential):
    """Features for Eq. 1.

    Parameters
    ----------
    channels : int
        Of F.
    maps : int
        Maps of the click encoding: S, with feedback before it where that enters the stem.
    hidden : int
        Channels of the result.
    """

    def __init__(self, channels: int, maps: int, hidden: int) -> None:
        super().__init__(
            ConvBlock(IMAGE_AND_FEEDBACK + maps + channels, hidden, 3, bias=True),
            SeparableBlock(hidden, hidden, bias=True),
            SeparableBlock(hidden, hidden, bias=True),
        )


def beside_features(features: Tensor, image: Tensor, maps: Tensor, feedback: Tensor) -> Tensor:
    """What `AffinityEncoder` sees: normalised image, click maps, feedback and F, at F's size.

    Parameters
    ----------
    features : Tensor
        F, ``(N, C, H', W')``.
    image, maps, feedback : Tensor
        ``(N, 3, H, W)``, ``(N, 2 or 3, H, W)`` and ``(N, 1, H, W)``, at the input's size.
    """
    small = [
        resize(part, features.shape[-2:]).to(features.dtype) for part in (image, maps, feedback)
    ]
    return torch.cat([*small, features], dim=1)
