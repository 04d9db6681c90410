"""The error of a wrong input, told apart from those of the libraries beneath."""

from __future__ import annotations


class InputError(ValueError):
    """Something else was expected; the text is one sentence: what, what came, what to do."""
