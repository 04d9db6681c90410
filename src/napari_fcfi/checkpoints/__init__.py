"""Checkpoints: models with their cards, read without ever executing what is in a file."""

from __future__ import annotations

from .backbone_weights import read_backbone_weights
from .card import Card
from .convert import convert_checkpoint, inspect_checkpoint
from .files import CheckpointError, read_checkpoint, write_card_beside, write_checkpoint
from .load import (
    Model,
    available_models,
    choose_device,
    load_model,
    load_network,
    untrained_model,
)

__all__ = [
    "Card",
    "CheckpointError",
    "Model",
    "available_models",
    "choose_device",
    "convert_checkpoint",
    "inspect_checkpoint",
    "load_model",
    "load_network",
    "read_backbone_weights",
    "read_checkpoint",
    "untrained_model",
    "write_card_beside",
    "write_checkpoint",
]
