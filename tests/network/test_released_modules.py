"""FFCM, CFFM and disks of the released programs, one by one (`reference/modules.npz`)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from napari_fcfi.checkpoints import released_keys
from napari_fcfi.network.affinity_encoder import AffinityEncoder, beside_features
from napari_fcfi.network.blocks import resize
from napari_fcfi.network.cffm import CFFM, normalised_layers
from napari_fcfi.network.clicks import interaction_map
from napari_fcfi.network.ffcm import CorrectedFeedback, focus, soft_box
from napari_fcfi.network.truncated_placement import (
    box_edges,
    cells_of,
    input_box_edges,
    truncated_place,
)
from tests.reference_weights import fill_synthetically

CLOSE: dict[str, Any] = {"rtol": 0, "atol": 1e-5}
CHANNELS, HIDDEN = 12, 8


@pytest.fixture(scope="module")
def stored(data_root: Path) -> dict[str, Any]:
    with np.load(data_root / "reference" / "modules.npz") as file:
        return dict(file)


def file_name(table: dict[str, str], prefix: str, within: str) -> Callable[[str], str]:
    """From a tensor's name in our module to its full name in the reference."""

    def found(name: str) -> str:
        theirs, ours = next(
            (theirs, ours) for theirs, ours in table.items() if f"{within}{name}".startswith(ours)
        )
        return prefix + theirs + f"{within}{name}".removeprefix(ours)

    return found


@pytest.fixture(scope="module")
def encoder() -> AffinityEncoder:
    encoder = AffinityEncoder(CHANNELS, 3, HIDDEN)
    fill_synthetically(encoder, file_name(released_keys.FFCM, "ffcm.", "affinity_encoder."))
    return encoder.eval().requires_grad_(False)


def cffm(updates: int) -> CFFM:
    layers = normalised_layers(CHANNELS, HIDDEN, one_channel=True)
    module = CFFM(layers, updates=updates)
    fill_synthetically(module, file_name(released_keys.CFFM, "cffm.", "cffm."))
    return module.eval().requires_grad_(False)


def inputs(stored: dict[str, Any], kind: str = "ffcm") -> tuple[Tensor, Tensor, Tensor, Tensor]:
    names = ("features", "images", "clicks", "feedback")
    features, image, maps, feedback = (torch.from_numpy(stored[f"{kind}_{n}"]) for n in names)
    return features, image, maps, feedback


def correct(
    stored: dict[str, Any],
    encoder: AffinityEncoder,
    new: str,
    *,
    kind: str = "ffcm",
    ratio: float = 0.3,
    soft: bool = False,
) -> CorrectedFeedback:
    """FFCM as the released networks have it; the reference's new clicks come newest first."""
    features, image, maps, feedback = inputs(stored, kind)
    clicks = torch.from_numpy(stored[new].astype(np.float32)).reshape(len(features), -1, 3).flip(1)
    size = (features.shape[-2], features.shape[-1])
    placement = truncated_place(
        clicks, ratio, (feedback.shape[-2], feedback.shape[-1]), size, soft=soft
    )
    compared = encoder(beside_features(features, image, maps, feedback))
    return focus(compared, resize(feedback, size), clicks, placement, newest_first=True)


def test_the_encoder_sees_image_clicks_feedback_and_features(
    stored: dict[str, Any], encoder: AffinityEncoder
) -> None:
    seen = beside_features(*inputs(stored))
    np.testing.assert_allclose(seen, stored["ffcm_encoder_in"], **CLOSE)
    np.testing.assert_allclose(encoder(seen), stored["ffcm_encoder_out"], **CLOSE)


@pytest.mark.parametrize(
    ("expected", "new", "ratio"),
    [
        ("ffcm_eval_out", "ffcm_eval_new", 0.3),
        ("ffcm_two_out", "ffcm_two_new", 0.3),
        ("ffcm_ratio0.1_out", "ffcm_eval_new", 0.1),
        ("ffcm_ratio0.5_out", "ffcm_eval_new", 0.5),
        ("ffcm_ratio2_out", "ffcm_eval_new", 2.0),
    ],
)
def test_feedback_is_corrected_as_by_the_released_module(
    stored: dict[str, Any], encoder: AffinityEncoder, expected: str, new: str, ratio: float
) -> None:
    got = correct(stored, encoder, new, ratio=ratio)
    np.testing.assert_allclose(got.feedback, stored[expected], **CLOSE)


def test_odd_sizes_are_corrected_as_by_the_released_module(
    stored: dict[str, Any], encoder: AffinityEncoder
) -> None:
    got = correct(stored, encoder, "ffcm_odd_new", kind="ffcm_odd")
    np.testing.assert_allclose(got.feedback, stored["ffcm_odd_out"], **CLOSE)


