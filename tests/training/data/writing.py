"""Writes small files of the true layouts."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

GREY = np.arange(12, dtype=np.uint8).reshape(3, 4)
COLOUR = np.stack([GREY, GREY + 50, GREY + 100], axis=-1)
LABELS = np.array([[0, 1, 1, 255], [0, 2, 2, 2], [0, 0, 0, 0]], np.uint8)
FIRST, SECOND = LABELS == 1, LABELS == 2


def save(path: Path, pixels: NDArray[np.generic]) -> Path:
    """A picture in the format that its name says."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def save_palette(path: Path, labels: NDArray[np.uint8]) -> None:
    """A palette picture in VOC's colours, whose indices are the labels."""
    picture = Image.fromarray(labels).convert("P")
    picture.putdata(labels.ravel().tolist())
    colours = [((i & 1) << 7, (i & 2) << 6, (i & 4) << 5) for i in range(255)]
    picture.putpalette([value for colour in [*colours, (255, 255, 255)] for value in colour])
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def save_text(path: Path, text: str) -> None:
    """A text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def save_instances(path: Path, instances: NDArray[np.uint8]) -> None:
    """SBD's ``.mat`` of instances."""
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"GTinst": {"Segmentation": instances, "Categories": [[1], [2]]}})


def save_pickle(path: Path, content: Any, protocol: int = 4) -> None:
    """A pickle."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(content, protocol))


def save_coco_lvis(root: Path, part: str = "val", protocol: int = 4) -> None:
    """One picture with two overlapping things, a part of one of them, and stuff.

    The things are masks 0 (rows 0-1) and 1 (rows 1-2); mask 2 lies inside the first, and mask 3
    is stuff.
    """
    base = np.zeros((2, 4, 6), np.uint8)
    base[0, 0:2] = 1
    base[1, 1:3] = 1
    base[1, 0, 0] = 2
    base[1, 3] = 3
    pngs = [cv2.imencode(".png", layer)[1] for layer in base]
    inner = {"children": [], "parent": 0, "node_level": 1}
    outer = {"children": [2], "parent": None, "node_level": 0}
    hierarchy = {0: outer, 1: None, 2: inner}
    summary = {"num_instance_masks": 3, "hierarchy": hierarchy}
    save_pickle(root / part / "hannotation.pickle", {"000000000009": summary}, protocol)
    places = [(0, 1), (1, 1), (1, 2), (1, 3)]
    save_pickle(root / part / "masks/000000000009.pickle", (pngs, places), protocol)
    save(root / f"{part}2017/000000000009.jpg", np.full((4, 6, 3), 90, np.uint8))
