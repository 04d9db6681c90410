"""The report of a real evaluation, read as a browser and a person do."""

from __future__ import annotations

import json
import re
import warnings
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from training.evaluation.formats import title
from training.report.curves import iou_curves
from training.report.runs import read_report_runs
from training.report.timing import ORDER, Timing, parts_drawing
from training.report.write import write_report

from .reading import Reader

pytestmark = pytest.mark.slow


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """Results to be changed: central clicks alone, one object, two clicks."""
    content = json.loads((folder / "results.json").read_text())
    runs = [run for run in content["runs"] if run["click_style"] == "central"]
    for run in runs:
        (found,) = run["datasets"].values()
        found["objects"] = found["objects"][:1]
        found["objects"][0]["clicks"] = found["objects"][0]["clicks"][:2]
    (tmp_path / "results.json").write_text(json.dumps({"runs": runs}))
    return tmp_path


def changed(folder: Path, change: Any) -> None:
    path = folder / "results.json"
    content = json.loads(path.read_text())
    for run in content["runs"]:
        change(run)
    path.write_text(json.dumps(content))


def html_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def test_the_html_needs_no_other_file_and_no_network(folder: Path) -> None:
    html = html_of(folder)
    read = Reader(html)
    for address in read.addresses:
        assert address.startswith(("data:image/webp;base64,", "#"))
    assert not {"script", "link", "iframe", "object", "base"} & set(read.tags)
    assert "@import" not in html
    for inside in re.findall(r"url\(([^)]*)\)", html):
        assert inside.strip("'\"").startswith("#")
    # names of XML vocabularies are no addresses, and encoded pixels may look like some
    without = re.sub(r'xmlns(:\w+)?="[^"]*"|data:image/webp;base64,[\w+/=]+', "", html)
    assert not re.findall(r"https?:|//[a-z]", without)


def test_all_links_within_the_page_lead_somewhere(folder: Path) -> None:
    read = Reader(html_of(folder))
    links = [address[1:] for address in read.addresses if address.startswith("#")]
    assert len(links) > 5
    assert set(links) <= read.ids


def test_all_pictures_are_there_and_say_what_they_show(folder: Path) -> None:
    read = Reader(html_of(folder))
    pictures = read.pictures()
    assert len(pictures) == read.tags.count("img") > 20
    assert all(np.ptp(np.asarray(picture)) > 20 for picture in pictures)
    assert len(read.alternatives) == read.tags.count("img") + read.tags.count("svg")
    assert all(len(text) > 10 for text in read.alternatives)


def test_plots_are_sound_and_take_the_colour_of_the_page(folder: Path) -> None:
    plots = re.findall(r"<svg.*?</svg>", html_of(folder), flags=re.DOTALL)
    assert len(plots) == 4
    for plot in plots:
        ElementTree.fromstring(plot)
        assert "currentColor" in plot
        assert "#010203" not in plot


def test_the_tables_hold_the_numbers_of_the_results(folder: Path) -> None:
    runs = json.loads((folder / "results.json").read_text())["runs"]
    table = Reader(html_of(folder)).table("sample, 3 objects")
    labels = {"fcfi-lite": "fcfi-lite", "grabcut": "OpenCV GrabCut"}
    assert len(runs) == 4
    for run in runs:
        row = table.row(f"{labels[run['name']]}, {run['click_style']} clicks")
        found = dict(zip(table.rows[0][1:], row[1:], strict=True))
        metrics = run["datasets"]["sample"]["metrics"]
        assert found == {title(name): written(name, value) for name, value in metrics.items()}


def written(name: str, value: float) -> str:
    if name == "LoweredIoU":
        return f"{100 * value:.0f} %"
    if name.startswith("NoF"):
        return f"{value:.0f}"
    return f"{value:.2f}" if name.startswith("NoC") else f"{value:.3f}"


def test_markdown_has_the_same_numbers_and_its_pictures_beside_it(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    html = Reader(html_of(folder))
    links = re.findall(r"!\[([^\]]+)\]\(([^)]+)\)", text)
    files = [folder / link for _, link in links]
    assert len(files) == html.tags.count("img") + html.tags.count("svg")
    assert set(files) == set((folder / "report_pictures").glob("*.png"))
    for file in files:
        with Image.open(file) as picture:
            assert picture.format == "PNG"
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.split("\n")]
    for row in html.table("sample, 3 objects").rows:
        assert row in lines


def test_every_table_in_markdown_has_rows_of_one_length(folder: Path) -> None:
    text = (folder / "report.md").read_text(encoding="utf-8")
    for block in text.split("\n\n"):
        rows = [line for line in block.strip().split("\n") if line.startswith("|")]
        assert len({row.count("|") for row in rows}) <= 1
        if rows:
            assert set(rows[1]) <= set("|-: ")


