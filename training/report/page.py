"""The report's two forms, written from templates."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .contents import Contents
from .look import Drawing
from .tables import plain_text

EXPLAINED = (
    ("NoC@85, NoC@90, NoC@95", "mean number of clicks to an IoU of 0.85, 0.90, 0.95; an object "
     "that never gets there counts the most clicks that it could have had"),
    ("NoF20@90", "objects that do not get to 0.90 within 20 clicks"),
    ("IoU@N, BIoU@N, ASSD@N", "mean over the objects, after N clicks, of the overlap with the "
     "object, of the overlap of the bands along both borders, and of the mean distance of the two "
     "contours in pixels"),
    ("Clicks lowering IoU", "share of all clicks after which the IoU is lower than before"),
    ("SPC", "seconds per click"),
)  # fmt: skip
"""Names of metrics and what they are, for people who meet them for the first time."""


def html_page(contents: Contents) -> str:
    """The report as one HTML file that needs nothing else: no network, no other file, no script."""
    return _rendered("report.html.j2", contents, escaped=True, picture=_inlined)


def markdown_page(contents: Contents, pictures: str) -> str:
    """The report in Markdown.

    Parameters
    ----------
    contents
        The report.
    pictures
        Folder, relative to the file, in which the PNG files are.
    """

    def picture(drawing: Drawing) -> str:
        text = drawing.text.replace("[", "(").replace("]", ")").replace("|", "\\|")
        return f"![{text}]({pictures}/{drawing.name}.png)"

    return _rendered("report.md.j2", contents, escaped=False, picture=picture)


def _rendered(template: str, contents: Contents, *, escaped: bool, picture: object) -> str:
    environment = Environment(
        loader=PackageLoader("training.report"),
        autoescape=escaped,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(picture=picture, plain_text=plain_text, explained=EXPLAINED)
    return environment.get_template(template).render(report=contents)


def _inlined(drawing: Drawing) -> Markup:
    """The drawing as an element; its SVG is our own plot, whose texts matplotlib has escaped."""
    if drawing.is_vector:
        return Markup(drawing.inlined)
    return Markup('<img src="{}" alt="{}" loading="lazy">').format(drawing.inlined, drawing.text)
