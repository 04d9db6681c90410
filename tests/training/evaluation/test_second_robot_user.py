"""The evaluation against a robot user of its own, written from the protocol's text alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import distance_transform_edt

from napari_fcfi import Interaction, load_model
from training.data.evaluation_sets import evaluation_set
from training.evaluation.conditions import Conditions
from training.evaluation.courses import ClickBudget
from training.evaluation.methods import network
from training.evaluation.summary import summary

CLICKS = 5
OBJECTS = 2


def depth_of(region: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Squared distances in whole numbers to the nearest pixel outside, the frame included."""
    framed = np.zeros((region.shape[0] + 2, region.shape[1] + 2), bool)
    framed[1:-1, 1:-1] = region
    return np.rint(distance_transform_edt(framed)[1:-1, 1:-1] ** 2).astype(np.int64)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["grabcut", "berkeley"])
def test_clicks_ious_and_noc_are_those_of_the_other_one(data_root: Path, name: str) -> None:
    model = load_model("fcfi-lite", device="cpu")
    folder = data_root / "data" / "eval" / name
    counts, made = [], []
    for mask_path in sorted((folder / "masks").iterdir())[:OBJECTS]:
        (image_path,) = (folder / "images").glob(mask_path.stem.split("#")[0] + ".*")
        labels = np.asarray(Image.open(mask_path))
        interaction = Interaction(model, np.asarray(Image.open(image_path).convert("RGB")))
        mask = np.zeros(labels.shape, bool)
        free = np.ones(labels.shape, bool)
        needed = CLICKS
        for number in range(1, CLICKS + 1):
            missed = depth_of((labels == 1) & ~mask) * free
            excess = depth_of((labels == 0) & mask) * free
            if not missed.any() and not excess.any():
                break
            foreground = bool(missed.max() > excess.max())
            depth = missed if foreground else excess
            y, x = np.argwhere(depth == depth.max())[0].tolist()
            free[y, x] = False
            mask = interaction.click(y, x, foreground)
            counted = labels != 255
            both = (mask & (labels == 1) & counted).sum()
            iou = both / ((mask | (labels == 1)) & counted).sum()
            made.append((y, x, foreground, pytest.approx(iou, abs=1e-12)))
            if iou >= 0.9:
                needed = min(needed, number)
        counts.append(needed)

    conditions = Conditions(ClickBudget(CLICKS))
    method = network("fcfi-lite", "cpu", "search", [], conditions).method(name)
    cases = evaluation_set(name, data_root, limit=OBJECTS).cases
    courses = [conditions.measure(method, case.load()) for case in cases]
    assert [(c.y, c.x, c.foreground, c.iou) for found in courses for c in found.clicks] == made
    assert summary(courses, conditions.budget)["NoC@90"] == np.mean(counts)
