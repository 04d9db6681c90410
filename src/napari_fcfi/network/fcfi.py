"""``fcfi-lite``: a light backbone and decoder, FFCM, CFFM and head (paper, section 3.1, Fig. 2).

`FCFI.encode` gives what depends on the image (and, with early fusion, on clicks and feedback);
`FCFI.decode` gives the answer to the clicks. With late click fusion one encoding of a window
serves every further click in it, and in training every object and interaction of a picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from .architecture import Architecture
from .backbones import LITE0_CHANNELS, EfficientNetLite0
from .cffm import CFFM, plain_layers
from .ffcm import focus, place
from .heads import (
    CONTEXT_STRIDE,
    STRIDE,
    WIDTHS,
    Decoder,
    Head,
    ImagePyramid,
    Pyramid,
    Residual,
    to_cells,
)
from .interface import Network, Prediction, both_given
from .quality import QualityHead

MULTIPLE = 32
"""Sides of what the backbone sees are filled up to a multiple of this."""


@dataclass(frozen=True)
class Features:
    """What `FCFI.decode` needs of an encoded window: ``size`` is the window's height and width."""

    pyramid: Pyramid
    size: tuple[int, int]

    def expand(self, index: Tensor) -> Features:
        """The features of samples ``index`` ``(M,)`` of this batch, in that order."""
        return Features(Pyramid(*(level[index] for level in self.pyramid)), self.size)


class FCFI(Network):
    """``fcfi-lite`` and its ablations.

    Parameters
    ----------
    architecture : Architecture
        What to build.
    imagenet : dict of str to Tensor, optional
        ImageNet weights of the backbone; random ones without.
    """

    tells_quality = True

    def __init__(
        self,
        architecture: Architecture | None = None,
        imagenet: dict[str, Tensor] | None = None,
    ) -> None:
        super().__init__()
        architecture = architecture or Architecture()
        self.architecture: Architecture = architecture
        early = architecture.fusion == "early"
        maps = 3 if architecture.feedback == "input" else 2
        channels = WIDTHS[STRIDE]
        self.backbone = EfficientNetLite0(imagenet, click_channels=maps if early else 0)
        self.pyramid = ImagePyramid(LITE0_CHANNELS)
        self.decoder = Decoder(0 if early else maps)
        self.project = (
            nn.Conv2d(channels, architecture.affinity_channels, 1)
            if architecture.affinity_channels
            else nn.Identity()
        )
        self.cffm = (
            CFFM(plain_layers(channels), residual=architecture.residual, gated=architecture.gate)
            if "cffm" in architecture.feedback
            else None
        )
        self.concatenate = (
            nn.Conv2d(channels + 1, channels, 3, padding=1)
            if architecture.feedback == "ffcm"
            else None
        )
        self.head = Head(channels)
        self.quality = QualityHead(channels, WIDTHS[CONTEXT_STRIDE])
        for name, part in self.named_children():
            if name not in ("backbone", "quality"):
                _initialise(part)

    @property
    def encoding_uses_interaction(self) -> bool:
        """Whether `encode` needs clicks and feedback; if not, its result may be kept a window."""
        return self.architecture.fusion == "early"

    def frozen_parts(self) -> list[nn.Module]:
        """The backbone's first layers; see `Network.frozen_parts`."""
        return self.backbone.frozen_parts()

    def _click_maps(self, interaction_map: Tensor, feedback: Tensor) -> Tensor:
        if self.architecture.feedback == "input":
            return torch.cat([interaction_map, feedback], dim=1)
        return interaction_map

    def encode(
        self,
        image: Tensor,
        interaction_map: Tensor | None = None,
        feedback: Tensor | None = None,
    ) -> Features:
        """Features of a window; see `Network.encode`."""
        size = (image.shape[-2], image.shape[-1])
        clicks = None
        if self.encoding_uses_interaction:
            clicks = _filled_up(self._click_maps(*both_given(interaction_map, feedback)))
        # bfloat16 slows depth-wise convolutions down, so autocast begins after the backbone
        with torch.autocast(image.device.type, enabled=False):
            maps = self.backbone(_filled_up(image, mode="replicate"), clicks)
        return Features(self.pyramid(maps), size)

    def decode(
        self,
        features: Features,
        clicks: Tensor,  # noqa: ARG002 - part of the interface that every network shares
        interaction_map: Tensor,
        feedback: Tensor,
        new_clicks: Tensor,
        gate: Tensor,
        expansion_ratio: float = 0.3,
    ) -> Prediction:
        """Answer to the clicks; see `Network.decode`."""
        height, width = features.size
        cells = (-(-height // STRIDE), -(-width // STRIDE))
        maps = _filled_up(self._click_maps(interaction_map, feedback))
        deep = self.decoder(features.pyramid, maps)
        # affinity and feedback live where the window is, not where it was filled up
        inner = deep.features[..., : cells[0], : cells[1]]
        previous = to_cells(feedback, STRIDE)
        refined = focus(
            self.project(inner).float(),
            previous,
            new_clicks,
            place(new_clicks, expansion_ratio, STRIDE, cells),
            similarity=self.architecture.similarity,
        )
        updated, updated_logits = refined.feedback, torch.logit(refined.feedback, eps=1e-4)
        if self.cffm is not None:
            entering = previous if self.architecture.feedback == "cffm" else refined.feedback
            fused = self.cffm(inner, entering, gate)
            inner, updated, updated_logits = fused.features, fused.feedback, fused.logits
        elif self.concatenate is not None:
            inner = torch.relu_(self.concatenate(torch.cat([inner, refined.feedback], dim=1)))
        # the last cells reach beyond a window whose sides are no multiples of their stride
        reach = (cells[0] * STRIDE, cells[1] * STRIDE)
        half = features.pyramid.stride2[..., : reach[0] // 2, : reach[1] // 2]
        logits = self.head(inner, half, reach)[..., :height, :width]
        quality = self.quality(inner, deep.context, to_cells(torch.sigmoid(logits), STRIDE))
        return Prediction(
            logits,
            refined.feedback,
            updated,
            updated_logits,
            refined.affinity,
            refined.box,
            torch.sigmoid(quality.float()),
        )


SMALL_AT_FIRST: dict[type[nn.Module], dict[str, float]] = {
    Residual: {"second": 0.3},  # close to the identity
    # the backbone's maps have a standard deviation of about 10
    ImagePyramid: {f"lateral{stride}": 0.1 for stride in (2, 4, 8, 16, 32)},
    Head: {"coarse": 0.1, "refine.2": 0.1},  # probabilities near one half
    CFFM: {"update.2": 0.1, "fuse.2": 0.3},
}
"""Factors of He's initial weights, by the module and the convolution inside it."""


def _initialise(module: nn.Module) -> None:
    """Initial weights of everything but the backbone; nothing normalises, so scales matter."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.kaiming_normal_(part.weight, nonlinearity="relu")
            if part.bias is not None:
                nn.init.zeros_(part.bias)
    for part in module.modules():
        for name, factor in SMALL_AT_FIRST.get(type(part), {}).items():
            with torch.no_grad():
                part.get_parameter(f"{name}.weight").mul_(factor)


def _filled_up(x: Tensor, mode: str = "constant") -> Tensor:
    """``x`` continued at its lower and right ends so that its sides are multiples of 32."""
    height, width = x.shape[-2:]
    below, right = -height % MULTIPLE, -width % MULTIPLE
    if not below and not right:
        return x
    return functional.pad(x, (0, right, 0, below), mode=mode)
