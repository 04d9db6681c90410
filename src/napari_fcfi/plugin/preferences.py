"""What napari keeps between two starts: settings of the panel, and the reader for TIFF files."""

from __future__ import annotations

import logging
from typing import Any

from pydantic import ValidationError

from napari_fcfi.plugin import PLUGIN
from napari_fcfi.settings import Settings

GROUP = "segment"
"""Name of the settings' group in the manifest's configurations."""

TIFF_PATTERNS = ("*.tif", "*.tiff")
NAPARI_READER = "napari"

logger = logging.getLogger(__name__)


def stored_settings() -> Settings:
    """The settings of the last time; the defaults where there are none."""
    group = _group()
    values = {name: getattr(group, name) for name in Settings.model_fields if hasattr(group, name)}
    try:
        return Settings(**values)
    except ValidationError:
        logger.warning("Stored settings do not fit any more; the defaults are used", exc_info=True)
        return Settings()


def store_settings(settings: Settings, since: Settings | None = None) -> None:
    """Keep the settings for the next time, where napari can (0.9 or later).

    Those alone that differ from ``since``, if given: others may have been set elsewhere meanwhile,
    as in napari's preferences or by the panel of another viewer.
    """
    group = _group()
    for name, value in settings:
        is_new = since is None or getattr(since, name) != value
        if is_new and hasattr(group, name) and getattr(group, name) != value:
            setattr(group, name, value)


def configurations() -> dict[str, Any]:
    """The manifest's `configurations`, made from `Settings`; a test compares both."""
    return {GROUP: {"title": "Segmentation by clicks", "properties": _properties()}}


def asked_tiff_patterns() -> list[str]:
    """Names of TIFF files for which napari does not know which reader to take, and will ask."""
    return [pattern for pattern in TIFF_PATTERNS if pattern not in _readers()]


def keep_naparis_tiff_reader() -> None:
    """Let napari take its own reader for TIFF files, unless another choice is stored."""
    from napari.settings import get_settings

    chosen = dict.fromkeys(TIFF_PATTERNS, NAPARI_READER)
    get_settings().plugins.extension2reader = {**chosen, **_readers()}


def _readers() -> dict[str, str]:
    from napari.settings import get_settings

    return dict(get_settings().plugins.extension2reader)


def _group() -> Any:
    try:
        from napari.settings import get_plugin_settings
    except ImportError:  # napari before 0.9 keeps no settings of plugins
        return None
    try:
        return getattr(get_plugin_settings(PLUGIN), GROUP, None)
    except KeyError:  # the manifest is not known to napari, as in a test of parts
        return None


def _properties() -> dict[str, dict[str, Any]]:
    schema = Settings.model_json_schema()["properties"]
    names = {"type", "default", "title", "description", "minimum", "maximum", "enum"}
    return {
        name: {key: value for key, value in entry.items() if key in names}
        for name, entry in schema.items()
    }
