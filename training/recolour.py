"""Changes of colour. Those of single pixels are composed to one table of 256 values a channel."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchvision.transforms.v2 import functional as tv

Generator = np.random.Generator
Table = NDArray[np.float32]
"""``(3, 256)``: what becomes of each value of each channel, 0-1."""


def log_uniform(rng: Generator, low: float, high: float) -> float:
    """A number between ``low`` and ``high``, its logarithm uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def unchanged() -> Table:
    """The table that changes nothing."""
    return np.tile(np.arange(256, dtype=np.float32) / 255, (3, 1))


def looked_up(image: Tensor, table: Table) -> Tensor:
    """Image ``(3, H, W)`` uint8 with every value replaced by the table's."""
    rounded = (table.clip(0, 1) * 255).round().astype(np.uint8)
    planes = [cv2.LUT(plane, own) for plane, own in zip(image.numpy(), rounded, strict=True)]
    return torch.from_numpy(np.stack(planes))


def recoloured(rng: Generator, image: Tensor, *, microscopy: bool) -> Tensor:
    """Brightness, contrast, saturation, hue, grey, inversion, noise and blur; uint8 to uint8."""
    if rng.random() < 0.15:
        image = tv.rgb_to_grayscale(image, num_output_channels=3)
    elif rng.random() < 0.3:
        image = tv.adjust_saturation(image, float(rng.uniform(0.5, 1.6)))
        image = _turned_hue(image, float(rng.uniform(-0.06, 0.06)))
    x: NDArray[Any] = unchanged()
    if rng.random() < 0.75:
        x = (x - 0.5) * float(rng.uniform(0.65, 1.4)) + 0.5 + float(rng.uniform(-0.25, 0.25))
        x = x.clip(0, 1) ** log_uniform(rng, 0.7, 1.4)
    if rng.random() < 0.3:
        x = x + rng.uniform(-0.05, 0.05, 3).astype(np.float32)[:, None]
    if rng.random() < (0.25 if microscopy else 0.05):
        x = 1 - x
    image = looked_up(image, x)
    if rng.random() < 0.1:
        image = tv.gaussian_blur(image, [5, 5], [float(rng.uniform(0.4, 1.8))])
    if rng.random() < 0.15:
        noise = torch.from_numpy(rng.standard_normal(image.shape, dtype=np.float32))
        noisy = image + noise * (255 * float(rng.uniform(0.01, 0.08)))
        image = noisy.clamp(0, 255).round().to(torch.uint8)
    return image


def recoloured_as_published(rng: Generator, image: Tensor) -> Tensor:
    """The released programs' changes: brightness and contrast, then a shift of each channel."""
    x = unchanged()
    if rng.random() < 0.75:
        x = x * (1 + float(rng.uniform(-0.15, 0.4))) + float(rng.uniform(-0.25, 0.25))
        x = x.clip(0, 1)
    if rng.random() < 0.75:
        x = x + (rng.uniform(-10, 10, 3) / 255).astype(np.float32)[:, None]
    return looked_up(image, x)


def _turned_hue(image: Tensor, turn: float) -> Tensor:
    """Image with its hue turned by a share of the full circle."""
    pixels = np.ascontiguousarray(image.permute(1, 2, 0).numpy())
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(round(turn * 256) % 256)  # goes round at 256
    turned = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL)
    return torch.from_numpy(turned).permute(2, 0, 1).contiguous()
