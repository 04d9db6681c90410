"""What a user of the evaluation can put right."""

from __future__ import annotations


class UserError(ValueError):
    """Something asked for that cannot be done; the message says what to do."""
