"""The precision of a run: bfloat16 where the device has instructions for it, and only there."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from napari_fcfi.network import FCFI
from training import launch
from training.data.source import open_source
from training.launch import make_fabric
from training.loop import Run
from training.precision import suited_to
from training.recipes import recipe

LITE = recipe("fcfi_lite").model_copy(update={"crop": (64, 64), "pictures": 2})


def with_instructions(monkeypatch: pytest.MonkeyPatch, **instructions: bool) -> None:
    """A processor that can do these."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: instructions, raising=False)


@pytest.mark.parametrize(
    ("instructions", "precision"),
    [
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": False}, "32-true"),
        ({"avx2": True, "avx512_bf16": True, "amx_bf16": False}, "bf16-mixed"),
        ({"avx2": True, "avx512_bf16": False, "amx_bf16": True}, "bf16-mixed"),
        ({"neon": True, "bf16": True}, "32-true"),  # not measured there
    ],
)
def test_a_processor_works_in_bfloat16_if_it_has_instructions_for_it(
    monkeypatch: pytest.MonkeyPatch, instructions: dict[str, bool], precision: str
) -> None:
    with_instructions(monkeypatch, **instructions)
    assert suited_to("cpu") == precision
    assert make_fabric(LITE, "cpu").strategy.precision.precision == precision


def test_a_torch_that_does_not_tell_means_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert suited_to("cpu") == "32-true"


@pytest.mark.parametrize(("quick", "precision"), [(True, "bf16-mixed"), (False, "32-true")])
def test_a_gpu_that_emulates_bfloat16_works_in_float32(
    monkeypatch: pytest.MonkeyPatch, quick: bool, precision: str
) -> None:
    def supported(*, including_emulation: bool = True) -> bool:
        return quick or including_emulation

    monkeypatch.setattr(torch.cuda, "is_bf16_supported", supported)
    assert suited_to("cuda") == precision


def test_the_device_that_fabric_run_chose_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with_instructions(monkeypatch, amx_bf16=True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: False)
    monkeypatch.setenv("LT_ACCELERATOR", "cpu")
    assert make_fabric(LITE).strategy.precision.precision == "bf16-mixed"


def test_the_precision_that_fabric_run_chose_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with_instructions(monkeypatch, amx_bf16=True)
    monkeypatch.setenv("LT_CLI_USED", "1")
    monkeypatch.setenv("LT_PRECISION", "32-true")
    assert make_fabric(LITE, "cpu").strategy.precision.precision == "32-true"


def test_processes_of_different_precisions_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def over_processes(_fabric: object, _values: list[float], how: str) -> list[float]:
        return {"min": [0.0], "max": [1.0]}[how]

    monkeypatch.setattr(launch, "over_processes", over_processes)
    with pytest.raises(ValueError, match="work in one precision"):
        make_fabric(LITE, "cpu")


def test_what_the_recipe_says_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with_instructions(monkeypatch, amx_bf16=True)
    exact = LITE.model_copy(update={"precision": "32-true"})
    assert make_fabric(exact, "cpu").strategy.precision.precision == "32-true"


@pytest.mark.slow
def test_a_run_goes_on_in_another_precision(folder: Path, tmp_path: Path) -> None:
    before = LITE.model_copy(update={"precision": "bf16-mixed"})
    Run(before, tmp_path, FCFI()).train(open_source(folder), until=1)
    run = Run(LITE.model_copy(update={"precision": "32-true"}), tmp_path, FCFI())
    assert run.step == 1
