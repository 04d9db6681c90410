"""The paper's networks beside what the released programs do: sizes, options, ablations."""

from __future__ import annotations

import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from napari_fcfi.network import (
    FCFI,
    AnyArchitecture,
    Architecture,
    PaperArchitecture,
    PaperNetwork,
    Prediction,
    build_network,
    released_architecture,
)
from napari_fcfi.network.architecture import SIZES
from napari_fcfi.network.clicks import interaction_map
from tests.reference_weights import released_network

pytestmark = pytest.mark.slow

PARAMETERS = {
    "fcfi-hrnet18s": 10_156_998,
    "fcfi-hrnet18s-small": 4_455_458,
    "fcfi-hrnet18": 10_267_430,
    "fcfi-resnet101": 58_540_599,
    "ritm-hrnet18s": 4_220_047,
    "ritm-hrnet18": 10_032_019,
    "ritm-hrnet32": 30_951_363,
}
SMALL = "fcfi-hrnet18s-small"


def answer(
    network: PaperNetwork,
    size: tuple[int, int] = (64, 64),
    *,
    batch: int = 1,
    feedback: float = 0.3,
    gate: float = 1.0,
    shift: float = 0.0,
) -> Prediction:
    image = torch.rand(batch, 3, *size, generator=torch.Generator().manual_seed(1))
    clicks = torch.tensor([[[9.0, 12.0, 1.0], [20.0, 5.0, 0.0]]]).repeat(batch, 1, 1) + shift
    clicks[..., 2] -= shift
    maps = interaction_map(clicks, size)
    previous = torch.full((batch, 1, *size), feedback)
    features = network.encode(image, maps, previous)
    gates = torch.full((batch, 1, 1, 1), gate)
    return network.decode(features, clicks, maps, previous, clicks[:, -1:], gates)


def test_every_network_has_the_published_number_of_weights() -> None:
    with torch.device("meta"):
        counts = {
            name: sum(p.numel() for p in build_network(released_architecture(name)).parameters())
            for name in SIZES
        }
    assert counts == PARAMETERS


