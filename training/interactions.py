"""Simulated interactions of a batch: clicks, answers, feedback, further clicks (1-4 rounds).

Where clicks enter late the encoder runs once a picture, and its features serve every object asked
for and every interaction; else it runs once for each. Every interaction is supervised. Gradients
do not flow through the feedback.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_fcfi.network import Network, Prediction
from napari_fcfi.network.clicks import interaction_map

from .click_simulation import (
    Generator,
    Position,
    corrective_click,
    damaged_mask,
    first_click,
    many_clicks,
)
from .losses import interaction_loss
from .recipes import Recipe


@dataclass
class Batch:
    """Samples stacked: images ``(B, 3, S, S) uint8``, targets ``(B, O, S, S) int8``, visible."""

    images: Tensor
    targets: Tensor
    visible: Tensor


@dataclass
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


def begin(
    rng: Generator, targets: NDArray[np.int8], recipe: Recipe
) -> tuple[list[list[Position]], list[list[Position]], NDArray[np.float32], NDArray[np.float32]]:
    """First clicks, newest clicks, feedback ``(N, S, S)`` and gate ``(N,)`` of every object.

    Most begin with one click on nothing; some with many clicks at once; some from a damaged mask
    and the click that corrects it, as if earlier rounds had happened.
    """
    clicks: list[list[Position]] = []
    newest: list[list[Position]] = []
    feedback = np.zeros(targets.shape, np.float32)
    gate = np.zeros(len(targets), np.float32)
    for i, target in enumerate(targets):
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
    rng: Generator, progress: Progress, targets: NDArray[np.int8], probabilities: Tensor
) -> Progress:
    """The next round: feedback is the last answer, and each user corrects the worst of it.

    A user with nothing to correct gives no new click and sees the same answer fed back.
    """
    shown = probabilities.detach()
    masks = (shown[:, 0] > 0.5).cpu().numpy()
    clicks, newest = [], []
    for own, target, mask in zip(progress.clicks, targets, masks, strict=True):
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

    def _encode(self, images: Tensor, owner: Tensor) -> Any:
        """Features of every object's picture; each picture is encoded once."""
        with self._autocast(images):
            return self.network.encode(images.float() / 255).expand(owner)

    def _autocast(self, like: Tensor) -> torch.autocast:
        return torch.autocast(like.device.type, torch.bfloat16, enabled=self.recipe.bf16)

    def _answer(
        self, images: Tensor, owner: Tensor, features: Any | None, progress: Progress
    ) -> Prediction:
        """The answer of one round; ``features`` is None where clicks enter the encoder."""
        device = progress.feedback.device
        most = max(len(own) for own in progress.clicks)
        clicks = as_tensor(progress.clicks, most).to(device)
        newest = as_tensor(progress.newest, self.recipe.new_clicks).to(device)
        maps = interaction_map(clicks, (images.shape[-2], images.shape[-1]))
        with self._autocast(progress.feedback):
            if features is None:
                own = images[owner].float() / 255
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

    def forward(self, batch: Batch, rng: Generator) -> tuple[dict[str, Tensor], dict[str, float]]:
        """Loss terms, summed over the interactions and divided by their number, and what to log."""
        recipe = self.recipe
        pictures, objects = batch.targets.shape[:2]
        device = batch.images.device
        owner = torch.arange(pictures, device=device).repeat_interleave(objects)
        targets = batch.targets.flatten(0, 1)[:, None].float()
        arrays = batch.targets.flatten(0, 1).cpu().numpy()
        visible = batch.visible.flatten()
        late = not self.network.encoding_uses_interaction
        features = self._encode(batch.images, owner) if late else None
        clicks, newest, feedback, gate = begin(rng, arrays, recipe)
        progress = Progress(
            clicks,
            newest,
            torch.from_numpy(feedback)[:, None].to(device),
            torch.from_numpy(gate)[:, None, None, None].to(device),
        )
        rounds = 1 + int(rng.choice(len(recipe.round_shares), p=recipe.round_shares))
        terms: dict[str, Tensor] = {}
        logged: dict[str, float] = {"interactions": float(rounds * len(targets))}
        for t in range(rounds):
            prediction = self._answer(batch.images, owner, features, progress)
            losses = interaction_loss(
                prediction,
                targets,
                visible,
                refined_weight=recipe.refined_weight,
                updated_weight=recipe.updated_weight,
                quality_weight=recipe.quality_weight,
                auxiliary_weight=recipe.auxiliary_weight,
            )
            for name, value in losses.items():
                terms[name] = terms.get(name, torch.zeros((), device=device)) + value / rounds
            probabilities = torch.sigmoid(prediction.logits)
            logged[f"iou/round{t + 1}"] = float(mean_iou(probabilities.detach(), targets))
            if t + 1 < rounds:
                progress = advance(rng, progress, arrays, probabilities)
        return terms, logged


def mean_iou(probabilities: Tensor, targets: Tensor) -> Tensor:
    """Mean IoU of a batch's masks with its targets, both ``(N, 1, H, W)``; a scalar."""
    counted = targets >= 0
    mask = (probabilities > 0.5) & counted
    wanted = targets > 0
    over = (1, 2, 3)
    return ((mask & wanted).sum(over) / (mask | wanted).sum(over).clamp_min(1)).mean()
