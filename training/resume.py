"""Where a run goes on: the state among those of its folder, and whether it is this run's."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import torch
from pydantic import ValidationError

from .evaluation.errors import UserError
from .recipes import Recipe
from .state import StateError, read_state

STATE_NAME, DECAYED_NAME = "last.pt", "decayed.pt"


class Found(NamedTuple):
    """A state and the file that holds it."""

    state: dict[str, Any]
    path: Path


def state_of_run(folder: Path, decay_steps: int, device: torch.device) -> Found | None:
    """The state to go on from, its tensors on a device; None for a new run.

    A decay branch goes on from its own state while it has not come to its end, or while the run
    has not come farther since, else from the run's.

    Raises
    ------
    StateError
        When a file is not the state of a run.
    """
    branch = _found(folder / DECAYED_NAME, device) if decay_steps else None
    if branch is None or branch.state.get("decay_steps") != decay_steps:
        return _found(folder / STATE_NAME, device)
    begun = branch.state["decay_from"]
    if branch.state["step"] < begun + decay_steps:
        return branch
    run = _found(folder / STATE_NAME, device)
    return branch if run is None or run.state["step"] == begun else run


def _found(path: Path, device: torch.device) -> Found | None:
    try:
        return Found(read_state(path, device), path)
    except FileNotFoundError:
        return None


def check_fits(found: Found, recipe: Recipe, begun_from: str) -> None:
    """Make sure that a state is of this recipe and, if something is named, begun from that.

    The precision may be another one: it belongs to the machine rather than to what is learnt.

    Raises
    ------
    UserError, StateError
        When it is of another one; or of a recipe that this version does not know.
    """
    try:
        trained = Recipe.model_validate_json(found.state["recipe"])
    except ValidationError as error:
        raise StateError(
            f"Expected the state of a recipe as this version has them; {found.path} holds another "
            "one: name another folder with --run, or take the version that wrote it."
        ) from error
    trained = trained.model_copy(update={"precision": recipe.precision})
    if trained != recipe:
        raise UserError(
            f"Expected the recipe that {found.path} was trained with; {recipe.name} has another "
            f"{', '.join(recipe.differences(trained))} now: name another folder with "
            "--run, or put the recipe back."
        )
    if begun_from not in ("", found.state.get("begun_from")):
        raise UserError(
            f"Expected a new run for {begun_from}; {found.path.parent} holds one already: leave "
            "that out to go on with it, or name another folder with --run."
        )
