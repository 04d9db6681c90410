"""Errors that are one sentence already, told apart from those of the libraries beneath."""

from __future__ import annotations


class InputError(ValueError):
    """Something else was expected; the text is one sentence: what, what came, what to do."""


class TorchMissingError(ImportError):
    """torch cannot be loaded; the text is one sentence: what came, what to do."""


ALLOCATORS_SAY = ("can't allocate memory", "not enough memory", "out of memory")
"""torch raises plain RuntimeErrors: on Linux and macOS, on Windows, and of GPUs."""


def is_memory_short(problem: BaseException) -> bool:
    """Whether memory could not be had, of the computer or of its GPU."""
    text = str(problem)
    return isinstance(problem, MemoryError) or any(words in text for words in ALLOCATORS_SAY)


def in_one_line(problem: BaseException) -> str:
    """Kind and first line of an error that is not ours, for a sentence that names it."""
    lines = str(problem).strip().splitlines()
    kind = type(problem).__name__
    return f"{kind}: {lines[0]}" if lines else kind
