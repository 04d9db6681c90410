"""A small folder of pictures in the training layout, drawn here."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One set of two pictures: a disc on noise, and two rectangles with an ignored strip."""
    rng = np.random.default_rng(0)
    root = tmp_path / "set_drawn"
    (root / "images").mkdir(parents=True)
    (root / "masks").mkdir()
    y, x = np.mgrid[:120, :160]
    disc = (y - 60) ** 2 + (x - 70) ** 2 <= 30**2
    labels = [disc.astype(np.uint8), np.zeros((120, 160), np.uint8)]
    labels[1][20:70, 20:60] = 1
    labels[1][50:100, 90:140] = 2
    labels[1][:5] = 255
    colours = np.array([[40, 60, 50], [200, 90, 60], [70, 180, 220]])
    for i, mask in enumerate(labels):
        noisy = colours[np.minimum(mask, 2)] + rng.normal(0, 8, (120, 160, 3))
        cv2.imwrite(str(root / "images" / f"p{i}.png"), noisy.clip(0, 255).astype(np.uint8))
        cv2.imwrite(str(root / "masks" / f"p{i}.png"), mask)
    return root