@pytest.mark.parametrize("size", [(64, 96), (33, 47), (65, 31)])
@pytest.mark.parametrize("name", [SMALL, "fcfi-resnet101", "ritm-hrnet18s"])
def test_any_size_gives_logits_of_that_size(name: str, size: tuple[int, int]) -> None:
    network = PaperNetwork(PaperArchitecture(name=name)).eval()
    with torch.inference_mode():
        prediction = answer(network, size)
    assert prediction.logits.shape == (1, 1, *size)
    cells = tuple(((side + 1) // 2 + 1) // 2 for side in size)
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
    assert prediction.quality is None
    assert (prediction.auxiliary_logits is None) == (name == "fcfi-resnet101")


def test_a_batch_gives_what_its_samples_give_alone() -> None:
    network = released_network("fcfi_hrnet18s_small")
    with torch.inference_mode():
        together, alone = answer(network, batch=2), answer(network, batch=1)
    torch.testing.assert_close(together.logits[:1], alone.logits, atol=1e-4, rtol=1e-4)


ABLATIONS = [
    PaperArchitecture(name=SMALL),
    released_architecture(SMALL),
    PaperArchitecture(name=SMALL, feedback="ffcm"),
    PaperArchitecture(name=SMALL, feedback="cffm"),
    PaperArchitecture(name=SMALL, feedback="input"),
    PaperArchitecture(name=SMALL, feedback="none"),
    PaperArchitecture(name=SMALL, similarity="exponential"),
    PaperArchitecture(name=SMALL, residual=False),
    PaperArchitecture(name=SMALL, residual=False, residual_channels="one"),
    PaperArchitecture(name=SMALL, gate=False),
    PaperArchitecture(name=SMALL, updates=2),
    PaperArchitecture(name=SMALL, soft_box=True),
    PaperArchitecture(name="fcfi-resnet101"),
    released_architecture("fcfi-resnet101"),
    PaperArchitecture(name="ritm-hrnet18s"),
    PaperArchitecture(name="ritm-hrnet18s", feedback="none"),
]


@pytest.mark.parametrize("architecture", ABLATIONS, ids=str)
def test_every_ablation_predicts_and_learns(architecture: PaperArchitecture) -> None:
    network = PaperNetwork(architecture)
    prediction = answer(network, batch=2)
    prediction.logits.sum().backward()
    unused = [n for n, p in network.named_parameters() if p.grad is None]
    # attention over one class, and an affinity that no feedback asks for
    allowed = ("head.query", "head.key")
    if architecture.feedback in ("cffm", "input", "none"):
        allowed += ("affinity_encoder",)
    assert all(n.startswith(allowed) for n in unused), unused


@pytest.mark.parametrize("part", ["query", "key"])
def test_the_attention_over_one_class_cannot_change_the_answer(part: str) -> None:
    network = PaperNetwork(released_architecture(SMALL)).eval()
    with torch.inference_mode():
        before = answer(network).logits
        for weight in getattr(network.head, part).parameters():
            weight.add_(1)
        assert torch.equal(answer(network).logits, before)


@pytest.mark.parametrize(
    ("architecture", "reads"),
    [
        (PaperArchitecture(name=SMALL), True),
        (PaperArchitecture(name=SMALL, feedback="input"), True),
        (PaperArchitecture(name=SMALL, feedback="none"), False),
        (PaperArchitecture(name="ritm-hrnet18s", feedback="none"), False),
    ],
    ids=str,
)
def test_the_answer_reads_feedback_only_where_the_method_has_it(
    architecture: PaperArchitecture, reads: bool
) -> None:
    network = PaperNetwork(architecture).eval()
    with torch.inference_mode():
        first, second = (answer(network, feedback=f).logits for f in (0.2, 0.8))
        moved = answer(network, shift=10.0).logits
    assert torch.equal(first, second) != reads
    assert not torch.equal(answer(network, feedback=0.2).logits, moved)


def test_feedback_enters_the_stem_only_where_the_architecture_says_so() -> None:
    for architecture, maps in (
        (PaperArchitecture(name=SMALL), 2),
        (PaperArchitecture(name=SMALL, feedback_in_stem=True), 3),
        (PaperArchitecture(name=SMALL, feedback="input"), 3),
        (PaperArchitecture(name="ritm-hrnet18s"), 3),
        (PaperArchitecture(name="ritm-hrnet18s", feedback="none"), 2),
    ):
        assert architecture.stem_maps == maps


def test_a_closed_gate_leaves_out_the_feature_pathway() -> None:
    network = PaperNetwork(PaperArchitecture(name=SMALL)).eval()
    with torch.inference_mode():
        closed, other = (answer(network, feedback=f, gate=0.0).logits for f in (0.2, 0.8))
        opened = answer(network, feedback=0.2, gate=1.0).logits
    assert torch.equal(closed, other)
    assert not torch.equal(closed, opened)


def test_the_soft_box_is_for_training_alone_unless_it_is_asked_for() -> None:
    network = PaperNetwork(released_architecture(SMALL)).eval()
    with torch.no_grad():
        assert set(answer(network).box.unique().tolist()) == {0.0, 1.0}
        network.train()
        assert len(answer(network, batch=2).box.unique()) > 2


def test_a_network_asks_for_clicks_when_encoding() -> None:
    network = PaperNetwork(PaperArchitecture(name=SMALL))
    assert network.encoding_uses_interaction
    with pytest.raises(ValueError, match="pass interaction_map and feedback"):
        network.encode(torch.rand(1, 3, 64, 64))


@pytest.mark.parametrize("name", ["ritm-hrnet18s", "fcfi-resnet101"])
def test_features_are_repeated_in_the_order_asked_for(name: str) -> None:
    network = PaperNetwork(PaperArchitecture(name=name)).eval()
    image = torch.rand(2, 3, 32, 32)
    empty = torch.zeros(2, 2, 32, 32)
    with torch.inference_mode():
        features = network.encode(image, empty, empty[:, :1]).expand(torch.tensor([1, 0, 1]))
    deep = features.encoded.features
    assert features.size == (32, 32)
    assert len(features.image) == len(deep) == 3
    assert torch.equal(deep[0], deep[2])
    assert not torch.equal(deep[0], deep[1])


def test_an_architecture_is_told_by_its_name() -> None:
    adapter = TypeAdapter(AnyArchitecture)
    for architecture in (Architecture(fusion="early"), released_architecture("fcfi-resnet101")):
        assert adapter.validate_json(architecture.model_dump_json()) == architecture
    assert isinstance(build_network(Architecture()), FCFI)
    with pytest.raises(ValidationError, match="fusion"):
        PaperArchitecture.model_validate({"name": SMALL, "fusion": "late"})


def test_a_baseline_has_feedback_beside_its_clicks_and_no_module() -> None:
    assert PaperArchitecture(name="ritm-hrnet18").feedback == "input"
    with pytest.raises(ValidationError, match="choose an fcfi-… network"):
        PaperArchitecture(name="ritm-hrnet18", feedback="ffcm+cffm")


def test_weights_for_the_backbone_are_taken_over() -> None:
    first = PaperNetwork(PaperArchitecture(name="ritm-hrnet18s"))
    second = PaperNetwork(PaperArchitecture(name=SMALL), first.backbone.body.state_dict())
    assert torch.equal(second.backbone.body.conv1.weight, first.backbone.body.conv1.weight)
    assert not torch.equal(
        second.click_stem.reduce.weight[:, :2], first.click_stem.reduce.weight[:, :2]
    )
