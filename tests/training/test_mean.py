"""The mean of checkpoints: of their weights, and of what their cards tell."""

from pathlib import Path

import pytest
import torch

from napari_fcfi.checkpoints import Card, load_network, write_checkpoint
from napari_fcfi.network import Architecture, build_network
from training import mean


def written(path: Path, seed: int, card: Card) -> str:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = build_network(card.architecture)
    write_checkpoint(path, network, card)
    return str(path)


@pytest.fixture
def branches(tmp_path: Path) -> list[str]:
    cards = [
        Card(name="branch", licence="MIT", training=training, data=data, figures={"NoC@90": 3.0})
        for training, data in (("10 objects", ("a", "b")), ("20 objects", ("b", "c")))
    ]
    return [
        written(tmp_path / f"{seed}.safetensors", seed, card) for seed, card in enumerate(cards)
    ]


def test_weights_and_history_of_both_are_in_the_mean(tmp_path: Path, branches: list[str]) -> None:
    mean.main(tmp_path / "mean.safetensors", branches)

    found, card = load_network(str(tmp_path / "mean.safetensors"))
    each = [load_network(branch)[0].state_dict() for branch in branches]
    for name, value in found.state_dict().items():
        middle = (each[0][name] + each[1][name]) / 2
        torch.testing.assert_close(value, middle, rtol=1e-3, atol=1e-3)  # kept as float16
    assert card.name == "mean"
    assert card.training == "mean of: 10 objects / 20 objects"
    assert card.data == ("a", "b", "c")
    assert card.figures == {}


@pytest.mark.parametrize(("ratios", "told"), [((0.3, 0.3), 0.3), ((0.3, 0.5), None)])
def test_a_mean_tells_the_ratio_of_which_all_are(
    ratios: tuple[float, float], told: float | None
) -> None:
    cards = [Card(name="x", expansion_ratio=ratio) for ratio in ratios]
    assert mean.mean_card(cards).expansion_ratio == told


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (Card(name="x", architecture=Architecture(gate=False), licence="MIT"), "architecture"),
        (Card(name="x", licence="CC0-1.0"), "licence"),
    ],
)
def test_what_does_not_go_together_is_refused(
    tmp_path: Path,
    branches: list[str],
    capsys: pytest.CaptureFixture[str],
    other: Card,
    said: str,
) -> None:
    foreign = written(tmp_path / "foreign.safetensors", 2, other)
    with pytest.raises(SystemExit):
        mean.main(tmp_path / "mean.safetensors", [branches[0], foreign])
    assert f"Expected checkpoints of one {said}" in capsys.readouterr().err
    assert not (tmp_path / "mean.safetensors").exists()
