"""Training as in the authors' programs: one object a picture, of its interactions the last counts.

A batch has 0-3 interactions that are played without a gradient, the network in evaluation mode,
and one that is learnt from. Our own way is `interactions`, which supervises every interaction.

Differences from the paper, all of them kept here because published models were trained so:

- M_r and M_u are probabilities, yet enter the loss as if they were logits, so that a second
  sigmoid keeps them between 0.5 and 0.73. The paper's loss is on probabilities.
- M_r counts where the box, resized to the input by nearest neighbours, is exactly 1. The box has
  soft edges, so this is the box without its two outermost feature pixels on each side. The
  paper: the cropped area.
- Losses are taken at the input's size, not on the feature map.
- DeepLabV3+ resizes M_r without aligning corners, HRNet with.

Difference from the authors' programs: background clicks on other objects are drawn on up to three
of the picture's, those that were drawn with the wanted one, instead of on all.
"""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from napari_fcfi.network import PaperArchitecture, PaperNetwork, Prediction
from napari_fcfi.network.architecture import SIZES
from napari_fcfi.network.blocks import resize
from napari_fcfi.network.clicks import interaction_map

from .batch_statistics import evaluating
from .click_simulation import Generator
from .forward import Batch, Outcome, Shown, full_precision, mean_iou
from .losses import auxiliary_loss, normalized_focal_loss
from .recipes import Recipe
from .released_clicks import (
    Table,
    choose_objects,
    correct,
    initial_clicks,
    newest_of,
)


class Interaction(NamedTuple):
    """What the network is given, of a whole batch.

    ``clicks`` ``(N, K, 3)`` and ``new_clicks`` ``(N, 1, 3)`` are rows ``y, x, sign``, empty ones
    -1; ``feedback`` is ``(N, 1, H, W)``, 0-1. ``is_first`` closes the gate.
    """

    clicks: Tensor
    new_clicks: Tensor
    feedback: Tensor
    is_first: bool


class ReleasedInteractions(nn.Module):
    """The training step's forward pass as in the authors' programs: a batch to the loss terms."""

    def __init__(self, network: PaperNetwork, recipe: Recipe) -> None:
        super().__init__()
        self.network = network
        self.recipe = recipe

    def forward(self, batch: Batch, users: list[Generator], rounds: int) -> Outcome:
        """Loss terms of the last of so many interactions; ``users`` has one generator a picture."""
        device = batch.images.device
        images = batch.images.float() / 255
        begun = [
            begin(rng, objects, central_first=self.recipe.central_first)
            for rng, objects in zip(users, batch.targets.cpu().numpy(), strict=True)
        ]
        wanted = [target for target, _ in begun]
        tables = [table for _, table in begun]
        newest = [newest_of(table) for table in tables]
        target = torch.from_numpy(np.stack(wanted))[:, None].float().to(device)
        feedback = torch.zeros_like(target)
        for iteration in range(1, rounds):
            interaction = _as_tensors(tables, newest, feedback, is_first=iteration == 1)
            feedback = played_answer(self.network, images, interaction, self.recipe)
            shown = feedback[:, 0].cpu().numpy()
            corrected = [
                correct(rng, table, answer, mask == 1, iteration)
                for rng, table, answer, mask in zip(users, tables, shown, wanted, strict=True)
            ]
            tables = [table for table, _ in corrected]
            newest = [click for _, click in corrected]
        last = _as_tensors(tables, newest, feedback, is_first=rounds == 1)
        prediction = answer(self.network, images, last, self.recipe)
        probabilities = torch.sigmoid(prediction.logits.detach())
        return Outcome(
            released_loss(prediction, target, self.recipe),
            {
                f"iou/round{rounds}": float(mean_iou(probabilities, target)),
                "interactions": float(len(target)),
            },
            Shown(
                batch.images,
                target,
                last.clicks,
                feedback,
                prediction.affinity.detach(),
                prediction.refined_feedback.detach(),
                prediction.updated_feedback.detach(),
                probabilities,
            ),
        )


