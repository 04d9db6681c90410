"""Runs the robot user against a method on data sets and reports the standard metrics.

    python -m training.evaluate --checkpoint fcfi-lite --dataset grabcut berkeley --data-root DIR

Every object gets all its clicks unless its mask becomes perfect (its values are carried on then),
because IoU@N needs them. With ``--stop-at`` an object is left as soon as it reaches that IoU; NoC
and NoF up to that threshold are the same, IoU@N is not reported.

With ``--settings protocol=released`` prediction, robot user and metrics are those of the authors'
programs, and each data set has the window that they tuned for it, unless the settings name one.
``--mend`` takes single differences of that protocol back, so that their cost can be measured; its
names and the differences are in docs/protocols.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from numpy.typing import NDArray
from pydantic import ValidationError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from napari_fcfi.inference.released.options import ReleasedOptions, released_options
from napari_fcfi.inference.released.tuned import TunedWindow, tuned_window
from napari_fcfi.settings import Settings
from training.courses import ClickBudget, Clicker, Course, Mask, Method, measure, summary
from training.data.evaluation_sets import (
    EvaluationSet,
    Sample,
    evaluation_set,
    in_a_field_of_mirror_images,
)
from training.data.validation import NAME as VALIDATION
from training.data.validation import validation_set
from training.rules import CLEAN, DIFFERENCES, RULES, Rules

if TYPE_CHECKING:
    from napari_fcfi import Interaction
    from napari_fcfi.checkpoints import Model

FirstClick = Literal["search", "whole-field"]

IN_PREDICTION = tuple(field.name for field in fields(ReleasedOptions))
MENDABLE = (*IN_PREDICTION, *DIFFERENCES)
"""Differences of the released protocol that `--mend` takes back."""

CLASSICAL = ("grabcut", "random-walker")
PACKAGES = (
    "napari-fcfi",
    "numpy",
    "scipy",
    "torch",
    "torchvision",
    "timm",
    "scikit-image",
    "opencv-python-headless",
)


class UserError(ValueError):
    """Something on the command line that cannot be done; the message says what to do."""


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown table of the metrics, one row a data set.

    Parameters
    ----------
    rows
        Data set's name to its metrics; all have the same metrics.
    """
    names = list(next(iter(rows.values())))
    lines = [["data set", *names]]
    for dataset, found in rows.items():
        lines.append([dataset, *[_number(name, found[name]) for name in names]])
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )


def _number(name: str, value: float) -> str:
    if name.startswith("NoF"):
        return str(int(value))
    return f"{value:.2f}" if name.startswith("NoC") else f"{value:.3f}"


def evaluate(
    method: Method,
    dataset: EvaluationSet,
    budget: ClickBudget,
    rules: Rules = CLEAN,
    *,
    mirror_field: int | None = None,
) -> list[Course]:
    """Courses of all objects of a data set, with a progress bar that shows the NoC so far.

    Parameters
    ----------
    method, budget, rules
        See `measure`.
    dataset
        The set; its samples are read one after the other.
    mirror_field
        Side of the field into which each image is placed, px; None: the image itself.
    """
    courses: list[Course] = []
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[noc]}"),
    )
    with bar:
        task = bar.add_task(dataset.name, total=len(dataset), noc="")
        started = time.perf_counter()
        for sample in _placed(dataset, mirror_field):
            course = measure(method, sample, budget, rules)
            courses.append(replace(course, seconds=time.perf_counter() - started))
            found = summary(courses, budget, rules)
            shown = f"NoC@90 {found['NoC@90']:.2f}" if "NoC@90" in found else ""
            bar.update(task, advance=1, noc=shown)
            started = time.perf_counter()
    return courses


def _placed(samples: Iterable[Sample], field: int | None) -> Iterable[Sample]:
    if field is None:
        return samples
    return (in_a_field_of_mirror_images(sample, field) for sample in samples)


class WholeFieldFirst:
    """An interaction whose first click has the whole field as its window, without a search.

    Parameters
    ----------
    interaction
        With settings in which zoom-in is off.
    settings
        The settings of all later clicks.
    """

    def __init__(self, interaction: Interaction, settings: Settings) -> None:
        self._interaction = interaction
        self._later = settings

    def click(self, y: float, x: float, foreground: bool = True) -> Mask:
        """Mask ``(H, W)`` after one more click."""
        mask = self._interaction.click(y, x, foreground)
        self._interaction.settings = self._later
        return mask


def loaded(checkpoint: str, device: str) -> Model:
    """The model of a name or file.

    Raises
    ------
    UserError
        When it cannot be loaded.
    """
    from napari_fcfi import CheckpointError, load_model

    try:
        return load_model(checkpoint, device=device)
    except CheckpointError as error:
        raise UserError(str(error)) from error


def identity_of(model: Model, settings: Settings, first_click: FirstClick) -> dict[str, Any]:
    """What identifies a network's way of answering in the results."""
    from napari_fcfi.inference import thread_count

    return {
        "checkpoint": model.name,
        "sha256": model.sha256,
        "device": str(model.device),
        "threads": thread_count(),
        "settings": settings.model_dump(),
        "first_click": "whole-field" if settings.protocol == "released" else first_click,
    }


