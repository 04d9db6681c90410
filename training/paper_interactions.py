"""Training as the paper's section 4.1 says: 1-4 iterations, up to 24 clicks in each, one loss.

In each iteration clicks are drawn uniformly from the eroded mislabelled regions of the last
answer, which at first is empty. The last iteration is learnt from, those before it are played
without a gradient ("following RITM").

Choices
-------
The paper does not say how many of the 24 clicks are made: numbers follow the steep law of the
released programs (each further click 0.8 times as likely). Regions lose three pixels along their
border, as there. A user with nothing to correct adds no click.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from napari_fcfi.network import Network

from .batch_statistics import evaluating
from .click_simulation import Generator, Mask, Position
from .forward import Answers, Batch, Objects, Outcome, Progress, loss_of, mean_iou, shown
from .recipes import Recipe
from .released_clicks import count_shares, eroded


class PaperInteractions(nn.Module):
    """The training step's forward pass as in the paper: a batch of pictures to the loss terms."""

    def __init__(self, network: Network, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe

    def forward(self, batch: Batch, users: list[Generator], rounds: int) -> Outcome:
        """Loss terms of the last of so many interactions; see `SimulatedInteractions`."""
        objects = Objects.of(batch, users)
        feedback = torch.zeros_like(objects.targets)
        nobody: list[list[Position]] = [[] for _ in objects.users]
        progress = Progress(nobody, nobody, feedback, feedback[:, :, :1, :1])
        progress = corrected(objects, progress, self.recipe)
        for _ in range(rounds - 1):
            with evaluating(self.network), torch.no_grad():
                answers = Answers(self.network, self.recipe, batch.images, objects.owner)
                probabilities = torch.sigmoid(answers.to(progress).logits)
            seen = Progress(progress.clicks, [], probabilities, torch.ones_like(progress.gate))
            progress = corrected(objects, seen, self.recipe)
        answers = Answers(self.network, self.recipe, batch.images, objects.owner)
        prediction = answers.to(progress)
        iou = mean_iou(torch.sigmoid(prediction.logits.detach()), objects.targets)
        return Outcome(
            loss_of(prediction, objects, self.recipe),
            {f"iou/round{rounds}": float(iou), "interactions": float(len(objects.users))},
            shown(answers, progress, prediction, objects),
        )


def corrected(objects: Objects, progress: Progress, recipe: Recipe) -> Progress:
    """Every user's next clicks on what is wrong with the feedback."""
    masks = (progress.feedback[:, 0] > 0.5).cpu().numpy()
    newest = [
        mislabelled_clicks(user, target, mask, recipe.max_clicks)
        for user, target, mask in zip(objects.users, objects.arrays, masks, strict=True)
    ]
    clicks = [own + new for own, new in zip(progress.clicks, newest, strict=True)]
    return Progress(clicks, newest, progress.feedback, progress.gate)


def mislabelled_clicks(
    rng: Generator, target: NDArray[np.int8], mask: Mask, most: int
) -> list[Position]:
    """Up to ``most`` clicks anywhere in the eroded mislabelled regions, in random order.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    target : ndarray
        ``(H, W)`` int8: 1 object, 0 background, -1 ignore, which is never wrong.
    mask : mask
        The last answer.
    most : int
        At least 1.
    """
    missed = eroded((target == 1) & ~mask)
    places = np.argwhere(missed | eroded((target == 0) & mask))
    if not len(places):
        return []
    number = 1 + int(rng.choice(most, p=count_shares(most)))
    drawn = places[rng.integers(len(places), size=number)]
    return [(float(y), float(x), float(missed[y, x])) for y, x in drawn]
