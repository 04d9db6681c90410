"""``python -m training.export RUN``: a run's averaged weights as a checkpoint with its card."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from napari_fcfi.checkpoints import Card
from napari_fcfi.network import Architecture, Network, build_network

from .recipes import Recipe, recipe_names
from .recipes import recipe as find_recipe
from .state import read_state
from .written import write_and_say


def averaged_network(stored: dict[str, Any], recipe: Recipe) -> Network:
    """The network of a recipe with the averaged weights of a run's state."""
    network = build_network(recipe.architecture)
    prefix = "module."
    averaged = {
        name.removeprefix(prefix): value
        for name, value in stored["averaged"].items()
        if name.startswith(prefix)
    }
    network.load_state_dict(averaged)
    return network.eval()


def complete(card: Card, stored: dict[str, Any], recipe: Recipe) -> Card:
    """A card with how its weights came about, with their licence and the data before.

    Where a person gave neither licence nor terms, they are those of the checkpoint that the run
    began with: training weights further does not free them.

    Parameters
    ----------
    card
        As a person gave it.
    stored, recipe
        State and recipe of the run.
    """
    origin = stored.get("origin", {})
    history = f"{stored['samples']:,} objects by the recipe {recipe.name}{_changes(recipe)}"
    before = card.training or f"begun with {_beginning(stored, recipe)}"
    inherited = {key: origin[key] for key in ("licence", "terms") if origin}
    return card.model_copy(
        update={
            "architecture": recipe.architecture,
            "expansion_ratio": recipe.expansion_ratio,
            "training": f"{history}, {before}",
            "data": card.data
            or tuple(dict.fromkeys((*origin.get("data", ()), *stored.get("sets", ())))),
            **({} if card.licence or card.terms else inherited),
        }
    )


def _beginning(stored: dict[str, Any], recipe: Recipe) -> str:
    """The weights that a run began with, and how they came about where a card told."""
    if origin := stored.get("origin"):
        return ": ".join(filter(None, (origin["name"], origin["training"])))
    if named := stored.get("begun_from", ""):
        return Path(named.partition(" ")[2]).name
    lite = isinstance(recipe.architecture, Architecture)
    return "ImageNet weights of the backbone" if lite else "random weights"


def _changes(recipe: Recipe) -> str:
    """Fields of a run's recipe that are others than those of the recipe it is named after."""
    if recipe.name not in recipe_names():
        return ""
    told = {"architecture", "expansion_ratio"}  # by fields of the card
    fields = [f for f in recipe.differences(find_recipe(recipe.name)) if f not in told]
    if not fields:
        return ""
    values = recipe.model_dump(mode="json")
    return f" ({', '.join(f'{name}={json.dumps(values[name])}' for name in fields)})"


def export(
    run: Annotated[Path, typer.Argument(help="State of a run: last.pt or decayed.pt.")],
    output: Annotated[Path, typer.Argument(help="Checkpoint to write (.safetensors).")],
    card: Annotated[
        Path | None,
        typer.Option(help="Card to begin with, as JSON: name, summary, licence, terms, data."),
    ] = None,
    figures: Annotated[str, typer.Option(help="Figures of these weights, as JSON.")] = "{}",
) -> None:
    """Write a checkpoint and, beside it, its card as JSON with the file's SHA-256."""
    try:
        stored = read_state(run)
        recipe = Recipe.model_validate_json(stored["recipe"])
        given = Card(name=output.stem)
        if card is not None:
            given = Card.model_validate_json(card.read_text(encoding="utf-8"))
        described = complete(given, stored, recipe).model_copy(
            update={"figures": json.loads(figures)}
        )
        write_and_say(output, averaged_network(stored, recipe), described)
    except OSError as error:
        sys.exit(
            f"error: Expected to read a run's state (last.pt, decayed.pt) and to write {output}; "
            f"got {error.strerror!r} for {error.filename}: put that right and call the same "
            "command again."
        )
    except ValueError as error:
        sys.exit(f"error: {error}")
    if not described.licence and stored.get("begun_from", "").startswith("--init"):
        print(
            f"the run began with {stored['begun_from']}, whose licence its state does not tell: "
            "give the licence with --card",
            file=sys.stderr,
        )


if __name__ == "__main__":
    typer.run(export)
