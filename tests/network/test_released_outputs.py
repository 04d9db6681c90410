"""The paper's networks against outputs of the authors' programs with synthetic weights.

Everything needed is in `tests/data/reference`; tolerances are those of its description.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from napari_fcfi.checkpoints.released_keys import Names
from napari_fcfi.network import PaperNetwork, Prediction, build_network, released_architecture
from napari_fcfi.network.blocks import resize
from napari_fcfi.network.clicks import interaction_map
from tests.reference_weights import (
    REFERENCE,
    clicks_of_points,
    released_keys,
    released_network,
    synthetic_weights,
    weights_crc32,
)

pytestmark = pytest.mark.slow

MODELS = sorted(path.name.removesuffix(".keys.json") for path in REFERENCE.glob("*.keys.json"))
FCFI_MODELS = [model for model in MODELS if model.startswith("fcfi")]
SIZE = (64, 96)

LOGITS = 1e-4
PROBABILITIES = 2e-5
FLOAT64 = 1e-8


@pytest.fixture(scope="module", params=MODELS)
def model(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def outputs(model: str) -> dict[str, Any]:
    with np.load(REFERENCE / f"portable_{model}.npz") as file:
        return dict(file)


def predict(
    network: PaperNetwork,
    stored: dict[str, Any],
    clicks: np.ndarray[Any, Any],
    new_clicks: np.ndarray[Any, Any],
    feedback: Tensor,
    gate: float,
    *,
    soft_box: bool = False,
) -> Prediction:
    """An answer to clicks in the reference's own form; its new clicks come newest first."""
    table = clicks_of_points(clicks)
    image = torch.from_numpy(stored["image"]).permute(2, 0, 1)[None].float() / 255
    image = image.to(feedback.dtype)
    if len(table) == 2:
        image = torch.cat([image, image.flip(-1)])
    maps = interaction_map(table, SIZE)
    new = torch.from_numpy(new_clicks.reshape(len(table), -1, 3).astype(np.float32)).flip(1)
    gates = feedback.new_full((len(table), 1, 1, 1), gate)
    with torch.inference_mode():
        features = network.encode(image, maps, feedback)
        return network.decode(features, table, maps, feedback, new, gates, 0.3, soft_box=soft_box)


def assert_same(model: str, prediction: Prediction, stored: dict[str, Any], prefix: str) -> None:
    compared = 0
    for name, value, tolerance in (
        ("instances", prediction.logits, LOGITS),
        ("instances_aux", prediction.auxiliary_logits, LOGITS),
        ("updated_feedback1", prediction.refined_feedback, PROBABILITIES),
        ("updated_feedback2", prediction.updated_feedback, PROBABILITIES),
    ):
        if f"{prefix}_{name}" not in stored:
            continue
        assert value is not None
        if name == "updated_feedback1" and model == "fcfi_resnet101":
            # the released DeepLab model resizes this one map without aligning corners
            large = functional.interpolate(value, SIZE, mode="bilinear", align_corners=False)
        else:
            large = resize(value, SIZE)
        np.testing.assert_allclose(large, stored[f"{prefix}_{name}"], rtol=0, atol=tolerance)
        compared += 1
    assert compared


def second_feedback(stored: dict[str, Any]) -> Tensor:
    return torch.from_numpy(stored["p2_prev"])


def test_every_tensor_has_the_released_name_shape_and_type(model: str) -> None:
    architecture = released_architecture(model.replace("_", "-"))
    names = Names(architecture)
    state = build_network(architecture).state_dict()
    ours = {names.theirs(name): tuple(value.shape) for name, value in state.items()}
    assert ours == released_keys(model)
    assert [name for name in state if names.ours(names.theirs(name)) != name] == []
    integers = {name for name, value in state.items() if value.dtype == torch.int64}
    assert integers == {name for name in state if name.endswith("num_batches_tracked")}


def test_synthetic_weights_have_the_reference_checksum(model: str) -> None:
    weights = synthetic_weights(released_keys(model))
    assert weights_crc32(weights) == int(outputs(model)["weights_crc32"])


