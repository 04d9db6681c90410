"""Which network a new run begins with, where sets are looked for, and what is told how."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest
import timm
import torch

from napari_fcfi.checkpoints import Card, CheckpointError, untrained_model, write_checkpoint
from napari_fcfi.network import Architecture, build_network
from training import command
from training.beginning import beginning
from training.data.files import DataError
from training.data.source import open_source
from training.fingerprint import fingerprint
from training.loop import Run
from training.recipes import Recipe, recipe

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
    tmp_path: Path,
    arguments: tuple[str, ...],
    variable: str | None,
    expected: str,
) -> None:
    def opened(
        data: Path | None, kind: str, *, root: Path, factors: Mapping[str, float]
    ) -> NoReturn:
        assert factors == recipe("fcfi_lite").set_factors
        raise DataError(f"expected {kind} in {root.as_posix()}, found none.")

    monkeypatch.setattr(command, "open_source", opened)
    given = ["fcfi_lite", "--device", "cpu", "--run", str(tmp_path), *arguments]
    monkeypatch.setattr(sys, "argv", ["train", *given])
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


def said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str | Path
) -> tuple[str, str]:
    """What the command prints on both streams, whether or not it ends in an error."""
    given = ["train", "fcfi_lite", "--device", "cpu", *map(str, arguments)]
    monkeypatch.setattr(sys, "argv", given)
    with suppress(SystemExit):
        command.main()
    printed = capsys.readouterr()
    return printed.out, printed.err


def begun(folder: Path, data: Path) -> None:
    """A run of the recipe at step 18, which had these data."""
    chosen = recipe("fcfi_lite")
    run = Run(chosen, folder, build_network(chosen.architecture))
    run.step, run.data = 18, fingerprint(open_source(data))
    folder.mkdir(parents=True)
    run.save()


def test_steps_that_a_run_has_taken_already_are_told(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun(tmp_path / "run", folder)
    given = ("--data", folder, "--run", tmp_path / "run", "--steps", "18")
    out, _ = said(monkeypatch, capsys, *given)
    assert "the run is at step 18 already; --steps must be larger to go on\n" in out


def test_a_decay_branch_of_nothing_is_refused(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--data", folder, "--run", tmp_path / "typo", "--decay", "3")
    _, err = said(monkeypatch, capsys, *given)
    assert err.startswith("error: Expected a run for a decay branch in")
    assert not (tmp_path / "typo").exists()


@pytest.mark.slow
def test_a_branch_tells_where_it_leaves_the_run_and_that_it_is_at_its_end(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begun(tmp_path / "run", folder)
    given = ("--data", folder, "--run", tmp_path / "run", "--decay", "1")
    out, _ = said(monkeypatch, capsys, *given)
    assert "the branch leaves the run at step 18 and ends at 19\n" in out
    out, _ = said(monkeypatch, capsys, *given)
    assert "ends at 19; it is there already, move decayed.pt away to branch off anew\n" in out


def test_steps_and_a_branch_together_are_refused(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--data", folder, "--run", tmp_path / "run", "--decay", "3", "--steps", "5")
    _, err = said(monkeypatch, capsys, *given)
    assert err.startswith("error: Expected --steps for a run, or --decay for a branch; got both")


def test_other_data_ask_for_a_run_to_be_named_and_are_told_before_the_bar(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "user_cache_path", lambda _: tmp_path / "cache")
    run = tmp_path / "cache/runs/fcfi_lite"
    begun(run, folder)
    other = folder.rename(tmp_path / "set_other")
    given = ("--data", other, "--steps", "18")
    _, err = said(monkeypatch, capsys, *given)
    assert "error: Expected the data of the steps that the run in the default folder" in err
    _, err = said(monkeypatch, capsys, *given, "--run", run)
    assert "error" not in err
    assert 0 < err.index("warning: the data differ") < err.index("18/18 steps")


def test_a_checkpoint_that_is_not_there_is_told_before_pictures_are_read(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = ("--data", folder, "--run", tmp_path / "run", "--init", tmp_path / "nope.safetensors")
    _, err = said(monkeypatch, capsys, *given)
    assert "nope.safetensors" in err
    assert "checking pictures" not in err
