"""``write_report``: from a results folder to ``report.html`` and ``report.md`` in it."""

from __future__ import annotations

from pathlib import Path

from .contents import contents
from .page import html_page, markdown_page
from .runs import read_report_runs

HTML = "report.html"
MARKDOWN = "report.md"
PICTURES = "report_pictures"


def write_report(folder: Path, data_root: Path) -> list[Path]:
    """Write the report of a results folder.

    ``report.html`` holds all its pictures; ``report.md`` has them as PNG files in a folder beside
    it. Where a checkpoint or the data can no longer be had, the report says so and has no pictures
    of them. Files of an earlier report are replaced.

    Parameters
    ----------
    folder
        With ``results.json``.
    data_root
        Where the data lie, for the pictures.

    Returns
    -------
    list of Path
        Of both files.
    """
    found = contents(read_report_runs(folder), data_root)
    pictures = folder / PICTURES
    pictures.mkdir(exist_ok=True)
    for old in pictures.glob("*.png"):
        old.unlink()
    for drawing in found.drawings():
        (pictures / f"{drawing.name}.png").write_bytes(drawing.png)
    paths = []
    for name, text in ((HTML, html_page(found)), (MARKDOWN, markdown_page(found, PICTURES))):
        unfinished = folder / f"{name}.part"
        unfinished.write_text(text, encoding="utf-8")
        paths.append(unfinished.replace(folder / name))
    return paths
