"""How the report's plots and pictures look: colours, lines, and their two forms.

Plots are vector graphics whose black becomes the page's own text colour, so that they are legible
on a light and on a dark page; for Markdown they are also written as PNG on white. Colours of
methods are of middle lightness, far from both grounds, and lines differ by marker as well.
"""

from __future__ import annotations

import base64
import io
import re
from dataclasses import dataclass
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from PIL import Image

from .tiles import RGB

COLOURS = ("#2b7bd6", "#d9730d", "#1f9d70", "#c2479a", "#7d64d6", "#a1831a", "#3a9fb5", "#cc4b4b")
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
LINES = ("-", "--", "-.", ":")

LEAST_HEIGHT = 1.7
"""Of a figure, in inches; labels and a legend of two rows leave a lower one no room for axes."""

INK = "#010203"
"""Colour in plots that becomes the page's text colour; nothing else has it."""

PLOT_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlesize": 10.5,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "axes.grid": True,
    "grid.color": INK,
    "grid.alpha": 0.14,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.2,
    "svg.hashsalt": "report",
    "svg.fonttype": "path",
}


@dataclass(frozen=True)
class Drawing:
    """A plot or a picture in both of the report's forms.

    Attributes
    ----------
    name
        Of the PNG file, without its ending.
    png
        The PNG file.
    inlined
        What stands in the HTML: an ``<svg>`` element, or the source of an image as a data address.
    text
        What is to be seen, for those who do not see it.
    """

    name: str
    png: bytes
    inlined: str
    text: str

    @property
    def is_vector(self) -> bool:
        """Whether `inlined` is an element of its own."""
        return self.inlined.startswith("<svg")


def colour(at: int) -> str:
    """Colour of the method of that number."""
    return COLOURS[at % len(COLOURS)]


def marker(at: int) -> str:
    """Marker of the method of that number."""
    return MARKERS[at % len(MARKERS)]


def plot(columns: int, rows: int = 1, *, width: float = 3.6, height: float = 2.7) -> Figure:
    """An empty figure of so many axes, each of a width and height in inches."""
    with rc_context(PLOT_STYLE):
        size = (columns * width, max(rows * height, LEAST_HEIGHT))
        figure = Figure(figsize=size, layout="constrained")
        figure.subplots(rows, columns, squeeze=False)
    figure.patch.set_alpha(0)
    for axes in figure.axes:
        axes.patch.set_alpha(0)
    return figure


def legend_below(figure: Figure) -> None:
    """One legend for all axes of a plot, below them, where it covers no line."""
    found: dict[str, Artist] = {}
    for axes in figure.axes:
        handles, labels = axes.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    characters = 14 * figure.get_figwidth()
    columns = int(characters // (max(map(len, found)) + 6))
    figure.legend(found.values(), found.keys(), loc="outside lower center", ncols=max(1, columns))


def drawn_plot(name: str, figure: Figure, text: str) -> Drawing:
    """A finished plot."""
    with rc_context(PLOT_STYLE):
        png, svg = io.BytesIO(), io.StringIO()
        figure.savefig(png, format="png", dpi=160, facecolor="white", metadata={"Software": None})
        figure.savefig(svg, format="svg", transparent=True, metadata={"Date": None})
    return Drawing(name, png.getvalue(), _inline(svg.getvalue(), text), text)


def _inline(svg: str, text: str) -> str:
    """An SVG file as an element of a page, which has a title and the page's text colour."""
    body = svg[svg.index("<svg") :].replace(INK, "currentColor")
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", body, count=1)
    body = re.sub(r'(<svg[^>]*?) width="([\d.]+)pt"', r'\1 style="max-width:\2pt"', body, count=1)
    label = text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return body.replace("<svg", f'<svg role="img" aria-label="{label}"', 1).strip()


def drawn_picture(name: str, pixels: RGB, text: str) -> Drawing:
    """A finished picture ``(H, W, 3)``."""
    image = Image.fromarray(pixels)
    png, webp = io.BytesIO(), io.BytesIO()
    image.save(png, "PNG")
    image.save(webp, "WEBP", quality=88)
    return Drawing(name, png.getvalue(), _data_address(webp.getvalue()), text)


def _data_address(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode('ascii')}"