def test_the_report_says_what_is_missing_when_the_data_are_gone(copy: Path, nowhere: Path) -> None:
    def elsewhere(run: dict[str, Any]) -> None:
        run["datasets"]["grabcut"] = run["datasets"].pop("sample")

    changed(copy, elsewhere)
    write_report(copy, nowhere)
    read = Reader(html_of(copy))
    assert "img" not in read.tags
    assert any("expected the data set 'grabcut'" in text.lower() for text in read.text)
    assert read.table("GrabCut, 1 object").rows
    assert read.table("Table 1").kinds.count("ours") == 2


def test_a_checkpoint_that_is_no_longer_the_same_is_not_shown(copy: Path, nowhere: Path) -> None:
    def other(run: dict[str, Any]) -> None:
        if "sha256" in run:
            run["sha256"] = "0" * 64

    changed(copy, other)
    write_report(copy, nowhere)
    read = Reader(html_of(copy))
    assert any("Expected the checkpoint with the hash 000000000000" in text for text in read.text)
    assert "img" in read.tags  # those of the classical method
    assert not any("affinity" in text for text in read.alternatives)


def test_pictures_are_not_made_of_pixels_that_were_not_measured(copy: Path, nowhere: Path) -> None:
    def other(run: dict[str, Any]) -> None:
        for found in run["datasets"]["sample"]["objects"]:
            found["sha256"] = "0" * 64

    changed(copy, other)
    write_report(copy, nowhere)
    read = Reader(html_of(copy))
    assert "img" not in read.tags
    assert any("the pixels of astronaut that were measured" in text for text in read.text)


def test_names_are_text_never_markup(copy: Path, nowhere: Path) -> None:
    def hostile(run: dict[str, Any]) -> None:
        run["name"] = '<script>alert("1")</script> & | [x](y)'

    changed(copy, hostile)
    write_report(copy, nowhere)
    read = Reader(html_of(copy))
    assert "script" not in read.tags
    assert any('<script>alert("1")' in text for text in read.text)
    assert all("/" not in file.name for file in (copy / "report_pictures").iterdir())
    text = (copy / "report.md").read_text()
    rows = [line for line in text.split("\n") if line.startswith("|") and "alert" in line]
    assert len(rows) > 4
    assert [row for row in rows if "& |" in row] == []


def test_metrics_that_were_not_measured_are_dashes(copy: Path, nowhere: Path) -> None:
    def stopped(run: dict[str, Any]) -> None:
        if run["name"] == "fcfi-lite":
            return
        del run["datasets"]["sample"]["metrics"]["IoU@3"]
        run["datasets"]["sample"]["metrics"]["NoC@95"] = None

    changed(copy, stopped)
    write_report(copy, nowhere)
    table = Reader(html_of(copy)).table("sample, 1 object")
    row = dict(zip(table.rows[0], table.row("OpenCV GrabCut"), strict=True))
    assert row[title("IoU@3")] == row[title("NoC@95")] == "–"
    ours = dict(zip(table.rows[0], table.row("fcfi-lite"), strict=True))
    assert "–" not in ours.values()


def test_an_old_report_leaves_no_pictures_behind(copy: Path, nowhere: Path) -> None:
    pictures = copy / "report_pictures"
    pictures.mkdir()
    (pictures / "old.png").write_bytes(b"")
    (pictures / "notes.txt").write_text("mine")
    write_report(copy, nowhere)
    assert not (pictures / "old.png").exists()
    assert (pictures / "notes.txt").exists()


def test_metrics_are_explained_under_the_names_that_they_have_here(folder: Path) -> None:
    html, text = html_of(folder), (folder / "report.md").read_text()
    for report in (html, text):
        assert "objects that do not get to an IoU of 0.90 within 4 clicks" in report
        assert "NoF20" not in report
        assert "counts 4 clicks" in report
    assert "**NoF4@90**" in text
    assert "BIoU" not in text  # after five clicks at the earliest


def test_a_set_that_is_not_the_published_one_is_said_in_the_report(
    copy: Path, nowhere: Path
) -> None:
    def published(run: dict[str, Any]) -> None:
        run["datasets"]["sample"]["expected_objects"] = 345

    changed(copy, published)
    write_report(copy, nowhere)
    for name in ("report.html", "report.md"):
        text = (copy / name).read_text(encoding="utf-8")
        assert text.count("Expected the 345 objects with which sample was published, got 1") == 1


