"""Tables 3-6: which checkpoint fills which row, and the commands for those that miss."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from napari_fcfi.checkpoints import Card, untrained_model, write_checkpoint
from napari_fcfi.network import Architecture, PaperArchitecture
from training import evaluate
from training.ablation import (
    DEFAULT_RATIO,
    RATIOS,
    ROWS,
    AblationRow,
    checkpoints_in,
    family_of,
    further_ratios,
    training_command,
)
from training.evaluation.errors import UserError
from training.recipes import changed, recipe

from .report.reading import Reader

FAMILIES = ("fcfi-lite", "fcfi-resnet101", "fcfi-hrnet18", "fcfi-hrnet18s-small")


def rows_of(architecture: Architecture | PaperArchitecture, ratio: float = 0.3) -> set[str]:
    values = architecture.model_dump()
    return {f"{row.table} {row.label}" for row in ROWS if row.is_filled_by(values, ratio)}


def test_architectures_fill_the_rows_that_they_are_for() -> None:
    whole = {"3 + FFC + CFF", "4 Cosine", "5 r = 0.3"}
    assert rows_of(Architecture()) == whole
    assert rows_of(PaperArchitecture(name="fcfi-resnet101")) == whole
    assert rows_of(Architecture(), 0.1) == {"5 r = 0.1"}
    assert rows_of(Architecture(similarity="exponential")) == {"4 Exponential"}
    assert rows_of(Architecture(feedback="none")) == {"3 Baseline", "6 w/o feedback"}
    assert rows_of(Architecture(feedback="ffcm")) == {"3 + FFC"}
    assert rows_of(Architecture(feedback="cffm")) == {"3 + CFF", "6 CFFM"}
    assert rows_of(Architecture(feedback="input")) == {"6 Concat feedback with input"}
    assert rows_of(Architecture(feedback="cffm", gate=False)) == {"6 CFFM w/o gate"}
    assert rows_of(Architecture(feedback="cffm", residual=False)) == {
        "6 CFFM w/o residual connection"
    }
    assert rows_of(Architecture(gate=False)) == set()


def test_the_baseline_of_hrnet_has_feedback_beside_the_clicks() -> None:
    ritm = PaperArchitecture(name="ritm-hrnet18")
    assert rows_of(ritm) == {"3 Baseline", "6 Concat feedback with input"}
    assert family_of(ritm.model_dump()) == "fcfi-hrnet18"


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(
    "row", [row for row in ROWS if row.ratio is None], ids=lambda row: row.label
)
def test_every_command_trains_a_network_that_fills_its_row(row: AblationRow, family: str) -> None:
    words = shlex.split(training_command(row, family))
    assert words[:3] == ["python", "-m", "training.train"]
    changes = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
    made = changed(recipe(words[3]), changes)
    values = made.architecture.model_dump()
    assert family_of(values) == family
    assert row.is_filled_by(values, DEFAULT_RATIO)
    assert (made.updated_weight > 0) == ("cffm" in made.architecture.feedback)
    assert (made.refined_weight > 0) == ("ffcm" in made.architecture.feedback)


def test_a_network_without_a_recipe_has_no_command() -> None:
    assert training_command(ROWS[0], "fcfi-unknown") == ""


def test_the_first_whole_network_of_a_family_gets_the_other_ratios() -> None:
    part, whole = Architecture(feedback="ffcm").model_dump(), Architecture().model_dump()
    other = PaperArchitecture(name="fcfi-hrnet18").model_dump()
    rest = [ratio for ratio in RATIOS if ratio != 0.3]
    found = further_ratios([part, whole, whole, other], [0.3, 0.3, 0.3, 0.2])
    assert found == [[], rest, [], [ratio for ratio in RATIOS if ratio != 0.2]]
    assert further_ratios([part], [0.5]) == [[0.3]]  # that of the tables about other parts


def test_a_folder_stands_for_the_checkpoints_in_it(tmp_path: Path) -> None:
    for name in ("b.safetensors", "a.pth", "card.json"):
        (tmp_path / name).touch()
    a, b = str(tmp_path / "a.pth"), str(tmp_path / "b.safetensors")
    assert checkpoints_in(["fcfi-lite", str(tmp_path), b]) == ["fcfi-lite", a, b]


def test_a_folder_without_checkpoints_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Expected checkpoints \(.pth, .safetensors\) in"):
        checkpoints_in([str(tmp_path)])


@pytest.mark.slow
def test_the_tables_have_figures_dashes_and_commands(tmp_path: Path) -> None:
    models, output = tmp_path / "models", tmp_path / "results"
    models.mkdir()
    for name, architecture in {
        "whole": Architecture(),
        "exponential": Architecture(similarity="exponential"),
    }.items():
        network = untrained_model(0, architecture=architecture).network
        card = Card(name=name, architecture=architecture, expansion_ratio=0.3)
        write_checkpoint(models / f"{name}.safetensors", network, card)
    evaluate.main(
        [
            *("--ablation", "--checkpoint", str(models), "--dataset", "sample"),
            *("--limit", "1", "--max-clicks", "1", "--settings", "flip=false"),
            *("--data-root", str(tmp_path), "--output", str(output)),
        ]
    )
    runs = json.loads((output / "results.json").read_text())["runs"]
    assert [run["settings"]["expansion_ratio"] for run in runs] == [0.3, 0.3, 0.1, 0.2, 0.4, 0.5]
    read = Reader((output / "report.html").read_text())
    by_ratio = {
        run["settings"]["expansion_ratio"]: run["datasets"]["sample"]["metrics"]
        for run in runs
        if run["checkpoint"] == "whole"
    }
    for table, row, filled in (
        ("Table 3", "Baseline", False),
        ("Table 3", "+ FFC + CFF", True),
        ("Table 4", "Exponential", True),
        ("Table 6", "CFFM", False),
        *(("Table 5", f"r = {ratio}", True) for ratio in RATIOS),
    ):
        found = read.table(f"{table}: ").row(row)
        assert found[2] == ("measured here" if filled else "not measured")
        assert (found[3] == "–") == (not filled)
    for ratio in RATIOS:
        cells = read.table("Table 5: ").row(f"r = {ratio}")
        assert cells[3:] == [f"{by_ratio[ratio][name]:.2f}" for name in ("NoC@85", "NoC@90")]
    table = read.table("Table 3: ")
    assert table.kinds[table.rows.index(table.row("Baseline"))] == "missing"
    assert table.kinds[table.rows.index(table.row("+ FFC + CFF"))] == "ours"
    assert not any("training.train" in cell for row in table.rows for cell in row)
    commands = [text for text in read.text if text.startswith("python -m training.train")]
    assert commands[0].startswith("python -m training.train fcfi_lite --set")
    text = (output / "report.md").read_text()
    assert "trained with r = 0.3" in text
    assert all(f"`{command}`" in text for command in commands)
    assert not any("training.train" in line for line in text.split("\n") if line[:1] == "|")
