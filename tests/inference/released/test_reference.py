"""The released protocol against what the authors' predictors did, click by click.

Tolerances are those of the reference's description. With the closed-form network everything but
the last digits is the predictor's own doing; with real networks the stored maps have 16 bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from napari_fcfi.inference import Click, Field, Predictor, State
from napari_fcfi.settings import Settings
from tests.inference.closed_form import ClosedFormModel, ClosedFormNetwork
from tests.reference_weights import released_network

HALF_PRECISION = 2e-3
ALL_SETTINGS = ("flip_zoom_default", "flip_zoom_released", "plain", "tight_zoom_noflip")
MODELS = (
    "fcfi_hrnet18s",
    "fcfi_hrnet18s_small",
    "fcfi_hrnet18",
    "fcfi_resnet101",
    "ritm_hrnet18s",
    "ritm_hrnet18",
    "ritm_hrnet32",
)
QUICK = {
    ("fcfi_hrnet18s_small", "flip_zoom_default"),
    ("fcfi_hrnet18s", "tight_zoom_noflip"),
    ("fcfi_resnet101", "plain"),
    ("ritm_hrnet18s", "flip_zoom_default"),
}
"""Runs of `make test`; all others take minutes."""


def reference(data_root: Path, name: str) -> dict[str, NDArray[Any]]:
    with np.load(data_root / "reference" / f"{name}.npz", allow_pickle=False) as file:
        return dict(file)


def settings_of(flip: bool, target: float, margin: float, least: float) -> Settings:
    zoom = {"zoom_size": int(target), "zoom_margin": float(margin), "zoom_min": int(least)}
    given = zoom if target > 0 else {"zoom_in": False}
    return Settings(protocol="released", flip=flip, **given)


def states(
    predictor: Predictor, field: Field, clicks: NDArray[np.integer]
) -> Iterator[tuple[int, State]]:
    """Each click's number, and the state after it."""
    state = predictor.initial()
    for number, (y, x, foreground) in enumerate(clicks):
        state = predictor(field, state, [Click(y, x, bool(foreground))])
        yield number, state


def window_of(state: State) -> list[int]:
    """First and last row, first and last column; all -1 without a window."""
    if state.zoom is None:
        return [-1] * 4
    box = state.zoom.box
    return [box.y0, box.y1 - 1, box.x0, box.x1 - 1]


@pytest.mark.parametrize("case", range(6))
@pytest.mark.parametrize("kind", ["fcfi", "ritm"])
def test_windows_clicks_and_maps_with_the_closed_form_network(
    data_root: Path, kind: str, case: int
) -> None:
    stored = reference(data_root, f"predictor_logic_{kind}")
    flip, zoom, target, margin, least = stored["configs_flip_zoom_target_expansion_mincrop"][case]
    settings = settings_of(bool(flip), target if zoom else -1, margin, least)
    network = ClosedFormNetwork(fcfi=kind == "fcfi")
    predictor = Predictor(ClosedFormModel(network), settings)
    field = Field.from_array(stored["image"], contrast="full")
    for t, state in states(predictor, field, stored[f"c{case}_clicks"]):
        passes, network.calls = network.calls, []
        height, width = passes[0]["image"].shape[-2:]
        assert window_of(state) == stored[f"c{case}_rois"][t].tolist()
        assert [len(passes), 4, height, width] == stored[f"c{case}_net_input_shape"][t].tolist()
        if kind == "fcfi":
            newest_first = [call["new_clicks"][0].flip(0).tolist() for call in passes]
            assert newest_first == stored[f"c{case}_new_clicks"][t].tolist()
        seen = torch.cat([passes[0]["image"], passes[0]["feedback"]], dim=1)
        means = seen.double().mean(dim=(0, 2, 3))
        expected_means = stored[f"c{case}_net_input_channel_means"][t]
        np.testing.assert_allclose(means, expected_means, rtol=0, atol=1e-6)
        probabilities = state.probabilities(field.box)
        expected = stored[f"c{case}_probs_stride4"][t]
        np.testing.assert_allclose(probabilities[::4, ::4], expected, rtol=0, atol=1e-5)
        total = stored[f"c{case}_prob_sums"][t]
        assert probabilities.sum(dtype=np.float64) == pytest.approx(total, rel=1e-6)
        area = int(state.mask(field.box).sum())
        assert area == pytest.approx(stored[f"c{case}_mask_areas"][t], abs=2)
    points = stored[f"c{case}_last_points"]
    for call, table in zip(passes, points, strict=True):
        used = table[table[:, :2].max(axis=1) >= 0]
        in_time = used[np.argsort(used[:, 2])][:, :2]
        np.testing.assert_allclose(call["clicks"][0, :, :2], in_time, rtol=0, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "name"),
    [
        pytest.param(model, name, marks=() if (model, name) in QUICK else pytest.mark.long)
        for model in MODELS
        for name in ALL_SETTINGS
    ],
)
def test_windows_and_maps_with_a_released_network(data_root: Path, model: str, name: str) -> None:
    stored = reference(data_root, f"predictor_{model}")
    at = stored["config_names"].tolist().index(name)
    target, margin, least = stored["config_zoom_target_expansion_mincrop"][at]
    settings = settings_of(bool(stored["config_flip"][at]), target, margin, least)
    network = released_network(model)
    made = SimpleNamespace(network=network, sha256="0", device=torch.device("cpu"))
    field = Field.from_array(stored["image"], contrast="full")
    for t, state in states(Predictor(made, settings), field, stored["clicks"]):
        assert window_of(state) == stored[f"{name}_rois"][t].tolist()
        found = state.probabilities(field.box)
        expected = stored[f"{name}_probs_stride4"][t]
        np.testing.assert_allclose(found[::4, ::4], expected, rtol=0, atol=HALF_PRECISION)
        assert found.mean(dtype=np.float64) == pytest.approx(
            stored[f"{name}_prob_mean"][t], abs=1e-4
        )
        area = int(state.mask(field.box).sum())
        assert area == pytest.approx(stored[f"{name}_area_above_049"][t], rel=2e-3, abs=1)
        if f"{name}_updated_feedback2" in stored:
            assert state.zoom_patch is not None
            updated = state.zoom_patch.probabilities(field.box)[::8, ::8]
            expected = stored[f"{name}_updated_feedback2"][t]
            np.testing.assert_allclose(updated, expected, rtol=0, atol=HALF_PRECISION)
    if f"{name}_probs_click6" in stored:
        expected = stored[f"{name}_probs_click6"]
        np.testing.assert_allclose(found, expected, rtol=0, atol=HALF_PRECISION)
