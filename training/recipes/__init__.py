"""Training recipes: short, typed values. ``recipe(name)`` finds one by its module's name."""

from __future__ import annotations

from .base import Recipe, changed, recipe, recipe_names

__all__ = ["Recipe", "changed", "recipe", "recipe_names"]
