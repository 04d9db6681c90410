"""Settings as they are written on a command line: ``key=value``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from napari_fcfi.settings import Settings
from training.evaluation.errors import UserError


def with_protocol(pairs: Sequence[str], protocol: str | None) -> list[str]:
    """The texts, with the protocol that has an option of its own among them.

    Parameters
    ----------
    pairs
        The texts.
    protocol
        As the option says it; None where it does not.

    Raises
    ------
    UserError
        When a text names another one.
    """
    if protocol is None:
        return list(pairs)
    option = f"protocol={protocol}"
    for pair in pairs:
        if pair.partition("=")[0] == "protocol" and pair != option:
            raise UserError(
                f"Expected one protocol, got --protocol {protocol} and --settings {pair}; leave "
                "one of them out."
            )
    return [*pairs, option]


def settings_from(pairs: Sequence[str], usual: Mapping[str, Any] | None = None) -> Settings:
    """Settings from ``key=value`` texts; what is not named keeps its default.

    Parameters
    ----------
    pairs
        The texts.
    usual
        In place of the defaults.

    Raises
    ------
    UserError
        When a text has no ``=``, a name is unknown or a value lies outside its range.
    """
    values: dict[str, Any] = dict(usual or {})
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"Expected settings as key=value, got {pair!r}; write key=value.")
        values[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"Expected a setting that is possible, got {name}={first['input']!r} "
            f"({first['msg']}); the settings are {', '.join(Settings.model_fields)}, write one of "
            "these with a value in its range."
        ) from error
