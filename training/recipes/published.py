"""What the recipes of the paper's networks share: the paper's way of training, and the authors'.

An epoch is counted in steps, since pictures are drawn without end.
"""

from __future__ import annotations

from napari_fcfi.network import PaperArchitecture, released_architecture
from napari_fcfi.network.architecture import SIZES, PaperName

from .base import Recipe

CROP = (320, 480)
RATE = 5e-4
SLOW = 0.1
EQUALLY = (0.25, 0.25, 0.25, 0.25)
"""Shares of one to four interactions."""

SBD, COCO_LVIS = 8498, 104_000
"""Training images of the paper's two sets."""

RELEASED_EPOCH = 30_000
"""Images that the released programs draw of COCO+LVIS in an epoch."""

OBJECTS = 4
"""Of a picture, among which a simulated user of the released programs has its choice."""


def as_in_the_paper(
    name: str, architecture: PaperArchitecture, *, images: int, data: str
) -> Recipe:
    """A network trained as the paper's section 4.1 says: 60 epochs, batches of 24.

    Parameters
    ----------
    name : str
        Of the recipe.
    architecture : PaperArchitecture
        What is trained.
    images : int
        Of an epoch; after 50 epochs the rate falls to a tenth.
    data : str
        Kind of the data set.
    """
    batch = 24
    return Recipe(
        name=name,
        architecture=architecture,
        data=data,
        augmentation="published",
        interactions="paper",
        crop=CROP,
        pictures=batch,
        objects=1,
        round_shares=EQUALLY,
        refined_weight=float("ffcm" in architecture.feedback),
        updated_weight=float("cffm" in architecture.feedback),
        quality_weight=0.0,
        learning_rate=RATE,
        backbone_factor=SLOW,
        slow_parts=("backbone.body.",),
        weight_decay=0.0,
        steps=steps((60,), images, batch)[0],
        warm_up=1,
        rate_drops=steps((50,), images, batch),
        clip=None,
        ema=0.0,
        precision="32-true",
    )


def as_released(
    name: PaperName, *, data: str, images: int, batch: int, epochs: int, drops: tuple[int, ...]
) -> Recipe:
    """The network as the authors' code has it, trained as their scripts do.

    Parameters
    ----------
    name : str
        Of the network.
    data : str
        Kind of the data set.
    images, batch : int
        Of an epoch, and of a step.
    epochs : int
        Of the whole training.
    drops : tuple of int
        Epochs after which the rate falls to a tenth.

    Notes
    -----
    With HRNet all but the click stem and the inside of OCR has the backbone's rate, FFCM, CFFM and
    the last layers among it. The authors' script for SBD draws a picture with a probability
    proportional to ``(1 - score)^1.25``, where the scores are a list of theirs; here, as in their
    script for COCO+LVIS, pictures are drawn uniformly. The scripts' weights of M_r
    and M_u are 0.2 with HRNet and 1 with ResNet-101; RITM has neither, but a loss on OCR's coarse
    answer.
    """
    architecture = released_architecture(name)
    hrnet, fcfi = SIZES[name].ocr_width > 0, "ffcm" in architecture.feedback
    modules = ("affinity_encoder.", "cffm.") if fcfi else ()
    slow = (*modules, "head.coarse.", "head.answer.") if hrnet else ()
    feedback_weight = (0.2 if hrnet else 1.0) if fcfi else 0.0
    return Recipe(
        name=name.replace("-", "_") + ("_released" if fcfi else ""),
        architecture=architecture,
        data=data,
        augmentation="published",
        interactions="released",
        central_first=fcfi,
        crop=CROP,
        pictures=batch,
        objects=OBJECTS,
        round_shares=EQUALLY,
        refined_weight=feedback_weight,
        updated_weight=feedback_weight,
        quality_weight=0.0,
        auxiliary_weight=0.0 if fcfi else 0.4,
        learning_rate=RATE,
        backbone_factor=SLOW,
        slow_parts=("backbone.body.", *slow),
        weight_decay=0.0,
        steps=steps((epochs,), images, batch)[0],
        warm_up=1,
        rate_drops=steps(drops, images, batch),
        clip=None,
        ema=0.0,
        precision="32-true",
    )


def steps(epochs: tuple[int, ...], images: int, batch: int) -> tuple[int, ...]:
    """Epochs in steps; an epoch's last batch is left out if it is not full."""
    return tuple(epoch * (images // batch) for epoch in epochs)
