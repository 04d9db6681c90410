"""HRNet from timm as the interactive segmentation programs use it: all resolutions, concatenated.

Two things differ from timm's (and ImageNet's) HRNet: lower resolutions are resized bilinearly with
aligned corners instead of by nearest neighbours, which also takes any input size, and clicks are
added after the first ReLU. Its parameters keep timm's names.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .blocks import Encoded, resize
from .timm_beside_mesa import import_timm

STAGES = ("stage2", "stage3", "stage4")


class HRNet(nn.Module):
    """Image and click features to F at stride 4.

    Parameters
    ----------
    variant : str
        timm's name, such as ``"hrnet_w18"``.
    fusion_relu : bool
        ReLU after each fusion of resolutions; see `PaperArchitecture`.
    """

    def __init__(self, variant: str, *, fusion_relu: bool = True) -> None:
        super().__init__()
        self.body = import_timm().create_model(variant, features_only=True, feature_location="")
        for name in STAGES:
            stage = getattr(self.body, name)
            for i, module in enumerate(stage):
                stage[i] = Exchange(module, relu=fusion_relu)
        self.channels: int = sum(self.body.stage4_cfg["num_channels"])

    def forward(self, image: Tensor, clicks: Tensor) -> Encoded:
        """F with 15 times the width's channels.

        Parameters
        ----------
        image : Tensor
            ``(N, 3, H, W)``, normalised, any size.
        clicks : Tensor
            ``(N, 64, ceil(H / 2), ceil(W / 2))``, of the click stem.
        """
        body = self.body
        x = body.act1(body.bn1(body.conv1(image))) + clicks
        x = body.act2(body.bn2(body.conv2(x)))
        maps = body.stages(x)
        size = maps[0].shape[-2:]
        return Encoded(torch.cat([resize(level, size) for level in maps], dim=1), None)


class Exchange(nn.Module):
    """One module of HRNet: a branch per resolution, then each resolution takes from all others.

    Takes the branches and fusing layers of timm's ``HighResolutionModule``, without its resize.
    """

    def __init__(self, module: nn.Module, *, relu: bool) -> None:
        super().__init__()
        self.branches = cast(nn.ModuleList, module.branches)
        self.fuse_layers = cast(nn.ModuleList, module.fuse_layers)
        self.activation = nn.ReLU() if relu else nn.Identity()
        for layers in self.fuse_layers:
            for layer in cast(nn.ModuleList, layers):
                if isinstance(layer, nn.Sequential) and isinstance(layer[-1], nn.Upsample):
                    del layer[-1]

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Maps of the same resolutions, highest first."""
        maps = [branch(x) for branch, x in zip(self.branches, maps, strict=True)]
        return [
            self.activation(_sum(cast(nn.ModuleList, layers), maps, maps[i].shape[-2:]))
            for i, layers in enumerate(self.fuse_layers)
        ]


def _sum(layers: nn.ModuleList, maps: list[Tensor], size: torch.Size) -> Tensor:
    """What one resolution, of this size, takes from all of them."""
    first, *others = (resize(layer(x), size) for layer, x in zip(layers, maps, strict=True))
    for other in others:
        first = first + other
    return first