def test_the_affinity_inside_the_box_is_the_released_one(
    stored: dict[str, Any], encoder: AffinityEncoder
) -> None:
    got = correct(stored, encoder, "ffcm_eval_new")
    for sample, box in enumerate(got.box[:, 0].bool()):
        expected = stored[f"ffcm_eval_affinity{sample}"]
        inside = got.affinity[sample, 0][box].reshape(expected.shape)
        np.testing.assert_allclose(inside, expected, **CLOSE)


def test_training_corrects_in_a_soft_box(stored: dict[str, Any], encoder: AffinityEncoder) -> None:
    got = correct(stored, encoder, "ffcm_train_new", soft=True)
    np.testing.assert_allclose(got.feedback, stored["ffcm_train_out"], **CLOSE)
    np.testing.assert_allclose(got.box, stored["ffcm_train_mask"], **CLOSE)
    np.testing.assert_allclose(got.affinity, stored["ffcm_train_affinity"], **CLOSE)


def test_without_feedback_and_clicks_it_is_corrected_as_by_the_released_module(
    stored: dict[str, Any], encoder: AffinityEncoder
) -> None:
    nothing = {name: np.zeros_like(stored[name]) for name in ("ffcm_feedback", "ffcm_clicks")}
    got = correct({**stored, **nothing}, encoder, "ffcm_eval_new")
    np.testing.assert_allclose(got.feedback, stored["ffcm_first_out"], **CLOSE)


def test_400_clicks_and_boxes_lie_where_the_released_code_puts_them(
    stored: dict[str, Any],
) -> None:
    for row in stored["geometry"].tolist():
        case = dict(zip(stored["geometry_cols"].tolist(), row, strict=True))
        position = torch.tensor([case["y"], case["x"]], dtype=torch.float32)
        ratio = case["ratio_x10"] / 10
        whole, small = (case["H"], case["W"]), (case["fh"], case["fw"])
        starts, ends = input_box_edges(position, ratio, whole)
        assert [*starts.tolist(), *ends.tolist()] == [case[k] for k in ("y0", "x0", "y1", "x1")]
        assert cells_of(position, whole, small).tolist() == [case["fy"], case["fx"]]
        starts, ends = box_edges(position, ratio, whole, small)
        assert [*starts.tolist(), *ends.tolist()] == [case[k] for k in ("fy0", "fx0", "fy1", "fx1")]


def test_soft_boxes_have_the_released_edges(stored: dict[str, Any]) -> None:
    edges = torch.from_numpy(stored["softmask_locs"].astype(np.float32))
    boxes = soft_box(edges[:, :2], edges[:, 2:], stored["softmask"].shape[-2:])
    np.testing.assert_allclose(boxes[:, None], stored["softmask"], **CLOSE)


@pytest.mark.parametrize("updates", [1, 2])
@pytest.mark.parametrize("gate", [0, 1])
def test_feedback_and_features_are_fused_as_by_the_released_module(
    stored: dict[str, Any], gate: int, updates: int
) -> None:
    features = torch.from_numpy(stored["ffcm_features"])
    feedback = torch.from_numpy(stored["cffm_feedback"])
    gates = torch.full((len(features), 1, 1, 1), float(gate))
    fused = cffm(updates)(features, feedback, gates)
    prefix = f"cffm_gate{gate}_update{updates}"
    np.testing.assert_allclose(fused.features, stored[f"{prefix}_feature"], **CLOSE)
    np.testing.assert_allclose(fused.feedback, stored[f"{prefix}_feedback"], **CLOSE)


def test_feedback_of_the_inputs_size_is_resized_before_it_is_fused(
    stored: dict[str, Any],
) -> None:
    features, _, _, feedback = inputs(stored)
    small = resize(feedback, features.shape[-2:])
    fused = cffm(1)(features, small, torch.ones(len(features), 1, 1, 1))
    np.testing.assert_allclose(fused.features, stored["cffm_fullres_feedback_feature"], **CLOSE)
    np.testing.assert_allclose(fused.feedback, stored["cffm_fullres_feedback_feedback"], **CLOSE)


@pytest.mark.parametrize(("expected", "radius"), [("disk_maps", 5), ("disk_maps_radius3", 3)])
def test_disks_are_the_released_ones(stored: dict[str, Any], expected: str, radius: int) -> None:
    clicks = torch.from_numpy(stored["disk_points"].copy())
    empty = clicks[..., :2].amax(dim=2) < 0
    clicks[:, :3, 2], clicks[:, 3:, 2] = 1, 0
    clicks[empty] = -1
    maps = interaction_map(clicks, stored[expected].shape[-2:], radius)
    np.testing.assert_array_equal(maps, stored[expected])