def network_method(
    model: Model, settings: Settings, first_click: FirstClick, mended: Sequence[str] = ()
) -> Method:
    """Interactions with a model.

    Parameters
    ----------
    model, settings
        What answers, and how.
    first_click
        Of the clean protocol; the released one always begins with the whole field.
    mended
        Differences of the released protocol that are taken back, `IN_PREDICTION`.
    """
    from napari_fcfi import Interaction
    from napari_fcfi.inference import Predictor

    whole = settings.model_copy(update={"zoom_in": False})

    def searching(image: NDArray[Any]) -> Clicker:
        return Interaction(model, image, settings=settings)

    def whole_field(image: NDArray[Any]) -> Clicker:
        return WholeFieldFirst(Interaction(model, image, settings=whole), settings)

    def released(image: NDArray[Any]) -> Clicker:
        interaction = Interaction(model, settings=settings)
        options = released_options(model.network).mended(mended)
        interaction.predictor = Predictor(model, settings, released=options)
        interaction.set_image(image)
        return interaction

    if settings.protocol == "released":
        return released
    return searching if first_click == "search" else whole_field


def classical_method(name: str) -> tuple[Method, dict[str, Any]]:
    """One of the classical methods, and its start values."""
    from training import classical

    made = classical.GrabCut if name == "grabcut" else classical.RandomWalker
    constants = {key.lower(): value for key, value in vars(made).items() if key.isupper()}
    return made, {"start_values": constants}


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that a figure depends on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def settings_from(pairs: Sequence[str], tuned: TunedWindow | None = None) -> Settings:
    """Settings from ``key=value`` texts; what is not named keeps its default.

    Parameters
    ----------
    pairs
        The texts.
    tuned
        In place of the defaults of these two settings.

    Raises
    ------
    UserError
        When a text has no ``=``, a name is unknown or a value lies outside its range.
    """
    values: dict[str, Any] = {} if tuned is None else tuned._asdict()
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UserError(f"expected settings as key=value, got {pair!r}; write key=value.")
        values[key] = value
    try:
        return Settings(**values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise UserError(
            f"setting {name}={first['input']!r} is not possible ({first['msg']}); "
            f"the settings are {', '.join(Settings.model_fields)}."
        ) from error


def arguments(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Command line of the evaluation."""
    parser = argparse.ArgumentParser(
        prog="python -m training.evaluate",
        description="Robot user and standard metrics of click-based segmentation.",
    )
    default_root = os.environ.get("NAPARI_FCFI_DATA", "../shared")
    parser.add_argument("--checkpoint", default="fcfi-lite", help="name or path of a model")
    parser.add_argument("--method", choices=CLASSICAL, help="a classical method instead")
    parser.add_argument("--dataset", nargs="+", required=True, help="names of the sets' folders")
    parser.add_argument("--data-root", type=Path, default=Path(default_root))
    parser.add_argument("--limit", type=_count, help="only the first objects of each set")
    parser.add_argument("--max-clicks", type=_count, default=20)
    parser.add_argument("--stop-at", type=_share, help="leave an object at this IoU (NoC only)")
    parser.add_argument("--mirror-field", type=_count, metavar="PX", help="field of mirror images")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, mps")
    parser.add_argument(
        "--first-click",
        choices=get_args(FirstClick),
        default="search",
        help="look for the object's scale, or take the whole image as the first window",
    )
    parser.add_argument("--settings", nargs="+", default=[], metavar="KEY=VALUE")
    parser.add_argument(
        "--mend",
        nargs="+",
        default=[],
        choices=MENDABLE,
        metavar="DIFFERENCE",
        help="take these differences of the released protocol back: " + ", ".join(MENDABLE),
    )
    parser.add_argument("--output", type=Path, help="folder for results.json")
    return parser.parse_args(argv)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, got {text!r}")
    return int(text)


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"expected a number above 0 and up to 1, got {text!r}")
    return value


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Results of an evaluation as they are written to ``results.json``.

    Raises
    ------
    UserError, DataError
        For a wrong setting, a checkpoint that cannot be read, or missing data.
    """
    settings = settings_from(options.settings)
    if options.mend and settings.protocol != "released":
        raise UserError("--mend is for the released protocol; add --settings protocol=released.")
    rules = RULES[settings.protocol].mended(options.mend)
    in_prediction = [name for name in options.mend if name in IN_PREDICTION]
    sets = [_found(name, options.data_root).head(options.limit) for name in options.dataset]
    budget = ClickBudget(options.max_clicks, options.stop_at)
    model = None if options.method else loaded(options.checkpoint, options.device)
    if model is None:
        method, identity = classical_method(options.method)
    else:
        identity = identity_of(model, settings, options.first_click)
    datasets = {}
    for dataset in sets:
        used = settings
        if model is not None:
            name = model.network.architecture.name
            tuned = tuned_window(name, dataset.name) if rules.tunes_windows else None
            used = settings_from(options.settings, tuned)
            method = network_method(model, used, options.first_click, in_prediction)
        courses = evaluate(method, dataset, budget, rules, mirror_field=options.mirror_field)
        datasets[dataset.name] = {
            "metrics": summary(courses, budget, rules),
            "settings": used.model_dump(),
            "objects": [asdict(course) for course in courses],
        }
    return {
        "method": options.method or "fcfi",
        **identity,
        "protocol": asdict(budget) | {"limit": options.limit, "mirror_field": options.mirror_field},
        "mended": options.mend,
        "versions": versions(),
        "machine": {"system": platform.platform(), "cores": os.cpu_count()},
        "datasets": datasets,
    }


def _found(name: str, root: Path) -> EvaluationSet:
    """A set by its folder's name; ``validation`` is the part of the training sets held out."""
    return validation_set(root) if name == VALIDATION else evaluation_set(name, root)


def main(argv: Sequence[str] | None = None) -> None:
    """Evaluate, print the table and write the results."""
    options = arguments(argv)
    if options.output:
        options.output.mkdir(parents=True, exist_ok=True)
    try:
        results = run(options)
    except ValueError as error:
        sys.exit(f"error: {error}")
    print(table({name: found["metrics"] for name, found in results["datasets"].items()}))
    if options.output:
        path = options.output / "results.json"
        path.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        print(f"written: {path}")


if __name__ == "__main__":
    main()