def drawn_curves(folder: Path) -> list[Figure]:
    runs = [run for run in read_report_runs(folder) if run.style == "central"]
    drawn: list[Figure] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            "training.report.curves.drawn_plot", lambda _, figure, __: drawn.append(figure)
        )
        iou_curves(runs)
    return drawn


def test_a_legend_covers_no_line(folder: Path) -> None:
    (figure,) = drawn_curves(folder)
    figure.canvas.draw()
    (legend,) = figure.legends
    assert not any(legend.get_window_extent().overlaps(axes.bbox) for axes in figure.axes)


def test_one_click_makes_no_curve_and_the_lowest_plot_has_room_for_its_axes(copy: Path) -> None:
    def to_one_click(run: Any) -> None:
        run["protocol"]["max_clicks"] = 1
        (found,) = run["datasets"].values()
        found["objects"][0]["clicks"] = found["objects"][0]["clicks"][:1]

    assert iou_curves(read_report_runs(copy)) is not None
    changed(copy, to_one_click)
    assert iou_curves(read_report_runs(copy)) is None
    parts = dict.fromkeys(ORDER, 0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parts_drawing([Timing("fcfi-lite", "first click", 1, parts)])


def test_the_report_tells_what_repeats_it(folder: Path) -> None:
    runs = json.loads((folder / "results.json").read_text())["runs"]
    read = Reader(html_of(folder))
    told, text = "".join(read.text), (folder / "report.md").read_text()
    network = next(run for run in runs if run["name"] == "fcfi-lite")
    needed = [
        "python -m training.evaluate --checkpoint fcfi-lite --method grabcut --click-style",
        network["date"],
        network["sha256"],
        network["datasets"]["sample"]["sha256"],
        network["versions"]["code"],
        "max_clicks 4, limit 3, clicks central, random (seed 0)",
        *(f"{name} {value}" for name, value in network["settings"].items()),
        *([network["commit"]] if network["commit"] else []),
    ]
    for part in needed:
        assert part in told
        assert part in text


def test_data_sets_have_their_published_names_everywhere(copy: Path, nowhere: Path) -> None:
    def published(run: dict[str, Any]) -> None:
        found = run["datasets"].pop("sample")
        run["datasets"] = {"grabcut": found, "coco_mval": found}

    changed(copy, published)
    write_report(copy, nowhere)
    read = Reader(html_of(copy))
    names = [table.name for table in read.tables]
    assert {"GrabCut, 1 object", "COCO MVal, 1 object"} <= set(names)
    spent = read.table("Time per click in the evaluation")
    assert {row[1] for row in spent.rows[1:]} == {"GrabCut", "COCO MVal"}
    assert {"mean", "median", "mean of first clicks"} <= set(spent.rows[0])
    (curves,) = [text for text in read.alternatives if text.startswith("Mean IoU by number")]
    assert "on GrabCut, COCO MVal: " in curves


def test_curves_of_several_sets_share_the_axis_of_the_tables(copy: Path) -> None:
    def two(run: dict[str, Any]) -> None:
        found = run["datasets"]["sample"]
        poor = json.loads(json.dumps(found))
        for click in poor["objects"][0]["clicks"]:
            click["iou"] = 0.1
        run["datasets"]["poor"] = poor

    changed(copy, two)
    (figure,) = drawn_curves(copy)
    one, other = figure.axes
    assert one.get_ylim() == other.get_ylim()
    assert one.get_ylim()[0] < 0.1
    assert one.get_ylim()[1] < 1.1
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["sample", "poor"]


def test_the_names_of_a_metric_are_tied_together(folder: Path) -> None:
    text = (folder / "report.md").read_text()
    (line,) = [line for line in text.splitlines() if line.startswith("- **Clicks lowering IoU**")]
    assert "LoweredIoU in results.json" in line
    assert "clicks_lowering_IoU in objects.csv" in line


def test_seconds_per_click_say_what_they_include(copy: Path, nowhere: Path) -> None:
    write_report(copy, nowhere)
    assert "of the call that answers it alone" in (copy / "report.md").read_text()

    def released(run: dict[str, Any]) -> None:
        run["datasets"]["sample"]["settings"]["protocol"] = "released"

    changed(copy, released)
    write_report(copy, nowhere)
    assert "reading, robot user and metrics included" in (copy / "report.md").read_text()


def test_what_is_drawn_is_explained(folder: Path) -> None:
    for text in (html_of(folder), (folder / "report.md").read_text()):
        words = " ".join(text.split())
        assert "white border" in words
        assert "the one with the higher mean IoU over all clicks is better" in words
        assert "Hard white or black patches in M(t−1)" in words
        assert "hatched" not in re.sub(r"<style>.*</style>", "", words)  # nothing is ignored here
