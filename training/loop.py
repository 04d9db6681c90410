"""The training loop: steps, averaged weights, exact resume, in one process or in many.

Every draw is a function of (seed, sample number) or (seed, step), so a run that was interrupted
goes on exactly as if it had not been, and processes share a step without changing it. Dropout is
the one exception: its draws come from (seed, step, process, part).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from napari_fcfi.checkpoints import Card
from napari_fcfi.network import Network

from .data.source import PictureSource
from .evaluation.errors import UserError
from .failures import together
from .forward import Batch, Shown
from .launch import make_fabric, over_processes
from .learner import set_up
from .piece import go_on
from .recipes import Recipe
from .resume import DECAYED_NAME, STATE_NAME, check_fits, state_of_run
from .saver import SAVE_EVERY_S
from .schedule import rate_factor
from .state import write_state
from .step import learn

ORIGIN = ("name", "licence", "terms", "training", "data")
"""What a state keeps of the card of the checkpoint that its run began with."""


class Run:
    """One training run in a folder: ``last.pt`` to go on from, TensorBoard events beside it.

    Parameters
    ----------
    recipe : Recipe
        What to train.
    folder : Path
        Where the run lives; an existing ``last.pt`` there is gone on from.
    initial : Network
        Network to start from where the folder holds no run yet.
    begun_from : str
        What ``initial`` is, if a person named it; a run in the folder must have begun so, too.
    card : Card, optional
        Of ``initial``, if it is a checkpoint's; the state keeps what the export needs of it.
    decay_steps : int
        If positive, this is a decay branch of so many steps: it goes on from ``last.pt`` with a
        rate that falls to zero and is kept in ``decayed.pt``; ``last.pt`` stays as it is.
    fabric : Fabric, optional
        Where it runs; by default this process.
    accumulate : int
        Parts in which each process takes its share of a step, one after the other, with less
        memory. It is the same step where batch statistics are frozen and nothing is dropped out.
    save_every_s : float
        Seconds between two states on disk.

    Raises
    ------
    UserError, StateError
        When the recipe does not fit the folder's run, or not the number of processes and parts;
        when a decay branch has neither a run nor a named network to branch off from; or when the
        folder's state cannot be read.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        initial: Network,
        *,
        begun_from: str = "",
        card: Card | None = None,
        decay_steps: int = 0,
        fabric: Fabric | None = None,
        accumulate: int = 1,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.begun_from = begun_from
        self.origin = {} if card is None else {key: getattr(card, key) for key in ORIGIN}
        self.decay_steps = decay_steps
        self.fabric = fabric or make_fabric(recipe)
        self.accumulate = accumulate
        self.save_every_s = save_every_s
        self.learner = set_up(initial, recipe, self.fabric, accumulate)
        self.module, self.optimizer, self.averaged = self.learner
        self.step = 0
        self.samples = 0
        self.decay_from: int | None = None
        self.data = ""
        self.sets: list[str] = []
        self.stopping = False
        self._resume()

    @property
    def path(self) -> Path:
        """The file this run writes to."""
        return self.folder / (DECAYED_NAME if self.decay_steps else STATE_NAME)

    def stop(self) -> None:
        """End after the step that is being taken, with its state saved."""
        self.stopping = True

    def _resume(self) -> None:
        with together(self.fabric):
            found = state_of_run(self.folder, self.decay_steps, self.fabric.device)
            if found is not None:
                check_fits(found, self.recipe, self.begun_from)
                self._load(found.state)
            elif self.decay_steps and not self.begun_from:
                raise UserError(
                    f"Expected a run for a decay branch in {self.folder}; it holds none: name the "
                    "folder of one with --run, or a checkpoint to begin with, --init."
                )
        if self.decay_steps and self.decay_from is None:
            self.decay_from = self.step
        first, last = (over_processes(self.fabric, [self.step], how)[0] for how in ("min", "max"))
        if first != last:
            raise UserError(
                f"Expected the run's folder on every machine; {self.folder} holds step "
                f"{first:.0f} on one and {last:.0f} on another: name a shared folder with --run."
            )

    def _load(self, state: dict[str, Any]) -> None:
        self.learner.load_state_dict(state)
        if state.get("precision"):  # float16's scale of the loss
            self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.samples = state["step"], state["samples"]
        self.decay_from = state["decay_from"]
        self.begun_from = state.get("begun_from", "")
        self.origin = state.get("origin", {})
        self.data = state.get("data", "")
        self.sets = state.get("sets", [])

    def has_other_data(self, data: str) -> bool:
        """Whether the steps so far had other pictures than those of this fingerprint."""
        return bool(self.step and self.data) and self.data != data

    def save(self) -> None:
        """Write the state, from one of the processes; all must call this.

        Raises
        ------
        StateError
            In all of them when it cannot be written; the file before it is whole.
        """
        with together(self.fabric):
            self.write()

    def write(self) -> None:
        """What `save` does, without the word of the other processes: the first one may call it.

        Raises
        ------
        StateError
            See `save`.
        """
        if not self.fabric.is_global_zero:
            return
        state: dict[str, Any] = {
            **self.learner.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "begun_from": self.begun_from,
            "origin": self.origin,
            "decay_from": self.decay_from,
            "decay_steps": self.decay_steps,
            "data": self.data,
            "sets": self.sets,
            "recipe": self.recipe.model_dump_json(),
        }
        write_state(self.path, state)

    def take_step(self, batch: Batch) -> tuple[dict[str, float], Shown]:
        """One step of the optimizer on this process's share of a batch.

        Returns
        -------
        dict, Shown
            What is worth logging, over all processes, and what is worth showing.
        """
        factor = rate_factor(self.step, self.recipe, self.decay_from, self.decay_steps)
        logged, last = learn(
            self.fabric, self.learner, self.recipe, batch, self.step, factor, self.accumulate
        )
        self.step += 1
        self.samples += self.recipe.pictures * self.recipe.asked_for
        return logged, last

    def train(
        self, source: PictureSource, until: int | None = None, minutes: float = math.inf
    ) -> None:
        """Go on to step ``until`` (or the decay branch's end), at most so many minutes.

        Raises
        ------
        DataError
            When a picture cannot be read; the steps before it are saved.
        StateError
            When the state cannot be written after the first step or at the end. In between that is
            a warning, and tried again.
        """
        go_on(self, source, until, minutes)
