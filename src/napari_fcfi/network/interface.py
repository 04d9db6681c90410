"""What every network of this project takes and gives: image and clicks in, a `Prediction` out.

`Network.encode` gives what depends on the image (and, where clicks enter early, on clicks and
feedback); `Network.decode` gives the answer to the clicks. Prediction, training and explanations
know a network by these two alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .architecture import AnyArchitecture


@dataclass(frozen=True)
class Prediction:
    """One answer of a network; ``H'`` and ``W'`` are the sides of its feature map.

    Attributes
    ----------
    logits : Tensor
        ``(N, 1, H, W)``, before the sigmoid, at the input's size.
    refined_feedback, updated_feedback, affinity : Tensor
        M_r, M_u and W, ``(N, 1, H', W')``, 0-1. W and M_r are measured by every network, also by
        one whose answer does not depend on them; without CFFM, M_u is M_r.
    updated_logits : Tensor
        M_u before its sigmoid.
    box : Tensor
        Union of FFCM's boxes, same shape, 0-1.
    quality : Tensor or None
        ``(N,)``, 0-1: the IoU that the answer is expected to have with the whole object; None
        without a head for it.
    auxiliary_logits : Tensor or None
        ``(N, 1, H', W')``: the coarse answer from which an OCR head gathers the object's features;
        None without such a head.
    """

    logits: Tensor
    refined_feedback: Tensor
    updated_feedback: Tensor
    updated_logits: Tensor
    affinity: Tensor
    box: Tensor
    quality: Tensor | None = None
    auxiliary_logits: Tensor | None = None


def both_given(interaction_map: Tensor | None, feedback: Tensor | None) -> tuple[Tensor, Tensor]:
    """What a network with early click fusion needs to encode an image.

    Raises
    ------
    ValueError
        When one of them was left out.
    """
    if interaction_map is None or feedback is None:
        raise ValueError(
            "A network with early click fusion encodes clicks and feedback with the "
            "image; pass interaction_map and feedback to encode()."
        )
    return interaction_map, feedback


class Network(nn.Module, ABC):
    """A network for interactive segmentation, made from its ``architecture``."""

    architecture: AnyArchitecture
    tells_quality = False
    """Whether a prediction has a quality."""

    @property
    @abstractmethod
    def encoding_uses_interaction(self) -> bool:
        """Whether `encode` needs clicks and feedback; if not, its result may be kept a window."""

    def frozen_parts(self) -> list[nn.Module]:
        """Parts that training leaves as ImageNet made them; none, unless a network has a reason."""
        return []

    @abstractmethod
    def encode(
        self,
        image: Tensor,
        interaction_map: Tensor | None = None,
        feedback: Tensor | None = None,
    ) -> Any:
        """Features of a window: a value with all that `decode` needs.

        Parameters
        ----------
        image : Tensor
            ``(N, 3, H, W)``, RGB in 0-1, any size.
        interaction_map, feedback : Tensor, optional
            ``(N, 2, H, W)`` and ``(N, 1, H, W)``; used only where `encoding_uses_interaction`.
        """

    @abstractmethod
    def decode(
        self,
        features: Any,
        clicks: Tensor,
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
    ) -> Prediction:
        """Answer to the clicks.

        Parameters
        ----------
        features
            Of `encode`, same batch.
        clicks : Tensor
            All clicks so far, ``(N, K, 3)``: ``y, x, sign`` in input pixels, empty slots -1.
        interaction_map : Tensor
            S, ``(N, 2, H, W)``, made from ``clicks``.
        feedback : Tensor
            M_{t-1}, ``(N, 1, H, W)``, 0-1; zero in the first interaction.
        new_clicks : Tensor
            ``(N, K', 3)``, the clicks of this interaction, oldest first.
        gate : Tensor
            w_g, ``(N, 1, 1, 1)``, 0 in the first interaction, 1 later.
        expansion_ratio : float
            r of FFCM, 0.05-2.
        """
