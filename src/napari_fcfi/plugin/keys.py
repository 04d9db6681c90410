"""Keys of the clicks layer: one table, from which bindings and tooltips are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from app_model.types import KeyBinding, KeyCode, KeyMod


@dataclass(frozen=True)
class Key:
    """A key, and how it is written in tooltips."""

    code: int
    shown: str


KEYS: Mapping[str, Key] = {
    "toggle": Key(KeyCode.KeyT, "T"),
    "undo": Key(KeyMod.CtrlCmd | KeyCode.KeyZ, "Ctrl+Z"),
    "redo": Key(KeyMod.CtrlCmd | KeyMod.Shift | KeyCode.KeyZ, "Ctrl+Shift+Z"),
    "next": Key(KeyCode.KeyN, "N"),
    "take_back": Key(KeyCode.Escape, "Esc"),
}


def bind(layer: Any, actions: Mapping[str, Callable[[], None]]) -> Callable[[], None]:
    """Bind every action to its key on this layer alone; gives back the function that ends it."""
    bound: dict[int, Callable[[Any], None]] = {}
    for name, action in actions.items():

        def pressed(_layer: Any, action: Callable[[], None] = action) -> None:
            action()

        bound[KEYS[name].code] = pressed
        layer.bind_key(KEYS[name].code, pressed, overwrite=True)

    def unbind() -> None:
        for code, pressed in bound.items():
            # A key that was bound anew since, as by a panel opened later, is not ours any more.
            if layer.keymap.get(KeyBinding.from_int(code)) is pressed:
                layer.bind_key(code, None)

    return unbind


def tooltip(text: str, name: str) -> str:
    """A tooltip that names the key."""
    return f"{text} ({KEYS[name].shown} on the image)"
