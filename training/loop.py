"""The training loop: steps, averaged weights, exact resume, in one process or in many.

Every draw is a function of (seed, sample number) or (seed, step), so a run that was interrupted
goes on exactly as if it had not been, and processes share a step without changing it.
"""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any, cast

import torch
from lightning_fabric import Fabric
from torch.optim.swa_utils import AveragedModel

from napari_fcfi.network import Network, PaperNetwork

from .batch_statistics import into_training, synchronise
from .batches import Batches
from .data.files import DataError
from .data.source import PictureSource
from .forward import Batch, Shown
from .interactions import SimulatedInteractions
from .journal import Journal
from .launch import make_fabric, over_processes
from .optimizer import make_optimizer, moving_average
from .paper_interactions import PaperInteractions
from .passes import means, passes
from .recipes import Recipe
from .released_interactions import ReleasedInteractions
from .schedule import rate_factor
from .state import StateError, read_state, write_state

SAVE_EVERY_S = 240.0
STATE_NAME, DECAYED_NAME = "last.pt", "decayed.pt"


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
    decay_steps : int
        If positive, this is a decay branch of so many steps: it goes on from ``last.pt`` with a
        rate that falls to zero and is kept in ``decayed.pt``; ``last.pt`` stays as it is.
    fabric : Fabric, optional
        Where it runs; by default this process.
    accumulate : int
        Parts in which each process takes its share of a step, one after the other: the same step
        with less memory.
    save_every_s : float
        Seconds between two states on disk.

    Raises
    ------
    ValueError
        When the recipe does not fit the folder's run, or not the number of processes and parts.
    """

    def __init__(
        self,
        recipe: Recipe,
        folder: Path,
        initial: Network,
        *,
        begun_from: str = "",
        decay_steps: int = 0,
        fabric: Fabric | None = None,
        accumulate: int = 1,
        save_every_s: float = SAVE_EVERY_S,
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        self.begun_from = begun_from
        self.fabric = fabric or make_fabric(recipe.precision)
        self.accumulate = accumulate
        self.save_every_s = save_every_s
        if recipe.pictures % (self.fabric.world_size * accumulate):
            raise ValueError(
                f"Expected processes and parts that divide the {recipe.pictures} pictures of a "
                f"step; got {self.fabric.world_size} and {accumulate}: change --accumulate, the "
                "number of processes, or --set pictures=…"
            )
        synchronise(
            initial,
            recipe,
            pictures=recipe.pictures // accumulate,
            world=self.fabric.world_size,
            cuda=self.fabric.device.type == "cuda",
        )
        network = initial.to(memory_format=torch.channels_last)
        optimizer = make_optimizer(network, recipe)
        self.averaged = AveragedModel(
            network, multi_avg_fn=moving_average(recipe.ema), use_buffers=True
        ).to(self.fabric.device)
        self.module, self.optimizer = self.fabric.setup(interactions(network, recipe), optimizer)
        into_training(self.module, recipe)
        self.step = 0
        self.samples = 0
        self.decay_steps = decay_steps
        self.decay_from: int | None = None
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
        trunk = self.folder / STATE_NAME
        device = self.fabric.device
        branch = read_state(self.path, device) if self.decay_steps and self.path.exists() else None
        unfinished = (
            branch is not None
            and branch.get("decay_steps") == self.decay_steps
            and branch["step"] < branch["decay_from"] + self.decay_steps
        )
        if branch is not None and unfinished:
            self._load(branch, self.path)
        elif trunk.exists():
            self._load(read_state(trunk, device), trunk)
        if self.decay_steps and self.decay_from is None:
            self.decay_from = self.step
        first, last = (over_processes(self.fabric, [self.step], how)[0] for how in ("min", "max"))
        if first != last:
            raise ValueError(
                f"Expected the run's folder on every machine; {self.folder} holds step "
                f"{first:.0f} on one and {last:.0f} on another: name a shared folder with --run."
            )

    def _load(self, state: dict[str, Any], path: Path) -> None:
        trained = Recipe.model_validate_json(state["recipe"])
        if trained != self.recipe:
            raise ValueError(
                f"Expected the recipe that {path} was trained with; {self.recipe.name} has another "
                f"{', '.join(self.recipe.differences(trained))} now: name another folder with "
                "--run, or put the recipe back."
            )
        if self.begun_from not in ("", state.get("begun_from")):
            raise ValueError(
                f"Expected a new run for {self.begun_from}; {self.folder} holds one already: leave "
                "that out to go on with it, or name another folder with --run."
            )
        self.begun_from = state.get("begun_from", "")
        self.module.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        if state.get("precision"):  # float16's scale of the loss
            self.fabric.strategy.precision.load_state_dict(state["precision"])
        self.step, self.samples = state["step"], state["samples"]
        self.decay_from = state["decay_from"]

    def save(self) -> None:
        """Write the state, from one of the processes.

        Raises
        ------
        StateError
            When it cannot be written; the file before it is whole.
        """
        if not self.fabric.is_global_zero:
            return
        state: dict[str, Any] = {
            "network": self.module.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "precision": self.fabric.strategy.precision.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "begun_from": self.begun_from,
            "decay_from": self.decay_from,
            "decay_steps": self.decay_steps,
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
        recipe = self.recipe
        factor = rate_factor(self.step, recipe, self.decay_from, self.decay_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * group["factor"] * factor
        self.optimizer.zero_grad()
        outcomes = passes(self.fabric, self.module, recipe, batch, self.step, self.accumulate)
        most = math.inf if recipe.clip is None else recipe.clip
        norm: Any = self.fabric.clip_gradients(
            self.module, self.optimizer, max_norm=most, error_if_nonfinite=False
        )
        # a step whose gradient is not finite counts, but changes nothing
        finite = bool(torch.isfinite(norm))
        # with float16 the step itself looks, and scales the loss anew
        if finite or getattr(self.fabric.strategy.precision, "scaler", None) is not None:
            self.optimizer.step()
        if finite:
            self.averaged.update_parameters(self.module.network)
        self.step += 1
        self.samples += recipe.pictures * recipe.objects
        logged = {"skipped": float(not finite), "gradient norm": float(norm), "rate": factor}
        return logged | means(self.fabric, outcomes), outcomes[-1].shown

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
        if self.decay_from is not None:
            until = self.decay_from + self.decay_steps
        seconds = minutes * 60
        began = time.monotonic()
        saved: float | None = None
        fabric = self.fabric
        journal = None
        if fabric.is_global_zero:
            self._make_folder()
            events = self.folder / ("events-decay" if self.decay_steps else "events")
            journal = Journal(events, self.step, until, seconds)
        batches = Batches(source, self.recipe)
        coming = batches.run(self.step, rank=fabric.global_rank, world=fabric.world_size)
        try:
            while not self._ends(until, time.monotonic() - began > seconds):
                logged, last = self.take_step(next(coming))
                if journal is None:
                    continue
                journal.note(self.step, self.samples, batches.waited_s, logged, last)
                if saved is None:
                    self.save()  # whatever forbids it is told now, not after the first hours
                    saved = time.monotonic()
                elif time.monotonic() - saved > self.save_every_s:
                    saved = time.monotonic()
                    try:
                        self.save()
                    except StateError as error:
                        journal.say(f"warning: {error}")
        except DataError:
            self.save()
            raise
        finally:
            coming.close()
            if journal is not None:
                journal.close()
        self.save()

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StateError(
                f"Expected to make the run's folder {self.folder}; got {error.strerror!r}: name "
                "another one with --run."
            ) from error

    def _ends(self, until: int | None, late: bool) -> bool:
        """Whether it is done, or any process wants to end: all must do so after the same step."""
        if until is not None and self.step >= until:
            return True
        return over_processes(self.fabric, [float(self.stopping or late)], "max")[0] > 0


def interactions(
    network: Network, recipe: Recipe
) -> SimulatedInteractions | PaperInteractions | ReleasedInteractions:
    """The forward pass that a recipe asks for."""
    if recipe.interactions == "supervised":
        return SimulatedInteractions(network, recipe)
    if recipe.interactions == "paper":
        return PaperInteractions(network, recipe)
    return ReleasedInteractions(cast(PaperNetwork, network), recipe)  # the recipe has seen to it
