"""The networks that the paper compares: FCFI on HRNet with OCR or on DeepLabV3+, RITM, ablations.

A network's `PaperArchitecture` decides on everything; the methods here read it and have no cases of
their own for a model's name.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from .affinity_encoder import AffinityEncoder, beside_features
from .architecture import SIZES, PaperArchitecture
from .blocks import ConvBlock, Encoded, at_least_float, initialise, resize
from .cffm import CFFM, normalised_layers
from .click_stem import ClickStem
from .deeplab import DeepLab, DeepLabHead
from .ffcm import CorrectedFeedback, Placement, focus, place
from .hrnet import HRNet
from .interface import Network, Prediction, both_given
from .ocr import OCRHead
from .truncated_placement import truncated_place

STRIDE = 4
"""Stride of the features F."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class DeepFeatures:
    """What `PaperNetwork.decode` needs of an encoded window.

    Attributes
    ----------
    encoded : Encoded
        F and the head's shallow features.
    image : Tensor
        ``(N, 3, H, W)``, normalised.
    """

    encoded: Encoded
    image: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of the window."""
        return self.image.shape[-2], self.image.shape[-1]

    def expand(self, index: Tensor) -> DeepFeatures:
        """The features of samples ``index`` ``(M,)`` of this batch, in that order."""
        parts = (None if part is None else part[index] for part in self.encoded)
        return DeepFeatures(Encoded(*parts), self.image[index])  # type: ignore[arg-type]


class PaperNetwork(Network):
    """Click stem, backbone, FFCM, CFFM and head, by a `PaperArchitecture`.

    Parameters
    ----------
    architecture : PaperArchitecture
        What to build.
    backbone_weights : dict of str to Tensor, optional
        State of timm's backbone without its classifier; random weights without.
    """

    architecture: PaperArchitecture

    def __init__(
        self,
        architecture: PaperArchitecture,
        backbone_weights: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.architecture = architecture
        size = SIZES[architecture.name]
        self.click_stem = ClickStem(architecture.stem_maps)
        self.backbone: HRNet | DeepLab = (
            HRNet(size.backbone, fusion_relu=architecture.fusion_relu)
            if size.ocr_width
            else DeepLab(size.backbone)
        )
        channels, hidden = self.backbone.channels, architecture.feedback_channels
        self.affinity_encoder = (
            AffinityEncoder(channels, architecture.stem_maps, hidden)
            if architecture.affinity_encoder
            else None
        )
        self.cffm = (
            CFFM(
                normalised_layers(
                    channels, hidden, one_channel=architecture.residual_channels == "one"
                ),
                residual=architecture.residual,
                gated=architecture.gate,
                updates=architecture.updates,
            )
            if "cffm" in architecture.feedback
            else None
        )
        self.concatenate = (
            ConvBlock(channels + 1, channels, 3, bias=True)
            if architecture.feedback == "ffcm"
            else None
        )
        self.head: OCRHead | DeepLabHead = (
            OCRHead(channels, size.ocr_width) if size.ocr_width else DeepLabHead()
        )
        self.mean: Tensor
        self.std: Tensor
        for name, values in (("mean", IMAGENET_MEAN), ("std", IMAGENET_STD)):
            self.register_buffer(name, torch.tensor(values)[:, None, None], persistent=False)
        initialise(self)
        if backbone_weights is not None:
            self.backbone.body.load_state_dict(backbone_weights)

    @property
    def encoding_uses_interaction(self) -> bool:
        """Always: clicks enter after the backbone's first convolution."""
        return True

    def _click_maps(self, interaction_map: Tensor, feedback: Tensor) -> Tensor:
        if self.architecture.stem_maps == 3:
            return torch.cat([feedback, interaction_map], dim=1)
        return interaction_map

    def encode(
        self,
        image: Tensor,
        interaction_map: Tensor | None = None,
        feedback: Tensor | None = None,
    ) -> DeepFeatures:
        """Features of a window; see `Network.encode`."""
        normalised = (image - self.mean) / self.std
        maps = self._click_maps(*both_given(interaction_map, feedback))
        clicks = self.click_stem(maps.to(normalised.dtype))
        return DeepFeatures(self.backbone(normalised, clicks), normalised)

    def decode(
        self,
        features: DeepFeatures,
        clicks: Tensor,  # noqa: ARG002 - part of the interface that every network shares
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
        *,
        soft_box: bool | None = None,
    ) -> Prediction:
        """Answer to the clicks; see `Network.decode`.

        Parameters
        ----------
        features, clicks, interaction_map, feedback, new_clicks, gate, expansion_ratio
            See `Network.decode`.
        soft_box : bool, optional
            Soft edges of FFCM's boxes; by default those of the architecture while training, and
            none else. Released training has them in its simulated interactions, too.
        """
        if soft_box is None:
            soft_box = self.architecture.soft_box and self.training
        deep = features.encoded.features
        previous = resize(feedback, deep.shape[-2:])
        refined = self._refined(
            features, interaction_map, feedback, previous, new_clicks, expansion_ratio, soft_box
        )
        updated, updated_logits = refined.feedback, torch.logit(refined.feedback, eps=1e-4)
        if self.cffm is not None:
            entering = previous if self.architecture.feedback == "cffm" else refined.feedback
            updated_logits, updated, deep = self.cffm(deep, entering, gate)
        elif self.concatenate is not None:
            deep = self.concatenate(torch.cat([deep, refined.feedback], dim=1))
        logits, coarse = self.head(features.encoded._replace(features=deep))
        return Prediction(
            logits=resize(at_least_float(logits), features.size),
            refined_feedback=refined.feedback,
            updated_feedback=updated,
            updated_logits=updated_logits,
            affinity=refined.affinity,
            box=refined.box,
            auxiliary_logits=coarse,
        )

    def _refined(
        self,
        features: DeepFeatures,
        interaction_map: Tensor,
        feedback: Tensor,
        previous: Tensor,
        new_clicks: Tensor,
        expansion_ratio: float,
        soft_box: bool,
    ) -> CorrectedFeedback:
        """FFCM; without a part of it in the method, its affinity is still told."""
        compared = features.encoded.features
        if self.affinity_encoder is not None:
            maps = self._click_maps(interaction_map, feedback)
            compared = self.affinity_encoder(
                beside_features(compared, features.image, maps, feedback)
            )
        return focus(
            at_least_float(compared),
            previous,
            new_clicks,
            self._place(new_clicks, expansion_ratio, features, soft_box),
            similarity=self.architecture.similarity,
            newest_first=self.architecture.newest_first,
        )

    def _place(
        self, new_clicks: Tensor, ratio: float, features: DeepFeatures, soft: bool
    ) -> Placement:
        deep = features.encoded.features
        size = (deep.shape[-2], deep.shape[-1])
        if self.architecture.geometry == "truncated":
            return truncated_place(new_clicks, ratio, features.size, size, soft=soft)
        return place(new_clicks, ratio, STRIDE, size, soft=soft)
