"""The training loop: steps, averaged weights, exact resume.

Every draw is a function of (seed, sample index) or (seed, step), so a run that was interrupted
goes on exactly as if it had not been.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from torch.utils.tensorboard import SummaryWriter
from tqdm import tqdm

from napari_fcfi.network import Network, PaperNetwork

from .augment import make_sample
from .data.folders import Picture, picture_weights
from .interactions import Batch, SimulatedInteractions
from .recipes import Recipe
from .released_interactions import ReleasedInteractions

SAMPLE_STREAM, STEP_STREAM = 1, 2
SAVE_EVERY_S = 240.0
STATE_NAME, DECAYED_NAME = "last.pt", "decayed.pt"


class Batches:
    """Batches by step number; the next one is made by a thread while the network works."""

    def __init__(self, pictures: list[Picture], recipe: Recipe) -> None:
        self.pictures = pictures
        self.weights: NDArray[np.float64] = picture_weights(pictures)
        self.recipe = recipe

    def make(self, step: int) -> Batch:
        """The batch of one step."""
        recipe = self.recipe
        samples = [
            make_sample(
                np.random.default_rng((recipe.seed, SAMPLE_STREAM, step * recipe.pictures + i)),
                self.pictures,
                self.weights,
                size=recipe.crop,
                objects=recipe.objects,
                paste_share=recipe.paste_share,
            )
            for i in range(recipe.pictures)
        ]
        images = torch.stack([s.image for s in samples])
        return Batch(
            images.contiguous(memory_format=torch.channels_last),
            torch.stack([s.targets for s in samples]),
            torch.stack([s.visible for s in samples]),
        )

    def run(self, start: int) -> Iterator[Batch]:
        """Batches from step ``start`` on, without end."""
        # torch keeps the number of threads by thread: one here, the rest for the network
        with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            step = start
            coming = pool.submit(self.make, step)
            while True:
                batch = coming.result()
                step += 1
                coming = pool.submit(self.make, step)
                yield batch


def rate_factor(step: int, recipe: Recipe, decay_from: int | None, decay_steps: int) -> float:
    """Share of the learning rate at a step: warm-up, the recipe's drops, a decay branch to zero."""
    factor = min(1.0, (step + 1) / recipe.warm_up) * 0.1 ** sum(
        step >= drop for drop in recipe.rate_drops
    )
    if decay_from is not None:
        factor *= max(0.0, 1 - (step - decay_from) / decay_steps)
    return factor


