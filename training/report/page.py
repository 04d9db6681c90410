"""The report's two forms, written from templates."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from .contents import Contents
from .inside import FEEDBACK_NOTE
from .look import Drawing
from .tables import plain_text


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
    environment.globals.update(picture=picture, plain_text=plain_text, feedback_note=FEEDBACK_NOTE)
    return environment.get_template(template).render(report=contents)


def _inlined(drawing: Drawing) -> Markup:
    """The drawing as an element; its SVG is our own plot, whose texts matplotlib has escaped."""
    if drawing.is_vector:
        return Markup(drawing.inlined)
    return Markup('<img src="{}" alt="{}" loading="lazy">').format(drawing.inlined, drawing.text)
