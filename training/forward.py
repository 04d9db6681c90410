"""What every way of simulating interactions shares: batches, answers, losses, pictures to show."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from napari_fcfi.network import Network, Prediction
from napari_fcfi.network.blocks import at_least_float
from napari_fcfi.network.clicks import interaction_map

from .click_simulation import Generator, Position
from .losses import interaction_loss, masked_iou
from .recipes import Recipe


class Batch(NamedTuple):
    """Samples stacked: images ``(B, 3, H, W) uint8``, targets ``(B, O, H, W) int8``, visible."""

    images: Tensor
    targets: Tensor
    visible: Tensor


class Shown(NamedTuple):
    """The last interaction as a person may look at it, without gradients.

    ``images`` ``(N, 3, H, W) uint8``; ``target`` ``(N, 1, H, W)``: 1, 0, -1 ignore; ``clicks``
    ``(N, K, 3)``, empty slots -1; ``feedback`` and ``probabilities`` ``(N, 1, H, W)``;
    ``affinity``, ``refined`` and ``updated`` ``(N, 1, H', W')``, 0-1.
    """

    images: Tensor
    target: Tensor
    clicks: Tensor
    feedback: Tensor
    affinity: Tensor
    refined: Tensor
    updated: Tensor
    probabilities: Tensor


class Outcome(NamedTuple):
    """Of a training step's forward pass: loss terms, what to log, what to show."""

    terms: dict[str, Tensor]
    logged: dict[str, float]
    shown: Shown


@dataclass(frozen=True)
class Progress:
    """Where each simulated user of a batch stands: all clicks, the newest ones, the feedback."""

    clicks: list[list[Position]]
    newest: list[list[Position]]
    feedback: Tensor
    gate: Tensor


def as_tensor(clicks: list[list[Position]], slots: int) -> Tensor:
    """Click lists as ``(N, slots, 3)``, empty slots -1; of longer lists the newest are kept."""
    table = torch.full((len(clicks), max(1, slots)), -1.0)
    out = table[:, :, None].repeat(1, 1, 3)
    for row, own in zip(out, clicks, strict=True):
        for slot, click in zip(row, own[-slots:] if slots else [], strict=False):
            slot[:] = torch.tensor(click)
    return out


class Answers:
    """What a network answers to the users of a batch, one interaction after the other.

    Parameters
    ----------
    network : Network
        Asked for the answers.
    recipe : Recipe
        Tells how many new clicks go through FFCM, and its expansion ratio.
    images : Tensor
        ``(B, 3, H, W)`` uint8.
    owner : Tensor
        ``(N,)`` int64, the picture of each object.
    """

    def __init__(self, network: Network, recipe: Recipe, images: Tensor, owner: Tensor) -> None:
        self.network = network
        self.recipe = recipe
        self.images = images
        self.owner = owner
        self._features: Any = None
        if not network.encoding_uses_interaction:
            self._features = network.encode(images.float() / 255).expand(owner)

    def clicks(self, progress: Progress) -> Tensor:
        """All clicks so far, ``(N, K, 3)``."""
        most = max(len(own) for own in progress.clicks)
        return as_tensor(progress.clicks, most).to(self.images.device)

    def to(self, progress: Progress) -> Prediction:
        """The answer of one interaction."""
        clicks = self.clicks(progress)
        newest = as_tensor(progress.newest, self.recipe.new_clicks).to(clicks.device)
        maps = interaction_map(clicks, (self.images.shape[-2], self.images.shape[-1]))
        features = self._features
        if features is None:
            own = self.images[self.owner].float() / 255
            features = self.network.encode(own, maps, progress.feedback)
        return self.network.decode(
            features,
            clicks,
            maps,
            progress.feedback,
            newest,
            progress.gate,
            self.recipe.expansion_ratio,
        )


class Objects(NamedTuple):
    """The objects of a batch, each with its picture's number and its picture's user.

    ``targets`` ``(N, 1, H, W)`` float, ``arrays`` the same as ``(N, H, W) int8``, ``visible``
    ``(N,)``, ``owner`` ``(N,)`` int64.
    """

    targets: Tensor
    arrays: NDArray[np.int8]
    visible: Tensor
    owner: Tensor
    users: list[Generator]

    @classmethod
    def of(cls, batch: Batch, users: list[Generator]) -> Objects:
        """Those of a batch, picture by picture; ``users`` has one generator a picture."""
        pictures, count = batch.targets.shape[:2]
        owner = torch.arange(pictures, device=batch.images.device).repeat_interleave(count)
        return cls(
            batch.targets.flatten(0, 1)[:, None].float(),
            batch.targets.flatten(0, 1).cpu().numpy(),
            batch.visible.flatten().float(),  # Fabric shortens what enters an autocast
            owner,
            [user for user in users for _ in range(count)],
        )


def loss_of(prediction: Prediction, objects: Objects, recipe: Recipe) -> dict[str, Tensor]:
    """Terms of Eq. 6 in float32: a sum over a crop does not fit into a shorter type."""
    with torch.autocast(objects.targets.device.type, enabled=False):
        return interaction_loss(
            full_precision(prediction),
            objects.targets,
            objects.visible,
            refined_weight=recipe.refined_weight,
            updated_weight=recipe.updated_weight,
            quality_weight=recipe.quality_weight,
            iou_weight=recipe.iou_weight,
            auxiliary_weight=recipe.auxiliary_weight,
        )


def full_precision(prediction: Prediction) -> Prediction:
    """The prediction in float32, where autocast made parts of it shorter."""
    longer = {
        name: at_least_float(value)
        for name, value in vars(prediction).items()
        if isinstance(value, Tensor)
    }
    return replace(prediction, **longer)


def shown(answers: Answers, progress: Progress, prediction: Prediction, objects: Objects) -> Shown:
    """An interaction as `Shown`."""
    return Shown(
        answers.images[answers.owner],
        objects.targets,
        answers.clicks(progress),
        progress.feedback,
        prediction.affinity.detach(),
        prediction.refined_feedback.detach(),
        prediction.updated_feedback.detach(),
        torch.sigmoid(prediction.logits.detach()),
    )


def mean_iou(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean IoU of a batch's masks with its targets, both ``(N, 1, H, W)``; a scalar."""
    return masked_iou(probabilities, targets, torch.ones_like(targets[:, 0, 0, 0])).mean()
