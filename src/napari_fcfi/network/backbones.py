"""Backbones from timm, made ready for two CPU cores.

EfficientNet-lite0 comes with batch norm folded into its convolutions and with ReLU in place of
ReLU6: both are free at prediction and save almost half of the backward pass in training.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from .folding import fold_batch_norm
from .timm_beside_mesa import import_timm

LITE0_CHANNELS = (16, 24, 40, 112, 320)
"""Channels at strides 2, 4, 8, 16 and 32."""


class EfficientNetLite0(nn.Module):
    """EfficientNet-lite0's features at strides 2, 4, 8, 16 and 32, without batch norm.

    Parameters
    ----------
    imagenet : dict of str to Tensor, optional
        State of timm's whole ``tf_efficientnet_lite0``; random weights without it.
    click_channels : int
        Channels of a map of clicks (and feedback) that enters after the stem's convolution;
        0 for a backbone that sees the image alone.

    Notes
    -----
    The weights were trained with TensorFlow's SAME padding, batch-norm eps 1e-3 and inputs
    ``(x - 127) / 128``; `forward` does that normalisation, so it takes RGB in 0-1.
    """

    def __init__(
        self, imagenet: dict[str, Tensor] | None = None, *, click_channels: int = 0
    ) -> None:
        super().__init__()
        body = import_timm().create_model(
            "tf_efficientnet_lite0", features_only=True, out_indices=(0, 1, 2, 3, 4)
        )
        if imagenet is not None:
            body.load_state_dict({key: imagenet[key] for key in body.state_dict()})
        body.eval()
        fold_batch_norm(body)
        self.stem = cast(nn.Conv2d, body.conv_stem)
        self.blocks = cast(nn.Sequential, body.blocks)
        self.clicks = (
            nn.Conv2d(click_channels, self.stem.out_channels, 5, stride=2, padding=2)
            if click_channels
            else None
        )

    def forward(self, image: Tensor, clicks: Tensor | None = None) -> tuple[Tensor, ...]:
        """Five feature maps.

        Parameters
        ----------
        image : Tensor
            ``(N, 3, H, W)``, RGB in 0-1, sides multiples of 32.
        clicks : Tensor, optional
            ``(N, click_channels, H, W)``, only with early fusion.
        """
        x = self.stem((image * 255 - 127) / 128)
        if self.clicks is not None:
            x = x + self.clicks(clicks)
        x = torch.relu(x)
        maps = []
        for block in self.blocks:
            x = block(x)
            maps.append(x)
        return maps[0], maps[1], maps[2], maps[4], maps[6]

    def frozen_parts(self) -> list[nn.Module]:
        """Stem and first stage, which training leaves as ImageNet made them."""
        return [self.stem, self.blocks[0]]
