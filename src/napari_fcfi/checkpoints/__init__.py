"""Checkpoints: models with their cards, read without ever executing what is in a file."""

from __future__ import annotations

from .card import Card
from .files import CheckpointError, read_checkpoint, write_checkpoint
from .load import Model, available_models, load_model, untrained_model

__all__ = [
    "Card",
    "CheckpointError",
    "Model",
    "available_models",
    "load_model",
    "read_checkpoint",
    "untrained_model",
    "write_checkpoint",
]
