"""The whole network: sizes, batches, ablations, and what its encoding depends on."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from napari_fcfi.network import FCFI, Architecture, Prediction
from napari_fcfi.network.backbones import EfficientNetLite0
from napari_fcfi.network.clicks import interaction_map


@pytest.fixture(scope="module")
def network() -> FCFI:
    torch.manual_seed(0)
    return FCFI().eval()


def answer(
    network: FCFI, image: torch.Tensor, clicks: torch.Tensor, feedback: torch.Tensor, gate: float
) -> Prediction:
    size = (image.shape[-2], image.shape[-1])
    disks = interaction_map(clicks, size)
    with torch.inference_mode():
        features = network.encode(image, disks, feedback)
        gates = torch.full((len(image), 1, 1, 1), gate)
        return network.decode(features, clicks, disks, feedback, clicks[:, -1:], gates)


def example(batch: int, height: int, width: int) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    clicks = torch.tensor([[[9.0, 12.0, 1.0], [20.0, 5.0, 0.0]]]).repeat(batch, 1, 1)
    return torch.rand(batch, 3, height, width), clicks, torch.rand(batch, 1, height, width)


@pytest.mark.parametrize(("height", "width"), [(64, 96), (33, 47), (32, 32), (65, 31)])
def test_any_size_gives_logits_of_that_size(network: FCFI, height: int, width: int) -> None:
    prediction = answer(network, *example(1, height, width), gate=1.0)
    assert prediction.logits.shape == (1, 1, height, width)
    cells = (-(-height // 4), -(-width // 4))
    for part in (
        prediction.refined_feedback,
        prediction.updated_feedback,
        prediction.affinity,
        prediction.box,
    ):
        assert part.shape == (1, 1, *cells)
        assert part.min() >= 0
        assert part.max() <= 1 + 1e-6
    assert torch.isfinite(prediction.logits).all()
    assert 0 <= prediction.quality.item() <= 1


@pytest.mark.parametrize(("height", "width"), [(61, 64), (62, 63), (64, 61)])
def test_a_window_that_ends_inside_a_cell_is_answered_as_a_part_of_the_whole_cells(
    network: FCFI, height: int, width: int
) -> None:
    image, clicks, _ = example(1, height, width)
    whole = nn.functional.pad(image, (0, 64 - width, 0, 64 - height), mode="replicate")
    cut, full = (
        answer(network, picture, clicks, torch.zeros_like(picture[:, :1]), gate=0.0)
        for picture in (image, whole)
    )
    assert full.logits.std() > 1e-3
    torch.testing.assert_close(cut.logits, full.logits[..., :height, :width])


def test_a_batch_gives_what_its_samples_give_alone(network: FCFI) -> None:
    image, clicks, feedback = example(2, 64, 64)
    image[1] = image[1].flip(-1)
    together = answer(network, image, clicks, feedback, gate=1.0)
    for i in range(2):
        alone = answer(network, image[i : i + 1], clicks[i : i + 1], feedback[i : i + 1], gate=1.0)
        torch.testing.assert_close(together.logits[i : i + 1], alone.logits, atol=1e-4, rtol=1e-4)


def test_channels_last_gives_the_same(network: FCFI) -> None:
    image, clicks, feedback = example(1, 64, 64)
    expected = answer(network, image, clicks, feedback, gate=1.0).logits
    image = image.contiguous(memory_format=torch.channels_last)
    got = answer(network, image, clicks, feedback, gate=1.0).logits
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_clicks_and_feedback_change_the_answer_but_not_the_encoding(network: FCFI) -> None:
    image, clicks, feedback = example(1, 64, 64)
    assert not network.encoding_uses_interaction
    base = answer(network, image, clicks, feedback, gate=1.0).logits
    assert not torch.equal(base, answer(network, image, clicks + 10, feedback, gate=1.0).logits)
    assert not torch.equal(base, answer(network, image, clicks, 1 - feedback, gate=1.0).logits)
    assert not torch.equal(base, answer(network, image, clicks, feedback, gate=0.0).logits)


ABLATIONS = [
    Architecture(feedback="ffcm"),
    Architecture(feedback="cffm"),
    Architecture(feedback="input"),
    Architecture(feedback="none"),
    Architecture(similarity="exponential"),
    Architecture(residual=False),
    Architecture(gate=False),
    Architecture(affinity_channels=0),
    Architecture(fusion="early"),
    Architecture(fusion="early", feedback="input"),
]


@pytest.mark.parametrize("architecture", ABLATIONS, ids=str)
def test_every_ablation_predicts_and_learns(architecture: Architecture) -> None:
    network = FCFI(architecture)
    image, clicks, feedback = example(1, 64, 64)
    disks = interaction_map(clicks, (64, 64))
    features = network.encode(image, disks, feedback)
    gate = torch.ones(1, 1, 1, 1)
    prediction = network.decode(features, clicks, disks, feedback, clicks[:, -1:], gate)
    (prediction.logits.sum() + prediction.quality.sum()).backward()
    unused = [n for n, p in network.named_parameters() if p.grad is None]
    # without feedback, and for the feedback pathway itself, nothing asks for the projection
    assert all(n.startswith(("project", "cffm")) for n in unused), unused


def test_without_feedback_the_answer_ignores_it() -> None:
    network = FCFI(Architecture(feedback="none")).eval()
    image, clicks, feedback = example(1, 64, 64)
    first = answer(network, image, clicks, feedback, gate=1.0).logits
    assert torch.equal(first, answer(network, image, clicks, 1 - feedback, gate=1.0).logits)


def test_early_fusion_asks_for_clicks_when_encoding() -> None:
    network = FCFI(Architecture(fusion="early"))
    assert network.encoding_uses_interaction
    with pytest.raises(ValueError, match="pass interaction_map and feedback"):
        network.encode(torch.rand(1, 3, 64, 64))


def test_features_are_repeated_in_the_order_asked_for(network: FCFI) -> None:
    image, _, _ = example(2, 64, 64)
    with torch.inference_mode():
        features = network.encode(image).expand(torch.tensor([1, 0, 1]))
    assert torch.equal(features.pyramid.stride8[0], features.pyramid.stride8[2])
    assert not torch.equal(features.pyramid.stride8[0], features.pyramid.stride8[1])


def test_folding_batch_norm_leaves_the_features_as_timm_has_them() -> None:
    import timm

    torch.manual_seed(0)
    whole = timm.create_model("tf_efficientnet_lite0").eval()
    for module in whole.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.running_mean, -0.2, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
            nn.init.uniform_(module.weight, 0.5, 1.0)
    ours = EfficientNetLite0(whole.state_dict()).eval()
    body = timm.create_model(
        "tf_efficientnet_lite0", features_only=True, out_indices=(0, 1, 2, 3, 4)
    ).eval()
    body.load_state_dict({key: whole.state_dict()[key] for key in body.state_dict()})
    for module in body.modules():  # ReLU instead of ReLU6 is the one intended difference
        for name, child in module.named_children():
            if isinstance(child, nn.ReLU6):
                setattr(module, name, nn.ReLU())
    image = torch.rand(1, 3, 64, 96)
    with torch.inference_mode():
        for got, expected in zip(ours(image), body((image * 255 - 127) / 128), strict=True):
            torch.testing.assert_close(got, expected, atol=1e-3, rtol=1e-3)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in ours.modules())
