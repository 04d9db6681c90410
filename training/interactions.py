"""Simulated interactions of a batch: clicks, answers, feedback, further clicks (1-4 rounds).

Where clicks enter late the encoder runs once a picture, and its features serve every object asked
for and every interaction; else it runs once for each. Every interaction is supervised. Gradients
do not flow through the feedback.

Each picture has a simulated user with a generator of its own, so that it does not matter which
process or which part of a batch the picture lies in.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_fcfi.network import Network

from .click_simulation import (
    Generator,
    Position,
    corrective_click,
    damaged_mask,
    first_click,
    many_clicks,
)
from .forward import Answers, Batch, Objects, Outcome, Progress, loss_of, mean_iou, shown
from .recipes import Recipe


def begin(
    users: list[Generator], targets: NDArray[np.int8], recipe: Recipe
) -> tuple[list[list[Position]], list[list[Position]], NDArray[np.float32], NDArray[np.float32]]:
    """First clicks, newest clicks, feedback ``(N, H, W)`` and gate ``(N,)`` of every object.

    Most begin with one click on nothing; some with many clicks at once; some from a damaged mask
    and the click that corrects it, as if earlier rounds had happened. ``users`` is the generator
    of each object's user.
    """
    clicks: list[list[Position]] = []
    newest: list[list[Position]] = []
    feedback = np.zeros(targets.shape, np.float32)
    gate = np.zeros(len(targets), np.float32)
    for i, (rng, target) in enumerate(zip(users, targets, strict=True)):
        start = rng.random()
        if start < recipe.share_one_click or not (target == 1).any():
            clicks.append([first_click(rng, target)])
            newest.append(clicks[i][-1:])
            continue
        own = many_clicks(rng, target, recipe.max_clicks)
        if start < recipe.share_one_click + recipe.share_many_clicks:
            clicks.append(own)
            newest.append(own[-recipe.new_clicks :])
            continue
        feedback[i] = damaged_mask(rng, target)
        gate[i] = 1
        correction = corrective_click(rng, target, feedback[i] > 0.5)
        own = own[: int(rng.integers(1, 6))]
        newest.append([correction] if correction else own[-1:])
        clicks.append(own + ([correction] if correction else []))
    return clicks, newest, feedback, gate


def advance(
    users: list[Generator],
    progress: Progress,
    targets: NDArray[np.int8],
    probabilities: Tensor,
    recipe: Recipe,
) -> Progress:
    """The next round: feedback is the last answer, and each user corrects the worst of it.

    A share of the users waits for a second look at the same clicks. One with nothing to correct
    gives no new click. Both see the last answer fed back.
    """
    shown = probabilities.detach()
    masks = (shown[:, 0] > 0.5).cpu().numpy()
    clicks, newest = [], []
    for rng, own, last, target, mask in zip(
        users, progress.clicks, progress.newest, targets, masks, strict=True
    ):
        # a recipe without second looks draws what it drew before there were any
        if recipe.share_second_look and rng.random() < recipe.share_second_look:
            newest.append(last)
            clicks.append(own)
            continue
        click = corrective_click(rng, target, mask)
        newest.append([click] if click else [])
        clicks.append(own + newest[-1])
    return Progress(clicks, newest, shown, torch.ones_like(progress.gate))


class SimulatedInteractions(nn.Module):
    """The training step's forward pass: a batch of pictures to the loss terms."""

    def __init__(self, network: Network, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe

    def forward(self, batch: Batch, users: list[Generator], rounds: int) -> Outcome:
        """Loss terms are summed over the interactions and divided by their number.

        Parameters
        ----------
        batch : Batch
            Of ``B`` pictures.
        users : list of Generator
            One for each picture.
        rounds : int
            Number of interactions.
        """
        objects = Objects.of(batch, users)
        answers = Answers(self.network, self.recipe, batch.images, objects.owner)
        device = batch.images.device
        clicks, newest, feedback, gate = begin(objects.users, objects.arrays, self.recipe)
        progress = Progress(
            clicks,
            newest,
            torch.from_numpy(feedback)[:, None].to(device),
            torch.from_numpy(gate)[:, None, None, None].to(device),
        )
        terms: dict[str, Tensor] = {}
        logged: dict[str, float] = {"interactions": float(rounds * len(objects.users))}
        for t in range(rounds):
            prediction = answers.to(progress)
            for name, value in loss_of(prediction, objects, self.recipe).items():
                terms[name] = terms.get(name, torch.zeros((), device=device)) + value / rounds
            probabilities = torch.sigmoid(prediction.logits)
            logged[f"iou/round{t + 1}"] = float(mean_iou(probabilities.detach(), objects.targets))
            if t + 1 < rounds:
                progress = advance(
                    objects.users, progress, objects.arrays, probabilities, self.recipe
                )
        return Outcome(terms, logged, shown(answers, progress, prediction, objects))