def make_optimizer(network: Network, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW with a smaller rate for the recipe's slow parts; frozen parts take no part.

    Raises
    ------
    ValueError
        When a slow part is none of the network's.
    """
    for part in network.frozen_parts():
        part.requires_grad_(False)
    for prefix in recipe.slow_parts:
        if not any(name.startswith(prefix) for name, _ in network.named_parameters()):
            parts = ", ".join(f"{name}." for name, _ in network.named_children())
            raise ValueError(
                f"Expected beginnings of parameters' names as slow_parts; {recipe.name} has "
                f"{prefix!r}, and the network consists of {parts}: correct the recipe."
            )
    trained = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    slow = [p for name, p in trained if name.startswith(recipe.slow_parts)]
    rest = [p for name, p in trained if not name.startswith(recipe.slow_parts)]
    rate = recipe.learning_rate
    groups = [
        {"params": slow, "lr": rate * recipe.backbone_factor, "factor": recipe.backbone_factor},
        {"params": rest, "lr": rate, "factor": 1.0},
    ]
    return torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, fused=True)


def moving_average(decay: float) -> Callable[[list[Tensor], list[Tensor], Tensor | int], None]:
    """Exponential moving average that forgets faster at first, or it would be of the beginning."""

    @torch.no_grad()
    def update(averaged: list[Tensor], current: list[Tensor], count: Tensor | int) -> None:
        share = max(1 - decay, 9 / (10 + int(count)))
        for average, value in zip(averaged, current, strict=True):
            if average.is_floating_point():
                average.lerp_(value, share)
            else:  # the counters of batch norms
                average.copy_(value)

    return update


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
    decay_steps : int
        If positive, this is a decay branch of so many steps: it goes on from ``last.pt`` with a
        rate that falls to zero and is kept in ``decayed.pt``; ``last.pt`` stays as it is.
    """

    def __init__(
        self, recipe: Recipe, folder: Path, initial: Network, *, decay_steps: int = 0
    ) -> None:
        self.recipe = recipe
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.fabric = Fabric(accelerator="auto", devices=1)
        network = initial.to(memory_format=torch.channels_last)
        optimizer = make_optimizer(network, recipe)
        self.averaged = AveragedModel(
            network, multi_avg_fn=moving_average(recipe.ema), use_buffers=True
        )
        self.averaged = self.averaged.to(self.fabric.device)
        self.module, self.optimizer = self.fabric.setup(_interactions(network, recipe), optimizer)
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
        branch = self._state(self.path) if self.decay_steps and self.path.exists() else None
        unfinished = (
            branch is not None
            and branch.get("decay_steps") == self.decay_steps
            and branch["step"] < branch["decay_from"] + self.decay_steps
        )
        if branch is not None and unfinished:
            self._load(branch, self.path)
        elif trunk.exists():
            self._load(self._state(trunk), trunk)
        if self.decay_steps and self.decay_from is None:
            self.decay_from = self.step

    def _state(self, path: Path) -> dict[str, Any]:
        state: dict[str, Any] = torch.load(path, map_location=self.fabric.device, weights_only=True)
        return state

    def _load(self, state: dict[str, Any], path: Path) -> None:
        if Recipe.model_validate_json(state["recipe"]) != self.recipe:
            raise ValueError(
                f"Expected the recipe that {path} was trained with; {self.recipe.name} differs "
                "from it now: name another folder with --run, or put the recipe back."
            )
        self.module.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.samples = state["step"], state["samples"]
        self.decay_from = state["decay_from"]

    def save(self) -> None:
        """Write the state; an interruption leaves the file before it whole."""
        state: dict[str, Any] = {
            "network": self.module.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "samples": self.samples,
            "decay_from": self.decay_from,
            "decay_steps": self.decay_steps,
            "recipe": self.recipe.model_dump_json(),
        }
        unfinished = self.path.with_suffix(".tmp")
        torch.save(state, unfinished)
        unfinished.replace(self.path)

    def take_step(self, batch: Batch) -> dict[str, float]:
        """One step of the optimizer; gives what is worth logging."""
        recipe = self.recipe
        factor = rate_factor(self.step, recipe, self.decay_from, self.decay_steps)
        for group in self.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * group["factor"] * factor
        rng = np.random.default_rng((recipe.seed, STEP_STREAM, self.step))
        terms, logged = self.module(_to(batch, self.fabric.device), rng)
        loss: Tensor = torch.stack(list(terms.values())).sum()
        self.optimizer.zero_grad()
        self.fabric.backward(loss)
        norm = self.fabric.clip_gradients(
            self.module,
            self.optimizer,
            max_norm=math.inf if recipe.clip is None else recipe.clip,
            error_if_nonfinite=False,
        )
        if torch.isfinite(norm):
            self.optimizer.step()
            self.averaged.update_parameters(self.module.network)
        # a step whose gradient is not finite counts, but changes nothing
        logged["skipped"] = float(not torch.isfinite(norm))
        self.step += 1
        self.samples += batch.targets.shape[0] * batch.targets.shape[1]
        logged |= {f"loss/{name}": float(value.detach()) for name, value in terms.items()}
        return logged | {
            "loss/all": float(loss.detach()),
            "gradient norm": float(norm),
            "rate": factor,
        }

    def train(self, pictures: list[Picture], until: int, minutes: float = float("inf")) -> None:
        """Go on to step ``until`` (or the decay branch's end), at most so many minutes."""
        if self.decay_from is not None:
            until = self.decay_from + self.decay_steps
        began = saved = time.monotonic()
        events = self.folder / ("events-decay" if self.decay_steps else "events")
        writer = SummaryWriter(str(events), purge_step=self.step)
        mean: dict[str, float] = {}
        bar = tqdm(total=until, initial=self.step, unit="step", smoothing=0.05, mininterval=5)
        batches = Batches(pictures, self.recipe).run(self.step)
        try:
            while (
                self.step < until and time.monotonic() - began < minutes * 60 and not self.stopping
            ):
                logged = self.take_step(next(batches))
                for name, value in logged.items():
                    mean[name] = 0.98 * mean.get(name, value) + 0.02 * value
                bar.update()
                if self.step % 20 == 0:
                    for name, value in mean.items():
                        writer.add_scalar(name, value, self.step)
                    bar.set_postfix(
                        loss=f"{mean['loss/all']:.3f}",
                        iou1=f"{mean.get('iou/round1', math.nan):.3f}",
                        objects=self.samples,
                        refresh=False,
                    )
                if time.monotonic() - saved > SAVE_EVERY_S:
                    self.save()
                    saved = time.monotonic()
            self.save()
        finally:
            batches.close()
            writer.close()
            bar.close()


def _interactions(network: Network, recipe: Recipe) -> SimulatedInteractions | ReleasedInteractions:
    if recipe.interactions == "released" and isinstance(network, PaperNetwork):
        return ReleasedInteractions(network, recipe)
    return SimulatedInteractions(network, recipe)


def _to(batch: Batch, device: torch.device) -> Batch:
    return Batch(batch.images.to(device), batch.targets.to(device), batch.visible.to(device))
