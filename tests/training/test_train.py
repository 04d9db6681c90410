"""Which network a new run begins with, where sets are looked for, and what is told how."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NoReturn

import pytest
import timm
import torch

from napari_fcfi.checkpoints import Card, CheckpointError, untrained_model, write_checkpoint
from napari_fcfi.network import Architecture
from training import command
from training.beginning import beginning
from training.data.files import DataError
from training.recipes import Recipe

RECIPE = Recipe(name="small")


def test_a_file_with_timms_names_gives_the_backbone_its_first_weights(tmp_path: Path) -> None:
    torch.manual_seed(5)
    weights = timm.create_model("tf_efficientnet_lite0").state_dict()
    torch.save(weights, tmp_path / "lite0.pth")
    first, again = (beginning(RECIPE, None, tmp_path / "lite0.pth") for _ in range(2))
    other = beginning(RECIPE)
    assert torch.equal(first.network.backbone.stem.weight, again.network.backbone.stem.weight)
    assert not torch.equal(first.network.backbone.stem.weight, other.network.backbone.stem.weight)


def test_a_file_of_another_backbone_is_refused(tmp_path: Path) -> None:
    torch.save({"conv1.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="timm's tensors of tf_efficientnet_lite0"):
        beginning(RECIPE, None, tmp_path / "other.pth")


def test_a_checkpoint_and_backbone_weights_together_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model().network, Card(name="mine"))
    with pytest.raises(ValueError, match="got both"):
        beginning(RECIPE, str(path), tmp_path / "lite0.pth")


def test_a_checkpoint_of_another_architecture_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    write_checkpoint(path, untrained_model().network, Card(name="mine"))
    other = Architecture(similarity="exponential")
    with pytest.raises(ValueError, match="the recipe's architecture"):
        beginning(Recipe(name="other", architecture=other), str(path))
    assert beginning(RECIPE, str(path)).network.architecture == Architecture()


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [
        ((), None, "../shared"),
        ((), "elsewhere", "elsewhere"),
        (("--data-root", "here"), "elsewhere", "here"),
    ],
)
def test_sets_are_looked_for_where_the_option_or_the_variable_says(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    variable: str | None,
    expected: str,
) -> None:
    def opened(data: Path | None, kind: str, *, root: Path) -> NoReturn:
        raise DataError(f"expected {kind} in {root.as_posix()}, found none.")

    monkeypatch.setattr(command, "open_source", opened)
    monkeypatch.setattr(sys, "argv", ["train", "fcfi_lite", "--device", "cpu", *arguments])
    monkeypatch.delenv("NAPARI_FCFI_DATA", raising=False)
    if variable:
        monkeypatch.setenv("NAPARI_FCFI_DATA", variable)
    with pytest.raises(SystemExit):
        command.main()
    assert capsys.readouterr().err == f"error: expected folders in {expected}, found none.\n"


def test_a_mistake_of_the_program_keeps_its_trace(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> NoReturn:
        raise ValueError("too many values to unpack")

    given = ["fcfi_lite", "--data", str(folder), "--run", str(tmp_path), "--device", "cpu"]
    monkeypatch.setattr(command.Run, "train", broken)
    monkeypatch.setattr(sys, "argv", ["train", *given])
    with pytest.raises(ValueError, match="too many values"):
        command.main()