def begin(
    rng: Generator, objects: NDArray[np.int8], *, central_first: bool
) -> tuple[NDArray[np.int8], Table]:
    """What a user wants of a picture, ``(H, W)``: 1, 0, -1 ignore; and the initial clicks on it.

    Parameters
    ----------
    rng : Generator
        Source of every draw.
    objects : ndarray
        ``(O, H, W)`` int8, targets of the picture's objects; the same one may come twice.
    central_first : bool
        See `initial_clicks`.
    """
    ignored = objects[0] < 0
    masks = [mask for mask in np.unique(objects == 1, axis=0) if mask.any()]
    chosen = choose_objects(rng, len(masks)) if masks else []
    nothing = np.zeros_like(ignored)
    wanted = np.logical_or.reduce([masks[i] for i in chosen]) if chosen else nothing
    rest = [mask for i, mask in enumerate(masks) if i not in chosen]
    table = initial_clicks(
        rng,
        [masks[i] for i in chosen],
        (np.logical_or.reduce(rest) if rest else nothing) & ~wanted,
        ~wanted & ~ignored,
        central_first=central_first,
    )
    return np.where(ignored, -1, wanted).astype(np.int8), table


def answer(
    network: PaperNetwork, images: Tensor, interaction: Interaction, recipe: Recipe
) -> Prediction:
    """Answer to an interaction; FFCM has its soft box if the architecture has one at all."""
    clicks, new_clicks, feedback, is_first = interaction
    maps = interaction_map(clicks, (images.shape[-2], images.shape[-1]))
    return network.decode(
        network.encode(images, maps, feedback),
        clicks,
        maps,
        feedback,
        new_clicks,
        feedback.new_full((len(images), 1, 1, 1), 0 if is_first else 1),
        recipe.expansion_ratio,
        soft_box=network.architecture.soft_box,
    )


@torch.no_grad()
def played_answer(
    network: PaperNetwork, images: Tensor, interaction: Interaction, recipe: Recipe
) -> Tensor:
    """Probabilities of an interaction that is not learnt from, the network in evaluation mode."""
    with evaluating(network):
        return torch.sigmoid(answer(network, images, interaction, recipe).logits)


def released_loss(prediction: Prediction, target: Tensor, recipe: Recipe) -> dict[str, Tensor]:
    """Terms of the authors' loss, each a mean over the batch; those without weight are left out.

    Parameters
    ----------
    prediction : Prediction
        Of the interaction that is learnt from.
    target : Tensor
        ``(N, 1, H, W)``: 1 object, 0 background, -1 ignore.
    recipe : Recipe
        Its weights count, and whether its backbone is HRNet.
    """
    with torch.autocast(target.device.type, enabled=False):  # sums need float32
        return _terms(full_precision(prediction), target, recipe)


def _terms(prediction: Prediction, target: Tensor, recipe: Recipe) -> dict[str, Tensor]:
    size = target.shape[-2:]
    terms = {"mask": normalized_focal_loss(prediction.logits, target).mean()}
    if recipe.refined_weight:
        refined = functional.interpolate(
            prediction.refined_feedback,
            size=size,
            mode="bilinear",
            align_corners=SIZES[cast(PaperArchitecture, recipe.architecture).name].ocr_width > 0,
        )
        inside = (functional.interpolate(prediction.box, size=size) == 1).to(refined.dtype)
        loss = normalized_focal_loss(refined, target, inside)  # a probability taken for a logit
        terms["refined"] = recipe.refined_weight * loss.mean()
    if recipe.updated_weight:
        updated = resize(prediction.updated_feedback, size)
        loss = normalized_focal_loss(updated, target)  # likewise
        terms["updated"] = recipe.updated_weight * loss.mean()
    if recipe.auxiliary_weight:
        terms["auxiliary"] = recipe.auxiliary_weight * auxiliary_loss(prediction, target)
    return terms


def _as_tensors(
    tables: list[Table],
    newest: list[tuple[float, float, float]],
    feedback: Tensor,
    *,
    is_first: bool,
) -> Interaction:
    return Interaction(
        torch.from_numpy(np.stack(tables)).to(feedback.device),
        torch.tensor(newest, device=feedback.device)[:, None],
        feedback,
        is_first,
    )
