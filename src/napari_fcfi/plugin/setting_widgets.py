"""Widgets of the panel, made from the fields of `Settings`: a setting is declared once, there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from magicgui.widgets import create_widget
from magicgui.widgets.bases import ValueWidget
from pydantic.fields import FieldInfo

from napari_fcfi.settings import RELEASED_VALUES, Settings

STEP = 0.05


def setting_widget(name: str, field: FieldInfo, value: Any) -> ValueWidget[Any]:
    """The widget for one setting, with its title, range and description."""
    options: dict[str, Any] = {"tooltip": field.description}
    limits = limits_of(field)
    if limits:
        options |= {"min": limits["ge"], "max": limits["le"]}
    widget_type = None
    if field.annotation is float:
        options["step"] = STEP
        widget_type = "FloatSlider"
    widget = create_widget(
        value=value,
        annotation=field.annotation,
        name=name,
        label=field.title or name,
        widget_type=widget_type,
        options=options,
    )
    if not isinstance(widget, ValueWidget):
        raise TypeError(f"A setting needs a widget with a value; “{name}” got {widget!r}.")
    return widget


def limits_of(field: FieldInfo) -> dict[str, float]:
    """The smallest and largest value of a number, as `ge` and `le`; empty for other settings."""
    return {
        bound: getattr(entry, bound)
        for entry in field.metadata
        for bound in ("ge", "le")
        if hasattr(entry, bound)
    }


def setting_widgets(settings: Settings) -> dict[str, ValueWidget[Any]]:
    """A widget for every field of the settings, in their order, holding their values."""
    return {
        name: setting_widget(name, field, getattr(settings, name))
        for name, field in Settings.model_fields.items()
    }


def settings_from(widgets: Mapping[str, ValueWidget[Any]]) -> Settings:
    """The settings that the widgets show."""
    return Settings(**{name: widget.value for name, widget in widgets.items()})


def show_protocols_values(settings: Settings, widgets: Mapping[str, ValueWidget[Any]]) -> None:
    """Let the widgets of settings whose defaults differ between the protocols show these."""
    for name in RELEASED_VALUES:
        widgets[name].value = getattr(settings, name)
