"""``python -m training.export RUN``: a run's averaged weights as a checkpoint with its card."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from napari_fcfi.checkpoints import Card, write_card_beside, write_checkpoint
from napari_fcfi.network import Network, build_network

from .recipes import Recipe
from .state import read_state


def averaged_network(state: Path) -> tuple[Network, Recipe, int]:
    """The network with a run's averaged weights, its recipe, and the objects it has seen.

    Raises
    ------
    StateError
        When the file is not the state of a run.
    """
    stored = read_state(state)
    recipe = Recipe.model_validate_json(stored["recipe"])
    network = build_network(recipe.architecture)
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
    card: Annotated[
        Path | None,
        typer.Option(help="Card to begin with, as JSON: name, summary, licence, terms, data."),
    ] = None,
    figures: Annotated[str, typer.Option(help="Measured figures, as JSON.")] = "{}",
) -> None:
    """Write a checkpoint and, beside it, its card as JSON with the file's SHA-256."""
    try:
        network, recipe, samples = averaged_network(run)
        begun = Card(name=output.stem)
        if card is not None:
            begun = Card.model_validate_json(card.read_text(encoding="utf-8"))
        history = f"{samples:,} objects by the recipe {recipe.name}"
        complete = begun.model_copy(
            update={
                "architecture": network.architecture,
                "training": f"{history}, {begun.training}" if begun.training else history,
                "figures": json.loads(figures),
            }
        )
        sha256 = write_checkpoint(output, network, complete)
    except (ValueError, OSError) as error:
        sys.exit(f"error: {error}")
    output.chmod(0o644)
    write_card_beside(output, complete, sha256)
    print(f"{output}: {output.stat().st_size / 1e6:.1f} MB, SHA-256 {sha256}")


if __name__ == "__main__":
    typer.run(export)