def test_the_first_click(model: str) -> None:
    stored = outputs(model)
    prediction = predict(
        released_network(model), stored, stored["p1_points"], stored["p1_new"],
        torch.zeros(1, 1, *SIZE), gate=0,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p1")
    probabilities = torch.sigmoid(prediction.logits)
    np.testing.assert_allclose(probabilities, stored["p2_prev"], rtol=0, atol=PROBABILITIES)


def test_a_further_click(model: str) -> None:
    stored = outputs(model)
    prediction = predict(
        released_network(model), stored, stored["p2_points"], stored["p2_new"],
        second_feedback(stored), gate=1,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p2")


def test_a_batch_of_an_image_and_its_mirror(model: str) -> None:
    stored = outputs(model)
    feedback = second_feedback(stored)
    prediction = predict(
        released_network(model), stored, stored["p5_points"], stored["p5_new"],
        torch.cat([feedback, feedback.flip(-1)]), gate=1,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p5")


def test_float64(model: str) -> None:
    stored = outputs(model)
    network = PaperNetwork(released_architecture(model.replace("_", "-")))
    network.load_state_dict(released_network(model).state_dict())
    prediction = predict(
        network.eval().double(), stored, stored["p2_points"], stored["p2_new"],
        second_feedback(stored).double(), gate=1,
    )  # fmt: skip
    close = {"rtol": 0, "atol": FLOAT64}
    np.testing.assert_allclose(prediction.logits, stored["p2_float64_instances"], **close)
    if "p2_float64_updated_feedback2" in stored:
        updated = resize(prediction.updated_feedback, SIZE)
        np.testing.assert_allclose(updated, stored["p2_float64_updated_feedback2"], **close)


@pytest.mark.parametrize("model", FCFI_MODELS)
def test_a_further_click_with_a_closed_gate(model: str) -> None:
    stored = outputs(model)
    prediction = predict(
        released_network(model), stored, stored["p2_points"], stored["p2_new"],
        second_feedback(stored), gate=0,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p2_gate0")


@pytest.mark.parametrize("model", FCFI_MODELS)
def test_the_soft_box_of_training(model: str) -> None:
    stored = outputs(model)
    prediction = predict(
        released_network(model), stored, stored["p3_points"], stored["p3_new"],
        second_feedback(stored), gate=1, soft_box=True,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p3train")
    box = functional.interpolate(prediction.box, SIZE, mode="nearest")
    np.testing.assert_allclose(box, stored["p3train_valid_masks"], rtol=0, atol=1e-6)


@pytest.mark.parametrize("model", FCFI_MODELS)
def test_two_new_clicks_at_once(model: str) -> None:
    stored = outputs(model)
    prediction = predict(
        released_network(model), stored, stored["p3_points"], stored["p4_new"],
        second_feedback(stored), gate=1,
    )  # fmt: skip
    assert_same(model, prediction, stored, "p4")


@pytest.mark.parametrize("model", FCFI_MODELS)
def test_click_maps_are_the_released_disks(model: str) -> None:
    stored = outputs(model)
    for case, clicks in (("p1", "p1_points"), ("p2", "p2_points"), ("p3train", "p3_points")):
        maps = interaction_map(clicks_of_points(stored[clicks]), SIZE)
        np.testing.assert_array_equal(maps, stored[f"{case}_click_maps"])


# ------------------------------------------------------------------------------- stage by stage

HRNET_PARTS = {
    "maps_transform": "click_stem",
    "feature_extractor.aux_head.0": "head.coarse.0.conv",
    "feature_extractor.aux_head": "head.coarse",
    "feature_extractor.conv3x3_ocr": "head.pixels",
    "feature_extractor.ocr_distri_head.object_context_block.f_down": "head.down",
    "feature_extractor.ocr_distri_head.object_context_block.f_up": "head.up",
    "feature_extractor.ocr_distri_head.object_context_block": "head.up",
    "feature_extractor.ocr_distri_head": "head.fuse",
    "feature_extractor.cls_head": "head.answer",
}
DEEPLAB_PARTS = {
    "maps_transform": "click_stem",
    "feature_extractor.skip_project": "backbone.skip",
    **{f"feature_extractor.aspp.concurent.{i}": f"backbone.pyramid.branches.{i}" for i in range(4)},
    "feature_extractor.aspp.concurent.4": "backbone.pyramid.mean",
    "feature_extractor.aspp": "backbone.pyramid",
    "feature_extractor.head": "head.fuse",
    "head.layers.0": "head.answer.0",
    "head.layers.1": "head.answer.1",
    "head": "head.answer",
}
MODULE_PARTS = {
    "correction_module.info_encoder.0": "affinity_encoder.0",
    "correction_module.info_encoder": "affinity_encoder",
    **{
        f"{cffm}.{theirs}": f"cffm.{ours}"
        for cffm in ("fusion_module", "feedback_fusion")
        for theirs, ours in {
            "feature_conv": "encode",
            "fusion_encoder.0": "update.0",
            "fusion_encoder.2": "update.2",
            "fusion_encoder.3": "update.3",
            "residual_predictor": "fuse",
        }.items()
    },
}


class Watch:
    """Copies of what every module gave, and of the context that an OCR head gathered."""

    def __init__(self, network: nn.Module) -> None:
        self.seen: dict[str, Any] = {}
        self.handles = [
            part.register_forward_hook(self._keep(name)) for name, part in network.named_modules()
        ]

    def _keep(self, name: str) -> Any:
        def keep(_: nn.Module, given: tuple[Any, ...], found: Any) -> None:
            if isinstance(found, Tensor):
                self.seen[name] = found.clone()
            else:
                self.seen[name] = [x.clone() for x in found if x is not None]
            if name == "head.down":
                self.seen["gathered"] = given[0].clone()

        return keep

    def __enter__(self) -> dict[str, Any]:
        return self.seen

    def __exit__(self, *_: object) -> None:
        for handle in self.handles:
            handle.remove()


def stage(name: str, network: PaperNetwork, seen: dict[str, Any]) -> Tensor:
    """Our tensor for one of the reference's stages."""
    short = name.removeprefix("feature_extractor.")
    parts = HRNET_PARTS if network.architecture.name != "fcfi-resnet101" else DEEPLAB_PARTS
    context = "ocr_distri_head.object_context_block."
    if name in parts:
        return seen[parts[name]]
    if short in MODULE_PARTS:
        return seen[MODULE_PARTS[short]]
    if short in ("fusion_module[0]", "feedback_fusion[0]"):
        return seen["cffm"][2]
    if short in (
        "fusion_module[1]", "feedback_fusion[1]",
        "fusion_module.fusion_encoder", "feedback_fusion.fusion_encoder",
    ):  # fmt: skip
        return seen["cffm"][1]
    if short == "ocr_gather_head":
        return seen["gathered"]
    if short in (f"{context}f_pixel", f"{context}f_object"):  # without effect, so not run
        with torch.inference_mode():
            if short.endswith("f_pixel"):
                return network.head.query(seen["head.pixels"])
            return network.head.key(seen["gathered"])
    path, _, index = short.removeprefix("backbone.").partition("[")
    found = seen[f"backbone.body.{path}"]
    return found[int(index.rstrip("]"))] if index else found


def test_every_stage_of_the_network(model: str) -> None:
    stored = outputs(model)
    network = released_network(model)
    with Watch(network) as seen:
        predict(
            network, stored, stored["p2_points"], stored["p2_new"], second_feedback(stored), gate=1
        )
    expected = zip(
        stored["p2_stage_names"], stored["p2_stage_shapes"], stored["p2_stage_stats"], strict=True
    )
    for name, shape, stats in expected:
        found = stage(str(name), network, seen)
        # what is the same everywhere is kept as one pixel here
        values = found.expand(*shape.tolist()).flatten().double().numpy()
        n = values.size
        got = [
            values.mean(), values.std(ddof=1) if n > 1 else 0.0, values.min(), values.max(),
            values[0], values[n // 2], values[-1],
        ]  # fmt: skip
        largest = np.abs(stats[2:4]).max()
        np.testing.assert_allclose(got[0], stats[0], rtol=0, atol=1e-5 * largest, err_msg=name)
        np.testing.assert_allclose(got[1:], stats[1:], rtol=0, atol=1e-4 * largest, err_msg=name)


@pytest.mark.parametrize("model", FCFI_MODELS)
def test_ffcm_and_cffm_at_the_features_size(model: str) -> None:
    stored = outputs(model)
    network = released_network(model)
    with Watch(network) as seen:
        prediction = predict(
            network, stored, stored["p2_points"], stored["p2_new"], second_feedback(stored), gate=1
        )
    close = {"rtol": 0, "atol": PROBABILITIES}
    np.testing.assert_allclose(prediction.refined_feedback, stored["p2_ffcm_feedback"], **close)
    np.testing.assert_allclose(prediction.updated_feedback, stored["p2_cffm_feedback"], **close)
    first = stored["p2_cffm_feature_first8"]
    largest = np.abs(first).max()
    np.testing.assert_allclose(seen["cffm"][2][:, :8], first, rtol=0, atol=LOGITS * largest)
