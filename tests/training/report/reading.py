"""A report's HTML as its reader finds it: tables, addresses, pictures, ids."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from html.parser import HTMLParser

from PIL import Image

VOID = {"meta", "img", "br", "link", "input", "hr"}
ADDRESSES = {"src", "href", "xlink:href", "srcset", "action", "poster", "data"}


@dataclass
class ReadTable:
    """Name and cells of a table, and the kinds of its rows."""

    name: str
    rows: list[list[str]] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)

    def row(self, head: str) -> list[str]:
        """The row that begins with this cell."""
        return next(row for row in self.rows if row[0] == head)


class Reader(HTMLParser):
    """Reads one report."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tables: list[ReadTable] = []
        self.addresses: list[str] = []
        self.tags: list[str] = []
        self.ids: set[str] = set()
        self.alternatives: list[str] = []
        self.text: list[str] = []
        self._open: list[str] = []
        self._cell: list[str] | None = None
        self.feed(html)
        self.close()
        if self._open:
            raise AssertionError(f"not closed: {self._open}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {key: value or "" for key, value in attrs}
        self.tags.append(tag)
        self.addresses += [value for key, value in given.items() if key in ADDRESSES]
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "img":
            self.alternatives.append(given.get("alt", ""))
        if tag == "svg":
            self.alternatives.append(given.get("aria-label", ""))
        if tag == "table":
            self.tables.append(ReadTable(given["aria-label"]))
        if tag == "tr":
            self.tables[-1].rows.append([])
            self.tables[-1].kinds.append(given.get("class", ""))
        if tag in ("td", "th"):
            self._cell = []
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._open.pop() != tag:
            raise AssertionError(f"</{tag}> closes another element")
        if tag in ("td", "th") and self._cell is not None:
            self.tables[-1].rows[-1].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        self.text.append(data)
        if self._cell is not None:
            self._cell.append(data)

    def table(self, beginning: str) -> ReadTable:
        """The table whose name begins like this."""
        return next(table for table in self.tables if table.name.startswith(beginning))

    def pictures(self) -> list[Image.Image]:
        """All inlined pictures, decoded."""
        found = [a for a in self.addresses if a.startswith("data:image/")]
        images = [Image.open(io.BytesIO(base64.b64decode(a.partition(",")[2]))) for a in found]
        for image in images:
            image.load()
        return images
