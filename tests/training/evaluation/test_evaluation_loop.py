"""Whole evaluations of the released protocol against those of the authors' programs.

Networks are followed as long as no probability came so near to the threshold that its side is a
matter of rounding.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_fcfi.settings import Settings
from tests.inference.closed_form import ClosedFormModel, ClosedFormNetwork
from tests.reference_weights import released_network
from training.data.evaluation_sets import Sample
from training.evaluation import metrics, released_metrics
from training.evaluation.courses import ClickBudget, Clicker, Course, measure
from training.evaluation.networks import network_method
from training.evaluation.rules import RELEASED

CLICKS = 8
TOO_NEAR = 1e-5
RITM_STOPS_AT = 0.9
QUICK = {"fcfi_hrnet18s_small", "ritm_hrnet18s"}


def reference(data_root: Path, kind: str) -> dict[str, NDArray[Any]]:
    name = "evaluation_loop" if kind == "fcfi" else "evaluation_loop_ritm"
    with np.load(data_root / "reference" / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


class Watched:
    """An interaction that notes its windows and areas."""

    def __init__(self, interaction: Any) -> None:
        self.interaction = interaction
        self.windows: list[list[int]] = []
        self.areas: list[int] = []

    def click(self, y: float, x: float, foreground: bool = True) -> NDArray[np.bool_]:
        mask = self.interaction.click(y, x, foreground)
        zoom = self.interaction.state.zoom
        box = None if zoom is None else zoom.box
        inclusive = [-1] * 4 if box is None else [box.y0, box.y1 - 1, box.x0, box.x1 - 1]
        self.windows.append(inclusive)
        self.areas.append(int(mask.sum()))
        return mask


def evaluated(
    model: Any,
    stored: dict[str, NDArray[Any]],
    number: int,
    settings: Settings,
    budget: ClickBudget,
) -> tuple[Course, Watched]:
    watched: list[Watched] = []
    method = network_method(model, settings, "search")

    def watching(image: NDArray[Any]) -> Clicker:
        watched.append(Watched(method(image)))
        return watched[-1]

    truth = stored["gt"][number]
    sample = Sample("x", stored["images"][number], truth == 1, truth == -1)
    return measure(watching, sample, budget, RELEASED), watched[0]


def compare(stored: dict[str, NDArray[Any]], prefix: str, kind: str, model: Any) -> list[Course]:
    zoom = {"zoom_in": False}
    if "zoom" in prefix:
        zoom = {"zoom_size": 160, "zoom_margin": 1.4, "zoom_min": 40}
    flip = "_flip" in prefix
    settings = Settings(protocol="released", flip=flip, **zoom)
    # RITM's program leaves an object at its target
    budget = ClickBudget(CLICKS, RITM_STOPS_AT if kind == "ritm" else None)
    courses = []
    for number in range(len(stored["images"])):
        course, watched = evaluated(model, stored, number, settings, budget)
        courses.append(course)
        near = stored[f"{prefix}_min_distance_of_prob_to_049"][number] < TOO_NEAR
        sure = CLICKS if "toy" in prefix or not near.any() else int(near.argmax())
        found = course.clicks[:sure]
        made = [[click.y, click.x, click.foreground] for click in course.clicks]
        expected = stored[f"{prefix}_clicks_y_x_positive"][number]
        followed = min(sure + 1, len(made))  # the click itself was made before
        assert made[:followed] == expected[:followed].tolist()
        given = expected[:, 0] >= 0
        assert sure < CLICKS or len(made) == int(given.sum())
        n = len(found)
        assert watched.windows[:n] == stored[f"{prefix}_rois"][number][:n].tolist()
        assert watched.areas[:n] == stored[f"{prefix}_mask_areas"][number][:n].tolist()
        for measured in ("iou", "biou", "assd"):
            if f"{prefix}_{measured}" in stored:
                values = [getattr(click, measured) for click in found]
                np.testing.assert_allclose(
                    values, stored[f"{prefix}_{measured}"][number][:n], rtol=1e-6, atol=1e-6
                )
    return courses


@pytest.mark.parametrize("prefix", ["toy_noflip_zoom", "toy_flip_zoom", "toy_plain"])
@pytest.mark.parametrize("kind", ["fcfi", "ritm"])
def test_with_the_closed_form_network(data_root: Path, kind: str, prefix: str) -> None:
    stored = reference(data_root, kind)
    model = ClosedFormModel(ClosedFormNetwork(fcfi=kind == "fcfi"))
    courses = compare(stored, prefix, kind, model)
    ious = [metrics.carried_on([click.iou for click in c.clicks], CLICKS) for c in courses]
    for number, threshold in enumerate(stored["noc_thresholds"]):
        assert metrics.noc(ious, threshold, CLICKS) == stored[f"{prefix}_noc"][number]
        assert released_metrics.nof(ious, threshold, CLICKS) == stored[f"{prefix}_nof"][number]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.long)
        for name in (
            "fcfi_hrnet18s",
            "fcfi_hrnet18s_small",
            "fcfi_resnet101",
            "ritm_hrnet18s",
            "ritm_hrnet18",
        )
    ],
)
def test_with_a_released_network(data_root: Path, name: str) -> None:
    kind = name.partition("_")[0]
    network = released_network(name)
    model = SimpleNamespace(network=network, sha256="0", device=torch.device("cpu"))
    compare(reference(data_root, kind), f"{name}_flip_zoom", kind, model)
