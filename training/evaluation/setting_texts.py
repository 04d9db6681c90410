"""Settings as they are written on a command line: ``key=value``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from napari_fcfi.inference.released.tuned import TunedWindow
from napari_fcfi.settings import Settings
from training.evaluation.errors import UserError


def settings_from(pairs: Sequence[str], tuned: TunedWindow | None = None) -> Settings:
    """Settings from ``key=value`` texts; what is not named keeps its default.

    Parameters
    ----------
    pairs
        The texts.
    tuned
        In place of the defaults of these two settings.

    Raises
    ------
    UserError
        When a text has no ``=``, a name is unknown or a value lies outside its range.
    """
    values: dict[str, Any] = {} if tuned is None else tuned._asdict()
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"expected settings as key=value, got {pair!r}; write key=value.")
        values[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"setting {name}={first['input']!r} is not possible ({first['msg']}); "
            f"the settings are {', '.join(Settings.model_fields)}."
        ) from error
