"""Remembers the fields of the planes worked on last, so that what they cost is paid once."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from napari_fcfi.plugin.image_source import ImageSource

if TYPE_CHECKING:
    from napari_fcfi.inference import Field

REMEMBERED = 8


class FieldCache:
    """Fields by what they were made of; a field whose layer changed since is not found again."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._fields: OrderedDict[object, tuple[ImageSource, Field]] = OrderedDict()

    def get(self, source: ImageSource) -> Field | None:
        """The field that was made of such a source, or None."""
        found = self._fields.get(source.key)
        return None if found is None else found[1]

    def put(self, source: ImageSource, field: Field) -> None:
        """Remember a field, and forget the oldest one where there are too many."""
        # The source is kept too: its key names arrays by their identity.
        self._fields[source.key] = source, field
        self._fields.move_to_end(source.key)
        while len(self._fields) > self._size:
            self._fields.popitem(last=False)

    def clear(self) -> None:
        """Forget all, for pixels that were changed in place."""
        self._fields.clear()
