"""Image features of the windows seen last; they make an answer faster, never different."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import fields, is_dataclass
from typing import Any

from torch import Tensor


class FeatureCache:
    """Values by key, the longest unused dropped first.

    Parameters
    ----------
    most_bytes : int
        Memory that all tensors kept may take together; 0 keeps nothing.
    """

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._bytes = 0

    @property
    def bytes(self) -> int:
        """Memory that the kept tensors take now."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """The value of a key, made if it is not there."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        value = make()
        size = tensor_bytes(value)
        if size <= self.most_bytes:
            self._kept[key] = value
            self._bytes += size
            while self._bytes > self.most_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._bytes -= tensor_bytes(dropped)
        return value


def tensor_bytes(value: Any) -> int:
    """Memory of all tensors in a value made of dataclasses, tuples, lists and dictionaries."""
    if isinstance(value, Tensor):
        return value.numel() * value.element_size()
    if is_dataclass(value):
        return sum(tensor_bytes(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, dict):
        return sum(tensor_bytes(item) for item in value.values())
    if isinstance(value, tuple | list):
        return sum(tensor_bytes(item) for item in value)
    return 0
